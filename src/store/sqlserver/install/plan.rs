//! What an installation would change, object by object, and what it would refuse.

use super::files::{Kind, SqlFile};
use super::found::Found;
use super::generated::{Generated, GENERATED};
use super::state::{generated_state, state, Recorded, State};
use crate::contract::{Contract, TargetTable};
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::fault;
use crate::store::sqlserver::target::{self, ColumnChange};
use crate::store::{
    AlterTables, Difference, DifferenceKind, PlannedAction, PlannedStep, Refused, Result,
    StoreError,
};

/// What has a name that the installation needs and is of others.
pub fn in_the_way(found: &[Found]) -> Vec<PlannedStep> {
    let step = |name: &Found| PlannedStep {
        refusals: vec![Refused {
            reason: "xmlshred did not create it, and needs its name".to_owned(),
            next_step: "install into another schema with --schema, or rename it".to_owned(),
        }],
        ..PlannedStep::new(PlannedAction::Decide, &name.shown)
    };
    found.iter().filter(|name| name.is_in_the_way).map(step).collect()
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
        Err(StoreError::Refused(message)) => Ok(Some(PlannedStep {
            refusals: vec![Refused::split(&message, "correct it and install again")],
            ..PlannedStep::new(PlannedAction::Decide, object)
        })),
        Err(error) => Err(error),
    }
}

/// The target tables that do not exist.
pub fn missing_tables<'c>(
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
            steps.push(PlannedStep::new(PlannedAction::Create, object.clone()));
        }
        let own = changes.iter().filter(|change| change.table == table.name);
        steps.extend(own.map(|change| planned_change(change, &object)));
        let left = differences.iter().filter(of_table);
        // Of a table that does not exist, everything is missing; a view in its place has its own line.
        let left = left.filter(|_| !is_missing);
        steps.extend(left.map(|difference| {
            PlannedStep::decide(object.clone(), difference, difference.kind.next_step())
        }));
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
        ..PlannedStep::new(action, object)
    }
}
