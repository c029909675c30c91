//! Sum, product, quotient, remainder and power.

use std::cmp::Ordering;

use super::exact::{digits, Decimal, DecimalError, LIMIT, OVERFLOW, POWERS};
use super::wide::Wide;

impl Decimal {
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
        // Appending this many zeros makes a quotient of 38 or 39 digits.
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

    /// The units at a scale that is not smaller, when an `i128` holds them.
    pub(super) fn units_at(self, scale: u8) -> Option<i128> {
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

    /// `self ^ exponent`: exact for a whole exponent as far as 38 digits go
    /// (multiplied out by [`Decimal::checked_mul`]); else through doubles.
    ///
    /// Errors: overflow, zero to a negative power, a negative number to a fraction.
    pub fn power(self, exponent: Self) -> Result<Decimal, DecimalError> {
        let Some(whole) = exponent.to_i64_truncated().filter(|e| Decimal::from(*e) == exponent)
        else {
            if self.is_negative() {
                return Err(DecimalError::NotReal(self.to_string()));
            }
            return Decimal::from_f64(self.to_f64().powf(exponent.to_f64()));
        };
        let power = whole_power(self, whole.unsigned_abs());
        if whole >= 0 {
            return power;
        }
        match power {
            Err(DecimalError::Overflow(_)) => Ok(Decimal::ZERO),
            Ok(power) if power.is_zero() && !self.is_zero() => {
                Err(DecimalError::Overflow(Decimal::MAX_PRECISION))
            }
            Ok(power) => Decimal::from(1).checked_div(power),
            Err(error) => Err(error),
        }
    }
}

fn whole_power(base: Decimal, exponent: u64) -> Result<Decimal, DecimalError> {
    let mut result = Decimal::from(1);
    let mut square = base.normalized();
    let mut rest = exponent;
    while rest > 0 {
        if rest & 1 == 1 {
            result = result.checked_mul(square)?.normalized();
        }
        rest >>= 1;
        if rest > 0 {
            square = square.checked_mul(square)?.normalized();
        }
    }
    Ok(result)
}
