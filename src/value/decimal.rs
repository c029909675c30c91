//! Exact decimal numbers of up to 38 digits.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Neg;
use std::str::FromStr;

use super::wide::Wide;

/// `units / 10^scale`, as SQL Server's `decimal`: an `i128` and a scale of 0 to 38.
///
/// Equality, order and hash are by number: 1.0 = 1.00.
///
/// # Scale of a result
///
/// SQL Server derives the result's precision and scale from the operands' *declared* types and,
/// past 38 digits, gives up scale down to 6 and then fails. Text in a document has no declared
/// type, so the rule here goes by the numbers themselves and never keeps fewer digits:
///
/// | operation | scale | SQL Server |
/// |---|---|---|
/// | `+` `-` `%` | the larger of both | the same |
/// | `*` | the sum of both | the same |
/// | `/` | 38 significant digits, at most 38 after the point; an exact quotient without trailing zeros beyond max(6, scale of the dividend) | max(6, s1 + p2 + 1) |
///
/// A result that needs more than 38 digits loses digits after the point, as few as necessary.
/// Digits that are lost, here and in a quotient, are cut and not rounded, so that rounding to
/// fewer digits afterwards, a column's, gives what rounding the exact result would. Only a result whose
/// digits before the point do not fit is [`DecimalError::Overflow`].
///
/// Packed, because an `i128` aligned to 16 bytes would make every [`Value`](super::Value) half as
/// large again.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed(8))]
pub struct Decimal {
    /// The number without its point; its magnitude is below 10^38.
    pub units: i128,
    /// Digits after the point, 0 to 38.
    pub scale: u8,
}

/// Why there is no decimal number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// The text is not digits with an optional sign and one point.
    #[error(
        "`{0}` is not a decimal number: write digits with an optional sign and one point, such as -12.50"
    )]
    NotADecimal(String),
    /// The number does not fit 38 digits, or the precision asked for.
    #[error("the number has more than {0} digits before the point")]
    Overflow(u8),
    /// A divisor is zero.
    #[error("division by zero")]
    DivideByZero,
    /// A root of a negative number.
    #[error("{0} to the power of a fraction is not a real number")]
    NotReal(String),
}

/// What [`read`] found wrong, without the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    NotADecimal,
    Overflow,
}

