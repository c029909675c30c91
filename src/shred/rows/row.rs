//! The values of one row.

use super::rule_rows::{Row, RuleRows};
use crate::contract::plan::{Column, Op, Rule, Template, ValuePlan};
use crate::outcome::FailureCategory;
use crate::reason::{known, reason};
use crate::shred::evaluate::Scope;
use crate::shred::fault::{Result, ShredFault};
use crate::value::Value;

/// Whether a condition holds; an absent one does.
#[inline]
pub(super) fn is_true<'s>(scope: &Scope<'s>, condition: Option<&'s Op>) -> Result<bool> {
    match condition {
        None => Ok(true),
        Some(op) => Ok(scope.condition(op)? == Some(true)),
    }
}

/// The constants of a rule, evaluated when its first row comes: an error is one of a row.
pub(super) fn constants<'s>(rule: &'s Rule, scope: &Scope<'s>) -> Result<Vec<Value>> {
    let mut constants = vec![Value::Null; rule.constants.len()];
    for ((column, op), into) in rule.constants.iter().zip(&mut constants) {
        put_column(scope, rule, &rule.columns[*column], op, into)?;
    }
    Ok(constants)
}

/// Appends the converted values of one row, and its defaults unless `keep_when` is to decide first.
#[inline]
pub(super) fn append<'s>(
    rule: &'s Rule,
    template: &'s Template,
    scope: &Scope<'s>,
    made: &mut RuleRows,
) -> Result<()> {
    let first = made.values.len();
    made.values.resize_with(first + rule.columns.len(), || Value::Null);
    // What `keep_when` sees has no defaults yet.
    let settles = rule.keep_when.is_none();
    let plans = rule.columns.iter().zip(&template.values);
    for (into, (column, value)) in made.values[first..].iter_mut().zip(plans) {
        if let ValuePlan::Early(op) = value {
            put_column(scope, rule, column, op, into)?;
        } else if let ValuePlan::Constant(index) = value {
            match &made.constants[*index] {
                // The application's id, mostly.
                Value::Int(number) => *into = Value::Int(*number),
                constant => *into = constant.clone(),
            }
        }
        if settles {
            made.incomplete |= !settle(column, into);
        }
    }
    Ok(())
}

/// Fills a row's nulls with their defaults. Returns whether every required column has a value then.
pub(super) fn fill(rule: &Rule, row: &mut [Value]) -> bool {
    row.iter_mut().zip(&rule.columns).fold(true, |complete, (value, column)| {
        let settled = settle(column, value);
        complete && settled
    })
}

/// Replaces null by the column's default. Returns whether the column may be as it is then.
#[inline(always)]
fn settle(column: &Column, value: &mut Value) -> bool {
    if !matches!(value, Value::Null) {
        return true;
    }
    match &column.default {
        None => return !column.required,
        // Cloning the whole value would build it twice.
        Some(Value::Text(text)) => *value = Value::Text(text.clone()),
        Some(default) => *value = default.clone(),
    }
    true
}

/// Puts a column's value into its place, and the column's name on a failure.
#[inline(always)]
pub(super) fn put_column<'t>(
    scope: &Scope<'t>,
    rule: &Rule,
    column: &Column,
    op: &'t Op,
    into: &mut Value,
) -> Result<()> {
    match scope.column(op, &column.conversion, into) {
        Ok(()) => Ok(()),
        Err(fault) => forgive(scope.nearer(fault), rule, column),
    }
}

/// `on_error = "null"`, or the failure.
#[cold]
fn forgive(fault: Box<ShredFault>, rule: &Rule, column: &Column) -> Result<()> {
    let category = fault.failure.category;
    let stops = matches!(category, FailureCategory::MalformedXml | FailureCategory::LimitExceeded);
    if column.on_error_null && !stops {
        return Ok(());
    }
    Err(of_column(fault, rule, &column.name))
}

fn of_column(fault: Box<ShredFault>, rule: &Rule, column: &str) -> Box<ShredFault> {
    let mut fault = of_table(fault, rule);
    fault.failure.column = Some(column.to_owned());
    fault
}

pub(super) fn of_table(mut fault: Box<ShredFault>, rule: &Rule) -> Box<ShredFault> {
    fault.failure.table = Some(rule.table.to_string());
    fault
}

/// The memory that a row takes.
#[inline]
pub(super) fn row_bytes(values: &[Value]) -> usize {
    let of_texts: usize = values.iter().map(Value::heap_bytes).sum();
    // Vectors double when they grow: half of their room is empty on average.
    (size_of::<Row>() + size_of_val(values)) * 3 / 2 + of_texts
}

#[cold]
pub(super) fn missing(rule: &Rule, column: &str, at: u32) -> Box<ShredFault> {
    let reason = reason!(
        "{}.{} is required, but this element has no value for it: correct the document, or set a \
         default for the column",
        known(&rule.table),
        known(column)
    );
    let fault = ShredFault::new(FailureCategory::MissingRequired, reason).at(at as usize);
    of_column(fault, rule, column)
}
