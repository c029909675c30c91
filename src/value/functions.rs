//! The scalar functions of expressions, over borrowed text and values.
//!
//! Lengths and positions count UTF-16 units, as SQL Server does; a cut never splits a character,
//! so that one outside the Basic Multilingual Plane is in or out as a whole.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::decimal::{self, Decimal, DecimalError, DecimalFault};
use super::text::{clip, trim_xml};
use crate::reason::{self, formed, known, reason, Reason};

pub use super::calendar::{
    date_add, date_diff, day, moment, month, switch_offset, year, DateError, DatePart,
};
pub use super::encoded::{from_base64, from_hex};
pub use super::like::{LikeError, LikePattern};

/// A negative length, which SQL Server refuses too (error 537).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
pub struct NegativeLength(pub i64);

impl NegativeLength {
    /// The sentence.
    pub fn reason(self) -> Reason {
        let length = formed(self.0, "-#");
        reason!("a length of {} is negative: LEFT, RIGHT and SUBSTRING take 0 or more", length)
    }
}

/// Text that [`number`] cannot read: not one number, or one with too many digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
pub struct NumberError(String, &'static str);

impl NumberError {
    /// The sentence.
    pub fn reason(&self) -> Reason {
        reason!("{} {}", reason::value(&self.0), known(self.1))
    }
}

const NOT_A_NUMBER: &str = "is not a number: NUMBER reads digits with a sign or accounting \
                            parentheses, one point, a currency sign and groups of three, such as \
                            $1,234.50";
const TOO_LONG: &str = "has more than 38 digits before the point";

/// Order of two texts as SQL compares them here: by code point, blanks at the end ignored.
/// The shorter one counts as padded with blanks, so that a tab sorts before nothing.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (trim_end(a).as_bytes(), trim_end(b).as_bytes());
    // UTF-8 sorts as its code points do.
    let common = a.len().min(b.len());
    let beside_blanks = |rest: &[u8]| {
        let more = rest.iter().find(|byte| **byte != b' ');
        more.map_or(Ordering::Equal, |more| more.cmp(&b' '))
    };
    a[..common]
        .cmp(&b[..common])
        .then_with(|| beside_blanks(&a[common..]))
        .then_with(|| beside_blanks(&b[common..]).reverse())
}

/// Whether two texts are equal, blanks at the end ignored.
pub fn equal(a: &str, b: &str) -> bool {
    trim_end(a) == trim_end(b)
}

/// `TRIM`: without blanks at both ends; no other white space goes, as in SQL Server.
pub fn trim(text: &str) -> &str {
    text.trim_matches(' ')
}

/// `LTRIM`: without blanks at the start.
pub fn trim_start(text: &str) -> &str {
    text.trim_start_matches(' ')
}

/// `RTRIM`: without blanks at the end.
pub fn trim_end(text: &str) -> &str {
    text.trim_end_matches(' ')
}

/// `UPPER`: character by character, so that `ß` stays and the length never changes.
pub fn upper(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            true => Cow::Owned(text.to_ascii_uppercase()),
            false => Cow::Borrowed(text),
        };
    }
    mapped(text, |c| single(c, c.to_uppercase()))
}

/// `LOWER`: character by character.
pub fn lower(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => Cow::Borrowed(text),
        };
    }
    mapped(text, |c| single(c, c.to_lowercase()))
}

fn mapped(text: &str, map: impl Fn(char) -> char) -> Cow<'_, str> {
    match text.chars().all(|c| map(c) == c) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().map(map).collect()),
    }
}

/// The mapped character, or the character itself when it maps to several.
fn single(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// `LEN`: UTF-16 units without blanks at the end.
pub fn len(text: &str) -> i64 {
    units(trim_end(text)) as i64
}

fn units(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.chars().map(char::len_utf16).sum()
}

/// The byte at which the first `count` units end.
fn offset(text: &str, count: usize) -> usize {
    if count >= text.len() {
        return text.len();
    }
    if text.is_ascii() {
        return count;
    }
    let mut seen = 0;
    let beyond = text.char_indices().find(|(_, c)| {
        seen += c.len_utf16();
        seen > count
    });
    beyond.map_or(text.len(), |(i, _)| i)
}

fn length(count: i64) -> Result<usize, NegativeLength> {
    usize::try_from(count).map_err(|_| NegativeLength(count))
}

/// `LEFT(text, count)`
pub fn left(text: &str, count: i64) -> Result<&str, NegativeLength> {
    Ok(&text[..offset(text, length(count)?)])
}

/// `RIGHT(text, count)`
pub fn right(text: &str, count: i64) -> Result<&str, NegativeLength> {
    let dropped = units(text).saturating_sub(length(count)?);
    let start = offset(text, dropped);
    // A character across the cut is left out here too.
    let start = match units(&text[..start]) < dropped {
        true => start + text[start..].chars().next().map_or(0, char::len_utf8),
        false => start,
    };
    Ok(&text[start..])
}

/// `SUBSTRING(text, start, count)`: positions from 1; positions before 1 count but hold nothing,
/// so that `SUBSTRING('abc', 0, 2)` is `a`.
pub fn substring(text: &str, start: i64, count: i64) -> Result<&str, NegativeLength> {
    length(count)?;
    let end = start.saturating_add(count).saturating_sub(1).max(0) as usize;
    let skipped = start.saturating_sub(1).max(0) as usize;
    let kept = left(text, end as i64)?;
    right(kept, units(kept).saturating_sub(skipped) as i64)
}

/// `REPLACE(text, from, to)`: every occurrence, case-sensitively; an empty `from` changes nothing.
pub fn replace<'a>(text: &'a str, from: &str, to: &str) -> Cow<'a, str> {
    if from.is_empty() || !text.contains(from) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(from, to))
}

