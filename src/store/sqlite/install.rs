//! Installing a contract: its target tables, and its hash as the fence.

use chrono::{DateTime, Utc};
use rusqlite::{named_params, Connection, OptionalExtension};

use super::binding::instant;
use super::fault::Step;
use super::statement::statement;
use super::target;
use super::transaction::{read, write, Work};
use crate::contract::{Contract, OnExisting, TargetColumn, TargetTable};
use crate::id::ContractHash;
use crate::store::StoreError;

const FILE: &str = include_str!("install_contract.sql");
const INSTALLATION: &str = statement(FILE, "installation");
const INSTALLED: &str = statement(FILE, "installed");
const TABLES: &str = statement(FILE, "tables");
const RETIRE: &str = statement(FILE, "retire");
const RECORD: &str = statement(FILE, "record");
const FORGET_TABLES: &str = statement(FILE, "forget_tables");
const RECORD_TABLE: &str = statement(FILE, "record_table");
const EXISTS: &str = statement(FILE, "exists");
const INDEX_EXISTS: &str = statement(FILE, "index_exists");
const COLUMNS: &str = statement(FILE, "columns");
const FOREIGN_KEYS: &str = statement(FILE, "foreign_keys");

/// What installing a contract would do to a store.
#[derive(Debug)]
pub struct InstallPreview {
    /// The statements that would run, without semicolons at their ends.
    pub changes: Vec<String>,
    /// The contract that is installed now.
    pub replaces: Option<ContractHash>,
}

/// The contract that a store is made ready for.
#[derive(Debug)]
pub struct Installation {
    /// Its name.
    pub contract_name: String,
    /// Its hash.
    pub contract_hash: ContractHash,
    /// When it became the installed one, by the database's clock.
    pub installed_at: DateTime<Utc>,
}

pub(super) fn install(connection: &mut Connection, contract: &Contract) -> Step<()> {
    target::check(contract)?;
    write(connection, |tx| {
        for statement in changes(tx, contract)? {
            tx.execute_batch(&statement)?;
        }
        match installed(tx)? == Some(contract.hash) {
            true => Ok(()),
            false => record(tx, contract),
        }
    })
}

/// What [`install`] would do.
pub(super) fn preview(connection: &mut Connection, contract: &Contract) -> Step<InstallPreview> {
    target::check(contract)?;
    read(connection, |tx| {
        Ok(InstallPreview { changes: changes(tx, contract)?, replaces: installed(tx)? })
    })
}

/// The statements that make the target tables the contract's, as far as adding does.
fn changes(connection: &Connection, contract: &Contract) -> Step<Vec<String>> {
    let mut changes = Vec::new();
    for table in &contract.targets {
        match table_exists(connection, &table.name)? {
            true => changes.extend(missing_columns(connection, table)?),
            false => changes.push(target::create_table(contract, table)),
        }
        for (name, statement) in target::create_indexes(table) {
            if !connection.prepare_cached(INDEX_EXISTS)?.exists(named_params! {":index": name})? {
                changes.push(statement);
            }
        }
    }
    Ok(changes)
}

fn record(tx: &Work, contract: &Contract) -> Step<()> {
    let hash = contract.hash;
    tx.prepare_cached(RETIRE)?.execute(named_params! {":now": tx.now})?;
    tx.prepare_cached(RECORD)?.execute(named_params! {
        ":contract_hash": hash,
        ":contract_name": contract.name,
        ":now": tx.now,
    })?;
    tx.prepare_cached(FORGET_TABLES)?.execute(named_params! {":contract_hash": hash})?;
    for (ordinal, table) in contract.targets.iter().enumerate() {
        tx.prepare_cached(RECORD_TABLE)?.execute(named_params! {
            ":contract_hash": hash,
            ":table_ordinal": ordinal,
            ":table_name": table.name,
            ":app_column": table.columns[table.app_column].name,
            ":on_existing": rule(table.on_existing),
        })?;
    }
    Ok(())
}

fn rule(on_existing: OnExisting) -> &'static str {
    match on_existing {
        OnExisting::Fail => "fail",
        OnExisting::Skip => "skip",
        OnExisting::Replace => "replace",
    }
}

/// The installed contract with its name and when it was installed, if any.
pub(super) fn installation(connection: &mut Connection) -> Step<Option<Installation>> {
    read(connection, |tx| {
        let mut statement = tx.prepare_cached(INSTALLATION)?;
        let installation = statement.query_row([], |row| {
            Ok(Installation {
                contract_name: row.get(0)?,
                contract_hash: row.get(1)?,
                installed_at: instant(row.get(2)?),
            })
        });
        Ok(installation.optional()?)
    })
}

/// The installed contract, if any.
pub(super) fn installed(connection: &Connection) -> Step<Option<ContractHash>> {
    Ok(connection.prepare_cached(INSTALLED)?.query_row([], |row| row.get(0)).optional()?)
}

