//! Values as text: for JSON, CSV, the embedded store, and `CAST` to a character type.

use std::fmt::Write;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use compact_str::{format_compact, CompactString, ToCompactString};

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
        Value::Decimal(number) => number.to_text(),
        Value::Float(number) => float(*number),
        Value::Date(date) => dated(*date),
        Value::Time(time) => timed(*time, digits),
        Value::DateTime(both) => at(*both, digits),
        Value::DateTimeOffset(both) => {
            let mut text = at(both.naive_local(), digits);
            let _ = write!(text, "{}", both.offset());
            text
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

/// A date and a time of day.
fn at(both: NaiveDateTime, digits: Digits) -> CompactString {
    let mut text = dated(both.date());
    text.push('T');
    text.push_str(&timed(both.time(), digits));
    text
}

fn dated(date: NaiveDate) -> CompactString {
    match u32::try_from(date.year()) {
        Ok(year @ 0..=9999) => {
            let mut text = *b"0000-00-00";
            two_digits(&mut text[..2], year / 100);
            two_digits(&mut text[2..4], year % 100);
            two_digits(&mut text[5..7], date.month());
            two_digits(&mut text[8..], date.day());
            CompactString::from_utf8_lossy(&text)
        }
        // No type of SQL Server has such a year; chrono writes a sign before it.
        _ => format_compact!("{date}"),
    }
}

fn timed(time: NaiveTime, digits: Digits) -> CompactString {
    let mut text = *b"00:00:00.000000000";
    two_digits(&mut text[..2], time.hour());
    two_digits(&mut text[3..5], time.minute());
    two_digits(&mut text[6..8], time.second());
    let mut nanoseconds = time.nanosecond();
    for digit in text[9..].iter_mut().rev() {
        *digit = b'0' + (nanoseconds % 10) as u8;
        nanoseconds /= 10;
    }
    let digits = match digits {
        Digits::Exactly(digits) => usize::from(digits.min(9)),
        Digits::AsNeeded => {
            text.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last.saturating_sub(8))
        }
    };
    CompactString::from_utf8_lossy(&text[..if digits == 0 { 8 } else { 9 + digits }])
}

fn two_digits(text: &mut [u8], number: u32) {
    text[0] = b'0' + (number / 10) as u8;
    text[1] = b'0' + (number % 10) as u8;
}
