//! CASE.

use super::cursor::{Node, Parser};
use crate::contract::expr::ast::ExprKind;

impl Parser<'_> {
    /// `CASE [operand] WHEN … THEN … [ELSE …] END`, at `CASE`.
    pub(super) fn case(&mut self) -> Node {
        let start = self.span().start;
        self.advance();
        let operand = if self.is_word(0, "WHEN") { None } else { Some(self.expression()) };
        let mut height = operand.as_ref().map_or(0, |o| o.height);
        let mut whens = Vec::new();
        while self.accept_word("WHEN") {
            let tested = self.expression();
            self.expect_word("THEN", "`THEN` and a result");
            let result = self.expression();
            height = height.max(tested.height).max(result.height);
            whens.push((tested.expr, result.expr));
        }
        if whens.is_empty() {
            self.expect_word("WHEN", "`WHEN`");
        }
        let mut otherwise = None;
        if self.accept_word("ELSE") {
            let result = self.expression();
            height = height.max(result.height);
            otherwise = Some(Box::new(result.expr));
        }
        self.expect_word("END", "`WHEN`, `ELSE` or `END`");
        let operand = operand.map(|o| Box::new(o.expr));
        self.node(ExprKind::Case { operand, whens, otherwise }, start, height + 1)
    }

    fn expect_word(&mut self, word: &str, what: &str) {
        if !self.accept_word(word) {
            let hint = "write `CASE WHEN condition THEN result ELSE result END`";
            self.unexpected(what, Some(hint.into()));
        }
    }
}
