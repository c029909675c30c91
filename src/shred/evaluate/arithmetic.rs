//! Numbers and dates in expressions: what becomes one, and what is computed of them.

use std::cmp::Ordering;

use super::condition::{holds, is_date};
use super::datum::{Datum, NULL};
use super::scope::Scope;
use crate::contract::expr::ast::BinaryOp;
use crate::contract::plan::Op;
use crate::shred::fault::Result;
use crate::value::{clip, datetime, functions, is_blank, plain_text, Decimal, DecimalError, Value};

/// A number in the widest form it needs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Integer(i64),
    Decimal(Decimal),
    Float(f64),
}

impl Number {
    fn decimal(self) -> Option<Decimal> {
        match self {
            Number::Integer(number) => Some(Decimal::from(number)),
            Number::Decimal(number) => Some(number),
            Number::Float(number) => Decimal::from_f64(number).ok(),
        }
    }

    fn float(self) -> f64 {
        match self {
            Number::Integer(number) => number as f64,
            Number::Decimal(number) => number.to_f64(),
            Number::Float(number) => number,
        }
    }

    pub(super) fn datum(self) -> Datum<'static> {
        Datum::Value(match self {
            Number::Integer(number) => Value::Int(number),
            Number::Decimal(number) => Value::Decimal(number),
            Number::Float(number) => Value::Float(number),
        })
    }

    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Number::Integer(a), Number::Integer(b)) => Some(a.cmp(&b)),
            (Number::Float(_), _) | (_, Number::Float(_)) => {
                self.float().partial_cmp(&other.float())
            }
            _ => Some(self.decimal()?.cmp(&other.decimal()?)),
        }
    }
}

impl<'t> Scope<'t> {
    pub(super) fn to_number(&self, datum: Datum<'t>) -> Result<Option<Number>> {
        Ok(Some(match datum {
            Datum::Value(Value::Null) => return Ok(None),
            Datum::Value(Value::Bit(bit)) => Number::Integer(bit.into()),
            Datum::Value(Value::Int(number)) => Number::Integer(number),
            Datum::Value(Value::Decimal(number)) => Number::Decimal(number),
            Datum::Value(Value::Float(number)) => Number::Float(number),
            Datum::Text(text) => return self.text_to_number(&text),
            Datum::Value(other) => {
                let shown = plain_text(&other).unwrap_or_default();
                return Err(self.bad(format!("`{shown}` is not a number"), &shown));
            }
        }))
    }

    fn text_to_number(&self, text: &str) -> Result<Option<Number>> {
        let trimmed = text.trim_matches([' ', '\t', '\r', '\n']);
        if trimmed.is_empty() {
            return Ok(None);
        }
        if let Ok(number) = trimmed.parse::<i64>() {
            return Ok(Some(Number::Integer(number)));
        }
        if let Ok(number) = Decimal::parse(trimmed) {
            return Ok(Some(Number::Decimal(number)));
        }
        let scientific = trimmed.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
        match trimmed.parse::<f64>() {
            Ok(number) if scientific && number.is_finite() => Ok(Some(Number::Float(number))),
            _ => Err(self.bad(
                format!(
                    "`{}` is used as a number and is not one: correct the document, or use \
                     NUMBER or TRY_CAST",
                    clip(text)
                ),
                text,
            )),
        }
    }

    pub(super) fn number(&self, op: &'t Op) -> Result<Option<Number>> {
        self.to_number(self.value(op)?)
    }

    /// A whole number, for lengths and positions.
    pub(super) fn integer(&self, op: &'t Op) -> Result<Option<i64>> {
        let Some(number) = self.number(op)? else { return Ok(None) };
        let whole = match number {
            Number::Integer(number) => Some(number),
            other => other.decimal().and_then(Decimal::to_i64_truncated),
        };
        match whole {
            Some(whole) => Ok(Some(whole)),
            None => Err(self.bad("a whole number is out of range here", "")),
        }
    }

    pub(super) fn to_date(&self, datum: Datum<'t>) -> Result<Option<Value>> {
        match datum {
            Datum::Value(Value::Null) => Ok(None),
            Datum::Value(value) if is_date(&Datum::Value(value.clone())) => Ok(Some(value)),
            other => {
                let text = other.text().unwrap_or_default();
                if is_blank(&text) {
                    return Ok(None);
                }
                let found = datetime::parse_date_text(&text, &self.setting.plan.date_formats);
                let value = found.and_then(|found| found.to_value());
                value.map(Some).ok_or_else(|| {
                    self.bad(
                        format!(
                            "`{}` is used as a date and is not one: write ISO 8601, or add its \
                             pattern to document.date_formats",
                            clip(&text)
                        ),
                        &text,
                    )
                })
            }
        }
    }

    pub(super) fn date(&self, op: &'t Op) -> Result<Option<Value>> {
        self.to_date(self.value(op)?)
    }

