//! The types of an expression, and what of it makes no sense.

mod call;
mod checker;
mod form;
mod operand;
mod path;
mod scope;

pub(crate) use self::call::DATE_PATTERN;
pub use self::checker::Checked;
use self::checker::Checker;
pub use self::scope::{DocumentScope, Parent, Place, Scope};
use super::ast::{Expr, Path, Span};
use super::kind::Kind;
use crate::value::convert::Conversion;

/// Checks an expression that must be a value.
pub fn check_value(expr: &Expr, scope: Scope<'_>) -> Checked {
    let mut checker = Checker::new(scope);
    let kind = checker.value(expr);
    checker.finish(kind)
}

/// Checks an expression whose value goes into a column.
pub fn check_column(expr: &Expr, conversion: &Conversion, scope: Scope<'_>) -> Checked {
    let mut checker = Checker::new(scope);
    let kind = checker.value(expr);
    checker.converts(expr, kind, conversion);
    checker.finish(kind)
}

/// Checks an expression that must be a condition.
pub fn check_condition(expr: &Expr, scope: Scope<'_>) -> Checked {
    let mut checker = Checker::new(scope);
    checker.condition(expr);
    checker.finish(Kind::Condition)
}

/// Checks a path without an expression.
pub fn check_path(path: &Path, scope: Scope<'_>) -> Checked {
    let mut checker = Checker::new(scope);
    let start = path.steps.first().map_or(0, |step| step.span.start);
    let end = path.steps.last().map_or(start, |step| step.span.end);
    checker.path(path, Span { start, end });
    checker.finish(Kind::Text)
}
