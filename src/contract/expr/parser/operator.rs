//! Operators and predicates, by precedence.

use super::cursor::{Node, Parser, BLANKS_DIVIDE};
use crate::contract::expr::ast::{BinaryOp, Expr, ExprKind};
use crate::contract::expr::lexer::TokenKind;

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Node {
        self.nested(Self::or)
    }

    pub(super) fn or(&mut self) -> Node {
        self.chain(Self::and, |p| p.accept_word("OR").then_some(BinaryOp::Or))
    }

    pub(super) fn and(&mut self) -> Node {
        self.chain(Self::not, |p| p.accept_word("AND").then_some(BinaryOp::And))
    }

    /// Left-associative operators of one precedence.
    pub(super) fn chain(
        &mut self,
        operand: impl Fn(&mut Self) -> Node,
        operator: impl Fn(&mut Self) -> Option<BinaryOp>,
    ) -> Node {
        let start = self.span().start;
        let mut left = operand(self);
        while let Some(op) = operator(self) {
            let right = operand(self);
            left = self.binary(op, left, right, start);
        }
        left
    }

    pub(super) fn binary(&mut self, op: BinaryOp, left: Node, right: Node, start: u32) -> Node {
        let height = left.height.max(right.height) + 1;
        let (left, right) = (Box::new(left.expr), Box::new(right.expr));
        self.node(ExprKind::Binary { op, left, right }, start, height)
    }

    pub(super) fn not(&mut self) -> Node {
        let start = self.span().start;
        if self.is_bare_keyword() || !self.accept_word("NOT") {
            return self.predicate();
        }
        let operand = self.nested(Self::not);
        self.node(ExprKind::Not(Box::new(operand.expr)), start, operand.height + 1)
    }

    pub(super) fn predicate(&mut self) -> Node {
        let start = self.span().start;
        let operand = self.additive();
        if !self.at_predicate() {
            return operand;
        }
        let mut node = self.predicate_of(operand, start);
        while self.at_predicate() {
            let hint = "join comparisons with `AND`, or put one in parentheses";
            self.unexpected("the end of the comparison", Some(hint.into()));
            node = self.predicate_of(node, start);
        }
        node
    }

    /// Whether a comparison, IS, IN, LIKE or BETWEEN follows.
    pub(super) fn at_predicate(&self) -> bool {
        let ahead = usize::from(self.is_word(0, "NOT"));
        let words = ["IN", "LIKE", "BETWEEN"];
        words.iter().any(|word| self.is_word(ahead, word))
            || self.is_word(0, "IS")
            || comparison(self.peek()).is_some()
    }

    pub(super) fn predicate_of(&mut self, operand: Node, start: u32) -> Node {
        if let Some(op) = comparison(self.peek()) {
            self.advance();
            let right = self.additive();
            return self.binary(op, operand, right, start);
        }
        if self.accept_word("IS") {
            return self.is(operand, start);
        }
        let negated = self.accept_word("NOT");
        if self.accept_word("IN") {
            return self.in_list(operand, negated, start);
        }
        if self.accept_word("LIKE") {
            let pattern = self.additive();
            self.no_escape();
            let height = operand.height.max(pattern.height) + 1;
            let (operand, pattern) = (Box::new(operand.expr), Box::new(pattern.expr));
            return self.node(ExprKind::Like { operand, pattern, negated }, start, height);
        }
        self.advance();
        self.between(operand, negated, start)
    }

    /// `LIKE … ESCAPE …` of other dialects: reported once, and skipped.
    pub(super) fn no_escape(&mut self) {
        if self.is_word(0, "ESCAPE") {
            let hint = "write the character in brackets, such as `[_]`";
            self.fail_here("`LIKE` does not support `ESCAPE`", hint);
            self.advance();
            self.additive();
        }
    }

    pub(super) fn is(&mut self, operand: Node, start: u32) -> Node {
        let negated = self.accept_word("NOT");
        let height = operand.height + 1;
        let operand = Box::new(operand.expr);
        if self.accept_word("NULL") {
            return self.node(ExprKind::IsNull { operand, negated }, start, height);
        }
        if !self.accept_word("EMPTY") {
            let hint = "`IS` tests for `NULL` and `EMPTY` only; compare with `=`";
            self.unexpected("`NULL` or `EMPTY`", Some(hint.into()));
            if matches!(self.peek(), TokenKind::Text(_) | TokenKind::Integer(_) | TokenKind::At) {
                self.additive();
            }
        }
        self.node(ExprKind::IsEmpty { operand, negated }, start, height)
    }

    pub(super) fn in_list(&mut self, operand: Node, negated: bool, start: u32) -> Node {
        let (list, height) = match self.accept(&TokenKind::LeftParen) {
            true => self.list(),
            false => self.bare_list(),
        };
        let height = height.max(operand.height) + 1;
        let operand = Box::new(operand.expr);
        self.node(ExprKind::In { operand, list, negated }, start, height)
    }

    /// What follows `IN` without parentheses.
    pub(super) fn bare_list(&mut self) -> (Vec<Expr>, u32) {
        self.unexpected("`(` and a list after `IN`", Some("write `x IN ('a', 'b')`".into()));
        let mut list = Vec::new();
        loop {
            list.push(self.additive().expr);
            if !self.accept(&TokenKind::Comma) {
                return (list, 0);
            }
        }
    }

    pub(super) fn between(&mut self, operand: Node, negated: bool, start: u32) -> Node {
        let low = self.additive();
        if !self.accept_word("AND") {
            let hint = "write a range as `BETWEEN low AND high`";
            self.unexpected("`AND` and the upper bound", Some(hint.into()));
            self.accept_word("OR");
        }
        let high = self.additive();
        let height = operand.height.max(low.height).max(high.height) + 1;
        let operand = Box::new(operand.expr);
        let (low, high) = (Box::new(low.expr), Box::new(high.expr));
        self.node(ExprKind::Between { operand, low, high, negated }, start, height)
    }

    pub(super) fn additive(&mut self) -> Node {
        self.chain(Self::multiplicative, |p| {
            let op = match p.peek() {
                TokenKind::Plus => BinaryOp::Add,
                TokenKind::Minus => BinaryOp::Subtract,
                TokenKind::Concat => BinaryOp::Concat,
                _ => return None,
            };
            p.advance();
            Some(op)
        })
    }

    pub(super) fn multiplicative(&mut self) -> Node {
        self.chain(Self::unary, |p| {
            let op = match p.peek() {
                TokenKind::Star => BinaryOp::Multiply,
                TokenKind::Percent => BinaryOp::Modulo,
                TokenKind::Slash => {
                    p.check_division();
                    BinaryOp::Divide
                }
                _ => return None,
            };
            p.advance();
            Some(op)
        })
    }

    /// `/` divides only with a blank on both sides.
    pub(super) fn check_division(&mut self) {
        if self.touches(0) || self.touches(1) {
            self.fail_here("`/` without a blank on both sides is part of a path", BLANKS_DIVIDE);
        }
    }

    pub(super) fn unary(&mut self) -> Node {
        let start = self.span().start;
        if self.accept(&TokenKind::Plus) {
            return self.nested(Self::unary);
        }
        if !self.accept(&TokenKind::Minus) {
            return self.primary();
        }
        let operand = self.nested(Self::unary);
        self.node(ExprKind::Negate(Box::new(operand.expr)), start, operand.height + 1)
    }
}

fn comparison(kind: &TokenKind) -> Option<BinaryOp> {
    Some(match kind {
        TokenKind::Equal => BinaryOp::Equal,
        TokenKind::NotEqual => BinaryOp::NotEqual,
        TokenKind::Less => BinaryOp::Less,
        TokenKind::LessOrEqual => BinaryOp::LessOrEqual,
        TokenKind::Greater => BinaryOp::Greater,
        TokenKind::GreaterOrEqual => BinaryOp::GreaterOrEqual,
        _ => return None,
    })
}
