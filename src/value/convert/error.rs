//! Why a text or value is not one of a type.

use std::fmt;

use crate::reason::{formed, known, nested, number, reason, value, Reason};
use crate::value::decimal::DecimalFault;
use crate::value::SqlType;

/// Why a text or value is not one of a type. Its sentence names the value, the type, what it holds
/// and what to do; the caller adds where in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversionError {
    /// The type.
    pub sql_type: SqlType,
    /// The value, clipped.
    pub value: String,
    /// What is wrong with it.
    pub fault: ConversionFault,
    /// Why it is not XML; empty for all other faults.
    pub reason: Reason,
}

/// What is wrong with a value that does not convert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversionFault {
    /// It does not read as the type at all.
    NotA,
    /// It reads as the type, but is too small or too great.
    OutOfRange,
    /// Its length, in the type's unit, is more than the type's.
    TooLong(usize),
    /// `char` and `varchar` cannot store this character.
    CodePage(char),
    /// It is not what an `xml` column takes; the reason is beside it.
    NotXml,
}

impl std::error::Error for ConversionError {}

impl ConversionError {
    /// The sentence.
    pub fn reason(&self) -> Reason {
        let sql_type = self.sql_type;
        let (read, range) = (value(&self.value), known(sql_type.range_text()));
        match self.fault {
            ConversionFault::NotA => reason!(
                "{} cannot become {}: {}; TRY_CAST or on_error = \"null\" makes it null instead",
                read,
                known(sql_type),
                known(expected(sql_type))
            ),
            ConversionFault::OutOfRange => reason!(
                "{} is out of the range of {}, which is {}: correct the document or widen the type",
                read,
                known(sql_type),
                range
            ),
            ConversionFault::TooLong(length) => reason!(
                "{} has a length of {}, but {} holds {}: widen the type or set too_long = \"truncate\"",
                read,
                number(length),
                known(sql_type),
                range
            ),
            ConversionFault::CodePage(character) => reason!(
                "{} is not in code page 1252, which {} stores: use nchar or nvarchar",
                formed(
                    format_args!("`{character}` (U+{:04X}) in `{}`", character as u32, self.value),
                    "``"
                ),
                known(sql_type)
            ),
            ConversionFault::NotXml => reason!(
                "{} cannot become {}: {}; TRY_CAST or on_error = \"null\" makes it null instead",
                read,
                known(sql_type),
                nested(&self.reason)
            ),
        }
    }
}

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason().fmt(f)
    }
}

impl From<DecimalFault> for ConversionFault {
    fn from(fault: DecimalFault) -> Self {
        match fault {
            DecimalFault::NotADecimal => Self::NotA,
            DecimalFault::Overflow => Self::OutOfRange,
        }
    }
}

/// How a value of the type is written, for [`ConversionFault::NotA`].
fn expected(sql_type: SqlType) -> &'static str {
    match sql_type {
        SqlType::Bit => "write 0, 1, true or false",
        _ if sql_type.is_integer() => "write digits with an optional sign",
        SqlType::Decimal { .. } | SqlType::Money => {
            "write digits with an optional sign and one point, or use NUMBER for grouped text"
        }
        SqlType::Float | SqlType::Real => "write a number, with an exponent if need be",
        SqlType::Time(_) => "write HH:mm:ss, or add its pattern to date_formats",
        _ if sql_type.is_temporal() => "write ISO 8601, or add its pattern to date_formats",
        SqlType::UniqueIdentifier => "write 8-4-4-4-12 hexadecimal digits",
        SqlType::VarBinary(_) => "write 0x and an even number of hexadecimal digits",
        _ => "it has no text form here",
    }
}
