//! Whether two databases have the same rows.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::Connection;

use crate::Result;

/// The tables, each with the columns that are compared: by their names here and, where these differ, as
/// `flatterer` has them.
const TABLES: [(&str, &[(&str, &str)]); 3] = [
    (
        "app",
        &[
            ("app_id", "app_id"),
            ("guid", "app_guid"),
            ("receive_date", "app_receive_date"),
            ("requested_amt", "requested_amt"),
            ("stated_income", "stated_income"),
            ("dealer_num", "dealer_num"),
        ],
    ),
    (
        "contact",
        &[
            ("con_id", "con_id"),
            ("role", "ac_role_tp_c"),
            ("first_name", "first_name"),
            ("last_name", "last_name"),
            ("birth_date", "birth_date"),
            ("ssn", "ssn"),
            ("email", "email"),
        ],
    ),
    (
        "address",
        &[
            ("address", "address_tp_c"),
            ("street_num", "street_num"),
            ("street_name", "street_name"),
            ("city", "city"),
            ("state", "state"),
            ("zip", "zip"),
        ],
    ),
];

/// How often each row is there, for each table.
pub type Counted = Vec<BTreeMap<Vec<String>, u64>>;

/// The rows, without white space around values and with nothing for what is empty, because the rivals
/// differ there.
///
/// # Errors
/// A table or a column is not there.
pub fn rows(database: &Path) -> Result<Counted> {
    let connection = Connection::open(database)?;
    TABLES
        .iter()
        .map(|(table, columns)| {
            let as_others = match *table {
                "address" => "contact_contact_address",
                other => other,
            };
            let found = select(&connection, table, columns.iter().map(|column| column.0));
            found.or_else(|_| select(&connection, as_others, columns.iter().map(|column| column.1)))
        })
        .collect()
}

fn select<'c>(
    connection: &Connection,
    table: &str,
    columns: impl Iterator<Item = &'c str>,
) -> Result<BTreeMap<Vec<String>, u64>> {
    let columns: Vec<String> = columns.map(|column| format!("[{column}]")).collect();
    let mut statement =
        connection.prepare(&format!("SELECT {} FROM [{table}]", columns.join(", ")))?;
    let mut counted = BTreeMap::new();
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let cells = (0..columns.len()).map(|at| {
            Ok(match row.get::<_, Value>(at)? {
                Value::Null | Value::Blob(_) => String::new(),
                Value::Integer(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Text(text) => text.trim().to_owned(),
            })
        });
        *counted.entry(cells.collect::<Result<Vec<String>>>()?).or_insert(0) += 1;
    }
    Ok(counted)
}
