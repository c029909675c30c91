//! What an installation did, in a few lines.

use std::path::MAIN_SEPARATOR;

use crate::figures::{count, counted};
use crate::store::{InstallPlan, PlannedAction, PlannedStep};

/// Objects that are named. Of more, their number says enough: `install --info` lists all.
const NAMED: usize = 5;

/// The line about an embedded store of an earlier version that was upgraded; nothing for all others.
pub fn upgraded_line(done: &InstallPlan) -> String {
    let upgrade = done.steps.iter().find(|step| step.object == PlannedStep::OWN_TABLES);
    let versions = upgrade.and_then(|step| step.old.as_ref().zip(step.new.as_ref()));
    versions.map_or(String::new(), |(old, new)| {
        format!("{} are upgraded from version {old} to {new}\n", PlannedStep::OWN_TABLES)
    })
}

/// A line for each kind of change that this plan of what was missing made; nothing where it is empty.
pub fn installed_lines(done: &InstallPlan) -> String {
    let actions = [
        ("created", PlannedAction::Create),
        ("added", PlannedAction::Add),
        ("widened", PlannedAction::Widen),
        ("replaced", PlannedAction::Replace),
        ("migrated", PlannedAction::Migrate),
        ("run", PlannedAction::Run),
    ];
    let lines = actions.into_iter().filter_map(|(word, action)| {
        let is_one =
            |step: &&PlannedStep| step.action == action && step.object != PlannedStep::OWN_TABLES;
        let steps: Vec<&PlannedStep> = done.steps.iter().filter(is_one).collect();
        (!steps.is_empty()).then(|| format!("  {word} {}\n", shown(&steps)))
    });
    let before = done.steps.iter().filter(|step| step.action == PlannedAction::Register);
    let before = before.filter_map(|step| step.old.as_ref());
    lines.chain(before.map(|hash| format!("  replaced the contract {hash}\n"))).collect()
}

/// `2 tables, 1 view: orders, lines, vw_Orders`
fn shown(steps: &[&PlannedStep]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for step in steps {
        let kind = kind(step);
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, number)) => *number += 1,
            None => kinds.push((kind, 1)),
        }
    }
    let number = |(kind, number): &(&str, usize)| match (*kind, *number) {
        ("index", 2..) => format!("{} indexes", count(*number as u64)),
        _ => counted(*number, kind),
    };
    let counts: Vec<String> = kinds.iter().map(number).collect();
    let names: Vec<String> = steps.iter().map(|step| name(step)).collect();
    match names.len() {
        0..=NAMED => format!("{}: {}", counts.join(", "), names.join(", ")),
        _ => counts.join(", "),
    }
}

/// What an object is, by its word or the folder of its file.
fn kind(step: &PlannedStep) -> &'static str {
    if step.column.is_some() {
        return "column";
    }
    let kinds = [
        ("store ", "store"),
        ("table ", "table"),
        ("tables/", "table"),
        ("view ", "view"),
        ("views/", "view"),
        ("index ", "index"),
        ("procs/", "procedure"),
        ("functions/", "function"),
        ("migrations/", "migration"),
        ("usp_", "procedure"),
        ("vw_", "view"),
    ];
    let begins = kinds.iter().find(|(begins, _)| step.object.starts_with(begins));
    begins.map_or("script", |(_, kind)| kind)
}

/// The name of an object without its kind and its file's ending, and with the column.
fn name(step: &PlannedStep) -> String {
    if let Some(path) = step.object.strip_prefix("store ") {
        return path.rsplit(['/', MAIN_SEPARATOR]).next().unwrap_or(path).to_owned();
    }
    let object = step.object.rsplit(['/', ' ']).next().unwrap_or(&step.object);
    let object = object.strip_suffix(".sql").unwrap_or(object);
    let change = match (&step.old, &step.new) {
        (Some(old), Some(new)) if step.column.is_some() => format!(" ({old}, now {new})"),
        (Some(old), _) if step.action == PlannedAction::Replace => format!(" ({old})"),
        _ => String::new(),
    };
    let column = step.column.as_ref().map(|column| format!(".{column}")).unwrap_or_default();
    format!("{object}{column}{change}")
}
