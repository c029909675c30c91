//! Expressions in words that somebody understands who does not know the language.

mod expression;
mod function;
mod path;
mod phrases;

use self::phrases::{Of, Words};
use crate::contract::expr::ast::{Expr, ExprKind, Function, Origin, Path, Read, Span};
use crate::value::functions::DatePart;

/// An expression in words: one sentence, or for a list of cases a sentence for each.
pub(super) fn sentences(expr: &Expr) -> Vec<String> {
    match &expr.kind {
        ExprKind::Case { operand, whens, otherwise } => {
            let words = Words { of: Of::One };
            words.cases(operand.as_deref(), whens, otherwise.as_deref())
        }
        ExprKind::Text(_) | ExprKind::Integer(_) | ExprKind::Decimal(_) | ExprKind::Null => {
            vec![format!("always {}", words(expr))]
        }
        _ => vec![words(expr)],
    }
}

/// An expression in words.
pub(super) fn words(expr: &Expr) -> String {
    Words { of: Of::One }.whole(expr)
}

/// All elements of a path.
pub(super) fn elements(each: &Path) -> String {
    Words { of: Of::Every }.element(each).unwrap_or_default()
}

/// What is read of an element.
pub(super) fn read(read: &Read) -> String {
    Words { of: Of::One }.path(&own(read.clone()))
}

/// The words of a function whose arguments are attributes that have the names of its parameters.
pub(super) fn example(function: Function) -> String {
    let of = |kind| Expr { kind, span: Span::default() };
    let argument = |parameter: &str| match parameter.trim_matches(['[', ']', '\'']) {
        "part" => of(ExprKind::DatePart(DatePart::Month)),
        "column" => of(ExprKind::Column("c".to_owned())),
        name if parameter.starts_with('\'') => of(ExprKind::Text(name.to_owned())),
        name => of(ExprKind::Path(own(Read::Attribute(name.to_owned())))),
    };
    let arguments = function.parameters().filter(|parameter| *parameter != "…").map(argument);
    let arguments = arguments.collect();
    words(&of(ExprKind::Call { function, arguments }))
}

/// The path to what is read of the row's element.
fn own(read: Read) -> Path {
    Path { origin: Origin::Row { up: 0 }, steps: Vec::new(), read }
}
