//! Expressions over one row: SQL's three-valued logic, its conversions, and the failure when a
//! value that is used does not convert.

use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Ordering;

use chrono::{DateTime, NaiveDateTime, NaiveTime, Utc};

use super::capture::{Captures, Node, NodeKind, Slot};
use super::fault::Fault;
use super::walk::Tag;
use crate::contract::expr::ast::{BinaryOp, Function};
use crate::contract::model::{LookupValue, MatchMode, OnMissing};
use crate::contract::names::Name;
use crate::contract::plan::{Aggregate, FrameRef, LookupPlan, Op, Plan, SlotRef};
use crate::outcome::{AppId, FailureCategory};
use crate::value::convert::{Conversion, ConversionError};
use crate::value::functions::{self, LikePattern};
use crate::value::{datetime, is_blank, plain_text, trim_xml, Decimal, DecimalError, Value};

type Evaluated<T> = Result<T, Box<Fault>>;

/// A value on its way: text borrowed from the document, or anything typed.
#[derive(Debug, Clone)]
pub(super) enum Datum<'t> {
    Text(Cow<'t, str>),
    /// Never [`Value::Text`].
    Value(Value),
}

const NULL: Datum<'static> = Datum::Value(Value::Null);

impl<'t> Datum<'t> {
    pub fn is_null(&self) -> bool {
        matches!(self, Datum::Value(Value::Null))
    }

    /// The text; `None` for null.
    fn text(self) -> Option<Cow<'t, str>> {
        match self {
            Datum::Text(text) => Some(text),
            Datum::Value(value) => plain_text(&value).map(|text| Cow::Owned(text.into())),
        }
    }

    pub fn into_owned(self) -> Datum<'static> {
        match self {
            Datum::Text(text) => Datum::Text(Cow::Owned(text.into_owned())),
            Datum::Value(value) => Datum::Value(value),
        }
    }

    fn integer(number: i64) -> Self {
        Datum::Value(Value::Int(number))
    }

    fn from_value(value: &'t Value) -> Self {
        match value {
            Value::Text(text) => Datum::Text(Cow::Borrowed(text)),
            other => Datum::Value(other.clone()),
        }
    }
}

/// A number in the widest form it needs.
#[derive(Debug, Clone, Copy)]
enum Number {
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

    fn datum(self) -> Datum<'static> {
        Datum::Value(match self {
            Number::Integer(number) => Value::Int(number),
            Number::Decimal(number) => Value::Decimal(number),
            Number::Float(number) => Value::Float(number),
        })
    }

    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Number::Integer(a), Number::Integer(b)) => Some(a.cmp(&b)),
            (Number::Float(_), _) | (_, Number::Float(_)) => {
                self.float().partial_cmp(&other.float())
            }
            _ => Some(self.decimal()?.cmp(&other.decimal()?)),
        }
    }
}

/// What the expressions of one row can see.
#[derive(Clone)]
pub(super) struct Scope<'t> {
    pub plan: &'t Plan,
    pub text: &'t str,
    pub captures: &'t Captures,
    /// The row's frame.
    pub frame: u32,
    /// The slots of that frame.
    pub own: &'t [Slot],
    pub app_id: AppId,
    pub now: DateTime<Utc>,
    /// The converted columns so far.
    pub row: &'t [Value],
    /// The row's number, once it is known.
    pub ordinal: Option<i64>,
    /// The tag of the element that a predicate is about.
    pub tag: Option<&'t Tag<'t>>,
    /// The node that an aggregate is at.
    pub current: Option<&'t Node>,
    /// Where the value read last stands: the place of whatever goes wrong next.
    pub last_read: Cell<Option<u32>>,
}

impl<'t> Scope<'t> {
    /// Puts a column's value, the expression's converted, where it is wanted. What most columns
    /// are, a path or a lookup, goes there without being anything else on the way.
    #[inline(always)]
    pub fn column(&self, op: &'t Op, conversion: &Conversion, into: &mut Value) -> Evaluated<()> {
        self.last_read.set(None);
        if let Op::One(reference) = op {
            let slot = self.slot(*reference);
            if slot.count == 0 {
                return Ok(());
            }
            if let Some(node) = slot.only().filter(|node| node.kind == NodeKind::Plain) {
                let converted = conversion.text_into(self.plain(node), into);
                return converted.map_err(|error| self.conversion_fault(error));
            }
        }
        self.other_column(op, conversion, into)
    }

