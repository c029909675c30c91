//! What a single value can be read as.

use serde::{Deserialize, Serialize};

use super::dates::{date, is_compact_date, is_zoned_date, time_of_day, DateParts, DateShape};
use crate::value::functions::number;

/// The narrowest form that a value has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Shape {
    /// `true` or `false`.
    Truth,
    /// At most 18 digits, perhaps with a minus, without leading zeros.
    Whole,
    /// Digits that a number would not keep: leading zeros, a plus, or more than 18.
    Digits,
    /// `12.50`, with at most 38 digits.
    Decimal,
    /// `1.5E3`.
    Exponent,
    /// A number for people, which NUMBER() reads: `1,234.50` or `$ 12`.
    Grouped,
    /// `12,50`.
    Comma,
    /// A date, with or without a time.
    Date(DateShape),
    /// A date alone with `Z` or an offset from UTC, as XML Schema allows.
    ZonedDate,
    /// A time of day.
    Time,
    /// A time of day with `Z` or an offset from UTC.
    ZonedTime,
    /// A GUID in its usual form.
    Guid,
    /// Bytes as base64.
    Base64,
    /// Anything else.
    Text,
}

impl Shape {
    /// Whether values of this shape have digits before a point.
    pub(super) fn has_digits(self) -> bool {
        use Shape::{Comma, Decimal, Digits, Grouped, Whole};
        matches!(self, Whole | Digits | Decimal | Grouped | Comma)
    }
}

/// What a value tells besides its shape.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Detail {
    /// Of a whole number.
    pub(super) whole: i64,
    /// Digits before and after the point.
    pub(super) digits: (u32, u32),
    pub(super) is_compact_date: bool,
    pub(super) date: DateParts,
}

/// The shape of a text without white space around it, which is not empty.
pub(super) fn shape(text: &str) -> (Shape, Detail) {
    let mut detail = Detail::default();
    let bytes = text.as_bytes();
    let shape = match bytes[0] {
        b'0'..=b'9' => begins_with_digit(text, &mut detail),
        b'-' | b'+' | b'.' => plain_number(text, &mut detail),
        b't' | b'f' if text == "true" || text == "false" => Some(Shape::Truth),
        b'A'..=b'Z' | b'a'..=b'z' => named_date(text, &mut detail),
        _ => None,
    };
    let shape = shape.or_else(|| guid(bytes)).or_else(|| grouped(text, &mut detail));
    (shape.or_else(|| base64(bytes)).unwrap_or(Shape::Text), detail)
}

fn begins_with_digit(text: &str, detail: &mut Detail) -> Option<Shape> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.as_bytes().get(digits) {
        None | Some(b'.' | b'e' | b'E') => {
            plain_number(text, detail).or_else(|| dated(text, detail))
        }
        Some(b':') => time_of_day(text).map(|(fraction, is_zoned)| {
            detail.date.fraction = fraction;
            if is_zoned {
                Shape::ZonedTime
            } else {
                Shape::Time
            }
        }),
        Some(b'-' | b'/' | b' ') => dated(text, detail),
        Some(b',') => comma(text, detail),
        _ => None,
    }
}

fn dated(text: &str, detail: &mut Detail) -> Option<Shape> {
    match date(text) {
        Some((shape, parts)) => {
            detail.date = parts;
            Some(Shape::Date(shape))
        }
        None => is_zoned_date(text).then_some(Shape::ZonedDate),
    }
}

fn named_date(text: &str, detail: &mut Detail) -> Option<Shape> {
    // The shortest is `May 1, 2026`.
    if text.len() < 10 || !text.as_bytes()[text.len() - 1].is_ascii_alphanumeric() {
        return None;
    }
    dated(text, detail)
}

