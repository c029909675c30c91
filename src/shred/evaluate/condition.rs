//! Conditions, in SQL's three-valued logic: `None` is unknown.

use std::cmp::Ordering;

use super::datum::{Datum, Placed};
use super::scope::Scope;
use crate::contract::expr::ast::BinaryOp;
use crate::contract::plan::Op;
use crate::shred::fault::Result;
use crate::value::functions::{self, LikePattern};
use crate::value::{is_blank, Value};

impl<'t> Scope<'t> {
    /// The truth of a condition; `None` is SQL's unknown.
    pub fn condition(&self, op: &'t Op) -> Result<Option<bool>> {
        match op {
            Op::Not(operand) => Ok(self.condition(operand)?.map(|truth| !truth)),
            Op::Binary(BinaryOp::And, left, right) => match self.condition(left)? {
                Some(false) => Ok(Some(false)),
                Some(true) => self.condition(right),
                None => Ok(self.condition(right)?.filter(|truth| !truth)),
            },
            Op::Binary(BinaryOp::Or, left, right) => match self.condition(left)? {
                Some(true) => Ok(Some(true)),
                Some(false) => self.condition(right),
                None => Ok(self.condition(right)?.filter(|truth| *truth)),
            },
            Op::Binary(op, left, right) if is_comparison(*op) => {
                let order = self.compare_placed(&self.placed(left)?, &self.placed(right)?)?;
                Ok(order.map(|order| holds(*op, order)))
            }
            Op::IsNull(operand, negated) => Ok(Some(self.is_null(operand)? != *negated)),
            Op::IsEmpty(operand, negated) => {
                let empty = self.value(operand)?.text().is_none_or(|text| is_blank(&text));
                Ok(Some(empty != *negated))
            }
            Op::In(operand, list, negated) => {
                let found = self.is_in(&self.placed(operand)?, list)?;
                Ok(found.map(|found| found != *negated))
            }
            Op::Like(operand, pattern, negated) => {
                let Some(pattern) = self.value(pattern)?.text() else { return Ok(None) };
                let pattern = LikePattern::new(&pattern)
                    .map_err(|error| self.bad(error.reason(), &pattern))?;
                self.like(operand, &pattern, *negated)
            }
            Op::LikePattern(operand, pattern, negated) => self.like(operand, pattern, *negated),
            Op::Between(operand, low, high, negated) => {
                let operand = self.placed(operand)?;
                let low = self.compare_placed(&operand, &self.placed(low)?)?;
                let high = self.compare_placed(&operand, &self.placed(high)?)?;
                let within = and(low.map(Ordering::is_ge), high.map(Ordering::is_le));
                Ok(within.map(|within| within != *negated))
            }
            Op::Case(operand, whens, otherwise) => {
                let chosen = self.chosen(operand.as_deref(), whens, otherwise.as_deref())?;
                chosen.map_or(Ok(None), |op| self.condition(op))
            }
            value => match self.value(value)? {
                Datum::Value(Value::Null) => Ok(None),
                Datum::Value(Value::Bit(truth)) => Ok(Some(truth)),
                _ => Ok(Some(true)),
            },
        }
    }

    #[inline]
    fn is_null(&self, op: &'t Op) -> Result<bool> {
        if let Some(text) = self.plain_path(op) {
            return Ok(text.is_none());
        }
        Ok(self.value(op)?.is_null())
    }

    fn like(&self, operand: &'t Op, pattern: &LikePattern, negated: bool) -> Result<Option<bool>> {
        let text = self.value(operand)?.text();
        let Some(text) = text else { return Ok(None) };
        let found = pattern.matches_within(&text, |steps| self.setting.meter.work(steps))?;
        Ok(Some(found != negated))
    }

    fn is_in(&self, operand: &Placed<'t>, list: &'t [Op]) -> Result<Option<bool>> {
        let mut found = Some(false);
        for item in list {
            match self.compare_placed(operand, &self.placed(item)?)? {
                Some(Ordering::Equal) => return Ok(Some(true)),
                Some(_) => {}
                None => found = None,
            }
        }
        Ok(found)
    }

    /// How two values compare; `None` when one is null. Text beside a number or a date is
    /// converted.
    pub fn compare(&self, left: &Datum<'t>, right: &Datum<'t>) -> Result<Option<Ordering>> {
        let at = self.last_read.get();
        self.compare_at([left, right], [at, at])
    }

    /// The same; a value that does not convert fails at its own place.
    pub(super) fn compare_placed(
        &self,
        left: &Placed<'t>,
        right: &Placed<'t>,
    ) -> Result<Option<Ordering>> {
        self.compare_at([&left.value, &right.value], [left.at, right.at])
    }

    fn compare_at(
        &self,
        [left, right]: [&Datum<'t>; 2],
        places: [Option<u32>; 2],
    ) -> Result<Option<Ordering>> {
        if let (Datum::Text(left), Datum::Text(right)) = (left, right) {
            self.setting.meter.work(left.len().min(right.len()))?;
            return Ok(Some(functions::compare(left, right)));
        }
        if left.is_null() || right.is_null() {
            return Ok(None);
        }
        if left.is_temporal() || right.is_temporal() {
            self.last_read.set(places[0]);
            let left = self.to_date(left)?;
            self.last_read.set(places[1]);
            let right = self.to_date(right)?;
            self.last_read.set(places[1].or(places[0]));
            let moment = |date: Option<Value>| date.and_then(|date| functions::moment(&date));
            return Ok(moment(left).zip(moment(right)).map(|(left, right)| left.cmp(&right)));
        }
        match (left, right) {
            (Datum::Value(Value::Guid(a)), Datum::Value(Value::Guid(b))) => {
                return Ok(Some(a.cmp(b)))
            }
            (Datum::Value(Value::Bytes(a)), Datum::Value(Value::Bytes(b))) => {
                return Ok(Some(a.cmp(b)))
            }
            _ => {}
        }
        self.last_read.set(places[0]);
        let left = self.to_number(left)?;
        self.last_read.set(places[1]);
        let right = self.to_number(right)?;
        self.last_read.set(places[1].or(places[0]));
        let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
        Ok(left.compare(right))
    }

    /// The branch of a `CASE`; `None` when no branch applies.
    pub(super) fn chosen(
        &self,
        operand: Option<&'t Op>,
        whens: &'t [(Op, Op)],
        otherwise: Option<&'t Op>,
    ) -> Result<Option<&'t Op>> {
        for (when, then) in whens {
            if self.applies(operand, when)? {
                return Ok(Some(then));
            }
        }
        Ok(otherwise)
    }

    fn applies(&self, operand: Option<&'t Op>, when: &'t Op) -> Result<bool> {
        match operand {
            None => Ok(self.condition(when)? == Some(true)),
            Some(operand) => {
                let order = self.compare_placed(&self.placed(operand)?, &self.placed(when)?)?;
                Ok(order == Some(Ordering::Equal))
            }
        }
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessOrEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterOrEqual
    )
}

pub(super) fn holds(op: BinaryOp, order: Ordering) -> bool {
    match op {
        BinaryOp::Equal => order.is_eq(),
        BinaryOp::NotEqual => order.is_ne(),
        BinaryOp::Less => order.is_lt(),
        BinaryOp::LessOrEqual => order.is_le(),
        BinaryOp::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
}

fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