    /// [`Scope::column`] for what is not one plain node.
    fn other_column(&self, op: &'t Op, conversion: &Conversion, into: &mut Value) -> Evaluated<()> {
        let converted = match op {
            Op::Lookup(index, text) => match self.found(&self.plan.lookups[*index], text)? {
                None => return Ok(()),
                Some(LookupValue::Integer(number)) => conversion.integer_into(*number, into),
                Some(other) => self.converted(lookup_value(other), conversion, into),
            },
            op => self.converted(self.value(op)?, conversion, into),
        };
        converted.map_err(|error| self.conversion_fault(error))
    }

    /// The slot that a path of the row's fills.
    #[inline(always)]
    fn slot(&self, reference: SlotRef) -> &'t Slot {
        match reference.frame {
            FrameRef::Up(0) => &self.own[reference.slot as usize],
            _ => self.captures.slot(self.frame, reference),
        }
    }

    /// The text of a node that is written as it is meant.
    #[inline]
    fn plain(&self, node: &Node) -> &'t str {
        self.last_read.set(Some(node.at));
        &self.text[node.start as usize..node.end as usize]
    }

    fn converted(
        &self,
        found: Datum<'t>,
        conversion: &Conversion,
        into: &mut Value,
    ) -> Result<(), ConversionError> {
        match found {
            Datum::Value(Value::Null) => Ok(()),
            Datum::Text(text) => conversion.text_into(&text, into),
            Datum::Value(value) => {
                *into = conversion.value(value)?;
                Ok(())
            }
        }
    }

    #[cold]
    fn conversion_fault(&self, error: ConversionError) -> Box<Fault> {
        let category = match error {
            ConversionError::TooLong { .. } => FailureCategory::TooLong,
            _ => FailureCategory::BadValue,
        };
        let value = error.value().to_owned();
        self.fault(category, error.to_string()).value(value)
    }

    #[cold]
    fn fault(&self, category: FailureCategory, reason: impl Into<String>) -> Box<Fault> {
        let fault = Fault::new(category, reason);
        match (self.last_read.get(), self.tag) {
            (Some(at), _) => fault.at(at as usize),
            (None, Some(_)) => fault,
            (None, None) => fault.at(self.captures.frame(self.frame).at as usize),
        }
    }

    #[cold]
    fn bad(&self, reason: impl Into<String>, value: &str) -> Box<Fault> {
        self.fault(FailureCategory::BadValue, reason).value(value)
    }

    /// The one node of a plain path.
    #[inline]
    fn one(&self, reference: SlotRef) -> Evaluated<Datum<'t>> {
        let slot = self.slot(reference);
        let Some(node) = slot.first() else { return Ok(NULL) };
        if slot.count > 1 {
            return Err(self.many(reference));
        }
        self.node(node)
    }

    #[inline]
    fn node(&self, node: &'t Node) -> Evaluated<Datum<'t>> {
        if node.kind != NodeKind::Missing {
            self.last_read.set(Some(node.at));
        }
        Ok(self.captures.text(node, self.text)?.map_or(NULL, Datum::Text))
    }

    /// The first or last of the elements of a slot, in the order they begin.
    fn pick(&self, reference: SlotRef, last: bool) -> Evaluated<Datum<'t>> {
        let nodes = self.captures.nodes(self.slot(reference));
        let node = self.captures.pick(nodes, last);
        node.map_or(Ok(NULL), |node| self.node(node))
    }

    #[cold]
    fn many(&self, reference: SlotRef) -> Box<Fault> {
        let slot = self.slot(reference);
        let second = self.captures.nodes(slot).nth(1);
        let reason = format!(
            "the path matches {} nodes here, and a plain path may match one: say FIRST(…), \
             LAST(…), JOIN(…, ', ') or add a predicate",
            slot.count
        );
        let fault = self.fault(FailureCategory::ManyValues, reason);
        let Some(second) = second else { return fault };
        let value = self.captures.text(second, self.text).ok().flatten().unwrap_or_default();
        fault.at(second.at as usize).value(value)
    }

    /// The value of an expression that is not a condition.
    pub fn value(&self, op: &'t Op) -> Evaluated<Datum<'t>> {
        match op {
            Op::Null => Ok(NULL),
            Op::Text(text) => Ok(Datum::Text(Cow::Borrowed(text))),
            Op::Integer(number) => Ok(Datum::integer(*number)),
            Op::Decimal(number) => Ok(Datum::Value(Value::Decimal(*number))),
            Op::One(slot) => self.one(*slot),
            Op::Strip(text) => Ok(match self.value(text)? {
                Datum::Text(text) => cut(text, str::trim),
                value => value,
            }),
            Op::Pick(slot, last) => self.pick(*slot, *last),
            Op::Attribute(name) => self.attribute(name),
            Op::Current => self.current.map_or(Ok(NULL), |node| self.node(node)),
            Op::Column(index) => Ok(self.row.get(*index).map_or(NULL, Datum::from_value)),
            Op::Negate(operand) => self.negate(operand),
            Op::Binary(op, left, right) => self.binary(*op, left, right),
            Op::Case(operand, whens, otherwise) => {
                self.case(operand.as_deref(), whens, otherwise.as_deref())
            }
            Op::Cast(operand, conversion, or_null) => self.cast(operand, conversion, *or_null),
            Op::Lookup(index, text) => self.lookup(&self.plan.lookups[*index], text),
            Op::ParseDate(text, patterns) => self.parse_date(text, patterns),
            Op::DateAdd(part, number, date) => {
                let Some(number) = self.integer(number)? else { return Ok(NULL) };
                let Some(date) = self.date(date)? else { return Ok(NULL) };
                let added = functions::date_add(*part, number, &date);
                added.map(Datum::Value).map_err(|error| self.bad(error.to_string(), ""))
            }
            Op::DateDiff(part, from, to) => {
                let (Some(from), Some(to)) = (self.date(from)?, self.date(to)?) else {
                    return Ok(NULL);
                };
                let difference = functions::date_diff(*part, &from, &to);
                let difference = difference.map_err(|error| self.bad(error.to_string(), ""))?;
                Ok(difference.map_or(NULL, Datum::integer))
            }
            Op::Aggregate(aggregate) => self.aggregate(aggregate),
            Op::Call(function, arguments) => self.call(*function, arguments),
            condition => Ok(match self.condition(condition)? {
                Some(truth) => Datum::Value(Value::Bit(truth)),
                None => NULL,
            }),
        }
    }

    fn attribute(&self, name: &str) -> Evaluated<Datum<'t>> {
        let Some(tag) = self.tag else { return Ok(NULL) };
        let ignore_case = self.plan.ignore_case_attributes;
        let bytes = tag.text.as_bytes();
        let Some(found) = tag.attributes.find(bytes, name.as_bytes(), ignore_case) else {
            return Ok(NULL);
        };
        self.last_read.set(Some(found.start));
        if found.plain {
            let value = &tag.text[found.start as usize..found.end as usize];
            return Ok(Datum::Text(Cow::Borrowed(value)));
        }
        let value = super::text::attribute(tag.text, found.start as usize..found.end as usize)?;
        Ok(Datum::Text(value))
    }

    /// The truth of a condition; `None` is SQL's unknown.
    pub fn condition(&self, op: &'t Op) -> Evaluated<Option<bool>> {
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
                let order = self.compare(self.value(left)?, self.value(right)?)?;
                Ok(order.map(|order| holds(*op, order)))
            }
            Op::IsNull(operand, negated) => Ok(Some(self.is_null(operand)? != *negated)),
            Op::IsEmpty(operand, negated) => {
                let empty = self.value(operand)?.text().is_none_or(|text| is_blank(&text));
                Ok(Some(empty != *negated))
            }
            Op::In(operand, list, negated) => {
                let found = self.is_in(self.value(operand)?, list)?;
                Ok(found.map(|found| found != *negated))
            }
            Op::Like(operand, pattern, negated) => {
                let Some(pattern) = self.value(pattern)?.text() else { return Ok(None) };
                let pattern = LikePattern::new(&pattern)
                    .map_err(|error| self.bad(error.to_string(), &pattern))?;
                self.like(operand, &pattern, *negated)
            }
            Op::LikePattern(operand, pattern, negated) => self.like(operand, pattern, *negated),
            Op::Between(operand, low, high, negated) => {
                let operand = self.value(operand)?;
                let low = self.compare(operand.clone(), self.value(low)?)?;
                let high = self.compare(operand, self.value(high)?)?;
                let within = and(low.map(Ordering::is_ge), high.map(Ordering::is_le));
                Ok(within.map(|within| within != *negated))
            }
            Op::Case(operand, whens, otherwise) => {
                for (when, then) in whens {
                    if self.applies(operand.as_deref(), when)? {
                        return self.condition(then);
                    }
                }
                otherwise.as_ref().map_or(Ok(None), |otherwise| self.condition(otherwise))
            }
            value => match self.value(value)? {
                Datum::Value(Value::Null) => Ok(None),
                Datum::Value(Value::Bit(truth)) => Ok(Some(truth)),
                _ => Ok(Some(true)),
            },
        }
    }

    #[inline]
    fn is_null(&self, op: &'t Op) -> Evaluated<bool> {
        if let Op::One(reference) = op {
            let slot = self.slot(*reference);
            match slot.only() {
                Some(node) if node.kind == NodeKind::Plain => {
                    self.last_read.set(Some(node.at));
                    return Ok(false);
                }
                None if slot.count == 0 => return Ok(true),
                _ => {}
            }
        }
        Ok(self.value(op)?.is_null())
    }

    fn like(
        &self,
        operand: &'t Op,
        pattern: &LikePattern,
        negated: bool,
    ) -> Evaluated<Option<bool>> {
        let text = self.value(operand)?.text();
        Ok(text.map(|text| pattern.matches(&text) != negated))
    }

    fn is_in(&self, operand: Datum<'t>, list: &'t [Op]) -> Evaluated<Option<bool>> {
        let mut found = Some(false);
        for item in list {
            match self.compare(operand.clone(), self.value(item)?)? {
                Some(Ordering::Equal) => return Ok(Some(true)),
                Some(_) => {}
                None => found = None,
            }
        }
        Ok(found)
    }

    /// How two values compare; `None` when one is null. Text beside a number or a date is
    /// converted.
    pub fn compare(&self, left: Datum<'t>, right: Datum<'t>) -> Evaluated<Option<Ordering>> {
        if let (Datum::Text(left), Datum::Text(right)) = (&left, &right) {
            return Ok(Some(functions::compare(left, right)));
        }
        if left.is_null() || right.is_null() {
            return Ok(None);
        }
        if is_date(&left) || is_date(&right) {
            let (left, right) = (self.to_date(left)?, self.to_date(right)?);
            let moments = left.as_ref().and_then(moment).zip(right.as_ref().and_then(moment));
            return Ok(moments.map(|(left, right)| left.cmp(&right)));
        }
        match (&left, &right) {
            (Datum::Value(Value::Guid(a)), Datum::Value(Value::Guid(b))) => {
                return Ok(Some(a.cmp(b)))
            }
            (Datum::Value(Value::Bytes(a)), Datum::Value(Value::Bytes(b))) => {
                return Ok(Some(a.cmp(b)))
            }
            _ => {}
        }
        let (Some(left), Some(right)) = (self.to_number(left)?, self.to_number(right)?) else {
            return Ok(None);
        };
        Ok(left.compare(right))
    }

    fn to_number(&self, datum: Datum<'t>) -> Evaluated<Option<Number>> {
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

    fn text_to_number(&self, text: &str) -> Evaluated<Option<Number>> {
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

    fn number(&self, op: &'t Op) -> Evaluated<Option<Number>> {
        self.to_number(self.value(op)?)
    }

    /// A whole number, for lengths and positions.
    fn integer(&self, op: &'t Op) -> Evaluated<Option<i64>> {
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

    fn to_date(&self, datum: Datum<'t>) -> Evaluated<Option<Value>> {
        match datum {
            Datum::Value(Value::Null) => Ok(None),
            Datum::Value(value) if is_date(&Datum::Value(value.clone())) => Ok(Some(value)),
            other => {
                let text = other.text().unwrap_or_default();
                if is_blank(&text) {
                    return Ok(None);
                }
                let found = datetime::parse_date_text(&text, &self.plan.date_formats);
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

    fn date(&self, op: &'t Op) -> Evaluated<Option<Value>> {
        self.to_date(self.value(op)?)
    }

    fn negate(&self, operand: &'t Op) -> Evaluated<Datum<'t>> {
        let Some(number) = self.number(operand)? else { return Ok(NULL) };
        let zero = Number::Integer(0);
        self.arithmetic(BinaryOp::Subtract, zero, number)
    }

    fn binary(&self, op: BinaryOp, left: &'t Op, right: &'t Op) -> Evaluated<Datum<'t>> {
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

    fn arithmetic(&self, op: BinaryOp, left: Number, right: Number) -> Evaluated<Datum<'t>> {
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

    fn case(
        &self,
        operand: Option<&'t Op>,
        whens: &'t [(Op, Op)],
        otherwise: Option<&'t Op>,
    ) -> Evaluated<Datum<'t>> {
        for (when, then) in whens {
            if self.applies(operand, when)? {
                return self.value(then);
            }
        }
        otherwise.map_or(Ok(NULL), |otherwise| self.value(otherwise))
    }

    fn applies(&self, operand: Option<&'t Op>, when: &'t Op) -> Evaluated<bool> {
        match operand {
            None => Ok(self.condition(when)? == Some(true)),
            Some(operand) => {
                let order = self.compare(self.value(operand)?, self.value(when)?)?;
                Ok(order == Some(Ordering::Equal))
            }
        }
    }

    fn cast(
        &self,
        operand: &'t Op,
        conversion: &Conversion,
        or_null: bool,
    ) -> Evaluated<Datum<'t>> {
        let converted = match self.value(operand)? {
            Datum::Text(text) => conversion.text(&text),
            Datum::Value(value) => conversion.value(value),
        };
        match converted {
            Ok(Value::Text(text)) => Ok(Datum::Text(Cow::Owned(text.into()))),
            Ok(value) => Ok(Datum::Value(value)),
            Err(_) if or_null => Ok(NULL),
            Err(error) => Err(self.conversion_fault(error)),
        }
    }

    fn lookup(&self, lookup: &'t LookupPlan, text: &'t Op) -> Evaluated<Datum<'t>> {
        Ok(self.found(lookup, text)?.map_or(NULL, lookup_value))
    }

    /// The text of a value; `None` for null.
    #[inline]
    fn text_of(&self, op: &'t Op) -> Evaluated<Option<Cow<'t, str>>> {
        if let Op::One(reference) = op {
            let slot = self.slot(*reference);
            match slot.only() {
                Some(node) if node.kind == NodeKind::Plain => {
                    return Ok(Some(Cow::Borrowed(self.plain(node))));
                }
                None if slot.count == 0 => return Ok(None),
                _ => {}
            }
        }
        Ok(self.value(op)?.text())
    }

    /// What a lookup has for a text; `None` is null.
    fn found(&self, lookup: &'t LookupPlan, text: &'t Op) -> Evaluated<Option<&'t LookupValue>> {
        let text = self.text_of(text)?.unwrap_or_default();
        let key = trim_xml(&text);
        if key.is_empty() {
            return self.missing_entry(lookup, &lookup.on_blank, key);
        }
        let exact = match lookup.match_mode {
            MatchMode::Exact | MatchMode::ExactThenIgnoreCase => {
                lookup.exact.get(Name::new(key.as_bytes()))
            }
            MatchMode::IgnoreCase => None,
        };
        let found = match lookup.match_mode {
            MatchMode::Exact => exact,
            _ => exact.or_else(|| lookup.folded.get(Name::new(key.to_lowercase().as_bytes()))),
        };
        if let Some(found) = found {
            return Ok(Some(found));
        }
        self.missing_entry(lookup, &lookup.on_unmapped, key)
    }

    fn missing_entry(
        &self,
        lookup: &LookupPlan,
        missing: &'t OnMissing,
        key: &str,
    ) -> Evaluated<Option<&'t LookupValue>> {
        match missing {
            OnMissing::Null => Ok(None),
            OnMissing::Value(value) => Ok(Some(value)),
            OnMissing::Error => Err(self
                .fault(
                    FailureCategory::UnmappedLookup,
                    format!(
                        "lookup {} has no entry for `{}`: add it to the contract, or say what \
                         {} becomes",
                        lookup.name,
                        clip(key),
                        if key.is_empty() { "on_blank" } else { "on_unmapped" }
                    ),
                )
                .value(key)),
        }
    }

    fn parse_date(&self, text: &'t Op, patterns: &[datetime::DatePattern]) -> Evaluated<Datum<'t>> {
        let Some(text) = self.value(text)?.text().filter(|text| !is_blank(text)) else {
            return Ok(NULL);
        };
        let found = patterns.iter().find_map(|pattern| pattern.parse(&text));
        match found.and_then(|found| found.to_value()) {
            Some(value) => Ok(Datum::Value(value)),
            None => Err(self.bad(
                format!("`{}` matches none of the patterns of PARSE_DATE", clip(&text)),
                &text,
            )),
        }
    }

    fn aggregate(&self, aggregate: &'t Aggregate) -> Evaluated<Datum<'t>> {
        let slot = self.slot(aggregate.slot);
        match (aggregate.function, &aggregate.each) {
            (Function::Count, None) => Ok(Datum::integer(slot.count.into())),
            (Function::Count, Some(_)) => {
                let mut count = 0;
                for node in self.captures.nodes(slot) {
                    count += i64::from(!self.each(aggregate, node)?.is_null());
                }
                Ok(Datum::integer(count))
            }
            (Function::Exists, _) => Ok(Datum::Value(Value::Bit(slot.count > 0))),
            (Function::Join, _) => self.join(aggregate),
            _ => self.folded(aggregate),
        }
    }

    /// `SUM`, `MIN` and `MAX`, which leave null out.
    fn folded(&self, aggregate: &'t Aggregate) -> Evaluated<Datum<'t>> {
        let mut result = NULL;
        for node in self.captures.nodes(self.slot(aggregate.slot)) {
            let value = self.each(aggregate, node)?;
            let as_number = aggregate.each.is_none() || aggregate.function == Function::Sum;
            let value = match as_number {
                true => self.summand(aggregate, value)?,
                false => value,
            };
            result = match (result, value) {
                (so_far, value) if value.is_null() => so_far,
                (so_far, value) if so_far.is_null() => value,
                (so_far, value) => self.fold(aggregate.function, so_far, value)?,
            };
        }
        Ok(result)
    }

    /// The number that a plain path's text is taken for.
    fn summand(&self, aggregate: &'t Aggregate, text: Datum<'t>) -> Evaluated<Datum<'t>> {
        let number = self.to_number(text).map_err(|mut fault| {
            if aggregate.function != Function::Sum {
                fault.reason += "; dates and text are compared where the contract says what they \
                                 are, as in MAX(CAST(path AS date))";
            }
            fault
        })?;
        Ok(number.map_or(NULL, Number::datum))
    }

    fn fold(
        &self,
        function: Function,
        so_far: Datum<'t>,
        value: Datum<'t>,
    ) -> Evaluated<Datum<'t>> {
        let wanted = match function {
            Function::Min => Ordering::Less,
            Function::Max => Ordering::Greater,
            _ => {
                let numbers = self.to_number(so_far)?.zip(self.to_number(value)?);
                return numbers.map_or(Ok(NULL), |(a, b)| self.arithmetic(BinaryOp::Add, a, b));
            }
        };
        let order = self.compare(value.clone(), so_far.clone())?;
        Ok(if order == Some(wanted) { value } else { so_far })
    }

    /// What one node gives to an aggregate.
    fn each(&self, aggregate: &'t Aggregate, node: &'t Node) -> Evaluated<Datum<'t>> {
        let value = match &aggregate.each {
            None => self.node(node),
            Some(op) => Scope { current: Some(node), ..self.clone() }.value(op),
        };
        self.last_read.set(Some(node.at));
        value
    }

    /// All texts in the order their elements begin; null is left out.
    fn join(&self, aggregate: &'t Aggregate) -> Evaluated<Datum<'t>> {
        let slot = self.slot(aggregate.slot);
        let mut nodes: Vec<&Node> = self.captures.nodes(slot).collect();
        nodes.sort_by_key(|node| self.captures.frame(node.origin).at);
        let separator = match aggregate.rest.first() {
            Some(separator) => self.value(separator)?.text().unwrap_or_default(),
            None => Cow::Borrowed(""),
        };
        let mut joined: Option<String> = None;
        for node in nodes {
            let Some(text) = self.each(aggregate, node)?.text() else { continue };
            let text = if self.plan.strip { text.trim() } else { &text };
            match &mut joined {
                None => joined = Some(text.to_owned()),
                Some(joined) => {
                    joined.push_str(&separator);
                    joined.push_str(text);
                }
            }
        }
        Ok(joined.map_or(NULL, |joined| Datum::Text(Cow::Owned(joined))))
    }

    fn call(&self, function: Function, arguments: &'t [Op]) -> Evaluated<Datum<'t>> {
        match function {
            Function::Coalesce => {
                for argument in arguments {
                    let value = self.value(argument)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Ok(NULL)
            }
            Function::NullIf => {
                let first = self.value(&arguments[0])?;
                let order = self.compare(first.clone(), self.value(&arguments[1])?)?;
                Ok(if order == Some(Ordering::Equal) { NULL } else { first })
            }
            Function::Concat => {
                let mut joined = String::new();
                for argument in arguments {
                    joined.push_str(&self.value(argument)?.text().unwrap_or_default());
                }
                Ok(Datum::Text(Cow::Owned(joined)))
            }
            Function::AppId => Ok(Datum::integer(self.app_id.0)),
            Function::Ordinal => Ok(self.ordinal.map_or(NULL, Datum::integer)),
            Function::NowUtc => Ok(Datum::Value(Value::DateTime(self.now.naive_utc()))),
            Function::Name => Ok(Datum::Text(Cow::Borrowed(self.row_name()))),
            Function::Flag => self.flag(arguments),
            Function::Year | Function::Month | Function::Day => self.part(function, &arguments[0]),
            Function::Abs
            | Function::Round
            | Function::Floor
            | Function::Ceiling
            | Function::Power => self.numeric(function, arguments),
            _ => self.textual(function, arguments),
        }
    }

    fn row_name(&self) -> &'t str {
        let after = &self.text[self.captures.frame(self.frame).at as usize + 1..];
        &after[..super::scan::name_length(after.as_bytes())]
    }

    fn flag(&self, arguments: &'t [Op]) -> Evaluated<Datum<'t>> {
        let text = self.value(&arguments[0])?.text().unwrap_or_default();
        let key = text.trim_matches([' ', '\t', '\r', '\n']);
        for listed in &arguments[1..] {
            if self.value(listed)?.text().is_some_and(|listed| functions::equal(key, &listed)) {
                return Ok(Datum::integer(1));
            }
        }
        Ok(Datum::integer(0))
    }

    fn part(&self, function: Function, date: &'t Op) -> Evaluated<Datum<'t>> {
        let Some(date) = self.date(date)? else { return Ok(NULL) };
        let part = match function {
            Function::Year => functions::year(&date),
            Function::Month => functions::month(&date),
            _ => functions::day(&date),
        };
        let part = part.map_err(|error| self.bad(error.to_string(), ""))?;
        Ok(part.map_or(NULL, Datum::integer))
    }

    fn numeric(&self, function: Function, arguments: &'t [Op]) -> Evaluated<Datum<'t>> {
        let Some(number) = self.number(&arguments[0])? else { return Ok(NULL) };
        let result = match (function, number) {
            (Function::Abs, Number::Integer(n)) => {
                n.checked_abs().map(Number::Integer).ok_or(DecimalError::Overflow(38))
            }
            (Function::Abs, Number::Decimal(n)) => Ok(Number::Decimal(n.abs())),
            (Function::Abs, Number::Float(n)) => Ok(Number::Float(n.abs())),
            (Function::Floor | Function::Ceiling, whole @ Number::Integer(_)) => Ok(whole),
            (Function::Floor, Number::Decimal(n)) => Ok(Number::Decimal(n.floor())),
            (Function::Floor, Number::Float(n)) => Ok(Number::Float(n.floor())),
            (Function::Ceiling, Number::Decimal(n)) => Ok(Number::Decimal(n.ceiling())),
            (Function::Ceiling, Number::Float(n)) => Ok(Number::Float(n.ceil())),
            (Function::Round, number) => {
                let Some(digits) = self.integer(&arguments[1])? else { return Ok(NULL) };
                round(number, digits.clamp(-400, 400) as i32)
            }
            (_, base) => {
                let Some(exponent) = self.number(&arguments[1])? else { return Ok(NULL) };
                power(base, exponent)
            }
        };
        let shown = plain_text_of(number);
        result.map(Number::datum).map_err(|error| self.bad(format!("{shown}: {error}"), &shown))
    }

    fn textual(&self, function: Function, arguments: &'t [Op]) -> Evaluated<Datum<'t>> {
        let Some(text) = self.value(&arguments[0])?.text() else { return Ok(NULL) };
        match function {
            Function::Upper => Ok(mapped(text, functions::upper)),
            Function::Lower => Ok(mapped(text, functions::lower)),
            Function::Trim => Ok(cut(text, functions::trim)),
            Function::LTrim => Ok(cut(text, functions::trim_start)),
            Function::RTrim => Ok(cut(text, functions::trim_end)),
            Function::Len => Ok(Datum::integer(functions::len(&text))),
            Function::InnerXml => Ok(Datum::Text(text)),
            Function::Digits => Ok(match functions::digits(&text) {
                None => NULL,
                Some(Cow::Owned(digits)) => Datum::Text(Cow::Owned(digits)),
                Some(Cow::Borrowed(_)) => Datum::Text(text),
            }),
            Function::Number => match functions::number(&text) {
                Ok(number) => Ok(number.map_or(NULL, |n| Datum::Value(Value::Decimal(n)))),
                Err(error) => Err(self.bad(error.to_string(), &text)),
            },
            Function::FirstNumber => match functions::first_number(&text) {
                Ok(number) => Ok(number.map_or(NULL, |n| Datum::Value(Value::Decimal(n)))),
                Err(error) => Err(self.bad(error.to_string(), &text)),
            },
            Function::Left | Function::Right => {
                let Some(count) = self.integer(&arguments[1])? else { return Ok(NULL) };
                let take = match function {
                    Function::Left => functions::left,
                    _ => functions::right,
                };
                self.taken(text, |text| take(text, count))
            }
            Function::Substring => {
                let start = self.integer(&arguments[1])?;
                let (Some(start), Some(count)) = (start, self.integer(&arguments[2])?) else {
                    return Ok(NULL);
                };
                self.taken(text, |text| functions::substring(text, start, count))
            }
            Function::Replace => {
                let from = self.value(&arguments[1])?.text();
                let (Some(from), Some(to)) = (from, self.value(&arguments[2])?.text()) else {
                    return Ok(NULL);
                };
                Ok(mapped(text, |text| functions::replace(text, &from, &to)))
            }
            other => Err(self.bad(format!("{other:?} cannot be evaluated here"), &text)),
        }
    }

    fn taken(
        &self,
        text: Cow<'t, str>,
        take: impl for<'x> Fn(&'x str) -> Result<&'x str, functions::NegativeLength>,
    ) -> Evaluated<Datum<'t>> {
        match text {
            Cow::Borrowed(text) => take(text).map(|part| Datum::Text(Cow::Borrowed(part))),
            Cow::Owned(text) => take(&text).map(|part| Datum::Text(Cow::Owned(part.to_owned()))),
        }
        .map_err(|error| self.bad(error.to_string(), ""))
    }
}

fn mapped<'t>(text: Cow<'t, str>, map: impl for<'x> Fn(&'x str) -> Cow<'x, str>) -> Datum<'t> {
    Datum::Text(match text {
        Cow::Borrowed(text) => map(text),
        Cow::Owned(text) => Cow::Owned(map(&text).into_owned()),
    })
}

fn cut<'t>(text: Cow<'t, str>, cut: impl for<'x> Fn(&'x str) -> &'x str) -> Datum<'t> {
    mapped(text, |text| Cow::Borrowed(cut(text)))
}

fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}

fn plain_text_of(number: Number) -> String {
    number.datum().text().unwrap_or_default().into_owned()
}

fn lookup_value(value: &LookupValue) -> Datum<'_> {
    match value {
        LookupValue::Integer(number) => Datum::integer(*number),
        LookupValue::Decimal(number) => Datum::Value(Value::Decimal(*number)),
        LookupValue::Text(text) => Datum::Text(Cow::Borrowed(text)),
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

fn holds(op: BinaryOp, order: Ordering) -> bool {
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

fn is_date(datum: &Datum<'_>) -> bool {
    matches!(
        datum,
        Datum::Value(
            Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::DateTimeOffset(_)
        )
    )
}

/// What dates and times are compared by. A time alone is on SQL Server's first day.
fn moment(value: &Value) -> Option<NaiveDateTime> {
    match value {
        Value::Date(date) => Some(date.and_time(NaiveTime::MIN)),
        Value::Time(time) => Some(functions::BASE_DATE.and_time(*time)),
        Value::DateTime(both) => Some(*both),
        Value::DateTimeOffset(both) => Some(both.naive_utc()),
        _ => None,
    }
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

fn round(number: Number, digits: i32) -> Result<Number, DecimalError> {
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

fn power(base: Number, exponent: Number) -> Result<Number, DecimalError> {
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
