//! Values of expressions, and of columns.

use std::borrow::Cow;

use super::calls::cut;
use super::datum::{Datum, NULL};
use super::lookup::lookup_value;
use super::scope::Scope;
use crate::contract::model::LookupValue;
use crate::contract::plan::Op;
use crate::reason::{self, reason};
use crate::shred::fault::Result;
use crate::shred::fragment::Declared;
use crate::shred::text;
use crate::value::convert::{Conversion, ConversionError};
use crate::value::datetime::DatePattern;
use crate::value::{clip, functions, is_blank, Value};

/// Bytes of a text that is converted without being counted first.
const SHORT: usize = 1024;

/// Work of an operation beside that of its texts.
const OPERATION: usize = 8;

impl<'t> Scope<'t> {
    /// Puts a column's value, the expression's converted, where it is wanted. What most columns
    /// are, a path or a lookup, goes there without being anything else on the way.
    #[inline(always)]
    pub fn column(&self, op: &'t Op, conversion: &Conversion, into: &mut Value) -> Result<()> {
        self.last_read.set(None);
        match self.plain_path(op) {
            Some(None) => return Ok(()),
            Some(Some(text)) => {
                if text.len() > SHORT {
                    self.arrive(text.len())?;
                }
                let converted = conversion.text_into(text, into);
                return converted.map_err(|error| self.conversion_fault(error));
            }
            None => {}
        }
        self.other_column(op, conversion, into)
    }

    /// [`Scope::column`] for what is not one plain node.
    fn other_column(&self, op: &'t Op, conversion: &Conversion, into: &mut Value) -> Result<()> {
        let converted = match op {
            Op::Lookup(index, text) => {
                match self.found(&self.setting.plan.lookups[*index], text)? {
                    None => return Ok(()),
                    Some(LookupValue::Integer(number)) => conversion.integer_into(*number, into),
                    Some(other) => self.converted(lookup_value(other), conversion, into),
                }
            }
            op => {
                let value = self.value(op)?;
                if let Datum::Text(text) = &value {
                    self.arrive(text.len())?;
                }
                self.converted(value, conversion, into)
            }
        };
        self.setting.meter.passed();
        converted.map_err(|error| self.conversion_fault(error))
    }

    /// Makes room for a text that is about to become a column's value. The value itself is counted
    /// with its row.
    fn arrive(&self, bytes: usize) -> Result<()> {
        let meter = self.setting.meter;
        meter.pass(bytes)?;
        meter.passed();
        Ok(())
    }

    pub(super) fn converted(
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

    /// The value of an expression that is not a condition.
    pub fn value(&self, op: &'t Op) -> Result<Datum<'t>> {
        self.setting.meter.work(OPERATION)?;
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
            Op::Fragment(markup) => self.fragment(markup),
            Op::Pick(slot, last) => self.pick(*slot, *last),
            Op::Attribute(name) => self.attribute(name),
            Op::Current => self.current.map_or(Ok(NULL), |node| self.node(node)),
            Op::Column(index) => Ok(self.row.get(*index).map_or(NULL, Datum::from_value)),
            Op::Parent(column) => self.parent_value(*column),
            Op::Position(slot) => {
                let number = self.own[*slot as usize].first();
                Ok(number.map_or(NULL, |number| Datum::integer(number.start.into())))
            }
            Op::Negate(operand) => self.negate(operand),
            Op::Binary(op, left, right) => self.binary(*op, left, right),
            Op::Case(operand, whens, otherwise) => {
                let chosen = self.chosen(operand.as_deref(), whens, otherwise.as_deref())?;
                // What decided has no part in the value.
                self.last_read.set(None);
                chosen.map_or(Ok(NULL), |op| self.value(op))
            }
            Op::Cast(operand, conversion, or_null) => self.cast(operand, conversion, *or_null),
            Op::Lookup(index, text) => self.lookup(&self.setting.plan.lookups[*index], text),
            Op::ParseDate(text, patterns) => self.parse_date(text, patterns),
            Op::DateAdd(part, number, date) => {
                let Some(number) = self.integer(number)? else { return Ok(NULL) };
                let Some(date) = self.moved_date(*part, date)? else { return Ok(NULL) };
                let added = functions::date_add(*part, number, &date);
                added.map(Datum::Value).map_err(|error| self.bad(error.reason(), ""))
            }
            Op::DateDiff(part, from, to) => {
                let (Some(from), Some(to)) = (self.date(from)?, self.date(to)?) else {
                    return Ok(NULL);
                };
                let difference = functions::date_diff(*part, &from, &to);
                let difference = difference.map_err(|error| self.bad(error.reason(), ""))?;
                Ok(difference.map_or(NULL, Datum::integer))
            }
            Op::Key(key) => self.of_key(key),
            Op::Following(following) => self.following(following),
            Op::Aggregate(aggregate) => self.aggregate(aggregate),
            Op::Call(function, arguments) => self.call(*function, arguments),
            condition => Ok(match self.condition(condition)? {
                Some(truth) => Datum::Value(Value::Bit(truth)),
                None => NULL,
            }),
        }
    }

    /// Markup by itself: `INNER_XML` where it becomes a value of the type `xml`.
    fn fragment(&self, markup: &'t Op) -> Result<Datum<'t>> {
        let value = self.value(markup)?;
        let (Datum::Text(text), Some(at)) = (&value, self.last_read.get()) else {
            return Ok(value);
        };
        if !text.contains('<') {
            return Ok(value);
        }
        let setting = &self.setting;
        let declared = setting.shared.declared.get_or_init(|| Declared::of(setting.text));
        setting.meter.work(text.len())?;
        let carried = match declared.carried(at as usize, text, setting.meter)? {
            Cow::Borrowed(_) => None,
            Cow::Owned(carried) => Some(carried),
        };
        let Some(carried) = carried else { return Ok(value) };
        Ok(Datum::Text(Cow::Owned(carried)))
    }

    pub(super) fn attribute(&self, name: &str) -> Result<Datum<'t>> {
        let Some(tag) = self.tag else { return Ok(NULL) };
        let ignore_case = self.setting.plan.ignore_case_attributes;
        let bytes = tag.text.as_bytes();
        let Some(found) = tag.attributes.find(bytes, name.as_bytes(), ignore_case) else {
            return Ok(NULL);
        };
        self.last_read.set(Some(found.start));
        if found.is_plain(tag.text) {
            let value = &tag.text[found.start as usize..found.end as usize];
            return Ok(Datum::Text(Cow::Borrowed(value)));
        }
        let value = text::attribute(tag.text, found.start as usize..found.end as usize)?;
        Ok(Datum::Text(value))
    }

    pub(super) fn cast(
        &self,
        operand: &'t Op,
        conversion: &Conversion,
        or_null: bool,
    ) -> Result<Datum<'t>> {
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

    fn parse_date(&self, text: &'t Op, patterns: &[DatePattern]) -> Result<Datum<'t>> {
        let Some(text) = self.value(text)?.text().filter(|text| !is_blank(text)) else {
            return Ok(NULL);
        };
        let found = patterns.iter().find_map(|pattern| pattern.parse(&text));
        match found.and_then(|found| found.to_value()) {
            Some(value) => Ok(Datum::Value(value)),
            None => Err(self.bad(
                reason!(
                    "{} matches none of the patterns of PARSE_DATE",
                    reason::value(clip(&text))
                ),
                &text,
            )),
        }
    }
}
