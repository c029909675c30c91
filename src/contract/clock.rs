//! What depends on the time of the claim.

use super::expr::ast::{Expr, ExprKind};
use super::expr::function::Function;
use super::identifier::{same_name, NameIndex};
use super::model::{Model, TableRule};
use super::target::TargetTable;

/// What of a target table `NOW_UTC()` decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// Which rows there are.
    pub rows: bool,
    /// The values of a column, for each of [`TargetTable::columns`].
    pub columns: Vec<bool>,
}

/// What the clock decides in each target table.
pub(super) fn clocks(model: &Model, targets: &[TargetTable]) -> Vec<Clock> {
    let unread =
        |table: &TargetTable| Clock { rows: false, columns: vec![false; table.columns.len()] };
    let mut clocks: Vec<Clock> = targets.iter().map(unread).collect();
    // Parents first: their columns are read by those of their children.
    let mut rules: Vec<&TableRule> = model.tables.iter().collect();
    rules.sort_by_key(|rule| rule.target);
    let names = NameIndex::of(targets.iter().map(|target| target.name.as_str()));
    for rule in rules {
        let key = targets[rule.target].foreign_key.as_ref();
        let parent = key.and_then(|key| names.get(&key.references));
        let of_parent = parent.map_or(Vec::new(), |parent| {
            let columns = targets[parent].columns.iter().zip(&clocks[parent].columns);
            columns.filter(|(_, timed)| **timed).map(|(column, _)| column.name.as_str()).collect()
        });
        read(rule, &of_parent, &mut clocks[rule.target]);
    }
    clocks
}

fn read(rule: &TableRule, of_parent: &[&str], clock: &mut Clock) {
    let mut timed: Vec<&str> = Vec::new();
    for (index, column) in rule.columns.iter().enumerate() {
        let given = rule.rows.iter().flat_map(|row| &row.values);
        let given = given.filter(|(at, _)| *at == index).map(|(_, value)| value);
        if column.value.iter().chain(given).any(|value| reads(value, of_parent)) {
            clock.columns[column.target_column] = true;
            timed.push(&column.name);
        }
    }
    let distinct = rule.distinct.iter().flat_map(|d| d.by.iter().chain(&d.prefer));
    let whens = rule.rows.iter().filter_map(|row| row.when.as_ref());
    let of_row = rule.where_.iter().chain(&rule.keep_when).chain(distinct).chain(whens);
    clock.rows |= of_row.into_iter().any(|condition| reads(condition, &timed));
}

/// Whether an expression reads the clock, or one of these columns: in a column's value they are those
/// of the parent's row, in a condition those of the row.
fn reads(expr: &Expr, timed: &[&str]) -> bool {
    let mut found = false;
    expr.walk(&mut |part| {
        found |= match &part.kind {
            ExprKind::Call { function, .. } => *function == Function::NowUtc,
            ExprKind::Column(name) => timed.iter().any(|timed| same_name(timed, name)),
            _ => false,
        };
    });
    found
}
