//! What an operator or a function may be given.

use super::checker::Checker;
use crate::contract::expr::ast::{BinaryOp, Expr, ExprKind};
use crate::contract::expr::kind::Kind;
use crate::contract::expr::mistake;
use crate::value::convert::Conversion;
use crate::value::datetime::parse_date_text;
use crate::value::functions::LikePattern;
use crate::value::{Decimal, Value};

impl Checker<'_> {
    pub(super) fn arithmetic(
        &mut self,
        expr: &Expr,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
    ) -> Kind {
        let (a, b) = (self.value(left), self.value(right));
        if let (BinaryOp::Add | BinaryOp::Subtract, true) = (op, a.is_date() || b.is_date()) {
            let hint = "`DATEADD(day, 1, date)` moves a date, `DATEDIFF(day, from, to)` counts";
            self.error(expr, format!("`{}` does not count dates", op.symbol()), hint);
            return Kind::Any;
        }
        let operator = format!("`{}`", op.symbol());
        let a = self.as_number(left, a, &operator);
        let b = self.as_number(right, b, &operator);
        if [a, b].contains(&Kind::Null) {
            return Kind::Null;
        }
        if matches!(op, BinaryOp::Divide | BinaryOp::Modulo) && is_zero(right) {
            self.error(right, "division by zero", "use another divisor");
        }
        a.or(b)
    }

    /// A number, or text that becomes one.
    pub(super) fn number(&mut self, expr: &Expr, user: &str) -> Kind {
        let kind = self.value(expr);
        self.as_number(expr, kind, user)
    }

    pub(super) fn as_number(&mut self, expr: &Expr, kind: Kind, user: &str) -> Kind {
        match kind {
            Kind::Any | Kind::Null | Kind::Integer | Kind::Decimal | Kind::Float => kind,
            Kind::Text => {
                self.literal_number(expr, user);
                Kind::Decimal
            }
            _ => {
                let message = format!("{user} takes numbers, found {}", kind.describe());
                self.error(expr, message, "convert it with `CAST`");
                Kind::Any
            }
        }
    }

    pub(super) fn literal_beside_number(&mut self, expr: &Expr) {
        if is_not_a_number(expr) {
            let message = format!("{expr} is compared with a number, but is not one");
            self.error(expr, message, "write a number, or compare with text");
        }
    }

    /// A text literal in the place of a number must be one.
    pub(super) fn literal_number(&mut self, expr: &Expr, user: &str) {
        if !is_not_a_number(expr) {
            return;
        }
        let message = format!("{user} takes numbers, found the text {expr}");
        let hint = match user {
            "`+`" => "`+` adds numbers; text is joined with `||`",
            _ => "write a number without quotes",
        };
        self.error(expr, message, hint);
    }

    /// A date, or text that becomes one.
    pub(super) fn date(&mut self, expr: &Expr, user: &str) -> Kind {
        let kind = self.value(expr);
        match kind {
            Kind::Any | Kind::Null | Kind::Date | Kind::DateTime | Kind::DateTimeOffset => kind,
            Kind::Text => {
                self.literal_date(expr);
                Kind::DateTime
            }
            _ => {
                let message = format!("{user} takes a date, found {}", kind.describe());
                self.error(expr, message, "write text as ISO 8601, or read it with `PARSE_DATE`");
                Kind::Any
            }
        }
    }

    pub(super) fn literal_date(&mut self, expr: &Expr) {
        let ExprKind::Text(text) = &expr.kind else { return };
        if parse_date_text(text, &self.scope.document.date_formats).is_some() {
            return;
        }
        let hint = "write it as ISO 8601, such as `'2024-01-31'`, or as a pattern of \
                    `document.date_formats`";
        self.error(expr, format!("{expr} is not a date"), hint);
    }

    /// Text, or something that has a text.
    pub(super) fn text(&mut self, expr: &Expr, user: &str) -> Kind {
        let kind = self.value(expr);
        if kind == Kind::Bytes {
            self.error(expr, format!("{user} takes text, found bytes"), "leave it out");
        }
        kind
    }

    pub(super) fn like_pattern(&mut self, pattern: &Expr) {
        let ExprKind::Text(text) = &pattern.kind else { return };
        if let Err(error) = LikePattern::new(text) {
            let hint = "`%` is any text, `_` any character, `[…]` one of a set";
            self.error(pattern, error.to_string(), hint);
        }
    }

    pub(super) fn compared_with_each<'e>(
        &mut self,
        operand: &Expr,
        others: impl Iterator<Item = &'e Expr>,
    ) {
        let kind = self.value(operand);
        for other in others {
            let other_kind = self.value(other);
            self.comparable(operand, kind, other, other_kind);
        }
    }

    pub(super) fn comparable(&mut self, left: &Expr, a: Kind, right: &Expr, b: Kind) {
        for (expr, kind, beside) in [(right, b, a), (left, a, b)] {
            match (kind, beside) {
                (Kind::Null, _) => {
                    let hint = "test with `IS NULL` or `IS NOT NULL`";
                    return self.warn(expr, "a comparison with NULL is never true", hint);
                }
                (Kind::Text, beside) if beside.is_number() => self.literal_beside_number(expr),
                (Kind::Text, beside) if beside.is_date() => self.literal_date(expr),
                _ => {}
            }
        }
        if !a.is_comparable(b) {
            let message = format!("{} is compared with {}", a.describe(), b.describe());
            self.warn(right, message, "convert one of them, for example with `CAST`");
        }
    }

    /// Reports what never converts: a kind that does not, or a literal of the wrong form.
    pub(super) fn converts(&mut self, expr: &Expr, kind: Kind, conversion: &Conversion) {
        let sql_type = conversion.sql_type();
        if !kind.converts_to(sql_type) {
            let message = format!("{} does not convert to {sql_type}", kind.describe());
            return self.error(expr, message, "change the type, or the expression");
        }
        let Some(Err(error)) = literal(expr).map(|value| conversion.value(value)) else { return };
        let (message, hint) = mistake::of_literal(&error);
        self.error(expr, message, hint);
    }
}

/// The value of a literal, with its sign.
fn literal(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Text(text) => Some(Value::Text(text.into())),
        ExprKind::Integer(integer) => Some(Value::Int(*integer)),
        ExprKind::Decimal(decimal) => Some(Value::Decimal(*decimal)),
        ExprKind::Negate(operand) => match literal(operand)? {
            Value::Int(integer) => Some(Value::Int(integer.checked_neg()?)),
            Value::Decimal(decimal) => Some(Value::Decimal(-decimal)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether this is a text literal that does not read as a number.
fn is_not_a_number(expr: &Expr) -> bool {
    let ExprKind::Text(text) = &expr.kind else { return false };
    Decimal::parse(text.trim()).is_err() && text.trim().parse::<f64>().is_err()
}

fn is_zero(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Integer(0) => true,
        ExprKind::Decimal(decimal) => decimal.units == 0,
        _ => false,
    }
}
