//! Upgrading a store that an earlier version of the program created.

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use super::file::{version, SCHEMA_VERSION};
use super::views::{create_counts_view, names_of_others};
use super::{installed_tables, open};
use crate::store::sqlite::fault::{code, describe, SqliteFault, Step};
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::transaction::{write, Work};
use crate::store::{Result, StoreError};

/// What makes a store of an earlier version one of this version.
struct Steps {
    change: &'static [&'static str],
    /// Afterwards everything is created that is missing; then this is executed.
    fill: &'static [&'static str],
    /// Whether the earlier version had the views of this one.
    has_views: bool,
}

const FILE_7: &str = include_str!("upgrade_from_7.sql");
const FROM_7: Steps = Steps {
    change: &[statement(FILE_7, "change")],
    fill: &[statement(FILE_7, "fill"), FILL_9],
    has_views: false,
};

const FILE_8: &str = include_str!("upgrade_from_8.sql");
const FROM_8: Steps =
    Steps { change: &[statement(FILE_8, "change"), CHANGE_9], fill: &[FILL_9], has_views: true };

const FILE_9: &str = include_str!("upgrade_from_9.sql");
const CHANGE_9: &str = statement(FILE_9, "change");
const FILL_9: &str = statement(FILE_9, "fill");
const FROM_9: Steps = Steps { change: &[CHANGE_9], fill: &[FILL_9], has_views: true };

impl Steps {
    fn from(version: u32) -> &'static Self {
        match version {
            7 => &FROM_7,
            8 => &FROM_8,
            _ => &FROM_9,
        }
    }

    /// The objects that are dropped, and may be created in a new form.
    fn dropped(&self) -> Vec<&'static str> {
        let lines = self.change.iter().flat_map(|change| change.lines());
        let drops = lines.filter_map(|line| line.strip_prefix("DROP "));
        drops.filter_map(|drop| drop.trim_end_matches(';').split(' ').next_back()).collect()
    }
}

/// Gives a store of an earlier version the tables and views of this one, all in one transaction. Workers
/// of the earlier version may go on: what they write is counted, too. Returns the earlier version.
pub fn upgrade(path: &Path) -> Result<Option<u32>> {
    let (mut connection, _) = open::any_version(path)?;
    if version(&connection)? == SCHEMA_VERSION {
        return Ok(None);
    }
    // Another process may have been first.
    let upgraded = write(&mut connection, |tx| match version(tx)? {
        SCHEMA_VERSION => Ok(None),
        found => upgrade_from(tx, found).map(|()| Some(found)),
    })?;
    checkpoint(&connection);
    Ok(upgraded)
}

/// The header is read without SQLite: after an upgrade, it must reach the file.
pub fn checkpoint(connection: &Connection) {
    let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
}

/// The upgrade from an earlier version, in a transaction that is rolled back where it fails.
pub fn upgrade_from(tx: &Work, found: u32) -> Step<()> {
    let steps = Steps::from(found);
    let foreign = match steps.has_views {
        true => vec![],
        false => names_of_others(tx, &steps.dropped())?,
    };
    if !foreign.is_empty() {
        Err(StoreError::Refused(format!(
            "the file has objects with names of views that the upgrade creates: {}; nothing was \
             changed; rename these objects",
            foreign.join(", ")
        )))?;
    }
    let missing = missing(tx, steps)?;
    tx.execute_batch(&steps.change.concat()).map_err(half_made)?;
    if !steps.has_views {
        let tables = installed_tables(tx)?;
        tx.execute_batch(&create_counts_view(tables.iter().map(String::as_str)))?;
    }
    tx.execute_batch(&missing).map_err(half_made)?;
    check_columns(tx)?;
    tx.execute_batch(&steps.fill.concat())?;
    tx.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    Ok(())
}

/// Refuses what is left of a version that never was released: it would fail later, at any statement.
fn check_columns(connection: &Connection) -> Step<()> {
    let columns = |connection: &Connection| -> Step<Vec<[String; 3]>> {
        let sql = "SELECT t.name, c.name, c.type || iif(c.\"notnull\", ' not null', '')
                   FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'";
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    let existing = columns(connection)?;
    let other: Vec<String> = columns(&open::open_in_memory()?)?
        .into_iter()
        .filter(|column| !existing.contains(column))
        .map(|[table, name, declared]| format!("{table}.{name} ({})", declared.to_lowercase()))
        .collect();
    match other.is_empty() {
        true => Ok(()),
        false => Err(not_released(&format!("it lacks {}", other.join(", "))))?,
    }
}

/// A statement of the upgrade that does not fit the tables; any other fault is itself.
fn half_made(error: rusqlite::Error) -> SqliteFault {
    match code(&error) {
        Some(ErrorCode::Unknown) => not_released(&describe(&error)).into(),
        _ => error.into(),
    }
}

fn not_released(why: &str) -> StoreError {
    StoreError::Refused(format!(
        "the file was created by a version of the program that was not released, and cannot be \
         upgraded: {why}; nothing was changed; load the documents into a new file"
    ))
}

/// The statements that create what a new store has and this one will lack: tables, indexes and views, then
/// the triggers, which refer to them.
fn missing(connection: &Connection, steps: &Steps) -> Step<String> {
    let objects = "SELECT name, sql FROM sqlite_schema
                   WHERE sql IS NOT NULL AND name <> 'vw_TargetCounts' ORDER BY type = 'trigger', rowid";
    let of = |connection: &Connection| -> Step<Vec<(String, String)>> {
        let mut statement = connection.prepare(objects)?;
        let rows = statement.query_map([], |row| row.try_into())?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    let dropped = steps.dropped();
    let existing = of(connection)?;
    let stays =
        |name: &str| existing.iter().any(|(other, _)| other == name) && !dropped.contains(&name);
    let new = of(&open::open_in_memory()?)?.into_iter();
    Ok(new.filter(|(name, _)| !stays(name)).map(|(_, sql)| sql + ";\n").collect())
}

/// What [`upgrade`] would execute, without the last semicolon; `None` for a current store.
pub fn preview(connection: &Connection) -> Step<Option<String>> {
    let found = version(connection)?;
    if found == SCHEMA_VERSION {
        return Ok(None);
    }
    let steps = Steps::from(found);
    let missing = missing(connection, steps)?;
    let missing = [missing.as_str()];
    let parts = steps.change.iter().chain(&missing).chain(steps.fill);
    let text = parts.map(|part| part.trim()).collect::<Vec<_>>().join("\n\n");
    let text = text.trim_end().trim_end_matches(';');
    Ok(Some(format!("-- the store's own tables, from version {found} to {SCHEMA_VERSION}\n{text}")))
}
