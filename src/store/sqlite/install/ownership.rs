//! What is ours in a store's file: a target table that an installation creates says so in its
//! declaration. A table of others is altered only if a person says so, and a file of another program
//! is not opened.

use std::path::Path;

use rusqlite::{named_params, Connection, OpenFlags};

use crate::contract::Contract;
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::target::{create_indexes, ROWS_VIEW};
use crate::store::sqlite::transaction::Work;

const FILE: &str = include_str!("ownership.sql");
const OBJECT: &str = statement(FILE, "object");
const IS_OURS: &str = statement(FILE, "is_ours");
const ALL: &str = statement(FILE, "all");

/// An object of others.
pub struct Foreign {
    pub name: String,
    /// What it is, for a person.
    pub object: String,
}

/// What other than its tables and indexes has one of their names.
pub fn foreign(tx: &Work, contract: &Contract) -> Step<Vec<Foreign>> {
    let mut foreign = Vec::new();
    let mut look = |name: &str, kind: &str, of: &str| -> Step<()> {
        let found: Option<(String, String)> =
            tx.find(OBJECT, named_params! {":name": name}, |row| row.try_into())?;
        if let Some((found, table)) = found {
            if found != kind || !table.eq_ignore_ascii_case(of) {
                let place = if found == "index" { format!(" of {table}") } else { String::new() };
                let object = format!("{found} {name}{place}");
                foreign.push(Foreign { name: name.to_owned(), object });
            }
        }
        Ok(())
    };
    for table in &contract.targets {
        look(&table.name, "table", &table.name)?;
        for (index, _) in create_indexes(table) {
            look(&index, "index", &table.name)?;
        }
    }
    if !is_ours(tx, ROWS_VIEW)? {
        // Not even a view of this name is ours without the comment.
        look(ROWS_VIEW, "a view of ours", ROWS_VIEW)?;
    }
    Ok(foreign)
}

/// Whether a target table, or the view of their rows, was created by an installation.
pub fn is_ours(tx: &Work, table: &str) -> Step<bool> {
    tx.exists(IS_OURS, named_params! {":table": table})
}

/// The tables and views of a database of another program, of which not even a lock is taken.
pub fn objects_of_others(path: &Path) -> Vec<String> {
    let read = || -> rusqlite::Result<Vec<String>> {
        let uri = format!("file:{}?mode=ro&immutable=1", escaped(path));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(uri, flags)?;
        let mut statement = connection.prepare(ALL)?;
        let names = statement.query_map([], |row| row.get(0))?;
        names.collect()
    };
    read().unwrap_or_default()
}

/// A path in a URI of SQLite.
fn escaped(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let path = path.to_string_lossy().replace('\\', "/");
    let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    // A drive's letter follows a slash.
    if path.starts_with('/') {
        path
    } else {
        format!("/{path}")
    }
}
