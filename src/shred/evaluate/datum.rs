//! Values on their way through an expression.

use std::borrow::Cow;

use crate::value::{plain_text, Number, Value};

/// A value on its way: text borrowed from the document, or anything typed.
#[derive(Debug, Clone)]
pub enum Datum<'t> {
    Text(Cow<'t, str>),
    /// Never [`Value::Text`].
    Value(Value),
}

/// A value, and the place of what it was read from.
pub(super) struct Placed<'t> {
    pub value: Datum<'t>,
    pub at: Option<u32>,
}

pub(super) const NULL: Datum<'static> = Datum::Value(Value::Null);

impl<'t> Datum<'t> {
    pub fn is_null(&self) -> bool {
        matches!(self, Datum::Value(Value::Null))
    }

    /// Whether it is a date or time, not text of one.
    pub fn is_temporal(&self) -> bool {
        matches!(self, Datum::Value(value) if value.is_temporal())
    }

    /// The text; `None` for null.
    pub(super) fn text(self) -> Option<Cow<'t, str>> {
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

    pub fn integer(number: i64) -> Self {
        Datum::Value(Value::Int(number))
    }

    pub fn from_value(value: &'t Value) -> Self {
        match value {
            Value::Text(text) => Datum::Text(Cow::Borrowed(text)),
            other => Datum::Value(other.clone()),
        }
    }
}

impl From<Number> for Datum<'_> {
    fn from(number: Number) -> Self {
        Datum::Value(number.into())
    }
}