/// Digits with a sign, a point, an exponent.
fn plain_number(text: &str, detail: &mut Detail) -> Option<Shape> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (before, after) = match unsigned.split_once('.') {
        Some((before, after)) => (before, Some(after)),
        None => (unsigned, None),
    };
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(before) || before.is_empty() && after.is_none_or(str::is_empty) {
        return None;
    }
    if !after.is_none_or(are_digits) {
        return None;
    }
    if let Some(exponent) = exponent {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        let is_finite = || text.parse().is_ok_and(f64::is_finite);
        let is_number = !exponent.is_empty() && are_digits(exponent) && is_finite();
        return is_number.then_some(Shape::Exponent);
    }
    let is_padded = before.len() > 1 && before.starts_with('0');
    let digits = before.trim_start_matches('0').len().max(1) as u32;
    detail.digits = (digits, after.map_or(0, str::len) as u32);
    if after.is_none() {
        match text.parse() {
            Ok(whole) => detail.whole = whole,
            Err(_) => {
                detail.whole = if text.starts_with('-') { i64::MIN } else { i64::MAX };
                detail.digits.0 = digits.max(20);
            }
        }
    }
    match after {
        _ if is_padded || mantissa.starts_with('+') => Some(Shape::Digits),
        None if before.len() > 18 => Some(Shape::Digits),
        None => {
            detail.is_compact_date = before.len() == 8 && is_compact_date(detail.whole);
            Some(Shape::Whole)
        }
        Some(after) => (before.len() + after.len() <= 38).then_some(Shape::Decimal),
    }
}

/// `12,50`, or `1,234` and `1,234.50`.
fn comma(text: &str, detail: &mut Detail) -> Option<Shape> {
    let (before, after) = text.split_once(',')?;
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match are_digits(before) && are_digits(after) && after.len() != 3 && before.len() <= 18 {
        true => {
            detail.digits = (before.len() as u32, after.len() as u32);
            Some(Shape::Comma)
        }
        false => None,
    }
}

/// What NUMBER() reads although CAST does not.
fn grouped(text: &str, detail: &mut Detail) -> Option<Shape> {
    // Without this, each word would be tried.
    let is_long = text.len() > 40 || !text.bytes().any(|byte| byte.is_ascii_digit());
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    if is_long || letters > 0 {
        return None;
    }
    let read = number(text).ok().flatten()?;
    let read = read.to_string();
    let (before, after) = read.split_once('.').unwrap_or((&read, ""));
    detail.digits = (before.trim_start_matches('-').len() as u32, after.len() as u32);
    Some(Shape::Grouped)
}

fn guid(bytes: &[u8]) -> Option<Shape> {
    let fits = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    (bytes.len() == 36 && bytes.iter().enumerate().all(fits)).then_some(Shape::Guid)
}

/// Base64 of at least 30 bytes that no word would be: capitals, small letters and digits.
fn base64(bytes: &[u8]) -> Option<Shape> {
    if bytes.len() < 40 {
        return None;
    }
    let (mut characters, mut padding) = (0_usize, 0_usize);
    let (mut upper, mut lower, mut digit) = (false, false, false);
    for byte in bytes {
        match byte {
            b'A'..=b'Z' => upper = true,
            b'a'..=b'z' => lower = true,
            b'0'..=b'9' => digit = true,
            b'+' | b'/' => {}
            b'=' => {
                padding += 1;
                continue;
            }
            b'\n' | b'\r' | b'\t' | b' ' => continue,
            _ => return None,
        }
        if padding > 0 {
            return None;
        }
        characters += 1;
    }
    let is_whole = padding <= 2 && (characters + padding) % 4 == 0;
    (is_whole && upper && lower && digit).then_some(Shape::Base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (text, expected) in [
            ("true", Shape::Truth),
            ("0", Shape::Whole),
            ("-12", Shape::Whole),
            ("007", Shape::Digits),
            ("+4712345678", Shape::Digits),
            ("1234567890123456789", Shape::Digits),
            ("12.50", Shape::Decimal),
            (".5", Shape::Decimal),
            ("1.5E3", Shape::Exponent),
            ("1e-4", Shape::Exponent),
            ("$ 1,234.50", Shape::Grouped),
            ("1,234", Shape::Grouped),
            ("12,50", Shape::Comma),
            ("13:05:59", Shape::Time),
            ("6f9619ff-8b86-d011-b42d-00c04fc964ff", Shape::Guid),
            ("Oslo", Shape::Text),
            ("A-12", Shape::Text),
            ("12 Main Street", Shape::Text),
            ("1.2.3", Shape::Text),
            ("-", Shape::Text),
            ("e5", Shape::Text),
            ("3.3E8181", Shape::Text),
            ("Mayor of Casterbridge", Shape::Text),
            ("R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs9", Shape::Base64),
        ] {
            assert_eq!(shape(text).0, expected, "{text}");
        }
        assert!(matches!(shape("24.11.2026").0, Shape::Date(_)));
        assert!(matches!(shape("2026-11-24").0, Shape::Date(_)));
        assert!(shape("20261124").1.is_compact_date);
    }
}
