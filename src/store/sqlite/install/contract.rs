//! Installing a contract: its target tables, and its hash as the fence between workers.

use chrono::{DateTime, Utc};
use rusqlite::{named_params, Connection};

use super::ownership::{is_ours, refuse_foreign};
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
use crate::store::target::of_others;
use crate::store::{AlterTables, Difference, StoreError};

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
    /// Those of them that change tables which xmlshred did not create.
    pub alterations: Vec<String>,
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
    install_altering(connection, contract, AlterTables::Own)
}

/// [`install_contract`] that gives missing columns to these target tables.
pub fn install_altering(
    connection: &mut Connection,
    contract: &Contract,
    alter: AlterTables,
) -> Step<()> {
    check(contract)?;
    write(connection, |tx| {
        for change in changes(tx, contract, alter)? {
            tx.execute_batch(&change.statement)?;
        }
        match installed(tx)? == Some(contract.hash) {
            true => Ok(()),
            false => record(tx, contract),
        }
    })
}

/// What [`install_altering`] would do.
pub fn preview_install(
    connection: &mut Connection,
    contract: &Contract,
    alter: AlterTables,
) -> Step<InstallPreview> {
    check(contract)?;
    read(connection, |tx| {
        let changes = changes(tx, contract, alter)?;
        let of_others = changes.iter().filter(|change| change.of_others);
        Ok(InstallPreview {
            alterations: of_others.map(|change| change.statement.clone()).collect(),
            changes: changes.into_iter().map(|change| change.statement).collect(),
            replaces: installed(tx)?,
        })
    })
}

/// A statement on a target table.
struct Change {
    statement: String,
    /// The table exists, and xmlshred did not create it.
    of_others: bool,
}

/// The statements that make the target tables the contract's: new tables, nullable columns, indexes
/// and the view of their rows. Any other difference that may keep rows from being written is drift; so is a missing
/// column of a table of others, unless it may be altered.
fn changes(tx: &Work, contract: &Contract, alter: AlterTables) -> Step<Vec<Change>> {
    refuse_foreign(tx, contract)?;
    let mut changes = Vec::new();
    for table in &contract.targets {
        let existing = found(tx, table)?;
        let is_of_others = !existing.columns.is_empty() && !is_ours(tx, &table.name)?;
        let may_alter = !is_of_others || alter == AlterTables::All;
        let mut push = |statement| changes.push(Change { statement, of_others: is_of_others });
        if existing.columns.is_empty() {
            push(create_table(contract, table));
        } else {
            let exists =
                |name: &str| existing.columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
            let added: Vec<_> =
                table.columns.iter().filter(|c| !exists(&c.name) && !not_null(table, c)).collect();
            let addition = |d: &Difference| {
                let column = added.iter().find(|column| d.column.as_ref() == Some(&column.name));
                column.map(|column| add_column(table, column))
            };
            let drift = differences_of(contract, table, &existing)
                .into_iter()
                .find(|d| d.refuses && !(may_alter && addition(d).is_some()));
            if let Some(drift) = drift {
                Err(match addition(&drift) {
                    Some(statement) => of_others(drift, &format!("{statement};")),
                    None => StoreError::Drift { table: drift.table, reason: drift.what },
                })?;
            }
            added.iter().for_each(|column| push(add_column(table, column)));
        }
        for (name, statement) in create_indexes(table).into_iter().filter(|_| may_alter) {
            if !tx.exists(INDEX_EXISTS, named_params! {":index": name})? {
                push(statement);
            }
        }
    }
    let rows_view = create_rows_view(contract);
    let existing: Option<String> =
        tx.find(VIEW_TEXT, named_params! {":view": ROWS_VIEW}, |row| row.get(0))?;
    if existing.as_ref() != Some(&rows_view) {
        let drop = existing.map(|_| format!("DROP VIEW {ROWS_VIEW}"));
        let own = |statement| Change { statement, of_others: false };
        changes.extend(drop.into_iter().chain([rows_view]).map(own));
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
