//! The static types of expressions: coarser than SQL's, as fine as the checks need.

use crate::value::SqlType;

/// The kind of an expression's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Not known, or in error already: it fits everywhere.
    Any,
    /// Always null.
    Null,
    /// True, false or unknown.
    Condition,
    /// Text, above all from the document. It converts beside something else.
    Text,
    /// A whole number.
    Integer,
    /// An exact number.
    Decimal,
    /// An inexact number.
    Float,
    /// A date without time.
    Date,
    /// A time without date.
    Time,
    /// A date with time.
    DateTime,
    /// A date with time and offset.
    DateTimeOffset,
    /// A uniqueidentifier.
    Guid,
    /// Bytes.
    Bytes,
}

/// Kinds that can be compared with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Number,
    Date,
    Time,
    Guid,
    Bytes,
}

impl Kind {
    /// The kind of a column of this type.
    pub fn of(sql_type: SqlType) -> Self {
        match sql_type {
            SqlType::Bit
            | SqlType::TinyInt
            | SqlType::SmallInt
            | SqlType::Int
            | SqlType::BigInt => Self::Integer,
            SqlType::Decimal { .. } | SqlType::Money => Self::Decimal,
            SqlType::Float | SqlType::Real => Self::Float,
            SqlType::Date => Self::Date,
            SqlType::Time(_) => Self::Time,
            SqlType::DateTime | SqlType::SmallDateTime | SqlType::DateTime2(_) => Self::DateTime,
            SqlType::DateTimeOffset(_) => Self::DateTimeOffset,
            SqlType::Char(_)
            | SqlType::VarChar(_)
            | SqlType::NChar(_)
            | SqlType::NVarChar(_)
            | SqlType::Xml => Self::Text,
            SqlType::UniqueIdentifier => Self::Guid,
            SqlType::VarBinary(_) => Self::Bytes,
        }
    }

    /// With its article, for messages.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Null => "NULL",
            Self::Condition => "a condition",
            Self::Text => "text",
            Self::Integer | Self::Decimal | Self::Float => "a number",
            Self::Date => "a date",
            Self::Time => "a time",
            Self::DateTime | Self::DateTimeOffset => "a date with time",
            Self::Guid => "a uniqueidentifier",
            Self::Bytes => "bytes",
        }
    }

    fn class(self) -> Option<Class> {
        Some(match self {
            Self::Integer | Self::Decimal | Self::Float => Class::Number,
            Self::Date | Self::DateTime | Self::DateTimeOffset => Class::Date,
            Self::Time => Class::Time,
            Self::Guid => Class::Guid,
            Self::Bytes => Class::Bytes,
            Self::Any | Self::Null | Self::Condition | Self::Text => return None,
        })
    }

    /// Whether it is a number of any exactness.
    pub fn is_number(self) -> bool {
        self.class() == Some(Class::Number)
    }

    /// Whether it is a date, with or without time.
    pub fn is_date(self) -> bool {
        self.class() == Some(Class::Date)
    }

    /// Whether values of both kinds can be equal. Text converts to the other kind.
    pub fn is_comparable(self, other: Self) -> bool {
        match (self.class(), other.class()) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        }
    }

    /// The kind of a value that comes from either.
    pub fn or(self, other: Self) -> Self {
        use Kind::{Any, Date, DateTime, DateTimeOffset, Decimal, Float, Null};
        match (self, other) {
            (a, b) if a == b => a,
            (Null, kind) | (kind, Null) => kind,
            (a, b) if a.is_number() && b.is_number() => {
                if [a, b].contains(&Float) {
                    Float
                } else {
                    Decimal
                }
            }
            (DateTimeOffset, Date | DateTime) | (Date | DateTime, DateTimeOffset) => DateTimeOffset,
            (Date, DateTime) | (DateTime, Date) => DateTime,
            _ => Any,
        }
    }

    /// Whether a value of this kind can be stored in a column of this type.
    pub fn converts_to(self, sql_type: SqlType) -> bool {
        let to = Self::of(sql_type);
        match self {
            Self::Any | Self::Null | Self::Text => true,
            Self::Condition => false,
            _ if sql_type.is_character() => true,
            Self::Bytes => to == Self::Bytes,
            Self::Guid => to == Self::Guid,
            Self::Time => matches!(to, Self::Time | Self::DateTime | Self::DateTimeOffset),
            Self::DateTime | Self::DateTimeOffset => to.is_date() || to == Self::Time,
            Self::Date => to.is_date(),
            Self::Integer | Self::Decimal | Self::Float => to.is_number(),
        }
    }
}
