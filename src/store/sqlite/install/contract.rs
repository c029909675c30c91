//! Installing a contract: its target tables, and its hash as the fence between workers.

use chrono::{DateTime, Utc};
use rusqlite::{named_params, Connection};

use crate::contract::{Contract, OnExisting};
use crate::id::ContractHash;
use crate::store::sqlite::binding::instant;
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::target::{
    add_column, check, create_indexes, create_rows_view, create_table, differences_of, found,
    not_null, ROWS_VIEW,
};
use crate::store::sqlite::transaction::{read, write, Work};
use crate::store::StoreError;

const INSTALL_CONTRACT: &str = include_str!("install_contract.sql");
const RETIRE: &str = statement(INSTALL_CONTRACT, "retire");
const RECORD: &str = statement(INSTALL_CONTRACT, "record");
const FORGET_TABLES: &str = statement(INSTALL_CONTRACT, "forget_tables");
const RECORD_TABLE: &str = statement(INSTALL_CONTRACT, "record_table");
const INDEX_EXISTS: &str = statement(INSTALL_CONTRACT, "index_exists");
const VIEW_TEXT: &str = statement(INSTALL_CONTRACT, "view_text");

const GET_CONTRACT: &str = include_str!("get_contract.sql");
const INSTALLED: &str = statement(GET_CONTRACT, "installed");
const TABLES: &str = statement(GET_CONTRACT, "tables");

/// What installing a contract would do to a store.
#[derive(Debug)]
pub struct InstallPreview {
    /// The statements that would run, without semicolons at their ends.
    pub changes: Vec<String>,
    /// The contract that is installed now.
    pub replaces: Option<ContractHash>,
}

/// The installed contract.
#[derive(Debug)]
pub struct Installation {
    /// Its name.
    pub contract_name: String,
    /// Its hash.
    pub contract_hash: ContractHash,
    /// When it was installed, by the database's clock.
    pub installed_at: DateTime<Utc>,
}

pub fn install_contract(connection: &mut Connection, contract: &Contract) -> Step<()> {
    check(contract)?;
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

/// What [`install_contract`] would do.
pub fn preview_install(connection: &mut Connection, contract: &Contract) -> Step<InstallPreview> {
    check(contract)?;
    read(connection, |tx| {
        Ok(InstallPreview { changes: changes(tx, contract)?, replaces: installed(tx)? })
    })
}

/// The statements that make the target tables the contract's: new tables, nullable columns, indexes
/// and the view of their rows. Any other difference that may keep rows from being written is drift.
fn changes(tx: &Work, contract: &Contract) -> Step<Vec<String>> {
    let mut changes = Vec::new();
    for table in &contract.targets {
        let existing = found(tx, table)?;
        if existing.columns.is_empty() {
            changes.push(create_table(contract, table));
        } else {
            let exists =
                |name: &str| existing.columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
            let added: Vec<_> =
                table.columns.iter().filter(|c| !exists(&c.name) && !not_null(table, c)).collect();
            let is_added = |name: &String| added.iter().any(|column| column.name == *name);
            let drift = differences_of(contract, table, &existing)
                .into_iter()
                .find(|d| d.refuses && !d.column.as_ref().is_some_and(is_added));
            if let Some(drift) = drift {
                Err(StoreError::Drift { table: drift.table, reason: drift.what })?;
            }
            changes.extend(added.iter().map(|column| add_column(table, column)));
        }
        for (name, statement) in create_indexes(table) {
            if !tx.exists(INDEX_EXISTS, named_params! {":index": name})? {
                changes.push(statement);
            }
        }
    }
    let rows_view = create_rows_view(contract);
    let existing: Option<String> =
        tx.find(VIEW_TEXT, named_params! {":view": ROWS_VIEW}, |row| row.get(0))?;
    if existing.as_ref() != Some(&rows_view) {
        changes.extend(existing.map(|_| format!("DROP VIEW {ROWS_VIEW}")));
        changes.push(rows_view);
    }
    Ok(changes)
}

fn record(tx: &Work, contract: &Contract) -> Step<()> {
    let hash = named_params! {":contract_hash": contract.hash};
    tx.run(RETIRE, named_params! {":now": tx.now})?;
    tx.run(
        RECORD,
        named_params! {
            ":contract_hash": contract.hash, ":contract_name": contract.name, ":now": tx.now,
        },
    )?;
    tx.run(FORGET_TABLES, hash)?;
    for (ordinal, table) in contract.targets.iter().enumerate() {
        let parameters = named_params! {
            ":contract_hash": contract.hash,
            ":table_ordinal": ordinal,
            ":table_name": table.name,
            ":on_existing": match table.on_existing {
                OnExisting::Fail => "fail",
                OnExisting::Skip => "skip",
                OnExisting::Replace => "replace",
            },
        };
        tx.run(RECORD_TABLE, parameters)?;
    }
    Ok(())
}

pub fn get_contract(connection: &mut Connection) -> Step<Option<Installation>> {
    read(connection, |tx| {
        tx.find(INSTALLED, [], |row| {
            Ok(Installation {
                contract_hash: row.get(0)?,
                contract_name: row.get(1)?,
                installed_at: instant(row.get(2)?),
            })
        })
    })
}

fn installed(tx: &Work) -> Step<Option<ContractHash>> {
    tx.find(INSTALLED, [], |row| row.get(0))
}

/// The target tables of the installed contract in load order.
pub fn installed_tables(tx: &Work) -> Step<Vec<String>> {
    tx.all(TABLES, [], |row| row.get(0))
}

/// The fence between workers of different contracts.
pub fn check_installed(tx: &Work, offered: ContractHash) -> Step<()> {
    let installed = installed(tx)?;
    match installed == Some(offered) {
        true => Ok(()),
        false => Err(StoreError::ContractNotInstalled { offered, installed }.into()),
    }
}
