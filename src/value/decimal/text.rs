//! Decimals from text and from doubles, and back.

use std::fmt;

use compact_str::CompactString;

use super::exact::{Decimal, DecimalError, LIMIT, OVERFLOW, POWERS};
use crate::value::text::{clip, trim_xml};

/// Why [`read`] found no number, without the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalFault {
    NotADecimal,
    Overflow,
}

impl Decimal {
    /// Reads an optional sign, digits and at most one point, with a digit on one side of it.
    /// White space around it is ignored; grouping and exponents are refused. Digits after the
    /// point that do not fit 38 digits in all are cut; leading zeros do not count.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        read(trim_xml(text).as_bytes()).map_err(|fault| match fault {
            DecimalFault::NotADecimal => DecimalError::NotADecimal(clip(text)),
            DecimalFault::Overflow => OVERFLOW,
        })
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        // Both are exact doubles here, so that one division rounds once.
        if self.units.unsigned_abs() < 1 << 53 && self.scale <= 22 {
            return self.units as f64 / POWERS[self.scale as usize] as f64;
        }
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The shortest decimal of this double: 0.1 for 0.1. Digits after the 38th place
    /// are cut; infinities, NaN and magnitudes from 10^38 are overflow.
    pub fn from_f64(number: f64) -> Result<Self, DecimalError> {
        if !number.is_finite() {
            return Err(OVERFLOW);
        }
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa = Self::parse(mantissa)?;
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let scale = i32::from(mantissa.scale) - exponent;
        let shifted = |power: i32| POWERS.get(power as usize).copied().ok_or(OVERFLOW);
        match scale {
            0..=38 => Ok(Self { units: mantissa.units, scale: scale as u8 }),
            ..0 => {
                let units = mantissa.units.checked_mul(shifted(-scale)?).ok_or(OVERFLOW)?;
                Self::new(units, 0)
            }
            _ => {
                let units = shifted(scale - 38).map_or(0, |power| mantissa.units / power);
                Ok(Self { units, scale: 38 }.normalized())
            }
        }
    }
}

/// Reads `[+-]digits[.digits]` as [`Decimal::parse`] does.
pub fn read(text: &[u8]) -> Result<Decimal, DecimalFault> {
    let (negative, body) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    // Up to 18 digits and a point cannot overflow the narrow accumulator.
    let (magnitude, scale) = if body.len() <= 19 { read_short(body)? } else { read_long(body)? };
    Ok(Decimal { units: if negative { -magnitude } else { magnitude }, scale })
}

fn read_short(body: &[u8]) -> Result<(i128, u8), DecimalFault> {
    let mut units = 0u64;
    let mut point = None;
    for (i, &byte) in body.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            units = units * 10 + u64::from(digit);
        } else if byte == b'.' && point.is_none() {
            point = Some(i);
        } else {
            return Err(DecimalFault::NotADecimal);
        }
    }
    if body.len() == usize::from(point.is_some()) {
        return Err(DecimalFault::NotADecimal);
    }
    let scale = point.map_or(0, |i| body.len() - i - 1);
    Ok((i128::from(units), scale as u8))
}

fn read_long(body: &[u8]) -> Result<(i128, u8), DecimalFault> {
    let mut units = 0i128;
    let (mut scale, mut point, mut cut, mut overflow) = (0u8, false, false, false);
    for &byte in body {
        let digit = byte.wrapping_sub(b'0');
        match byte {
            b'.' if !point => point = true,
            _ if digit > 9 => return Err(DecimalFault::NotADecimal),
            _ if cut => {}
            _ if units >= LIMIT / 10 || scale == Decimal::MAX_PRECISION => {
                // The rest is only looked through: it must still be digits.
                cut = true;
                overflow |= !point;
            }
            _ => {
                units = units * 10 + i128::from(digit);
                scale += u8::from(point);
            }
        }
    }
    if overflow {
        return Err(DecimalFault::Overflow);
    }
    Ok((units, scale))
}

/// The number that a text with an exponent stands for, written without it: `1.5E3` is `1500`. The outer
/// `None` is all other text, the inner one a number that is too long.
pub fn without_exponent(text: &str) -> Option<Option<String>> {
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (sign, figures) = match mantissa.strip_prefix(['+', '-']) {
        Some(figures) => (&mantissa[..1], figures),
        None => ("", mantissa),
    };
    let (whole, fraction) = figures.split_once('.').unwrap_or((figures, ""));
    let all = format!("{whole}{fraction}");
    if !digits(&all) || !digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)) {
        return None;
    }
    let exponent = exponent.parse::<i32>().ok().filter(|exponent| (-400..=400).contains(exponent));
    let Some(exponent) = exponent else { return Some(None) };
    let point = whole.len() as i32 + exponent;
    let leading = usize::try_from(-point).unwrap_or(0);
    let trailing = usize::try_from(point - all.len() as i32).unwrap_or(0);
    let all = format!("{}{all}{}", "0".repeat(leading), "0".repeat(trailing));
    let (whole, fraction) = all.split_at(usize::try_from(point).unwrap_or(0));
    Some(Some(format!("{sign}0{whole}.{fraction}")))
}

/// Plain digits with the scale's zeros: `-0.50`.
impl Decimal {
    /// The same as its [`fmt::Display`], without the costs of formatting.
    pub fn to_text(self) -> CompactString {
        let mut buffer = [b'0'; MOST_TEXT];
        let scale = usize::from(self.scale);
        let mut start = write_digits(self.units.unsigned_abs(), scale, &mut buffer);
        if self.units < 0 {
            start -= 1;
            buffer[start] = b'-';
        }
        CompactString::from_utf8_lossy(&buffer[start..])
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [b'0'; MOST_TEXT];
        let start = write_digits(self.units.unsigned_abs(), usize::from(self.scale), &mut buffer);
        // They are digits and a point.
        let text = std::str::from_utf8(&buffer[start..]).map_err(|_| fmt::Error)?;
        f.pad_integral(self.units >= 0, "", text)
    }
}

/// As many as any number has: a sign, `0.`, and as many digits as a scale can say.
const MOST_TEXT: usize = 258;

/// Writes digits with a point before the last `scale`, at least one before the point, to the end of the
/// buffer. Returns where they begin.
fn write_digits(magnitude: u128, scale: usize, buffer: &mut [u8; MOST_TEXT]) -> usize {
    // Division of 128 bits is slow, and most numbers need none.
    const CHUNK: u128 = 10u128.pow(19);
    let mut at = MOST_TEXT;
    let mut push = |digit: u64| {
        if scale > 0 && MOST_TEXT - at == scale {
            at -= 1;
            buffer[at] = b'.';
        }
        at -= 1;
        buffer[at] = b'0' + digit as u8;
        MOST_TEXT - at
    };
    let mut rest = magnitude;
    let mut written = 0;
    while rest >= CHUNK {
        let mut lower = (rest % CHUNK) as u64;
        for _ in 0..19 {
            written = push(lower % 10);
            lower /= 10;
        }
        rest /= CHUNK;
    }
    let mut rest = rest as u64;
    // As many as are after the point, the point, and one before it.
    let least = if scale > 0 { scale + 2 } else { 1 };
    while rest > 0 || written < least {
        written = push(rest % 10);
        rest /= 10;
    }
    at
}
