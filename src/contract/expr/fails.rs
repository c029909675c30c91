//! How operators and functions can fail, beside what happens when their operands are converted.

use super::ast::BinaryOp;

/// How something fails that has all its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fails {
    /// It has a value for all operands.
    Never,
    /// With `bad_value`, in this case.
    BadValue(&'static str),
    /// Where two of its values cannot be compared.
    Compared,
    /// Where a lookup has no entry, and says that this is an error.
    Unmapped,
    /// Where the parent's element has several rows, and they differ.
    ManyRows,
}

/// Of numbers, and of dates.
pub(super) const OUT_OF_RANGE: Fails = Fails::BadValue("a result that is out of range");
pub(super) const OUT_OF_YEARS: Fails = Fails::BadValue("a result outside the years 1 to 9999");

impl BinaryOp {
    /// How it can fail.
    pub fn fails(self) -> Fails {
        match self {
            Self::Add | Self::Subtract | Self::Multiply => OUT_OF_RANGE,
            Self::Divide | Self::Modulo => {
                Fails::BadValue("a division by 0, or a result that is out of range")
            }
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessOrEqual
            | Self::Greater
            | Self::GreaterOrEqual => Fails::Compared,
            Self::Concat | Self::And | Self::Or => Fails::Never,
        }
    }
}
