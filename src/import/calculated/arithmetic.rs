//! `+ - * / // % **`

use super::{number, Parsed, Parser};
use crate::contract::expr::ast::{BinaryOp, Expr, ExprKind, Function};
use crate::import::build;

impl Parser<'_> {
    pub(super) fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let op = match () {
                () if self.symbol("+") => BinaryOp::Add,
                () if self.symbol("-") => BinaryOp::Subtract,
                () => return Ok(left),
            };
            let right = self.product()?;
            left = number(build::binary(op, self.number(left)?, self.number(right)?));
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.sign()?;
        loop {
            let symbols = ["*", "//", "/", "%"];
            let Some(symbol) = symbols.into_iter().find(|symbol| self.symbol(symbol)) else {
                return Ok(left);
            };
            let right = self.sign()?;
            let (a, b) = (self.number(left)?, self.number(right)?);
            left = number(match symbol {
                "*" => build::binary(BinaryOp::Multiply, a, b),
                "/" => division(a, b),
                "//" => build::call(Function::Floor, [division(a, b)]),
                _ => {
                    self.misread.remainder = true;
                    build::binary(BinaryOp::Modulo, a, b)
                }
            });
        }
    }

    fn sign(&mut self) -> Parsed {
        if self.symbol("+") {
            return self.nested(Self::sign);
        }
        if self.symbol("-") {
            let operand = self.nested(Self::sign)?;
            let operand = self.number(operand)?;
            return Ok(number(match operand.kind {
                ExprKind::Integer(n) => build::integer(-n),
                _ => build::expr(ExprKind::Negate(Box::new(operand))),
            }));
        }
        let base = self.primary()?;
        if !self.symbol("**") {
            return Ok(base);
        }
        let exponent = self.nested(Self::sign)?;
        let power = [self.number(base)?, self.number(exponent)?];
        Ok(number(build::call(Function::Power, power)))
    }
}

/// Division that keeps the fraction, which whole numbers lose in SQL.
fn division(left: Expr, right: Expr) -> Expr {
    let (left, right) = match (&left.kind, &right.kind) {
        (_, ExprKind::Integer(n)) => {
            let point = build::with_point(*n);
            (left, point)
        }
        (ExprKind::Integer(n), _) => (build::with_point(*n), right),
        (ExprKind::Decimal(_), _) | (_, ExprKind::Decimal(_)) => (left, right),
        _ => (build::binary(BinaryOp::Multiply, left, build::with_point(1)), right),
    };
    build::binary(BinaryOp::Divide, left, right)
}