/// `DIGITS(text)`: the digits 0 to 9 of a text, leading zeros kept; `None` when it has none.
pub fn digits(text: &str) -> Option<Cow<'_, str>> {
    let count = text.bytes().filter(u8::is_ascii_digit).count();
    match count {
        0 => None,
        _ if count == text.len() => Some(Cow::Borrowed(text)),
        _ => {
            let mut kept = String::with_capacity(count);
            kept.extend(text.chars().filter(char::is_ascii_digit));
            Some(Cow::Owned(kept))
        }
    }
}

/// `NUMBER(text)`: the number in a text written for people; `None` when it is blank.
///
/// Dropped are currency signs, blanks of any kind, and commas or blanks that group digits before
/// the point: the group before the point has three digits, those further left two or three, so
/// that `1,5` is refused and not 15. A sign is before or after the currency sign;
/// parentheses around it all make it negative. A number with an exponent, `1.5E3`, has none of these.
/// Other letters and percent signs are refused.
pub fn number(text: &str) -> Result<Option<Decimal>, NumberError> {
    if let Ok(plain) = decimal::read(trim_xml(text).as_bytes()) {
        return Ok(Some(plain));
    }
    let inside = text.trim();
    if inside.is_empty() {
        return Ok(None);
    }
    if let Some(plain) = decimal::without_exponent(inside) {
        let read = plain.and_then(|plain| decimal::read(plain.as_bytes()).ok());
        return read.map(Some).ok_or_else(|| NumberError(clip(text), TOO_LONG));
    }
    let refused = || NumberError(clip(text), NOT_A_NUMBER);
    let (accounting, inside) =
        match inside.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(inside) => (true, inside.trim()),
            None => (false, inside),
        };
    let (sign, figures) = unsigned(inside).ok_or_else(refused)?;
    if accounting && sign.is_some() {
        return Err(refused());
    }
    let plain = ungrouped(figures).ok_or_else(refused)?;
    let magnitude = decimal::read(plain.as_bytes()).map_err(|fault| match fault {
        DecimalFault::NotADecimal => refused(),
        DecimalFault::Overflow => NumberError(clip(text), TOO_LONG),
    })?;
    Ok(Some(if accounting || sign == Some('-') { -magnitude } else { magnitude }))
}

/// The sign, and the text without sign, currency sign and the blanks between them.
fn unsigned(text: &str) -> Option<(Option<char>, &str)> {
    let (mut sign, mut currency) = (None, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '+' | '-' | '\u{2212}' if sign.is_none() => {
                sign = Some(if c == '+' { '+' } else { '-' });
            }
            _ if is_currency_sign(c) && !currency => currency = true,
            _ if c.is_whitespace() => {}
            _ => break,
        }
        rest = &rest[c.len_utf8()..];
    }
    if let Some(figures) = rest.strip_suffix(is_currency_sign) {
        return (!currency).then(|| (sign, figures.trim_end()));
    }
    Some((sign, rest))
}

/// Unicode's currency symbols that documents hold.
fn is_currency_sign(c: char) -> bool {
    matches!(
        c,
        '$' | '¢' | '£' | '¤' | '¥' | '฿' | '\u{20A0}'
            ..='\u{20CF}' | '\u{FF04}' | '\u{FFE1}' | '\u{FFE5}'
    )
}

/// Digits and point without the marks that group digits; `None` when these do not group.
fn ungrouped(figures: &str) -> Option<String> {
    let (whole, fraction) = match figures.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (figures, None),
    };
    let mut plain = String::with_capacity(figures.len());
    let mut groups = whole.split(|c: char| c == ',' || c.is_whitespace()).peekable();
    let mut first = true;
    while let Some(group) = groups.next() {
        let is_last = groups.peek().is_none();
        let fits = match group.len() {
            3 => true,
            2 => first || !is_last,
            1 => first,
            _ => first && is_last,
        };
        if !fits {
            return None;
        }
        plain.push_str(group);
        first = false;
    }
    if let Some(fraction) = fraction {
        plain.push('.');
        plain.push_str(fraction);
    }
    plain.starts_with(|c: char| c.is_ascii_digit() || c == '.').then_some(plain)
}

/// `FIRST_NUMBER(text)`: the first number in a text, such as 12.5 in `about 12.5 m`; `None` when
/// it has none. A sign right before it belongs to it, and so do commas before groups of three
/// digits. Overflow when it has more than 38 digits before the point.
pub fn first_number(text: &str) -> Result<Option<Decimal>, DecimalError> {
    let bytes = text.as_bytes();
    let digit_at = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let Some(start) =
        (0..bytes.len()).find(|i| digit_at(*i) || bytes[*i] == b'.' && digit_at(i + 1))
    else {
        return Ok(None);
    };
    let mut plain = String::new();
    if text[..start].ends_with(['-', '\u{2212}']) {
        plain.push('-');
    }
    let mut at = start;
    let take_digits = |at: &mut usize, plain: &mut String| {
        let from = *at;
        while digit_at(*at) {
            *at += 1;
        }
        plain.push_str(&text[from..*at]);
        *at - from
    };
    let mut group = take_digits(&mut at, &mut plain);
    while (1..=3).contains(&group) && bytes.get(at) == Some(&b',') && is_group(&bytes[at + 1..]) {
        at += 1;
        group = take_digits(&mut at, &mut plain);
    }
    if bytes.get(at) == Some(&b'.') && digit_at(at + 1) {
        at += 1;
        plain.push('.');
        take_digits(&mut at, &mut plain);
    }
    Decimal::parse(&plain).map(Some)
}

/// Whether just three digits come next.
fn is_group(bytes: &[u8]) -> bool {
    bytes.iter().take(4).take_while(|b| b.is_ascii_digit()).count() == 3
}
