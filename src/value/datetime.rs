//! Dates and times as text: ISO 8601 and .NET patterns.

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};

use super::Value;

pub use super::date_pattern::{DatePattern, PatternError};

/// What a text says of a date and a time, before it becomes a value of some type.
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
pub(super) fn with_offset(
    local: NaiveDateTime,
    offset: FixedOffset,
) -> Option<chrono::DateTime<FixedOffset>> {
    let moment = offset.from_local_datetime(&local).single()?;
    in_years(moment.naive_utc().date()).then_some(moment)
}

/// Whether a date is within 0001-01-01 to 9999-12-31.
pub(super) fn in_years(date: NaiveDate) -> bool {
    (1..=9999).contains(&chrono::Datelike::year(&date))
}

/// Reads ISO 8601, then each pattern in turn; the first that matches the whole text wins.
/// Surrounding white space is ignored.
pub fn parse_date_text(text: &str, formats: &[DatePattern]) -> Option<DateText> {
    parse_iso(text).or_else(|| formats.iter().find_map(|format| format.parse(text)))
}

/// Reads ISO 8601 as documents write it: `2026-11-24` or `20261124`, then `T` or one blank and
/// `13:05`, `13:05:09` or `13:05:09.123456789` (1 to 9 digits), then `Z` or `+02:00`, which one
/// blank may precede. A time alone is read as well. Surrounding white space is ignored.
pub fn parse_iso(text: &str) -> Option<DateText> {
    let mut rest = Cursor::new(super::trim_xml(text));
    let mut found = DateText::default();
    if rest.byte_at(2) != Some(b':') {
        found.date = Some(rest.iso_date()?);
        if !rest.is_at_end() && (rest.take(b'T') || rest.take(b't') || rest.blank_then_digit()) {
            found.time = Some(rest.iso_time()?);
        }
    } else {
        found.time = Some(rest.iso_time()?);
    }
    if !rest.is_at_end() {
        rest.take(b' ');
        found.offset = Some(rest.iso_offset()?);
    }
    rest.is_at_end().then_some(found)
}

/// Reads a text from its front.
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.as_bytes() }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn byte_at(&self, index: usize) -> Option<u8> {
        self.rest.get(index).copied()
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.rest.first() == Some(&byte);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn blank_then_digit(&mut self) -> bool {
        self.byte_at(1).is_some_and(|b| b.is_ascii_digit()) && self.take(b' ')
    }

    /// Exactly `count` digits.
    pub(super) fn digits(&mut self, count: usize) -> Option<u32> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        let mut number = 0;
        for byte in taken {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            number = number * 10 + u32::from(digit);
        }
        self.rest = rest;
        Some(number)
    }

    /// As many digits as there are, up to `most`; how many, and their number.
    pub(super) fn digits_up_to(&mut self, most: usize) -> (usize, u32) {
        let count = self.rest.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
        (count, self.digits(count).unwrap_or(0))
    }

    /// One digit, or two.
    fn one_or_two_digits(&mut self) -> Option<u32> {
        let (count, number) = self.digits_up_to(2);
        (count > 0).then_some(number)
    }

    pub(super) fn two_or_fewer(&mut self, padded: bool) -> Option<u32> {
        if padded {
            return self.digits(2);
        }
        self.one_or_two_digits()
    }

    fn iso_date(&mut self) -> Option<NaiveDate> {
        let year = self.digits(4)?;
        let dashed = self.take(b'-');
        let month = self.digits(2)?;
        if dashed && !self.take(b'-') {
            return None;
        }
        date(year, month, self.digits(2)?)
    }

    fn iso_time(&mut self) -> Option<NaiveTime> {
        let hour = self.digits(2)?;
        if !self.take(b':') {
            return None;
        }
        let minute = self.digits(2)?;
        if !self.take(b':') {
            return NaiveTime::from_hms_opt(hour, minute, 0);
        }
        let second = self.digits(2)?;
        if !self.take(b'.') {
            return NaiveTime::from_hms_opt(hour, minute, second);
        }
        let (count, fraction) = self.digits_up_to(9);
        if count == 0 {
            return None;
        }
        NaiveTime::from_hms_nano_opt(hour, minute, second, nanoseconds(fraction, count))
    }

    pub(super) fn iso_offset(&mut self) -> Option<FixedOffset> {
        if self.take(b'Z') || self.take(b'z') {
            return FixedOffset::east_opt(0);
        }
        let sign = self.sign()?;
        let hours = self.digits(2)?;
        if !self.take(b':') {
            return None;
        }
        offset(sign, hours, self.digits(2)?)
    }

    pub(super) fn sign(&mut self) -> Option<i32> {
        match self.byte_at(0)? {
            b'+' if self.take(b'+') => Some(1),
            b'-' if self.take(b'-') => Some(-1),
            _ => None,
        }
    }

    /// The text, exactly.
    pub(super) fn literal(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text.as_bytes())?;
        Some(())
    }

    /// The index of the name that comes first in the text, ignoring case.
    pub(super) fn name(&mut self, names: &[&str]) -> Option<u32> {
        let starts = |name: &&str| {
            self.rest.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name.as_bytes()))
        };
        let index = names.iter().position(starts)?;
        self.rest = &self.rest[names[index].len()..];
        Some(index as u32)
    }
}

pub(super) fn date(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year as i32, month, day).filter(|_| year >= 1)
}

pub(super) fn offset(sign: i32, hours: u32, minutes: u32) -> Option<FixedOffset> {
    if minutes > 59 || hours * 60 + minutes > 14 * 60 {
        return None;
    }
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60) as i32)
}

/// A fraction of `count` digits as nanoseconds.
pub(super) fn nanoseconds(fraction: u32, count: usize) -> u32 {
    fraction * 10u32.pow(9 - count as u32)
}
