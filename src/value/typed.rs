//! Typed values.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use compact_str::CompactString;
use uuid::Uuid;

use super::decimal::Decimal;

/// One column value of one row, already converted to its column's [`SqlType`](super::SqlType).
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

/// What an allocation takes beside its bytes: a header, and the rest of 16 bytes.
const ALLOCATION: usize = 24;

impl Value {
    /// Bytes that it takes beside its own size, those of the allocator included.
    #[inline]
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Text(text) if text.is_heap_allocated() => text.capacity() + ALLOCATION,
            Self::Bytes(bytes) => bytes.len() + ALLOCATION,
            _ => 0,
        }
    }

    /// Whether it is a date, a time, or both.
    pub fn is_temporal(&self) -> bool {
        matches!(self, Self::Date(_) | Self::Time(_) | Self::DateTime(_) | Self::DateTimeOffset(_))
    }
}
