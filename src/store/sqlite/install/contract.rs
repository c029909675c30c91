//! Installing a contract: its target tables, and its hash as the fence between workers.

use chrono::{DateTime, Utc};
use rusqlite::{named_params, Connection};

use super::ownership::{foreign, is_ours, refuse_foreign};
use super::views::{create_counts_view, COUNTS_VIEW};
use crate::contract::{Contract, OnExisting};
use crate::id::ContractHash;
use crate::store::sqlite::binding::instant;
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::target::{
    add_column, check, create_indexes, create_rows_view, create_table, differences_of, found,
    not_null, storage_type, ROWS_VIEW,
};
use crate::store::sqlite::transaction::{read, write, Work};
use crate::store::{AlterTables, InstallPlan, PlannedAction, PlannedStep, Refused, StoreError};

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

/// What [`install_altering`] would do and what it would refuse, all of it.
pub fn plan_install(
    connection: &mut Connection,
    contract: &Contract,
    alter: AlterTables,
) -> Step<InstallPlan> {
    check(contract)?;
    read(connection, |tx| {
        let foreign = foreign(tx, contract)?.into_iter().map(|object| PlannedStep {
            refusals: vec![Refused {
                reason: "xmlshred did not create it, and the contract needs its name".to_owned(),
                next_step: "rename it, or the table of the contract".to_owned(),
            }],
            ..PlannedStep::new(PlannedAction::Decide, object)
        });
        let mut steps: Vec<PlannedStep> = foreign.collect();
        steps.extend(planned(tx, contract, alter)?.into_iter().map(|(step, _)| step));
        let installed = installed(tx)?;
        if installed != Some(contract.hash) {
            steps.push(PlannedStep::register(contract, installed));
        }
        Ok(InstallPlan { steps })
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
    for (step, of_others) in planned(tx, contract, alter)? {
        if let Some(refused) = step.refusals.first() {
            let table = step.object.strip_prefix(TABLE).unwrap_or(&step.object).to_owned();
            let reason = match &step.statement {
                Some(_) => format!("{}; {}", refused.reason, refused.next_step),
                None => refused.reason.clone(),
            };
            Err(StoreError::Drift { table, reason })?;
        }
        changes.extend(step.statement.map(|statement| Change { statement, of_others }));
    }
    Ok(changes)
}

/// What a step on a target table begins with.
const TABLE: &str = "table ";

/// The steps on target tables and their view, each with whether its table exists and is one of others.
fn planned(tx: &Work, contract: &Contract, alter: AlterTables) -> Step<Vec<(PlannedStep, bool)>> {
    let mut steps = Vec::new();
    for table in &contract.targets {
        let existing = found(tx, table)?;
        let is_of_others = !existing.columns.is_empty() && !is_ours(tx, &table.name)?;
        let may_alter = !is_of_others || alter == AlterTables::All;
        let object = format!("{TABLE}{}", table.name);
        let mut push = |step| steps.push((step, is_of_others));
        if existing.columns.is_empty() {
            let statement = Some(create_table(contract, table));
            push(PlannedStep { statement, ..PlannedStep::new(PlannedAction::Create, object) });
        } else {
            let added: Vec<_> = table
                .columns
                .iter()
                .filter(|c| existing.column(&c.name).is_none() && !not_null(table, c))
                .collect();
            for drift in differences_of(contract, table, &existing) {
                let is_added = added.iter().any(|c| drift.column.as_ref() == Some(&c.name));
                if drift.refuses && !is_added {
                    let next = drift.kind.next_step();
                    push(PlannedStep::decide(object.clone(), &drift, next));
                }
            }
            for column in added {
                let statement = add_column(table, column);
                let refusal = Refused {
                    reason: format!(
                        "column {} does not exist, and xmlshred did not create the table",
                        column.name
                    ),
                    next_step: format!("run `{statement};`, or install with --alter-tables"),
                };
                push(PlannedStep {
                    column: Some(column.name.clone()),
                    new: Some(storage_type(column).to_owned()),
                    statement: Some(statement),
                    refusals: if may_alter { Vec::new() } else { vec![refusal] },
                    ..PlannedStep::new(PlannedAction::Add, object.clone())
                });
            }
        }
        for (name, statement) in create_indexes(table).into_iter().filter(|_| may_alter) {
            if !tx.exists(INDEX_EXISTS, named_params! {":index": name})? {
                let statement = Some(statement);
                let index = PlannedStep::new(PlannedAction::Create, format!("index {name}"));
                push(PlannedStep { statement, ..index });
            }
        }
    }
    let tables = contract.targets.iter().map(|table| table.name.as_str());
    for (name, view) in
        [(ROWS_VIEW, create_rows_view(contract)), (COUNTS_VIEW, create_counts_view(tables))]
    {
        let existing: Option<String> =
            tx.find(VIEW_TEXT, named_params! {":view": name}, |row| row.get(0))?;
        if existing.as_ref() != Some(&view) {
            // A store without a contract has the view of no tables.
            let action = match &existing {
                Some(old) if *old != create_counts_view([]) => PlannedAction::Replace,
                _ => PlannedAction::Create,
            };
            let statement = match existing {
                Some(_) => format!("DROP VIEW IF EXISTS {name};\n{view}"),
                None => view,
            };
            let step = PlannedStep::new(action, format!("view {name}"));
            steps.push((PlannedStep { statement: Some(statement), ..step }, false));
        }
    }
    Ok(steps)
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