/// The target tables of the installed contract in load order.
pub(super) fn installed_tables(connection: &Connection) -> Step<Vec<String>> {
    let mut statement = connection.prepare_cached(TABLES)?;
    let tables = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(tables)
}

/// The fence between workers of different contracts.
pub(super) fn check_installed(connection: &Connection, offered: ContractHash) -> Step<()> {
    let installed = installed(connection)?;
    match installed == Some(offered) {
        true => Ok(()),
        false => Err(StoreError::ContractNotInstalled { offered, installed }.into()),
    }
}

pub(super) fn table_exists(connection: &Connection, table: &str) -> Step<bool> {
    Ok(connection.prepare_cached(EXISTS)?.exists(named_params! {":table": table})?)
}

/// A column as it is in the database.
struct ActualColumn {
    name: String,
    storage: String,
    not_null: bool,
    has_default: bool,
    in_key: bool,
}

/// The statements that add the nullable columns that are missing; any other difference is drift.
fn missing_columns(connection: &Connection, table: &TargetTable) -> Step<Vec<String>> {
    let mut missing = Vec::new();
    let actual = actual_columns(connection, &table.name)?;
    let find = |name: &str| actual.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    for column in &table.columns {
        match find(&column.name) {
            Some(found) => compare(table, column, found)?,
            None if target::not_null(table, column) => {
                return Err(drift(
                    table,
                    format!("column {} is not there, and it may not be null", column.name),
                ))
            }
            None => missing.push(target::add_column(table, column)),
        }
    }
    let known = |name: &str| table.columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
    if let Some(extra) = actual.iter().find(|c| !known(&c.name) && c.not_null && !c.has_default) {
        return Err(drift(
            table,
            format!(
                "column {} is not in the contract, may not be null and has no default",
                extra.name
            ),
        ));
    }
    compare_key(table, &actual)?;
    compare_foreign_key(connection, table)?;
    Ok(missing)
}

fn compare(table: &TargetTable, column: &TargetColumn, actual: &ActualColumn) -> Step<()> {
    let wanted = target::storage_type(column);
    if !actual.storage.eq_ignore_ascii_case(wanted) {
        return Err(drift(
            table,
            format!("column {} is {} there and {wanted} here", column.name, actual.storage),
        ));
    }
    let not_null = target::not_null(table, column);
    if !column.identity && actual.not_null != not_null {
        let rule = |not_null: bool| if not_null { "NOT NULL" } else { "NULL" };
        return Err(drift(
            table,
            format!(
                "column {} is {} there and {} here",
                column.name,
                rule(actual.not_null),
                rule(not_null)
            ),
        ));
    }
    Ok(())
}

/// With an identity the declared key is a unique constraint, which inserting relies on in no way
/// that would differ: only a real primary key is compared.
fn compare_key(table: &TargetTable, actual: &[ActualColumn]) -> Step<()> {
    if table.columns.iter().any(|column| column.identity) {
        return Ok(());
    }
    let there: Vec<&str> = actual.iter().filter(|c| c.in_key).map(|c| c.name.as_str()).collect();
    let is_there = |name: &String| there.iter().any(|n| n.eq_ignore_ascii_case(name));
    if there.len() == table.primary_key.len() && table.primary_key.iter().all(is_there) {
        return Ok(());
    }
    let list = |names: &[&str]| match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let here: Vec<&str> = table.primary_key.iter().map(String::as_str).collect();
    Err(drift(table, format!("its primary key is {} there and {} here", list(&there), list(&here))))
}

fn compare_foreign_key(connection: &Connection, table: &TargetTable) -> Step<()> {
    let Some(foreign) = &table.foreign_key else { return Ok(()) };
    let there: Vec<(String, String)> = connection
        .prepare_cached(FOREIGN_KEYS)?
        .query_map(named_params! {":table": table.name}, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let declared = foreign.columns.iter().all(|column| {
        there.iter().any(|(parent, from)| {
            parent.eq_ignore_ascii_case(&foreign.references) && from.eq_ignore_ascii_case(column)
        })
    });
    match declared {
        true => Ok(()),
        false => Err(drift(
            table,
            format!(
                "it has no foreign key ({}) to {}",
                foreign.columns.join(", "),
                foreign.references
            ),
        )),
    }
}

fn actual_columns(connection: &Connection, table: &str) -> Step<Vec<ActualColumn>> {
    let mut statement = connection.prepare_cached(COLUMNS)?;
    let columns = statement
        .query_map(named_params! {":table": table}, |row| {
            Ok(ActualColumn {
                name: row.get(0)?,
                storage: row.get(1)?,
                not_null: row.get(2)?,
                has_default: row.get(3)?,
                in_key: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(columns)
}

fn drift(table: &TargetTable, difference: String) -> super::fault::Fault {
    let reason = format!(
        "{difference}; change the contract, or the table, or drop the table with its rows so \
         that it is made again"
    );
    StoreError::Drift { table: table.name.clone(), reason }.into()
}
