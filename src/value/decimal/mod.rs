//! Exact decimal numbers of up to 38 digits.

mod arithmetic;
mod exact;
mod rounding;
mod text;
mod wide;

pub(super) use exact::OVERFLOW;
pub use exact::{Decimal, DecimalError};
pub(super) use text::{read, without_exponent, DecimalFault};
