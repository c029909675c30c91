//! Text to numbers, identifiers and bytes.

use uuid::Uuid;

use super::error::ConversionFault;
use crate::value::decimal;
use crate::value::Value;

type Parsed<T = Value> = Result<T, ConversionFault>;

/// SQL Server has neither infinities nor numbers below the smallest normal one.
pub fn double(number: f64) -> Parsed {
    if !number.is_finite() {
        return Err(ConversionFault::OutOfRange);
    }
    Ok(Value::Float(if number.is_normal() { number } else { 0.0 }))
}

pub fn single(number: f32) -> Parsed {
    if !number.is_finite() {
        return Err(ConversionFault::OutOfRange);
    }
    Ok(Value::Float(if number.is_normal() { number.into() } else { 0.0 }))
}

pub fn parse_bit(text: &str) -> Parsed {
    if text.eq_ignore_ascii_case("true") {
        return Ok(Value::Bit(true));
    }
    if text.eq_ignore_ascii_case("false") {
        return Ok(Value::Bit(false));
    }
    match parse_integer(text.as_bytes()) {
        Ok(number) => Ok(Value::Bit(number != 0)),
        Err(ConversionFault::OutOfRange) => Ok(Value::Bit(true)),
        Err(fault) => Err(fault),
    }
}

pub fn parse_integer(text: &[u8]) -> Parsed<i64> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, text),
    };
    if digits.is_empty() {
        return Err(ConversionFault::NotA);
    }
    if digits.len() > 18 {
        return parse_long_integer(negative, digits);
    }
    let mut number = 0i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(ConversionFault::NotA);
        }
        number = number * 10 + i64::from(digit);
    }
    Ok(if negative { -number } else { number })
}

fn parse_long_integer(negative: bool, digits: &[u8]) -> Parsed<i64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(ConversionFault::NotA);
    }
    let magnitude = decimal::read(digits)?.units;
    i64::try_from(if negative { -magnitude } else { magnitude })
        .map_err(|_| ConversionFault::OutOfRange)
}

pub fn parse_guid(text: &str) -> Parsed {
    let inside = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
    if inside.len() != 36 {
        return Err(ConversionFault::NotA);
    }
    Uuid::try_parse(inside).map(Value::Guid).map_err(|_| ConversionFault::NotA)
}

pub fn parse_hex(text: &str) -> Parsed<Vec<u8>> {
    let digits =
        text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).ok_or(ConversionFault::NotA)?;
    let nibble = |b: u8| (b as char).to_digit(16).ok_or(ConversionFault::NotA);
    let (pairs, odd) = digits.as_bytes().as_chunks::<2>();
    if !odd.is_empty() {
        return Err(ConversionFault::NotA);
    }
    pairs.iter().map(|[high, low]| Ok((nibble(*high)? << 4 | nibble(*low)?) as u8)).collect()
}
