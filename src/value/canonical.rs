//! Values as text: for JSON, CSV, the embedded store, and `CAST` to a character type.

use std::fmt::Write;

use chrono::{NaiveTime, Timelike};
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
        Value::Decimal(number) => number.to_compact_string(),
        Value::Float(number) => float(*number),
        Value::Date(date) => format_compact!("{date}"),
        Value::Time(time) => timed(*time, digits),
        Value::DateTime(both) => format_compact!("{}T{}", both.date(), timed(both.time(), digits)),
        Value::DateTimeOffset(both) => format_compact!(
            "{}T{}{}",
            both.naive_local().date(),
            timed(both.naive_local().time(), digits),
            both.offset()
        ),
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

fn timed(time: NaiveTime, digits: Digits) -> CompactString {
    let mut text = format_compact!(
        "{:02}:{:02}:{:02}.{:09}",
        time.hour(),
        time.minute(),
        time.second(),
        time.nanosecond()
    );
    let seconds = text.len() - 10;
    let digits = match digits {
        Digits::Exactly(digits) => digits.into(),
        Digits::AsNeeded => text[seconds + 1..].trim_end_matches('0').len(),
    };
    text.truncate(if digits == 0 { seconds } else { seconds + 1 + digits });
    text
}
