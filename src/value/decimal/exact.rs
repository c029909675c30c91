//! The number and its order.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::ops::Neg;

use crate::reason::{formed, known, reason, value, Reason};

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
/// fewer digits afterwards, a column's, has the result of rounding the exact result. Only a result whose
/// digits before the point do not fit is [`DecimalError::Overflow`].
///
/// Packed, because an `i128` aligned to 16 bytes would make every [`Value`](crate::value::Value) half as
/// large again.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed(8))]
pub struct Decimal {
    /// The number without its point; its magnitude is below 10^38.
    pub units: i128,
    /// Digits after the point, 0 to 38.
    pub scale: u8,
}

/// Why a decimal number does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
pub enum DecimalError {
    /// The text is not digits with an optional sign and one point.
    NotADecimal(String),
    /// The number does not fit 38 digits, or the precision.
    Overflow(u8),
    /// A divisor is zero.
    DivideByZero,
    /// A root of a negative number.
    NotReal(String),
}

impl DecimalError {
    /// The sentence.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NotADecimal(text) => reason!(
                "{} is not a decimal number: write digits with an optional sign and one point, such \
                 as -12.50",
                value(text)
            ),
            Self::Overflow(digits) => {
                reason!("the number has more than {} digits before the point", known(digits))
            }
            Self::DivideByZero => Reason::from("division by zero"),
            Self::NotReal(number) => reason!(
                "{} to the power of a fraction is not a real number",
                formed(number, "-#")
            ),
        }
    }
}

/// 10^0 to 10^38.
pub const POWERS: [i128; 39] = {
    let mut powers = [1i128; 39];
    let mut i = 1;
    while i < 39 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// Magnitudes are below this.
pub const LIMIT: i128 = POWERS[38];
pub const OVERFLOW: DecimalError = DecimalError::Overflow(Decimal::MAX_PRECISION);

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

    /// Digits of the number as written, at least 1 and at least its scale.
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

    pub(super) fn trimmed_to(mut self, least_scale: u8) -> Self {
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
}

/// Decimal digits of a number; 0 has none.
pub(super) fn digits(number: u128) -> u8 {
    number.checked_ilog10().map_or(0, |log| log as u8 + 1)
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
