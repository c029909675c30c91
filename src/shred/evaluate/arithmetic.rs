//! Numbers and dates in expressions: what becomes one, and what is computed of them.

use std::borrow::Cow;

use chrono::NaiveTime;

use super::condition::holds;
use super::datum::{Datum, Placed, NULL};
use super::scope::Scope;
use crate::contract::expr::ast::BinaryOp;
use crate::contract::plan::Op;
use crate::reason::{self, nested, reason};
use crate::shred::fault::{Result, ShredFault};
use crate::value::functions::DatePart;
use crate::value::{clip, datetime, is_blank, plain_text, trim_xml, Number, Value};

impl<'t> Scope<'t> {
    pub(super) fn to_number(&self, datum: &Datum<'t>) -> Result<Option<Number>> {
        match datum {
            Datum::Value(Value::Null) => Ok(None),
            Datum::Value(value) => match Number::of(value) {
                Some(number) => Ok(Some(number)),
                None => Err(self.not_a_number(&plain_text(value).unwrap_or_default())),
            },
            Datum::Text(text) => match trim_xml(text) {
                "" => Ok(None),
                trimmed => match Number::parse(trimmed) {
                    Some(number) => Ok(Some(number)),
                    None => Err(self.not_a_number(text)),
                },
            },
        }
    }

    #[cold]
    fn not_a_number(&self, text: &str) -> Box<ShredFault> {
        let reason = reason!(
            "{} is used as a number and is not one: correct the document, or use NUMBER or TRY_CAST",
            reason::value(clip(text))
        );
        self.bad(reason, text)
    }

    pub(super) fn number(&self, op: &'t Op) -> Result<Option<Number>> {
        self.apart(|| self.to_number(&self.value(op)?))
    }

    /// A whole number, for lengths and positions.
    pub(super) fn integer(&self, op: &'t Op) -> Result<Option<i64>> {
        let Some(number) = self.number(op)? else { return Ok(None) };
        match number.to_i64_truncated() {
            Some(whole) => Ok(Some(whole)),
            None => Err(self.bad("a length or position is out of the range of bigint", "")),
        }
    }

    pub(super) fn to_date(&self, datum: &Datum<'t>) -> Result<Option<Value>> {
        match datum {
            Datum::Value(Value::Null) => Ok(None),
            Datum::Value(value) if value.is_temporal() => Ok(Some(value.clone())),
            other => {
                let text = match other {
                    Datum::Text(text) => Cow::Borrowed(&**text),
                    Datum::Value(value) => Cow::Owned(plain_text(value).unwrap_or_default().into()),
                };
                if is_blank(&text) {
                    return Ok(None);
                }
                let found = datetime::parse_date_text(&text, &self.setting.plan.date_formats);
                let value = found.and_then(|found| found.to_value());
                value.map(Some).ok_or_else(|| {
                    self.bad(
                        reason!(
                            "{} is used as a date and is not one: write ISO 8601, or add its pattern \
                             to document.date_formats",
                            reason::value(clip(&text))
                        ),
                        &text,
                    )
                })
            }
        }
    }

    pub(super) fn date(&self, op: &'t Op) -> Result<Option<Value>> {
        self.apart(|| self.to_date(&self.value(op)?))
    }

    /// What an operand becomes. A failure in it is at what it has read, not at what another has.
    fn apart<T>(&self, of_operand: impl FnOnce() -> Result<T>) -> Result<T> {
        let before = self.last_read.replace(None);
        let value = of_operand()?;
        if self.last_read.get().is_none() {
            self.last_read.set(before);
        }
        Ok(value)
    }

    /// An operand and its place.
    pub(super) fn placed(&self, op: &'t Op) -> Result<Placed<'t>> {
        let before = self.last_read.replace(None);
        let value = self.value(op)?;
        let at = self.last_read.get();
        self.last_read.set(at.or(before));
        Ok(Placed { value, at })
    }

    /// The date that `DATEADD` moves by such parts: text without a time is midnight, as in SQL Server.
    pub(super) fn moved_date(&self, part: DatePart, op: &'t Op) -> Result<Option<Value>> {
        self.apart(|| {
            let read = self.value(op)?;
            let is_text = matches!(read, Datum::Text(_));
            Ok(self.to_date(&read)?.map(|date| match date {
                Value::Date(date) if is_text && part.is_time() => {
                    Value::DateTime(date.and_time(NaiveTime::MIN))
                }
                date => date,
            }))
        })
    }

    pub(super) fn negate(&self, operand: &'t Op) -> Result<Datum<'t>> {
        let Some(number) = self.number(operand)? else { return Ok(NULL) };
        self.arithmetic(BinaryOp::Subtract, Number::Int(0), number)
    }

    pub(super) fn binary(&self, op: BinaryOp, left: &'t Op, right: &'t Op) -> Result<Datum<'t>> {
        match op {
            BinaryOp::Concat => {
                let (left, right) = (self.value(left)?.text(), self.value(right)?.text());
                let (Some(left), Some(right)) = (left, right) else { return Ok(NULL) };
                let copied = if let Cow::Owned(_) = left { 0 } else { left.len() };
                self.setting.meter.pass(copied + right.len())?;
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
                .compare_placed(&self.placed(left)?, &self.placed(right)?)?
                .map_or(NULL, |order| Datum::Value(Value::Bit(holds(op, order))))),
        }
    }

    pub(super) fn arithmetic(
        &self,
        op: BinaryOp,
        left: Number,
        right: Number,
    ) -> Result<Datum<'t>> {
        let result = match op {
            BinaryOp::Add => left.checked_add(right),
            BinaryOp::Subtract => left.checked_sub(right),
            BinaryOp::Multiply => left.checked_mul(right),
            BinaryOp::Divide => left.checked_div(right),
            _ => left.checked_rem(right),
        };
        result.map(Datum::from).map_err(|error| {
            let (one, other) = (reason::number(shown(left)), reason::number(shown(right)));
            let reason = reason!("{} and {}: {}", one, other, nested(&error.reason()));
            self.bad(reason, &shown(right))
        })
    }
}

/// A number as a failure quotes it.
pub(super) fn shown(number: Number) -> String {
    Datum::from(number).text().unwrap_or_default().into_owned()
}
