//! Upgrading a store that an earlier version of the program created.

use std::path::Path;

use rusqlite::Connection;

use super::file::{version, SCHEMA_VERSION};
use super::views::{create_counts_view, names_of_others};
use super::{installed_tables, open};
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::transaction::{write, Work};
use crate::store::{Result, StoreError};

const FILE: &str = include_str!("upgrade_to_8.sql");
const CHANGE: &str = statement(FILE, "change");
const FILL: &str = statement(FILE, "fill");

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
        found => to_8(tx).map(|()| Some(found)),
    })?;
    // The header is read without SQLite: it must reach the file.
    let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    Ok(upgraded)
}

fn to_8(tx: &Work) -> Step<()> {
    let foreign = names_of_others(tx, &dropped())?;
    if !foreign.is_empty() {
        Err(StoreError::Refused(format!(
            "the file has objects with names of views that the upgrade creates: {}; rename these \
             objects; nothing was changed",
            foreign.join(", ")
        )))?;
    }
    let missing = missing(tx)?;
    tx.execute_batch(CHANGE)?;
    let tables = installed_tables(tx)?;
    tx.execute_batch(&create_counts_view(tables.iter().map(String::as_str)))?;
    tx.execute_batch(&missing)?;
    check_columns(tx)?;
    tx.execute_batch(FILL)?;
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
        false => Err(StoreError::Refused(format!(
            "the file was created by a version of the program that was not released, and cannot be \
             upgraded: it lacks {}; load the documents into a new file; nothing was changed",
            other.join(", ")
        )))?,
    }
}

/// The objects that the upgrade drops, and may create in a new form.
fn dropped() -> Vec<&'static str> {
    let drops = CHANGE.lines().filter_map(|line| line.strip_prefix("DROP "));
    drops.filter_map(|drop| drop.trim_end_matches(';').split(' ').next_back()).collect()
}

/// The statements that create what a new store has and this one will lack: tables, indexes and views, then
/// the triggers, which refer to them.
fn missing(connection: &Connection) -> Step<String> {
    let objects = "SELECT name, sql FROM sqlite_schema
                   WHERE sql IS NOT NULL AND name <> 'vw_TargetCounts' ORDER BY type = 'trigger', rowid";
    let of = |connection: &Connection| -> Step<Vec<(String, String)>> {
        let mut statement = connection.prepare(objects)?;
        let rows = statement.query_map([], |row| row.try_into())?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    let dropped = dropped();
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
    let missing = missing(connection)?;
    let text = [CHANGE, &missing, FILL].map(str::trim).join("\n\n");
    let text = text.trim_end_matches(';');
    Ok(Some(format!("-- the store's own tables, from version {found} to {SCHEMA_VERSION}\n{text}")))
}
