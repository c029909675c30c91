//! What an installation would change, object by object, and what it would refuse.

use super::files::{Kind, Names, SqlFile};
use super::found::Found;
use super::generated::{Generated, GENERATED};
use super::recount;
use super::state::{generated_state, state, Recorded, State};
use crate::contract::{Contract, TargetTable};
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::contract_sql::{bracketed, literal};
use crate::store::sqlserver::fault;
use crate::store::sqlserver::target::{self, ColumnChange};
use crate::store::{
    AlterTables, Difference, DifferenceKind, PlannedAction, PlannedStep, Refused, Result,
    StoreError,
};

/// What has a name that the installation needs and is of others. The script refuses it too, but its message
/// has no room for all of them.
pub fn in_the_way(found: &[Found]) -> Vec<PlannedStep> {
    let found: Vec<&Found> = found.iter().filter(|name| name.is_in_the_way).collect();
    let adopt = match found.iter().any(|name| name.is_log()) {
        true => ", or take over the log of an earlier system with --adopt-log",
        false => "",
    };
    let next = format!("install into another schema with --schema, or rename these objects{adopt}");
    found.iter().map(|name| PlannedStep::takes_name(&name.shown, &next)).collect()
}

/// A problem that a person must end; its message may name the next step.
pub fn decide(object: &str, problem: &str, next_step: &str) -> PlannedStep {
    PlannedStep {
        refusals: vec![Refused::split(problem, next_step)],
        ..PlannedStep::new(PlannedAction::Decide, object)
    }
}

/// The schema of the target tables, where it does not exist: the installation creates its own alone.
pub fn missing_schema(
    connection: &mut Connection,
    names: &Names,
    contract: &Contract,
) -> Result<Option<PlannedStep>> {
    let schema = &contract.target_schema;
    let sql = format!("SELECT SCHEMA_ID({}) AS id;", literal(schema));
    let id = connection.query(&sql).and_then(|record| record.get_or_null::<i64>("id"));
    let id = id.map_err(|fault| fault.into_store_error(connection.settings().location()))?;
    let is_missing = id.is_none() && !schema.eq_ignore_ascii_case(names.schema());
    Ok(is_missing.then(|| {
        let problem = format!(
            "the schema {schema} of the target tables does not exist; create it with CREATE SCHEMA {} \
             AUTHORIZATION [dbo], or correct target_schema in the contract",
            bracketed(schema)
        );
        decide(&format!("schema {schema}"), &problem, "")
    }))
}

/// The files of `sql/` that are not current.
pub fn objects(files: &[SqlFile], found: &[Found], recorded: &Recorded) -> Vec<PlannedStep> {
    let step = |file: &SqlFile| {
        let state = state(file, found, recorded);
        let action = match (file.kind(), state) {
            (_, State::Current | State::Foreign) => return None,
            (Kind::Migration, _) => PlannedAction::Migrate,
            // What exists of a table stays: migrations change it.
            (Kind::Other, _) | (Kind::Table, State::Older | State::Edited) => PlannedAction::Run,
            (_, State::Missing) => PlannedAction::Create,
            _ => PlannedAction::Replace,
        };
        Some(of_state(action, file.name, state))
    };
    files.iter().filter_map(step).collect()
}

/// The recount that an earlier installation did not come to.
pub fn recount(recorded: &Recorded) -> Option<PlannedStep> {
    let due = PlannedStep::new(PlannedAction::Run, "usp_RecountSums");
    recorded.contains_key(recount::DUE).then_some(due)
}

/// The objects of the contract that are not current.
pub fn generated(schema: &str, recorded: &Recorded, contract: &Contract) -> Vec<PlannedStep> {
    let step = |generated: &Generated| {
        let state = generated_state(generated, &generated.text(schema, contract), recorded);
        let action = match state {
            State::Current => return None,
            State::Missing => PlannedAction::Create,
            _ => PlannedAction::Replace,
        };
        Some(of_state(action, generated.file, state))
    };
    GENERATED.iter().filter_map(step).collect()
}

fn of_state(action: PlannedAction, object: &str, state: State) -> PlannedStep {
    let old = Some(state.name().to_owned());
    let new = Some(State::Current.name().to_owned());
    PlannedStep { old, new, ..PlannedStep::new(action, object) }
}

/// A check that an installation would end with.
pub fn refused(checked: Result<()>, object: &str) -> Result<Option<PlannedStep>> {
    match checked {
        Ok(()) => Ok(None),
        Err(StoreError::Refused(message)) => {
            Ok(Some(decide(object, &message, "correct it and install again")))
        }
        Err(error) => Err(error),
    }
}

/// The target tables that do not exist.
fn missing_tables<'c>(
    connection: &mut Connection,
    contract: &'c Contract,
) -> fault::Result<Vec<&'c TargetTable>> {
    let names: Vec<String> = contract.targets.iter().map(|table| table.name.clone()).collect();
    let exist = target::declared_tables(connection, &contract.target_schema, &names)?;
    let is_missing = |table: &&TargetTable| !exist.iter().any(|known| known.name == table.name);
    Ok(contract.targets.iter().filter(is_missing).collect())
}

/// What becomes of the target tables, in load order.
pub fn tables(
    connection: &mut Connection,
    contract: &Contract,
    alter: AlterTables,
) -> fault::Result<Vec<PlannedStep>> {
    let missing = missing_tables(connection, contract)?;
    let changes = target::column_changes(connection, contract, alter)?;
    let differences = target::compare_targets(connection, contract)?;
    let mut steps = Vec::new();
    for table in &contract.targets {
        let object = format!("table {}.{}", contract.target_schema, table.name);
        let of_table = |difference: &&Difference| {
            difference.refuses
                && difference.table == table.name
                && !changes.iter().any(|change| ends(change, difference))
        };
        let is_missing = missing.iter().any(|missing| missing.name == table.name);
        if is_missing {
            let created = PlannedStep::new(PlannedAction::Create, object.clone());
            steps.push(PlannedStep { table: Some(table.name.clone()), ..created });
        }
        let own = changes.iter().filter(|change| change.table == table.name);
        steps.extend(own.map(|change| planned_change(change, &object)));
        let left = differences.iter().filter(of_table);
        // Of a table that does not exist, everything is missing; a view in its place has its own line.
        let left = left.filter(|_| !is_missing);
        steps.extend(left.map(|difference| PlannedStep::decide(object.clone(), difference)));
    }
    Ok(steps)
}

/// Whether a change, made or refused, is about this difference.
fn ends(change: &ColumnChange, difference: &Difference) -> bool {
    change.table == difference.table
        && Some(&change.column) == difference.column.as_ref()
        && match difference.kind {
            DifferenceKind::Missing => change.old_type.is_none(),
            DifferenceKind::Type => change.is_longer,
            DifferenceKind::Null => change.is_relaxed,
            DifferenceKind::Other => false,
        }
}

fn planned_change(change: &ColumnChange, object: &str) -> PlannedStep {
    let refused = change.obstacles.iter().map(|(reason, next_step)| Refused {
        reason: reason.clone(),
        next_step: next_step.clone(),
    });
    let action = match change.old_type {
        None => PlannedAction::Add,
        Some(_) => PlannedAction::Widen,
    };
    PlannedStep {
        column: Some(change.column.clone()),
        old: change.old_type.clone(),
        new: Some(change.new_type.clone()),
        statement: Some(change.statement.clone()),
        refusals: refused.collect(),
        table: Some(change.table.clone()),
        of_others: change.of_others,
        ..PlannedStep::new(action, object)
    }
}
