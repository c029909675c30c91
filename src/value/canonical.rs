//! Values as text: for JSON, CSV, the embedded store, and `CAST` to a character type.

use std::fmt::Write;

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use compact_str::{CompactString, ToCompactString};

use super::sql_type::SqlType;
use super::typed::Value;

/// The canonical text of a value of a type; `None` for null.
///
/// Numbers are plain digits (`float` and `real` the shortest text that reads back the same, with
/// an exponent from 1e16 on and below 1e-4), `bit` is 0 or 1, dates and times are ISO 8601 with
/// the type's digits (`2026-11-24T13:05:09.123`), identifiers and `0x…` bytes are upper case.
pub fn to_text(value: &Value, sql_type: SqlType) -> Option<CompactString> {
    let digits = match sql_type {
        SqlType::Time(n) | SqlType::DateTime2(n) | SqlType::DateTimeOffset(n) => n,
        SqlType::DateTime => 3,
        _ => 0,
    };
    match value {
        Value::Float(number) if sql_type == SqlType::Real => Some(float(*number as f32)),
        _ if sql_type.is_temporal() => written(value, Digits::Exactly(digits)),
        _ => plain_text(value),
    }
}

/// The text of a value whose type is not known: as [`to_text`], with as many digits after the
/// second as are not zero.
pub fn plain_text(value: &Value) -> Option<CompactString> {
    written(value, Digits::AsNeeded)
}

/// Digits after the second.
#[derive(Clone, Copy)]
enum Digits {
    Exactly(u8),
    AsNeeded,
}

fn written(value: &Value, digits: Digits) -> Option<CompactString> {
    let text = match value {
        Value::Null => return None,
        Value::Bit(bit) => CompactString::const_new(if *bit { "1" } else { "0" }),
        Value::Int(number) => number.to_compact_string(),
        Value::Decimal(number) => number.to_compact_string(),
        Value::Float(number) => float(*number),
        Value::Date(date) => Line::EMPTY.date(*date).finish(),
        Value::Time(time) => Line::EMPTY.time(*time, digits).finish(),
        Value::DateTime(both) => {
            Line::EMPTY.date(both.date()).byte(b'T').time(both.time(), digits).finish()
        }
        Value::DateTimeOffset(both) => {
            let local = both.naive_local();
            Line::EMPTY
                .date(local.date())
                .byte(b'T')
                .time(local.time(), digits)
                .offset(both.offset().local_minus_utc())
                .finish()
        }
        Value::Text(text) => text.clone(),
        Value::Guid(guid) => {
            let mut buffer = uuid::Uuid::encode_buffer();
            CompactString::new(guid.hyphenated().encode_upper(&mut buffer))
        }
        Value::Bytes(bytes) => hex(bytes),
    };
    Some(text)
}

/// The shortest text that reads back as the same number.
fn float<T: std::fmt::Debug>(number: T) -> CompactString {
    let mut text = CompactString::default();
    // Writing to a string does not fail.
    let _ = write!(text, "{number:?}");
    if text.ends_with(".0") {
        text.truncate(text.len() - 2);
    }
    text
}

fn hex(bytes: &[u8]) -> CompactString {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = CompactString::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}

/// A date and time being written; the longest is `2026-11-24T13:05:09.123456789+02:00`.
struct Line {
    bytes: [u8; 35],
    length: usize,
}

impl Line {
    const EMPTY: Line = Line { bytes: [0; 35], length: 0 };

    fn byte(mut self, byte: u8) -> Self {
        self.bytes[self.length] = byte;
        self.length += 1;
        self
    }

    fn number(mut self, mut number: u32, width: usize) -> Self {
        for place in (self.length..self.length + width).rev() {
            self.bytes[place] = b'0' + (number % 10) as u8;
            number /= 10;
        }
        self.length += width;
        self
    }

    fn date(self, date: NaiveDate) -> Self {
        self.number(date.year() as u32, 4)
            .byte(b'-')
            .number(date.month(), 2)
            .byte(b'-')
            .number(date.day(), 2)
    }

    fn time(self, time: NaiveTime, digits: Digits) -> Self {
        let line = self
            .number(time.hour(), 2)
            .byte(b':')
            .number(time.minute(), 2)
            .byte(b':')
            .number(time.second(), 2);
        let fraction = time.nanosecond();
        let digits = match digits {
            Digits::Exactly(digits) => digits.into(),
            Digits::AsNeeded => {
                (0..9).find(|n| fraction.is_multiple_of(10u32.pow(9 - n))).unwrap_or(9)
            }
        };
        if digits == 0 {
            return line;
        }
        line.byte(b'.').number(fraction / 10u32.pow(9 - digits), digits as usize)
    }

    fn offset(self, seconds: i32) -> Self {
        let minutes = seconds.unsigned_abs() / 60;
        self.byte(if seconds < 0 { b'-' } else { b'+' })
            .number(minutes / 60, 2)
            .byte(b':')
            .number(minutes % 60, 2)
    }

    fn finish(self) -> CompactString {
        CompactString::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}
