//! Parts of a calculated expression: the new contract's text for each, and what is known of it.

use super::sql;
use crate::value::Decimal;

#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) sql: String,
    pub(super) kind: Kind,
    /// It has a value for every document.
    pub(super) always: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text of the document.
    Field,
    /// Text in quotes.
    Text(String),
    /// A number as it is written.
    Literal,
    /// A calculated number.
    Number,
    /// `DATE('…')`: its text in ISO 8601.
    Date,
    /// A moved date.
    Moved,
    Condition,
    /// CASE, or nothing.
    Chosen,
}

impl Term {
    pub(super) fn new(kind: Kind, sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), kind, always: false }
    }

    pub(super) fn text(text: String) -> Self {
        Self { sql: sql::text(&text), kind: Kind::Text(text), always: true }
    }

    /// A number as it is written; None where the text is not a number.
    pub(super) fn literal(text: &str) -> Option<Self> {
        let sql = match text.parse::<i64>() {
            Ok(integer) => integer.to_string(),
            // Without a point it would be read as an integer, and is too large for that.
            Err(_) => match Decimal::parse(text).ok()? {
                decimal if decimal.scale == 0 => format!("{decimal}."),
                decimal => decimal.to_string(),
            },
        };
        Some(Self { sql, kind: Kind::Literal, always: true })
    }

    pub(super) fn number(sql: String) -> Self {
        Self::new(Kind::Number, sql)
    }

    pub(super) fn condition(sql: String) -> Self {
        Self::new(Kind::Condition, sql)
    }

    pub(super) fn is_date(&self) -> bool {
        matches!(self.kind, Kind::Date | Kind::Moved)
    }

    pub(super) fn is_blank(&self) -> bool {
        matches!(&self.kind, Kind::Text(text) if text.trim().is_empty())
    }

    /// Anything but a condition.
    pub(super) fn into_value(self) -> Result<String, String> {
        match self.kind {
            Kind::Condition => Err("its expression uses a condition as a value".to_owned()),
            _ => Ok(self.sql),
        }
    }

    pub(super) fn into_condition(self) -> Result<String, String> {
        match self.kind {
            Kind::Condition => Ok(self.sql),
            _ => Err("expected a condition in its expression, found a value".to_owned()),
        }
    }

    /// An operand of arithmetic.
    pub(super) fn into_operand(self) -> Result<String, String> {
        match &self.kind {
            Kind::Text(text) => Self::literal(text.trim())
                .map(|literal| literal.sql)
                .ok_or_else(|| format!("its expression calculates with the text '{text}'")),
            Kind::Field | Kind::Literal | Kind::Number | Kind::Chosen => Ok(self.sql),
            _ => Err("its expression calculates with something that is not a number".to_owned()),
        }
    }

    /// One side of a comparison of dates. Text that is not a date compares as unknown.
    pub(super) fn into_date(self) -> Result<String, String> {
        match self.kind {
            Kind::Date | Kind::Moved | Kind::Text(_) => Ok(self.sql),
            Kind::Field => Ok(format!("TRY_CAST({} AS datetime2(7))", self.sql)),
            _ => Err("its expression compares a date with something else".to_owned()),
        }
    }
}
