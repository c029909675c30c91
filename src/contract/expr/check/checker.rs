//! What is known while an expression is checked.

use std::collections::BTreeSet;

use super::scope::Scope;
use crate::contract::expr::ast::Expr;
use crate::contract::expr::kind::Kind;
use crate::contract::expr::mistake::Mistake;

/// The result of checking an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The kind of its value.
    pub kind: Kind,
    /// What is wrong with it.
    pub mistakes: Vec<Mistake>,
    /// Indices of the lookups it uses.
    pub lookups: BTreeSet<usize>,
    /// Indices of the keys it uses.
    pub keys: BTreeSet<usize>,
}

pub(super) struct Checker<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) lookups: BTreeSet<usize>,
    pub(super) keys: BTreeSet<usize>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(scope: Scope<'a>) -> Self {
        Self { scope, mistakes: Vec::new(), lookups: BTreeSet::new(), keys: BTreeSet::new() }
    }

    pub(super) fn finish(self, kind: Kind) -> Checked {
        Checked { kind, mistakes: self.mistakes, lookups: self.lookups, keys: self.keys }
    }

    pub(super) fn error(&mut self, at: &Expr, message: impl Into<String>, hint: impl Into<String>) {
        self.mistakes.push(Mistake::error(at.span, message).hint(hint));
    }

    pub(super) fn warn(&mut self, at: &Expr, message: impl Into<String>, hint: impl Into<String>) {
        if self.scope.broken {
            return;
        }
        self.mistakes.push(Mistake::warning(at.span, message).hint(hint));
    }
}
