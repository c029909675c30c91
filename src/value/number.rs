//! Numbers of any type: what expressions compute with.

use std::cmp::Ordering;
use std::str::FromStr;

use super::decimal::{Decimal, DecimalError, OVERFLOW};
use super::typed::Value;

/// A number in the form it was read or computed in. Two integers make an integer, a float makes a
/// float, all else makes a decimal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// An integer.
    Int(i64),
    /// An exact number.
    Decimal(Decimal),
    /// A double.
    Float(f64),
}

type Computed = Result<Number, DecimalError>;

impl Number {
    /// The number of a numeric value; `bit` is 0 or 1.
    pub fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Bit(bit) => Self::Int((*bit).into()),
            Value::Int(number) => Self::Int(*number),
            Value::Decimal(number) => Self::Decimal(*number),
            Value::Float(number) => Self::Float(*number),
            _ => return None,
        })
    }

    /// Reads an integer, a decimal or a number with an exponent.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse() {
            return Some(Self::Int(number));
        }
        if let Ok(number) = Decimal::parse(text) {
            return Some(Self::Decimal(number));
        }
        parse_float(text).filter(|number: &f64| number.is_finite()).map(Self::Float)
    }

    /// The same number as a decimal; overflow for a double that has none.
    pub fn to_decimal(self) -> Result<Decimal, DecimalError> {
        match self {
            Self::Int(number) => Ok(number.into()),
            Self::Decimal(number) => Ok(number),
            Self::Float(number) => Decimal::from_f64(number),
        }
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Decimal(number) => number.to_f64(),
            Self::Float(number) => number,
        }
    }

    /// The number without its fraction; `None` when that is not an `i64`.
    pub fn to_i64_truncated(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            Self::Decimal(number) => number.to_i64_truncated(),
            Self::Float(number) => whole(number.trunc()),
        }
    }

    /// The nearest integer, halves away from zero; `None` when that is not an `i64`.
    pub fn to_i64_rounded(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            Self::Decimal(number) => number.to_i64_rounded(),
            Self::Float(number) => whole(number.round()),
        }
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        match self {
            Self::Int(number) => number == 0,
            Self::Decimal(number) => number.is_zero(),
            Self::Float(number) => number == 0.0,
        }
    }

    /// Order by number; `None` for a double that has none.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (Self::Float(_), _) | (_, Self::Float(_)) => self.to_f64().partial_cmp(&other.to_f64()),
            _ => Some(self.to_decimal().ok()?.cmp(&other.to_decimal().ok()?)),
        }
    }

    fn combine(
        self,
        other: Self,
        integers: fn(i64, i64) -> Option<i64>,
        decimals: fn(Decimal, Decimal) -> Result<Decimal, DecimalError>,
        doubles: fn(f64, f64) -> f64,
    ) -> Computed {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => integers(a, b).map(Self::Int).ok_or(OVERFLOW),
            (Self::Float(_), _) | (_, Self::Float(_)) => {
                finite(doubles(self.to_f64(), other.to_f64()))
            }
            _ => decimals(self.to_decimal()?, other.to_decimal()?).map(Self::Decimal),
        }
    }

    /// `self + other`
    pub fn checked_add(self, other: Self) -> Computed {
        self.combine(other, i64::checked_add, Decimal::checked_add, |a, b| a + b)
    }

    /// `self - other`
    pub fn checked_sub(self, other: Self) -> Computed {
        self.combine(other, i64::checked_sub, Decimal::checked_sub, |a, b| a - b)
    }

    /// `self * other`
    pub fn checked_mul(self, other: Self) -> Computed {
        self.combine(other, i64::checked_mul, Decimal::checked_mul, |a, b| a * b)
    }

    /// `self / other`; of two integers the quotient without its fraction.
    pub fn checked_div(self, other: Self) -> Computed {
        if other.is_zero() {
            return Err(DecimalError::DivideByZero);
        }
        self.combine(other, i64::checked_div, Decimal::checked_div, |a, b| a / b)
    }

    /// The remainder of a whole quotient; its sign is the dividend's.
    pub fn checked_rem(self, other: Self) -> Computed {
        if other.is_zero() {
            return Err(DecimalError::DivideByZero);
        }
        self.combine(other, i64::checked_rem, Decimal::checked_rem, |a, b| a % b)
    }

    /// `POWER`: of two integers an integer, unless the exponent is negative.
    pub fn power(self, exponent: Self) -> Computed {
        match (self, exponent) {
            (Self::Int(base), Self::Int(times @ 0..)) => {
                let power = u32::try_from(times).ok().and_then(|times| base.checked_pow(times));
                power.map(Self::Int).ok_or(OVERFLOW)
            }
            (Self::Float(_), _) | (_, Self::Float(_)) => {
                finite(self.to_f64().powf(exponent.to_f64()))
            }
            _ => self.to_decimal()?.power(exponent.to_decimal()?).map(Self::Decimal),
        }
    }

    /// `ABS`
    pub fn abs(self) -> Computed {
        match self {
            Self::Int(number) => number.checked_abs().map(Self::Int).ok_or(OVERFLOW),
            Self::Decimal(number) => Ok(Self::Decimal(number.abs())),
            Self::Float(number) => Ok(Self::Float(number.abs())),
        }
    }

    /// `FLOOR`
    pub fn floor(self) -> Self {
        match self {
            Self::Int(_) => self,
            Self::Decimal(number) => Self::Decimal(number.floor()),
            Self::Float(number) => Self::Float(number.floor()),
        }
    }

    /// `CEILING`
    pub fn ceiling(self) -> Self {
        match self {
            Self::Int(_) => self,
            Self::Decimal(number) => Self::Decimal(number.ceiling()),
            Self::Float(number) => Self::Float(number.ceil()),
        }
    }

    /// `ROUND(self, digits)`, half away from zero; negative digits round before the point.
    pub fn round(self, digits: i32) -> Computed {
        match self {
            Self::Int(_) if digits >= 0 => Ok(self),
            Self::Int(whole) => {
                let rounded = Decimal::from(whole).round(digits)?.to_i64_truncated();
                rounded.map(Self::Int).ok_or(OVERFLOW)
            }
            Self::Decimal(number) => number.round(digits).map(Self::Decimal),
            Self::Float(number) => finite(round_double(number, digits)),
        }
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(number) => Value::Int(number),
            Number::Decimal(number) => Value::Decimal(number),
            Number::Float(number) => Value::Float(number),
        }
    }
}

/// A float as documents write it; Rust also reads `inf` and `nan`, which have no digits.
pub(super) fn parse_float<T: FromStr>(text: &str) -> Option<T> {
    let is_numeric = |b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    text.bytes().all(is_numeric).then(|| text.parse().ok())?
}

/// A double without a fraction as an integer.
fn whole(number: f64) -> Option<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    (-END..END).contains(&number).then_some(number as i64)
}

fn finite(number: f64) -> Computed {
    number.is_finite().then_some(Number::Float(number)).ok_or(OVERFLOW)
}

fn round_double(number: f64, digits: i32) -> f64 {
    match digits {
        // A double has no digits outside these.
        ..-308 => 0.0,
        309.. => number,
        0.. => {
            let power = 10f64.powi(digits);
            let scaled = (number * power).round();
            if scaled.is_finite() {
                scaled / power
            } else {
                number
            }
        }
        _ => {
            let power = 10f64.powi(-digits);
            (number / power).round() * power
        }
    }
}
