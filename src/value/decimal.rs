//! Exact decimal numbers of up to 38 digits.

/// `units / 10^scale`, as SQL Server's `decimal`: an `i128` and a scale of 0 to 38.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    /// The number without its point; its magnitude is below 10^38.
    pub units: i128,
    /// Digits after the point, 0 to 38.
    pub scale: u8,
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.units == other.units && self.scale == other.scale
    }
}