    pub(super) fn negate(&self, operand: &'t Op) -> Result<Datum<'t>> {
        let Some(number) = self.number(operand)? else { return Ok(NULL) };
        let zero = Number::Integer(0);
        self.arithmetic(BinaryOp::Subtract, zero, number)
    }

    pub(super) fn binary(&self, op: BinaryOp, left: &'t Op, right: &'t Op) -> Result<Datum<'t>> {
        match op {
            BinaryOp::Concat => {
                let (left, right) = (self.value(left)?.text(), self.value(right)?.text());
                let (Some(left), Some(right)) = (left, right) else { return Ok(NULL) };
                Ok(Datum::Text(left + right))
            }
            BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Modulo => {
                let (left, right) = (self.number(left)?, self.number(right)?);
                let (Some(left), Some(right)) = (left, right) else { return Ok(NULL) };
                self.arithmetic(op, left, right)
            }
            _ => Ok(self
                .compare(self.value(left)?, self.value(right)?)?
                .map_or(NULL, |order| Datum::Value(Value::Bit(holds(op, order))))),
        }
    }

    pub(super) fn arithmetic(
        &self,
        op: BinaryOp,
        left: Number,
        right: Number,
    ) -> Result<Datum<'t>> {
        let result = match (left, right) {
            (Number::Integer(left), Number::Integer(right)) => integers(op, left, right),
            (Number::Float(_), _) | (_, Number::Float(_)) => {
                floats(op, left.float(), right.float())
            }
            _ => match (left.decimal(), right.decimal()) {
                (Some(left), Some(right)) => decimals(op, left, right),
                _ => Err(DecimalError::Overflow(38)),
            },
        };
        result.map(Number::datum).map_err(|error| {
            let shown = |number: Number| plain_text_of(number);
            let reason = format!("{} and {}: {error}", shown(left), shown(right));
            self.bad(reason, &shown(right))
        })
    }
}

pub(super) fn plain_text_of(number: Number) -> String {
    number.datum().text().unwrap_or_default().into_owned()
}

fn integers(op: BinaryOp, left: i64, right: i64) -> Result<Number, DecimalError> {
    if right == 0 && matches!(op, BinaryOp::Divide | BinaryOp::Modulo) {
        return Err(DecimalError::DivideByZero);
    }
    let result = match op {
        BinaryOp::Add => left.checked_add(right),
        BinaryOp::Subtract => left.checked_sub(right),
        BinaryOp::Multiply => left.checked_mul(right),
        BinaryOp::Divide => left.checked_div(right),
        _ => left.checked_rem(right),
    };
    result.map(Number::Integer).ok_or(DecimalError::Overflow(38))
}

fn decimals(op: BinaryOp, left: Decimal, right: Decimal) -> Result<Number, DecimalError> {
    match op {
        BinaryOp::Add => left.checked_add(right),
        BinaryOp::Subtract => left.checked_sub(right),
        BinaryOp::Multiply => left.checked_mul(right),
        BinaryOp::Divide => left.checked_div(right),
        _ => left.checked_rem(right),
    }
    .map(Number::Decimal)
}

fn floats(op: BinaryOp, left: f64, right: f64) -> Result<Number, DecimalError> {
    if right == 0.0 && matches!(op, BinaryOp::Divide | BinaryOp::Modulo) {
        return Err(DecimalError::DivideByZero);
    }
    finite(match op {
        BinaryOp::Add => left + right,
        BinaryOp::Subtract => left - right,
        BinaryOp::Multiply => left * right,
        BinaryOp::Divide => left / right,
        _ => left % right,
    })
}

fn finite(number: f64) -> Result<Number, DecimalError> {
    number.is_finite().then_some(Number::Float(number)).ok_or(DecimalError::Overflow(38))
}

pub(super) fn round(number: Number, digits: i32) -> Result<Number, DecimalError> {
    match number {
        Number::Integer(whole) if digits >= 0 => Ok(Number::Integer(whole)),
        Number::Integer(whole) => {
            let rounded = Decimal::from(whole).round(digits)?;
            rounded.to_i64_truncated().map(Number::Integer).ok_or(DecimalError::Overflow(38))
        }
        Number::Decimal(number) => number.round(digits).map(Number::Decimal),
        Number::Float(number) => finite(functions::round_float(number, digits)),
    }
}

pub(super) fn power(base: Number, exponent: Number) -> Result<Number, DecimalError> {
    match (base, exponent) {
        (Number::Float(_), _) | (_, Number::Float(_)) => {
            finite(base.float().powf(exponent.float()))
        }
        (Number::Integer(whole), Number::Integer(times)) if times >= 0 => {
            let times = u32::try_from(times).map_err(|_| DecimalError::Overflow(38))?;
            whole.checked_pow(times).map(Number::Integer).ok_or(DecimalError::Overflow(38))
        }
        _ => match (base.decimal(), exponent.decimal()) {
            (Some(base), Some(exponent)) => functions::power(base, exponent).map(Number::Decimal),
            _ => Err(DecimalError::Overflow(38)),
        },
    }
}
