//! `AND`, `OR`, `NOT` and comparisons.

use super::{
    condition, is_blank_literal, is_number_literal, number_literal, Parsed, Parser, Term, TermKind,
    DEEPEST,
};
use crate::contract::expr::ast::{BinaryOp, Expr, ExprKind, Function};
use crate::import::build;
use crate::value::SqlType;

impl Parser<'_> {
    pub(super) fn or(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("its expression is nested more than {DEEPEST} deep"));
        }
        let mut left = self.and()?;
        while self.word("OR") {
            self.operators.1 = true;
            let right = self.and()?;
            left = logical(BinaryOp::Or, left, right)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let mut left = self.not()?;
        while self.word("AND") {
            self.operators.0 = true;
            let right = self.not()?;
            left = logical(BinaryOp::And, left, right)?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed {
        let mut nots = 0;
        while self.word("NOT") {
            nots += 1;
        }
        let mut term = self.comparison()?;
        self.misread.logic |= nots > 0;
        for _ in 0..nots.min(2 - nots % 2) {
            term = condition(build::expr(ExprKind::Not(Box::new(of_condition(term)?.expr))));
        }
        Ok(term)
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.sum()?;
        if self.word("IS") {
            let negated = self.word("NOT");
            if !self.word("NULL") && !self.word("EMPTY") {
                return self.unexpected("NULL or EMPTY");
            }
            // Text is stripped, so that blank and absent were the same to both words.
            return Ok(condition(build::is_empty(self.value(left)?, negated)));
        }
        let negated = self.word("NOT");
        if self.word("LIKE") {
            return self.like(left, negated);
        }
        if self.word("IN") {
            return self.in_list(left, negated);
        }
        if self.word("BETWEEN") {
            return self.between(left, negated);
        }
        if negated {
            return self.unexpected("LIKE, IN or BETWEEN");
        }
        let Some(op) = self.comparison_operator() else { return Ok(left) };
        let right = self.sum()?;
        self.compare(op, left, right)
    }

    fn comparison_operator(&mut self) -> Option<BinaryOp> {
        const OPERATORS: [(&str, BinaryOp); 8] = [
            ("=", BinaryOp::Equal),
            ("==", BinaryOp::Equal),
            ("!=", BinaryOp::NotEqual),
            ("<>", BinaryOp::NotEqual),
            ("<=", BinaryOp::LessOrEqual),
            (">=", BinaryOp::GreaterOrEqual),
            ("<", BinaryOp::Less),
            (">", BinaryOp::Greater),
        ];
        let (symbol, op) = OPERATORS.into_iter().find(|(symbol, _)| self.symbol(symbol))?;
        self.misread.logic |= symbol == "<>";
        Some(op)
    }

    fn compare(&mut self, op: BinaryOp, left: Term, right: Term) -> Parsed {
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        for (blank, other) in [(&left, &right), (&right, &left)] {
            if equality && is_blank_literal(blank) {
                let operand = self.value(other.clone())?;
                return Ok(condition(build::is_empty(operand, op == BinaryOp::NotEqual)));
            }
        }
        let dated =
            [&left, &right].iter().any(|t| matches!(t.kind, TermKind::Date | TermKind::Moved));
        if dated {
            let (left, right) = (self.dated(left)?, self.dated(right)?);
            return Ok(condition(build::binary(op, left, right)));
        }
        self.misread.bare_number |= [&left, &right].iter().any(|t| is_number_literal(t));
        let (left, right) = (self.number_beside(op, left), self.number_beside(op, right));
        let absent = |term: &Term| op == BinaryOp::NotEqual && term.kind == TermKind::Field;
        let fields = [&left, &right].into_iter().filter(|term| absent(term)).count();
        let numeric = [&left, &right].iter().any(|term| term.kind == TermKind::Number);
        if fields == 1 && numeric {
            // What is absent is something else than any number.
            let field = if absent(&left) { left.expr.clone() } else { right.expr.clone() };
            let differs = build::binary(op, self.value(left)?, self.value(right)?);
            return Ok(condition(build::binary(
                BinaryOp::Or,
                differs,
                build::is_empty(field, false),
            )));
        }
        let side = |parser: &Self, term: Term| match absent(&term) {
            true => Ok(build::call(Function::Coalesce, [term.expr, build::text("")])),
            false => parser.value(term),
        };
        let (left, right) = (side(self, left)?, side(self, right)?);
        Ok(condition(build::binary(op, left, right)))
    }

    /// A number in quotes beside `<` and the like was compared as a number.
    fn number_beside(&mut self, op: BinaryOp, term: Term) -> Term {
        let ExprKind::Text(text) = &term.expr.kind else { return term };
        let Some(number) = number_literal(text.trim()) else { return term };
        if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            self.misread.quoted_number = true;
            return term;
        }
        Term { expr: number, kind: TermKind::Number }
    }

    /// One side of a comparison of dates. Text that is no date compares as unknown.
    pub(super) fn dated(&self, term: Term) -> Result<Expr, String> {
        match term.kind {
            TermKind::Date | TermKind::Moved | TermKind::Text => Ok(term.expr),
            TermKind::Field => Ok(build::expr(ExprKind::Cast {
                operand: Box::new(term.expr),
                sql_type: SqlType::DateTime2(7),
                or_null: true,
            })),
            _ => Err("its expression compares a date with something else".to_owned()),
        }
    }

    /// LIKE heeds no case, and knows no brackets.
    fn like(&mut self, left: Term, negated: bool) -> Parsed {
        let pattern = self.sum()?;
        let ExprKind::Text(text) = &pattern.expr.kind else {
            return Err("the pattern of LIKE is not text in quotes".to_owned());
        };
        let pattern = text.replace('[', "[[]").to_uppercase();
        let operand = self.value(left)?;
        let has_letters = pattern.chars().any(char::is_alphabetic);
        let operand = match has_letters {
            true => build::call(Function::Upper, [operand]),
            false => operand,
        };
        let pattern = Box::new(build::text(pattern));
        Ok(condition(build::expr(ExprKind::Like { operand: Box::new(operand), pattern, negated })))
    }

    fn in_list(&mut self, left: Term, negated: bool) -> Parsed {
        self.expect("(")?;
        let mut list = Vec::new();
        loop {
            let item = self.sum()?;
            list.push(self.value(item)?);
            if !self.symbol(",") {
                break;
            }
        }
        self.expect(")")?;
        let operand = Box::new(self.value(left)?);
        Ok(condition(build::expr(ExprKind::In { operand, list, negated })))
    }

    fn between(&mut self, left: Term, negated: bool) -> Parsed {
        let low = self.sum()?;
        if !self.word("AND") {
            return self.unexpected("AND");
        }
        let high = self.sum()?;
        let above = self.compare(BinaryOp::GreaterOrEqual, left.clone(), low)?;
        let below = self.compare(BinaryOp::LessOrEqual, left, high)?;
        let within = build::binary(BinaryOp::And, above.expr, below.expr);
        Ok(condition(match negated {
            true => build::expr(ExprKind::Not(Box::new(within))),
            false => within,
        }))
    }
}

pub(super) fn of_condition(term: Term) -> Parsed {
    match term.kind {
        TermKind::Condition => Ok(term),
        _ => Err("its expression has a value where a condition should stand".to_owned()),
    }
}

fn logical(op: BinaryOp, left: Term, right: Term) -> Parsed {
    Ok(condition(build::binary(op, of_condition(left)?.expr, of_condition(right)?.expr)))
}
