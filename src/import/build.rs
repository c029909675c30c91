//! Short ways to make expressions.

use crate::contract::expr::ast::{
    BinaryOp, Expr, ExprKind, Function, Origin, Path, Predicate, Read, Span, Step,
};
use crate::value::Decimal;

pub(super) fn expr(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

pub(super) fn text(text: impl Into<String>) -> Expr {
    expr(ExprKind::Text(text.into()))
}

pub(super) fn integer(number: i64) -> Expr {
    expr(ExprKind::Integer(number))
}

pub(super) fn call(function: Function, arguments: impl Into<Vec<Expr>>) -> Expr {
    expr(ExprKind::Call { function, arguments: arguments.into() })
}

pub(super) fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    expr(ExprKind::Binary { op, left: Box::new(left), right: Box::new(right) })
}

/// All of them together, or none where there is none.
pub(super) fn joined(op: BinaryOp, parts: impl IntoIterator<Item = Expr>) -> Option<Expr> {
    parts.into_iter().reduce(|left, right| binary(op, left, right))
}

pub(super) fn is_empty(operand: Expr, negated: bool) -> Expr {
    expr(ExprKind::IsEmpty { operand: Box::new(operand), negated })
}

pub(super) fn is_not_null(operand: Expr) -> Expr {
    expr(ExprKind::IsNull { operand: Box::new(operand), negated: true })
}

/// `operand IN (…)`, or `operand = …` with one value.
pub(super) fn is_one_of(operand: Expr, values: &[String]) -> Expr {
    match values {
        [only] => binary(BinaryOp::Equal, operand, text(only)),
        _ => {
            let list = values.iter().map(text).collect();
            expr(ExprKind::In { operand: Box::new(operand), list, negated: false })
        }
    }
}

/// Whether the text says something: neither blank nor the words null and none.
pub(super) fn is_meaningful(operand: Expr) -> Expr {
    let operand = Box::new(call(Function::Lower, [operand]));
    let list = ["", "null", "none"].map(text).to_vec();
    expr(ExprKind::In { operand, list, negated: true })
}

pub(super) fn column(name: &str) -> Expr {
    expr(ExprKind::Column(name.to_owned()))
}

/// A decimal without a digit after the point, which keeps a division from losing its fraction.
pub(super) fn with_point(number: i64) -> Expr {
    expr(ExprKind::Decimal(Decimal { units: i128::from(number) * 10, scale: 1 }))
}

pub(super) fn step(name: &str) -> Step {
    Step { name: name.to_owned(), predicates: Vec::new(), span: Span::default() }
}

pub(super) fn steps(names: &[String]) -> Vec<Step> {
    names.iter().map(|name| step(name)).collect()
}

/// A step to the elements for which the condition holds, or to the last of them.
pub(super) fn chosen(name: &str, condition: Option<Expr>, last: bool) -> Step {
    let condition = condition.map(Predicate::Condition);
    let last = last.then_some(Predicate::Last);
    Step { predicates: condition.into_iter().chain(last).collect(), ..step(name) }
}

/// A path to an attribute, or to the element's text.
pub(super) fn path(origin: Origin, steps: Vec<Step>, attribute: Option<&str>) -> Expr {
    let read = attribute.map_or(Read::Text, |name| Read::Attribute(name.to_owned()));
    expr(ExprKind::Path(Path { origin, steps, read }))
}

/// `@name` of the row's own element, or of a predicate's.
pub(super) fn attribute(name: &str) -> Expr {
    path(Origin::Row { up: 0 }, Vec::new(), Some(name))
}

/// `../@name`
pub(super) fn parent_attribute(name: &str) -> Expr {
    path(Origin::Row { up: 1 }, Vec::new(), Some(name))
}
