//! `DATE`, `DATEADD` and `CASE`.

use super::conditions::of_condition;
use super::{Parsed, Parser, Term, TermKind};
use crate::contract::expr::ast::{Expr, ExprKind, Function};
use crate::import::build;
use crate::import::tokens::Token;
use crate::value::datetime::parse_date_text;
use crate::value::functions::DatePart;

impl Parser<'_> {
    /// A call whose opening parenthesis is read.
    pub(super) fn function(&mut self, name: &str) -> Parsed {
        match name.to_ascii_uppercase().as_str() {
            "DATE" => {
                let operand = self.sum()?;
                self.expect(")")?;
                self.date(operand)
            }
            "DATEADD" => self.date_add(),
            "TRIM" | "UPPER" | "LOWER" => {
                let operand = self.sum()?;
                self.expect(")")?;
                let operand = self.value(operand)?;
                let function = Function::from_name(name).unwrap_or(Function::Trim);
                Ok(Term { expr: build::call(function, [operand]), kind: TermKind::Field })
            }
            _ => Err(format!("its expression calls `{name}`, which is not known")),
        }
    }

    fn date(&self, operand: Term) -> Parsed {
        let ExprKind::Text(text) = &operand.expr.kind else {
            return Ok(Term { expr: self.dated(operand)?, kind: TermKind::Moved });
        };
        let found = parse_date_text(text, self.formats).filter(|found| found.date.is_some());
        let Some((date, time)) = found.and_then(|found| Some((found.date?, found.time))) else {
            return Err(format!("`DATE('{text}')` in its expression is no date"));
        };
        let text = match time.filter(|time| *time != chrono::NaiveTime::MIN) {
            Some(time) => date.and_time(time).format("%Y-%m-%d %H:%M:%S%.f").to_string(),
            None => date.format("%Y-%m-%d").to_string(),
        };
        Ok(Term { expr: build::text(text), kind: TermKind::Date })
    }

    fn date_add(&mut self) -> Parsed {
        let Some(Token::Word(part)) = self.tokens.get(self.at).cloned() else {
            return self.unexpected("a part of a date, such as `day`,");
        };
        let part = DatePart::from_name(&part)
            .ok_or_else(|| format!("`{part}` in its expression is no part of a date"))?;
        self.at += 1;
        self.expect(",")?;
        let count = self.sum()?;
        let count = self.number(count)?;
        self.expect(",")?;
        let date = self.sum()?;
        let date = self.dated(date)?;
        self.expect(")")?;
        let part = build::expr(ExprKind::DatePart(part));
        let moved = build::call(Function::DateAdd, [part, count, date]);
        Ok(Term { expr: moved, kind: TermKind::Moved })
    }

    pub(super) fn case(&mut self) -> Parsed {
        self.cases += 1;
        self.misread.logic |= self.cases > 1;
        let operand = match self.word("WHEN") {
            true => None,
            false => {
                let operand = self.sum()?;
                if !self.word("WHEN") {
                    return self.unexpected("WHEN");
                }
                Some(Box::new(self.value(operand)?))
            }
        };
        let mut whens = Vec::new();
        loop {
            let when = self.or()?;
            let when = match operand {
                None => of_condition(when)?.expr,
                Some(_) => self.value(when)?,
            };
            if !self.word("THEN") {
                return self.unexpected("THEN");
            }
            whens.push((when, self.alternative()?));
            if !self.word("WHEN") {
                break;
            }
        }
        let otherwise = match self.word("ELSE") {
            true => Some(self.alternative()?).filter(|e| e.kind != ExprKind::Null).map(Box::new),
            false => None,
        };
        if !self.word("END") {
            return self.unexpected("END");
        }
        self.cases -= 1;
        let expr = build::expr(ExprKind::Case { operand, whens, otherwise });
        Ok(Term { expr, kind: TermKind::Chosen })
    }

    fn alternative(&mut self) -> Result<Expr, String> {
        let term = self.or()?;
        Ok(self.result(term)?.unwrap_or_else(|| build::expr(ExprKind::Null)))
    }
}
