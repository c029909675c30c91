//! Expressions over one row: SQL's three-valued logic, its conversions, and the failure when a
//! value that is used does not convert.

mod aggregate;
mod arithmetic;
mod calls;

use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Ordering;

use chrono::{DateTime, NaiveDateTime, NaiveTime, Utc};

use calls::cut;

use super::capture::{Captures, Node, NodeKind, Slot};
use super::fault::Fault;
use super::walk::Tag;
use crate::contract::expr::ast::BinaryOp;
use crate::contract::model::{LookupValue, MatchMode, OnMissing};
use crate::contract::names::Name;
use crate::contract::plan::{FrameRef, LookupPlan, Op, Plan, SlotRef};
use crate::id::AppId;
use crate::outcome::FailureCategory;
use crate::value::convert::{Conversion, ConversionError};
use crate::value::functions::{self, LikePattern};
use crate::value::{datetime, is_blank, plain_text, trim_xml, Value};

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
    #[inline]
    fn found(&self, lookup: &'t LookupPlan, text: &'t Op) -> Evaluated<Option<&'t LookupValue>> {
        let Some(text) = self.text_of(text)? else {
            return self.missing_entry(lookup, &lookup.on_blank, "");
        };
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

    #[inline]
    fn missing_entry(
        &self,
        lookup: &LookupPlan,
        missing: &'t OnMissing,
        key: &str,
    ) -> Evaluated<Option<&'t LookupValue>> {
        match missing {
            OnMissing::Null => Ok(None),
            OnMissing::Value(value) => Ok(Some(value)),
            OnMissing::Error => Err(self.unmapped(lookup, key)),
        }
    }

    #[cold]
    fn unmapped(&self, lookup: &LookupPlan, key: &str) -> Box<Fault> {
        let reason = format!(
            "lookup {} has no entry for `{}`: add it to the contract, or say what {} becomes",
            lookup.name,
            clip(key),
            if key.is_empty() { "on_blank" } else { "on_unmapped" }
        );
        self.fault(FailureCategory::UnmappedLookup, reason).value(key)
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
}

fn clip(text: &str) -> String {
    text.chars().take(60).collect()
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
