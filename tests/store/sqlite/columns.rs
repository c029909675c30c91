//! The tables of the embedded store and those of SQL Server have the same columns, except these. The views
//! have the same without exception.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;

use super::SqliteHarness;
use crate::store::harness::Harness;

/// Tables that only the embedded store has, and why.
const ONLY_EMBEDDED: [&str; 3] = [
    // The source table, which on SQL Server belongs to its owner, who loads it.
    "app_xml",
    // The lowest new id, which a trigger keeps. SQL Server has no such trigger: it has a watermark.
    "processing_enqueue",
    // There each session has sums of its own.
    "processing_sums_at_once",
];

/// Tables that only SQL Server has.
const ONLY_SQL_SERVER: [&str; 7] = [
    // The log of an earlier system, which the embedded store never had.
    "processing_adoption",
    "processing_adoption_name",
    "processing_adoption_status",
    // The embedded store's version is in the header of its file.
    "processing_install",
    "processing_install_file",
    // The embedded store has the rows per table in a column of the log.
    "processing_log_table",
    "processing_watermark",
];

/// Columns that only the embedded store has.
const ONLY_EMBEDDED_COLUMNS: [(&str, &str); 1] = [("processing_log", "rows_per_table")];

/// Columns that only SQL Server has.
const ONLY_SQL_SERVER_COLUMNS: [(&str, &str); 11] = [
    // The embedded store does not keep the text.
    ("processing_contract", "contract_text"),
    // A file has no schemas and no logins.
    ("processing_contract", "installed_by"),
    ("processing_contract_table", "schema_name"),
    ("processing_event", "login_name"),
    ("processing_file", "login_name"),
    // There a trigger forgets the file of a document that another program changes.
    ("processing_file", "stored_hash"),
    // Completions of several sessions must not wait for one row. The embedded store has one writer.
    ("processing_outcome", "session_id"),
    ("processing_session", "login_name"),
    // Worker and database may have different clocks.
    ("processing_session", "clock_skew_ms"),
    ("processing_written", "schema_name"),
    ("processing_written", "session_id"),
];

type Tables = BTreeMap<String, BTreeSet<String>>;

/// The columns of each table in the files of `sql/tables/`.
fn sql_server() -> Tables {
    let types = "(?:big|tiny)?int|bit|n?(?:var)?char|datetime2|(?:var)?binary|uniqueidentifier";
    let column = Regex::new(&format!(r"(?m)^        (\w+) (?:{types})\b")).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/tables");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let columns =
        |text: &str| column.captures_iter(text).map(|found| found[1].to_owned()).collect();
    files
        .map(|file| {
            let table = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (table, columns(&std::fs::read_to_string(&file).unwrap()))
        })
        .collect()
}

/// The columns of each table of a new embedded store.
fn embedded() -> Tables {
    let mut tables = Tables::new();
    let rows = SqliteHarness::fresh().query(
        "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'",
    );
    for row in rows {
        let [Some(table), Some(column)] = &row[..] else { panic!("{row:?}") };
        tables.entry(table.clone()).or_default().insert(column.clone());
    }
    tables
}

/// Tables of `these` that `others` do not have, and columns of tables that both have.
fn missing(these: &Tables, others: &Tables) -> (Vec<String>, Vec<(String, String)>) {
    let mut tables = Vec::new();
    let mut columns = Vec::new();
    for (table, own) in these {
        match others.get(table) {
            None => tables.push(table.clone()),
            Some(other) => {
                columns.extend(own.difference(other).map(|c| (table.clone(), c.clone())));
            }
        }
    }
    (tables, columns)
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> =
        pairs.iter().map(|(table, column)| (table.to_string(), column.to_string())).collect();
    pairs.sort();
    pairs
}

#[test]
fn both_stores_have_the_same_columns_except_those_listed() {
    let (embedded, sql_server) = (embedded(), sql_server());
    let (tables, columns) = missing(&embedded, &sql_server);
    assert_eq!(tables, ONLY_EMBEDDED);
    assert_eq!(columns, owned(&ONLY_EMBEDDED_COLUMNS));
    let (tables, columns) = missing(&sql_server, &embedded);
    assert_eq!(tables, ONLY_SQL_SERVER);
    assert_eq!(columns, owned(&ONLY_SQL_SERVER_COLUMNS));
}

/// The columns of each view in the files of `sql/views/`, in their order.
fn views_of_sql_server() -> BTreeMap<String, Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/views");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let comment = Regex::new("--.*|'[^']*'").unwrap();
    files
        .map(|file| {
            let text = std::fs::read_to_string(&file).unwrap();
            let (_, body) = text.split_once("\nAS\nSELECT\n").expect("a view");
            let body = comment.replace_all(body.split("\nFROM").next().unwrap(), "");
            let view = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (view, selected(&body))
        })
        .collect()
}

/// The names of a list of columns: the last word of each.
fn selected(list: &str) -> Vec<String> {
    let mut depth = 0;
    let items = list.split(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        c == ',' && depth == 0
    });
    let last = |item: &str| {
        let mut words = item.trim().rsplit(|c: char| !c.is_alphanumeric() && c != '_');
        words.next().unwrap().to_owned()
    };
    items.map(last).collect()
}

#[test]
fn both_stores_have_the_same_views_with_the_same_columns_in_the_same_order() {
    let store = SqliteHarness::fresh();
    let names = |query: &str| store.query_as_is(query).into_iter().flatten().flatten();
    let sql_server = views_of_sql_server();
    assert_eq!(sql_server["vw_ActiveClaims"].len(), 11, "{sql_server:?}");
    for (view, columns) in sql_server {
        let of_view = format!("SELECT name FROM pragma_table_info('{view}') ORDER BY cid");
        let embedded: Vec<String> = names(&of_view).collect();
        assert_eq!(embedded, columns, "{view}");
        let declared =
            format!("SELECT name FROM sqlite_schema WHERE lower(name) = lower('{view}')");
        assert_eq!(names(&declared).collect::<Vec<_>>(), [view], "the same upper case");
    }
}
