//! What the words of all parts of an expression share.

use crate::contract::expr::ast::{Expr, ExprKind};

/// The words of an expression, and of which elements its paths speak.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub of: Of,
}

/// Of which elements a path speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// The only one.
    One,
    Every,
    First,
    Last,
}

impl Of {
    pub fn word(self) -> &'static str {
        match self {
            Self::One => "",
            Self::Every => "every ",
            Self::First => "the first ",
            Self::Last => "the last ",
        }
    }
}

/// `'A'`, `one of 'A', 'B'`
pub(super) fn one_of(items: &[String]) -> String {
    match items {
        [one] => one.clone(),
        _ => format!("one of {}", items.join(", ")),
    }
}

/// Items with a word before the last: `a, b or c`.
pub(super) fn listed(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

/// The text of a literal.
pub(super) fn literal(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Text(text) => Some(text),
        _ => None,
    }
}