/// 10^0 to 10^38.
pub(super) const POWERS: [i128; 39] = {
    let mut powers = [1i128; 39];
    let mut i = 1;
    while i < 39 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// Magnitudes are below this.
const LIMIT: i128 = POWERS[38];
const OVERFLOW: DecimalError = DecimalError::Overflow(Decimal::MAX_PRECISION);

impl Decimal {
    /// Most digits a decimal can have.
    pub const MAX_PRECISION: u8 = 38;
    /// 0, with no digits after the point.
    pub const ZERO: Decimal = Decimal { units: 0, scale: 0 };

    /// `units / 10^scale`; overflow when that has more than 38 digits or a scale above 38.
    pub fn new(units: i128, scale: u8) -> Result<Self, DecimalError> {
        if units.unsigned_abs() >= LIMIT as u128 || scale > Self::MAX_PRECISION {
            return Err(OVERFLOW);
        }
        Ok(Self { units, scale })
    }

    /// Reads an optional sign, digits and at most one point, with a digit on one side of it.
    /// White space around it is ignored; grouping and exponents are refused. Digits after the
    /// point that do not fit 38 digits in all are cut; leading zeros do not count.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        read(super::trim_xml(text).as_bytes()).map_err(|fault| match fault {
            Fault::NotADecimal => DecimalError::NotADecimal(super::clip(text)),
            Fault::Overflow => OVERFLOW,
        })
    }

    /// Digits of the number as it stands, at least 1 and at least its scale.
    pub fn precision(self) -> u8 {
        digits(self.units.unsigned_abs()).max(self.scale).max(1)
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        self.units == 0
    }

    /// Whether it is less than 0.
    pub fn is_negative(self) -> bool {
        self.units < 0
    }

    /// The same number without trailing zeros after the point.
    pub fn normalized(self) -> Self {
        self.trimmed_to(0)
    }

    fn trimmed_to(mut self, least_scale: u8) -> Self {
        // Halving steps find any number of zeros up to 38.
        for zeros in [32, 16, 8, 4, 2, 1] {
            let power = POWERS[zeros as usize];
            if self.scale >= least_scale + zeros && self.units % power == 0 {
                self.units /= power;
                self.scale -= zeros;
            }
        }
        self
    }

    /// The magnitude.
    pub fn abs(self) -> Self {
        Self { units: self.units.abs(), scale: self.scale }
    }

    /// `self + other`
    pub fn checked_add(self, other: Self) -> Result<Self, DecimalError> {
        let scale = self.scale.max(other.scale);
        let aligned = self.units_at(scale).zip(other.units_at(scale));
        if let Some(sum) = aligned.and_then(|(a, b)| a.checked_add(b)) {
            if sum.unsigned_abs() < LIMIT as u128 {
                return Ok(Self { units: sum, scale });
            }
        }
        let (a, b) = (self.wide_at(scale), other.wide_at(scale));
        if self.is_negative() == other.is_negative() {
            return Self::fit(self.is_negative(), a.add(b), scale);
        }
        match a.cmp(&b) {
            Ordering::Less => Self::fit(other.is_negative(), b.sub(a), scale),
            _ => Self::fit(self.is_negative(), a.sub(b), scale),
        }
    }

    /// `self - other`
    pub fn checked_sub(self, other: Self) -> Result<Self, DecimalError> {
        self.checked_add(-other)
    }

    /// `self * other`
    pub fn checked_mul(self, other: Self) -> Result<Self, DecimalError> {
        let scale = self.scale + other.scale;
        if scale <= Self::MAX_PRECISION {
            if let Some(product) = self.units.checked_mul(other.units) {
                if product.unsigned_abs() < LIMIT as u128 {
                    return Ok(Self { units: product, scale });
                }
            }
        }
        let product = Wide::product(self.units.unsigned_abs(), other.units.unsigned_abs());
        Self::fit(self.is_negative() != other.is_negative(), product, scale)
    }

    /// `self / other`
    pub fn checked_div(self, other: Self) -> Result<Self, DecimalError> {
        if other.is_zero() {
            return Err(DecimalError::DivideByZero);
        }
        let (a, b) = (self.units.unsigned_abs(), other.units.unsigned_abs());
        let (scale, other_scale) = (i32::from(self.scale), i32::from(other.scale));
        // Appending this many zeros gives a quotient of 38 or 39 digits.
        let full = 38 + i32::from(digits(b)) - i32::from(digits(a));
        let zeros = full.min(38 + other_scale - scale);
        let dividend = Wide::product(a, POWERS[zeros.min(38) as usize] as u128)
            .times_power(zeros.saturating_sub(38).max(0) as u32);
        let (quotient, rest) = dividend.div_rem(Wide::from(b));
        let negative = self.is_negative() != other.is_negative();
        let result_scale = scale + zeros - other_scale;
        let Ok(result_scale) = u8::try_from(result_scale) else {
            // Such a quotient has 38 digits, and this appends more.
            return Err(OVERFLOW);
        };
        let quotient = Self::fit(negative, quotient, result_scale)?;
        if rest == Wide::from(0) {
            return Ok(quotient.trimmed_to(self.scale.max(6)));
        }
        Ok(quotient)
    }

    /// The remainder of [`Decimal::checked_div`] with a whole quotient; its sign is the dividend's.
    pub fn checked_rem(self, other: Self) -> Result<Self, DecimalError> {
        if other.is_zero() {
            return Err(DecimalError::DivideByZero);
        }
        let scale = self.scale.max(other.scale);
        if let Some((a, b)) = self.units_at(scale).zip(other.units_at(scale)) {
            return Ok(Self { units: a % b, scale });
        }
        let (_, remainder) = self.wide_at(scale).div_rem(other.wide_at(scale));
        Self::fit(self.is_negative(), remainder, scale)
    }

    /// Rounds half away from zero to `digits` after the point (before it when negative). The
    /// scale stays, as in SQL Server's `ROUND`: `ROUND(1.256, 2)` is 1.260. The digits before the
    /// point may become one more, where SQL Server overflows: `ROUND(748.58, -3)` is 1000.00.
    pub fn round(self, digits: i32) -> Result<Self, DecimalError> {
        let dropped = i32::from(self.scale).saturating_sub(digits);
        if dropped <= 0 {
            return Ok(self);
        }
        let Some(&unit) = POWERS.get(dropped as usize) else {
            return Ok(Self { units: 0, scale: self.scale });
        };
        let units = divide_half_away(self.units, unit) * unit;
        Self::new(units, self.scale)
    }

    /// Sets the digits from `digits` after the point on to zero; the scale stays.
    pub fn truncate(self, digits: i32) -> Self {
        let dropped = i32::from(self.scale).saturating_sub(digits);
        if dropped <= 0 {
            return self;
        }
        let units = POWERS.get(dropped as usize).map_or(0, |unit| self.units - self.units % unit);
        Self { units, scale: self.scale }
    }

    /// The greatest whole number that is not above it, with scale 0.
    pub fn floor(self) -> Self {
        Self { units: self.units.div_euclid(POWERS[self.scale as usize]), scale: 0 }
    }

    /// The least whole number that is not below it, with scale 0.
    pub fn ceiling(self) -> Self {
        -(-self).floor()
    }

    /// The same number in a `decimal(precision, scale)`: rounded half away from zero; overflow
    /// when its digits before the point do not fit.
    pub fn rescale(self, precision: u8, scale: u8) -> Result<Self, DecimalError> {
        let units = match scale.cmp(&self.scale) {
            Ordering::Equal => Some(self.units),
            Ordering::Greater => self.units_at(scale),
            Ordering::Less => {
                Some(divide_half_away(self.units, POWERS[(self.scale - scale) as usize]))
            }
        };
        units
            .filter(|u| u.unsigned_abs() < POWERS[precision as usize] as u128)
            .map(|units| Self { units, scale })
            .ok_or(DecimalError::Overflow(precision - scale))
    }

    /// The whole number nearest to it, halves away from zero; `None` when that is no `i64`.
    pub fn to_i64_rounded(self) -> Option<i64> {
        i64::try_from(divide_half_away(self.units, POWERS[self.scale as usize])).ok()
    }

    /// The number without its fraction; `None` when that is no `i64`.
    pub fn to_i64_truncated(self) -> Option<i64> {
        i64::try_from(self.units / POWERS[self.scale as usize]).ok()
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        // Both are exact doubles here, so that one division rounds once.
        if self.units.unsigned_abs() < 1 << 53 && self.scale <= 22 {
            return self.units as f64 / POWERS[self.scale as usize] as f64;
        }
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The shortest decimal that names this double: 0.1 gives 0.1. Digits after the 38th place
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

    /// The units at a scale that is not smaller, when an `i128` holds them.
    fn units_at(self, scale: u8) -> Option<i128> {
        if scale == self.scale {
            return Some(self.units);
        }
        let power = POWERS[(scale - self.scale) as usize];
        match (i64::try_from(self.units), i64::try_from(power)) {
            // The usual case needs no check: two 64-bit numbers always fit 128.
            (Ok(units), Ok(power)) => Some(i128::from(units) * i128::from(power)),
            _ => self.units.checked_mul(power),
        }
    }

    fn wide_at(self, scale: u8) -> Wide {
        Wide::product(self.units.unsigned_abs(), POWERS[(scale - self.scale) as usize] as u128)
    }

    /// Cuts digits after the point, as few as necessary for 38 digits and a scale of 38.
    fn fit(negative: bool, magnitude: Wide, scale: u8) -> Result<Self, DecimalError> {
        let excess = magnitude.digits_above(LIMIT as u128);
        let cut = excess.max(scale.saturating_sub(Self::MAX_PRECISION));
        if cut > scale {
            return Err(OVERFLOW);
        }
        let (kept, _) = magnitude.div_rem(Wide::from(POWERS[cut as usize] as u128));
        Self::signed(negative, kept.to_u128().ok_or(OVERFLOW)?, scale - cut)
    }

    fn signed(negative: bool, magnitude: u128, scale: u8) -> Result<Self, DecimalError> {
        let units = i128::try_from(magnitude).map_err(|_| OVERFLOW)?;
        Self::new(if negative { -units } else { units }, scale)
    }
}

