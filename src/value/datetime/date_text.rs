//! What a text holds of a date and a time.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};

use crate::value::Value;

/// SQL Server's day 0.
pub const BASE_DATE: NaiveDate = NaiveDate::from_ymd_opt(1900, 1, 1).expect("a date");

/// The date and time in a text, before it becomes a value of some type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DateText {
    /// The date, within 0001-01-01 to 9999-12-31.
    pub date: Option<NaiveDate>,
    /// The time of day with up to nine digits after the second, not rounded.
    pub time: Option<NaiveTime>,
    /// The offset from UTC, within 14 hours, when one was written.
    pub offset: Option<FixedOffset>,
}

impl DateText {
    /// The value of the type that holds just what was written: a date, a time, both, or both
    /// with an offset. The time is not rounded. `None` when neither was written, or when the
    /// moment in UTC is outside the years 1 to 9999.
    pub fn to_value(self) -> Option<Value> {
        match (self.date, self.time, self.offset) {
            (Some(date), None, _) => Some(Value::Date(date)),
            (None, Some(time), _) => Some(Value::Time(time)),
            (Some(date), Some(time), None) => Some(Value::DateTime(date.and_time(time))),
            (Some(date), Some(time), Some(offset)) => {
                with_offset(date.and_time(time), offset).map(Value::DateTimeOffset)
            }
            (None, None, _) => None,
        }
    }
}

/// The moment at which clocks with `offset` show `local`, within the years 1 to 9999 in UTC.
pub fn with_offset(local: NaiveDateTime, offset: FixedOffset) -> Option<DateTime<FixedOffset>> {
    let moment = offset.from_local_datetime(&local).single()?;
    in_years(moment.naive_utc().date()).then_some(moment)
}

/// Whether a date is within 0001-01-01 to 9999-12-31.
pub fn in_years(date: NaiveDate) -> bool {
    (1..=9999).contains(&date.year())
}
