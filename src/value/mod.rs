//! Typed values and the SQL Server types they belong to.

mod calendar;
pub mod convert;
mod date_pattern;
pub mod datetime;
mod decimal;
pub mod functions;
mod like;
mod rounding;
mod sql_type;
mod text;
mod wide;

pub use decimal::{Decimal, DecimalError};
pub use sql_type::{ParseTypeError, SqlType};
pub use text::{plain_text, to_text};

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use compact_str::CompactString;
use uuid::Uuid;

/// One column value of one row, already converted to its column's [`SqlType`].
///
/// Range, precision, scale and length were enforced when the value was made, so a store never
/// has to round, cut or reject one.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// SQL NULL of any type.
    #[default]
    Null,
    /// `bit`.
    Bit(bool),
    /// `tinyint`, `smallint`, `int`, `bigint`.
    Int(i64),
    /// `decimal`, `numeric`, `money`; the scale is the column's.
    Decimal(Decimal),
    /// `float` and `real` (a `real` is already rounded to single precision).
    Float(f64),
    /// `date`.
    Date(NaiveDate),
    /// `time(n)`, already rounded to n fractional digits.
    Time(NaiveTime),
    /// `datetime`, `smalldatetime`, `datetime2(n)`, already rounded to what the type can hold.
    DateTime(NaiveDateTime),
    /// `datetimeoffset(n)`, already rounded to n fractional digits.
    DateTimeOffset(DateTime<FixedOffset>),
    /// `char`, `varchar`, `nchar`, `nvarchar`, `xml`.
    Text(CompactString),
    /// `uniqueidentifier`.
    Guid(Uuid),
    /// `varbinary`.
    Bytes(Box<[u8]>),
}

/// XML's white space; no other blank makes a text blank.
const fn is_xml_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whether a text is empty or only XML white space.
pub fn is_blank(text: &str) -> bool {
    text.bytes().all(is_xml_space)
}

/// `str::is_ascii`, which goes byte by byte through a short text's end and is mispredicted there.
#[inline(always)]
fn is_ascii(text: &str) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let bytes = text.as_bytes();
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let ends = u64::from_le_bytes(*first) | u64::from_le_bytes(*last);
        return ends & HIGH == 0 && (bytes.len() <= 16 || text.is_ascii());
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let ends = u32::from_le_bytes(*first) | u32::from_le_bytes(*last);
        return u64::from(ends) & HIGH == 0;
    }
    match bytes {
        [] => true,
        [first, .., last] => (first | bytes[bytes.len() / 2] | last) < 0x80,
        [only] => *only < 0x80,
    }
}

/// The text without surrounding XML white space.
pub fn trim_xml(text: &str) -> &str {
    let bytes = text.as_bytes();
    let unspaced = |first: Option<&u8>| first.is_none_or(|b| !is_xml_space(*b));
    if unspaced(bytes.first()) && unspaced(bytes.last()) {
        return text;
    }
    text.trim_matches(|c: char| c.is_ascii() && is_xml_space(c as u8))
}

/// A text as a sentence quotes it: its first 60 characters.
pub(crate) fn clip(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