/// `a / b` to the nearest whole number, halves away from zero; `b` is positive.
pub(super) fn divide_half_away(a: i128, b: i128) -> i128 {
    if let (Ok(a), Ok(b)) = (i64::try_from(a), i64::try_from(b)) {
        let (quotient, remainder) = (a / b, a % b);
        let up = remainder.unsigned_abs() >= (b.unsigned_abs()).div_ceil(2);
        return i128::from(quotient + if up { a.signum() } else { 0 });
    }
    let (quotient, remainder) = (a / b, a % b);
    let up = remainder.unsigned_abs() >= b.unsigned_abs().div_ceil(2);
    quotient + if up { a.signum() } else { 0 }
}

/// Decimal digits of a number; 0 has none.
fn digits(number: u128) -> u8 {
    number.checked_ilog10().map_or(0, |log| log as u8 + 1)
}

/// Reads `[+-]digits[.digits]` as [`Decimal::parse`] says.
pub(super) fn read(text: &[u8]) -> Result<Decimal, Fault> {
    let (negative, body) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    // Up to 18 digits and a point cannot overflow the narrow accumulator.
    let (magnitude, scale) = if body.len() <= 19 { read_short(body)? } else { read_long(body)? };
    Ok(Decimal { units: if negative { -magnitude } else { magnitude }, scale })
}

