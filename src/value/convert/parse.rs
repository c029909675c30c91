//! Text to numbers, identifiers and bytes.

use uuid::Uuid;

use super::error::ConversionFault;
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
    match parse_integer(text) {
        Ok(number) => Ok(Value::Bit(number != 0)),
        Err(ConversionFault::OutOfRange) => Ok(Value::Bit(true)),
        Err(fault) => Err(fault),
    }
}

pub fn parse_integer(text: &str) -> Parsed<i64> {
    text.parse().map_err(|_| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text).as_bytes();
        match !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
            true => ConversionFault::OutOfRange,
            false => ConversionFault::NotA,
        }
    })
}

/// With or without dashes, in braces, or as a URN: `urn:uuid:…`.
pub fn parse_guid(text: &str) -> Parsed {
    const URN: &str = "urn:uuid:";
    let after_urn = text.get(..URN.len()).filter(|start| start.eq_ignore_ascii_case(URN));
    let inside = match after_urn {
        Some(urn) => &text[urn.len()..],
        None => text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text),
    };
    if !matches!(inside.len(), 32 | 36) {
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
