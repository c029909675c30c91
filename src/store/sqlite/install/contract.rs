//! Installing a contract: its target tables, and its hash as the fence between workers.

use chrono::{DateTime, Utc};
use rusqlite::{named_params, Connection};

use super::ownership::{foreign, is_ours};
use super::views::{create_counts_view, COUNTS_VIEW};
use crate::contract::{Contract, OnExisting, TargetTable};
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

/// What has the objects that are in the way.
pub const PLACE: &str = "the file";

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
    write(connection, |tx| execute(tx, Some(contract), &steps(tx, contract, AlterTables::Own)?))
}

/// Does what a plan of this transaction says, unless anything of it is refused.
pub fn execute(tx: &Work, contract: Option<&Contract>, plan: &InstallPlan) -> Step<()> {
    if let Some(error) = plan.error(PLACE) {
        Err(error)?;
    }
    for statement in plan.steps.iter().filter_map(|step| step.statement.as_ref()) {
        tx.execute_batch(statement)?;
    }
    let registers = plan.steps.iter().any(|step| step.action == PlannedAction::Register);
    contract.filter(|_| registers).map_or(Ok(()), |contract| record(tx, contract))
}

/// What becomes of the file for a contract, and what is refused, all of it: new tables, nullable columns,
/// indexes and the views of their rows. Any other difference that may keep rows from being written is
/// refused; so is a missing column of a table of others, unless it may be altered.
pub fn steps(tx: &Work, contract: &Contract, alter: AlterTables) -> Step<InstallPlan> {
    if let Err(StoreError::Refused(message)) = check(contract) {
        let step = PlannedStep::new(PlannedAction::Decide, format!("contract {}", contract.name));
        let refusals = vec![Refused::split(&message, "correct the contract")];
        return Ok(InstallPlan { steps: vec![PlannedStep { refusals, ..step }] });
    }
    let next = "rename these objects, or the tables of the contract";
    let foreign = foreign(tx, contract)?;
    let mut own = Vec::new();
    for table in &contract.targets {
        own.extend(on_table(tx, contract, table, alter)?);
    }
    own.extend(on_views(tx, contract)?);
    // What has a name of others is refused as a whole.
    own.retain(|step| {
        let name = step.object.split_once(' ').map_or("", |(_, name)| name);
        !foreign.iter().any(|other| other.name.eq_ignore_ascii_case(name))
    });
    let taken = foreign.into_iter().map(|other| PlannedStep::takes_name(other.object, next));
    let mut steps: Vec<PlannedStep> = taken.chain(own).collect();
    let installed = installed(tx)?;
    if installed != Some(contract.hash) {
        steps.push(PlannedStep::register(contract, installed));
    }
    Ok(InstallPlan { steps })
}

/// The steps on a target table and its indexes.
fn on_table(
    tx: &Work,
    contract: &Contract,
    table: &TargetTable,
    alter: AlterTables,
) -> Step<Vec<PlannedStep>> {
    let existing = found(tx, table)?;
    let of_others = !existing.columns.is_empty() && !is_ours(tx, &table.name)?;
    let may_alter = !of_others || alter == AlterTables::All;
    let object = format!("table {}", table.name);
    let step = |action, object: &str| {
        let table = Some(table.name.clone());
        PlannedStep { table, of_others, ..PlannedStep::new(action, object) }
    };
    let mut steps = Vec::new();
    if existing.columns.is_empty() {
        let statement = Some(create_table(contract, table));
        steps.push(PlannedStep { statement, ..step(PlannedAction::Create, &object) });
    } else {
        let added: Vec<_> = table
            .columns
            .iter()
            .filter(|c| existing.column(&c.name).is_none() && !not_null(table, c))
            .collect();
        for drift in differences_of(contract, table, &existing) {
            let is_added = added.iter().any(|c| drift.column.as_ref() == Some(&c.name));
            if drift.refuses && !is_added {
                steps.push(PlannedStep::decide(object.clone(), &drift));
            }
        }
        for column in added {
            let statement = add_column(table, column);
            let refusal = Refused {
                reason: "xmlshred did not create the table".to_owned(),
                next_step: format!("run `{statement};`, or install with --alter-tables"),
            };
            steps.push(PlannedStep {
                column: Some(column.name.clone()),
                new: Some(storage_type(column).to_owned()),
                statement: Some(statement),
                refusals: if may_alter { Vec::new() } else { vec![refusal] },
                ..step(PlannedAction::Add, &object)
            });
        }
    }
    for (name, statement) in create_indexes(table).into_iter().filter(|_| may_alter) {
        if !tx.exists(INDEX_EXISTS, named_params! {":index": name})? {
            let index = step(PlannedAction::Create, &format!("index {name}"));
            steps.push(PlannedStep { statement: Some(statement), ..index });
        }
    }
    Ok(steps)
}

/// The steps on the views of the target tables' rows.
fn on_views(tx: &Work, contract: &Contract) -> Step<Vec<PlannedStep>> {
    let tables = contract.targets.iter().map(|table| table.name.as_str());
    let mut steps = Vec::new();
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
            steps.push(PlannedStep { statement: Some(statement), ..step });
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
