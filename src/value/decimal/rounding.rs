//! Fewer digits, and whole numbers.

use std::cmp::Ordering;

use super::exact::{Decimal, DecimalError, POWERS};

impl Decimal {
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

    /// The whole number nearest to it, halves away from zero; `None` when that is not an `i64`.
    pub fn to_i64_rounded(self) -> Option<i64> {
        i64::try_from(divide_half_away(self.units, POWERS[self.scale as usize])).ok()
    }

    /// The number without its fraction; `None` when that is not an `i64`.
    pub fn to_i64_truncated(self) -> Option<i64> {
        i64::try_from(self.units / POWERS[self.scale as usize]).ok()
    }
}

/// `a / b` to the nearest whole number, halves away from zero; `b` is positive.
fn divide_half_away(a: i128, b: i128) -> i128 {
    if let (Ok(a), Ok(b)) = (i64::try_from(a), i64::try_from(b)) {
        let (quotient, remainder) = (a / b, a % b);
        let up = remainder.unsigned_abs() >= (b.unsigned_abs()).div_ceil(2);
        return i128::from(quotient + if up { a.signum() } else { 0 });
    }
    let (quotient, remainder) = (a / b, a % b);
    let up = remainder.unsigned_abs() >= b.unsigned_abs().div_ceil(2);
    quotient + if up { a.signum() } else { 0 }
}