fn read_short(body: &[u8]) -> Result<(i128, u8), Fault> {
    let mut units = 0u64;
    let mut point = None;
    for (i, &byte) in body.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            units = units * 10 + u64::from(digit);
        } else if byte == b'.' && point.is_none() {
            point = Some(i);
        } else {
            return Err(Fault::NotADecimal);
        }
    }
    if body.len() == usize::from(point.is_some()) {
        return Err(Fault::NotADecimal);
    }
    let scale = point.map_or(0, |i| body.len() - i - 1);
    Ok((i128::from(units), scale as u8))
}

fn read_long(body: &[u8]) -> Result<(i128, u8), Fault> {
    let mut units = 0i128;
    let (mut scale, mut point, mut cut, mut overflow) = (0u8, false, false, false);
    for &byte in body {
        let digit = byte.wrapping_sub(b'0');
        match byte {
            b'.' if !point => point = true,
            _ if digit > 9 => return Err(Fault::NotADecimal),
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
        return Err(Fault::Overflow);
    }
    Ok((units, scale))
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        Self::parse(text)
    }
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        Self { units: number.into(), scale: 0 }
    }
}

impl Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        Self { units: -self.units, scale: self.scale }
    }
}

/// Plain digits with the scale's zeros: `-0.50`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [b'0'; 40];
        let mut start = buffer.len();
        let mut rest = self.units.unsigned_abs();
        let least = if self.scale == 0 { 1 } else { usize::from(self.scale) + 2 };
        while rest != 0 || buffer.len() - start < least {
            start -= 1;
            if self.scale != 0 && buffer.len() - start == usize::from(self.scale) + 1 {
                buffer[start] = b'.';
                continue;
            }
            let narrow = rest as u64;
            let digit = if u128::from(narrow) == rest {
                rest = u128::from(narrow / 10);
                narrow % 10
            } else {
                let digit = rest % 10;
                rest /= 10;
                digit as u64
            };
            buffer[start] = b'0' + digit as u8;
        }
        let text = std::str::from_utf8(&buffer[start..]).map_err(|_| fmt::Error)?;
        f.pad_integral(self.units >= 0, "", text)
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return { self.units }.cmp(&{ other.units });
        }
        let parts = |d: &Self| {
            let power = POWERS[d.scale as usize];
            // A fraction is below 10^scale, so that 38 places always hold it.
            (d.units / power, d.units % power * POWERS[38 - d.scale as usize])
        };
        parts(self).cmp(&parts(other))
    }
}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let plain = self.normalized();
        (plain.units, plain.scale).hash(state);
    }
}
