//! The target tables of the file compared with a contract.

use rusqlite::{named_params, Connection};

use super::declaration::storage_type;
use crate::contract::{Contract, TargetTable};
use crate::declared::{DeclaredColumn, DeclaredKey, DeclaredTable};
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::transaction::{read, Work};
use crate::store::target::differences;
use crate::store::Difference;

const FILE: &str = include_str!("compare_targets.sql");
const COLUMNS: &str = statement(FILE, "columns");
const FOREIGN_KEYS: &str = statement(FILE, "foreign_keys");
const IDENTITY: &str = statement(FILE, "identity");

pub fn compare_targets(connection: &mut Connection, contract: &Contract) -> Step<Vec<Difference>> {
    read(connection, |tx| {
        let mut all = Vec::new();
        for table in &contract.targets {
            all.extend(differences_of(contract, table, &found(tx, table)?));
        }
        Ok(all)
    })
}

/// Every difference between a table of the contract and the existing one.
pub fn differences_of(
    contract: &Contract,
    table: &TargetTable,
    found: &DeclaredTable,
) -> Vec<Difference> {
    differences(contract, table, found, &|column, at| {
        found.columns[at].sql_type.eq_ignore_ascii_case(storage_type(column))
    })
}

/// The existing table of that name; without columns if there is none.
pub fn found(tx: &Work, table: &TargetTable) -> Step<DeclaredTable> {
    let name = named_params! {":table": table.name};
    let has_identity = tx.exists(IDENTITY, name)?;
    let mut key: Vec<(i64, String)> = Vec::new();
    let columns = tx.all(COLUMNS, name, |row| {
        let (name, place): (String, i64) = (row.get(0)?, row.get(4)?);
        let (not_null, hidden): (bool, i64) = (row.get(2)?, row.get(5)?);
        let identity = has_identity && place > 0;
        if place > 0 {
            key.push((place, name.clone()));
        }
        Ok(DeclaredColumn {
            name,
            sql_type: row.get(1)?,
            nullable: !not_null && !identity,
            identity,
            computed: hidden > 1,
            has_default: row.get(3)?,
        })
    })?;
    key.sort();
    // With an identity the declared key is a unique constraint, which makes no difference to
    // inserting: only a real primary key is compared.
    let primary_key = match has_identity {
        true => table.primary_key.clone(),
        false => key.into_iter().map(|(_, name)| name).collect(),
    };
    let mut foreign_keys: Vec<DeclaredKey> = Vec::new();
    let foreign = tx.all(FOREIGN_KEYS, name, |row| <(i64, String, String)>::try_from(row))?;
    let mut last = None;
    for (id, parent, column) in foreign {
        match foreign_keys.last_mut() {
            Some(key) if last == Some(id) => key.columns.push(column),
            _ => foreign_keys.push(DeclaredKey {
                parent,
                columns: vec![column],
                ..DeclaredKey::default()
            }),
        }
        last = Some(id);
    }
    let name = table.name.clone();
    Ok(DeclaredTable { name, columns, primary_key, foreign_keys, ..DeclaredTable::default() })
}
