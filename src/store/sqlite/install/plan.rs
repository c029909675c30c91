//! What an installation does to a store and what it refuses: one list, which is shown or executed.

use std::path::Path;

use rusqlite::{params_from_iter, types::Value, Connection};

use super::contract::{self, execute, get_contract, PLACE};
use super::file::{temporary_copy, version, SCHEMA_VERSION};
use super::fresh::Fresh;
use super::open::{any_version, bare_in_memory, open_in_memory};
use super::upgrade::{checkpoint, preview as preview_upgrade, upgrade_from};
use crate::contract::Contract;
use crate::id::ContractHash;
use crate::store::sqlite::fault::{SqliteFault, Step};
use crate::store::sqlite::target::quoted;
use crate::store::sqlite::transaction::{read, write, Work};
use crate::store::{
    AlterTables, InstallPlan, PlannedAction, PlannedStep, Refused, Result, StoreError,
};

/// What [`install`] would do with the store in `path`. Changes nothing, and leaves no file.
pub fn plan(path: &Path, contract: Option<&Contract>, alter: AlterTables) -> Result<InstallPlan> {
    if !path.exists() {
        // The file that would be created is refused where this one is.
        drop(temporary_copy(path)?);
        let mut plan = read(&mut open_in_memory()?, |tx| steps(tx, contract, alter))?;
        plan.steps.insert(0, new_store(path));
        return Ok(plan);
    }
    let (mut connection, _) = any_version(path)?;
    if version(&connection)? == SCHEMA_VERSION {
        return Ok(read(&mut connection, |tx| steps(tx, contract, alter))?);
    }
    let mut twin = read(&mut connection, twin)?;
    Ok(write(&mut twin, |tx| steps(tx, contract, alter))?)
}

/// The statements of [`plan`] in their order, and the contract that is installed now.
pub fn preview(
    path: &Path,
    contract: Option<&Contract>,
    alter: AlterTables,
) -> Result<(Vec<String>, Option<ContractHash>)> {
    let plan = plan(path, contract, alter)?;
    if let Some(error) = plan.error(PLACE) {
        return Err(error);
    }
    let statements = plan.steps.into_iter().filter_map(|step| step.statement);
    if !path.exists() {
        return Ok((statements.collect(), None));
    }
    let (mut connection, _) = any_version(path)?;
    let upgrade = preview_upgrade(&connection)?;
    let installed = get_contract(&mut connection)?.map(|found| found.contract_hash);
    Ok((upgrade.into_iter().chain(statements).collect(), installed))
}

/// Upgrades the store, creates it where it is missing, and makes the contract the installed one: all of it,
/// or nothing. Without a contract, the installed one stays.
pub fn install(
    path: &Path,
    contract: Option<&Contract>,
    alter: AlterTables,
) -> Result<InstallPlan> {
    let installed = |tx: &Work| -> Step<InstallPlan> {
        let plan = steps(tx, contract, alter)?;
        execute(tx, contract, &plan)?;
        Ok(plan)
    };
    if !path.exists() {
        let mut new = Fresh::create(path)?;
        let mut plan = write(&mut new.connection, installed)?;
        if new.put_in_place()? {
            plan.steps.insert(0, new_store(path));
            return Ok(plan);
        }
        // Another process was first: its store is there now.
    }
    let (mut connection, _) = any_version(path)?;
    let is_current = version(&connection)? == SCHEMA_VERSION;
    let plan = write(&mut connection, installed)?;
    if !is_current {
        checkpoint(&connection);
    }
    Ok(plan)
}

fn new_store(path: &Path) -> PlannedStep {
    PlannedStep::new(PlannedAction::Create, format!("store {}", path.display()))
}

/// The upgrade of an older store, which this makes, and the steps of the contract, which it does not.
fn steps(tx: &Work, contract: Option<&Contract>, alter: AlterTables) -> Step<InstallPlan> {
    let mut plan = InstallPlan::default();
    let found = version(tx)?;
    if found != SCHEMA_VERSION {
        let mut step = PlannedStep {
            old: Some(found.to_string()),
            new: Some(SCHEMA_VERSION.to_string()),
            ..PlannedStep::new(PlannedAction::Migrate, PlannedStep::OWN_TABLES)
        };
        match upgrade_from(tx, found) {
            Ok(()) => {}
            Err(SqliteFault::Store(StoreError::Refused(message))) => {
                step.refusals =
                    vec![Refused::split(&message, "load the documents into a new file")];
                return Ok(InstallPlan { steps: vec![step] });
            }
            Err(other) => return Err(other),
        }
        plan.steps.push(step);
    }
    if let Some(contract) = contract {
        plan.steps.extend(contract::steps(tx, contract, alter)?.steps);
    }
    Ok(plan)
}

/// Tables whose rows decide what an installation does.
const READ: [&str; 2] = ["processing_contract", "processing_contract_table"];

/// A store in memory with the declarations of this one and without its rows, in which an upgrade can be made
/// to see what it does.
fn twin(tx: &Work) -> Step<Connection> {
    let twin = bare_in_memory()?;
    twin.pragma_update(None, "user_version", version(tx)?)?;
    let declared: Vec<(String, String)> = tx.all(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
         ORDER BY type = 'trigger', rowid",
        [],
        |row| row.try_into(),
    )?;
    for (name, sql) in &declared {
        // Modules of others are not known here, and create tables of their own. Their names are taken all the same.
        if twin.execute_batch(sql).is_err() {
            let _ = twin.execute_batch(&format!("CREATE TABLE {} (other)", quoted(name)));
        }
    }
    for table in READ.iter().filter(|table| declared.iter().any(|(name, _)| name == *table)) {
        let width = tx.prepare(&format!("SELECT * FROM {table}"))?.column_count();
        let rows = tx.all(&format!("SELECT * FROM {table}"), [], |row| {
            (0..width).map(|at| row.get(at)).collect::<rusqlite::Result<Vec<Value>>>()
        })?;
        let places = vec!["?"; width].join(", ");
        for row in rows {
            let insert = format!("INSERT INTO {table} VALUES ({places})");
            twin.execute(&insert, params_from_iter(row))?;
        }
    }
    Ok(twin)
}
