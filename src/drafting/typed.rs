//! A column's type, and the values that it takes.

use crate::profile::{Example, Seen, Shape};
use crate::value::SqlType;

/// A column's type, and how its value is read.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) sql_type: SqlType,
    pub(super) read: Read,
    /// What a person should know.
    pub(super) note: Option<String>,
    /// Values that the type does not take.
    pub(super) outliers: Vec<(u64, Vec<Example>)>,
}

/// What is written around the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read {
    /// The path alone.
    Plain,
    /// `NUMBER(path)`.
    Number,
    /// `REPLACE(path, ',', '.')`.
    DecimalComma,
    /// A date of one of these .NET patterns, or also of ISO 8601.
    Date(Vec<String>, bool),
    /// `FROM_BASE64(path)`.
    Base64,
    /// `FROM_HEX(path)`.
    Hex,
}

impl Read {
    /// How a path is read; the patterns of dates are not in it.
    pub(super) fn of(&self, path: String) -> String {
        match self {
            Self::Plain | Self::Date(..) => path,
            Self::Number => format!("NUMBER({path})"),
            Self::DecimalComma => format!("REPLACE({path}, ',', '.')"),
            Self::Base64 => format!("FROM_BASE64({path})"),
            Self::Hex => format!("FROM_HEX({path})"),
        }
    }

    /// The patterns of dates, and whether some are ISO 8601.
    pub(super) fn dates(self) -> (Vec<String>, bool) {
        match self {
            Self::Date(patterns, has_iso) => (patterns, has_iso),
            _ => (Vec::new(), false),
        }
    }
}

/// A type that fits most values, how they are read, what a person should know, and which it takes.
pub(super) type Candidate = (SqlType, Read, Option<String>, Accepts);
/// The values that a type takes.
pub(super) enum Accepts {
    Shapes(Vec<Shape>),
    /// Text of at most this length.
    Length(u32),
}

impl Accepts {
    pub(super) fn takes(&self, seen: &Seen) -> bool {
        match self {
            Self::Shapes(shapes) => shapes.contains(&seen.shape),
            Self::Length(_) => true,
        }
    }
}
