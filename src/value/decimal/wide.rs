//! Unsigned 256-bit numbers: what decimal arithmetic needs between two 38-digit operands and a
//! 38-digit result.

/// `high * 2^128 + low`. Values here stay below 10^77 < 2^256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wide {
    high: u128,
    low: u128,
}

impl From<u128> for Wide {
    fn from(low: u128) -> Self {
        Self { high: 0, low }
    }
}

impl Wide {
    /// `a * b`, exactly; both are below 2^127, as all 38-digit numbers are.
    pub fn product(a: u128, b: u128) -> Self {
        const HALF: u128 = u64::MAX as u128;
        let (a1, a0, b1, b0) = (a >> 64, a & HALF, b >> 64, b & HALF);
        // Upper halves are below 2^63, so that this sum fits.
        let middle = a1 * b0 + a0 * b1;
        let (low, carry) = (a0 * b0).overflowing_add(middle << 64);
        let high = a1 * b1 + (middle >> 64) + u128::from(carry);
        Self { high, low }
    }

    /// `self * 10^power`; the caller knows that it fits.
    pub fn times_power(self, power: u32) -> Self {
        (0..power).fold(self, |n, _| {
            let eight = n.shifted().shifted().shifted();
            eight.add(n.shifted())
        })
    }

    /// `self + other`; the caller knows that it fits.
    pub fn add(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        Self { high: self.high + other.high + u128::from(carry), low }
    }

    /// `self - other`, which is not larger.
    pub fn sub(self, other: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Self { high: self.high - other.high - u128::from(borrow), low }
    }

    /// The number, when 128 bits hold it.
    pub fn to_u128(self) -> Option<u128> {
        (self.high == 0).then_some(self.low)
    }

    /// Quotient and remainder by a divisor that is not 0 and below 2^255.
    pub fn div_rem(self, divisor: Self) -> (Self, Self) {
        if let (Some(a), Some(b)) = (self.to_u128(), divisor.to_u128()) {
            return ((a / b).into(), (a % b).into());
        }
        if let Some(divisor) = divisor.to_u128().and_then(|d| u64::try_from(d).ok()) {
            return self.div_rem_narrow(divisor);
        }
        let bits = 256 - self.leading_zeros();
        let (mut quotient, mut remainder) = (Self::from(0), Self::from(0));
        for bit in (0..bits).rev() {
            remainder = remainder.shifted();
            remainder.low |= self.bit(bit);
            quotient = quotient.shifted();
            if remainder >= divisor {
                remainder = remainder.sub(divisor);
                quotient.low |= 1;
            }
        }
        (quotient, remainder)
    }

    /// Long division, 64 bits at a time.
    fn div_rem_narrow(self, divisor: u64) -> (Self, Self) {
        let divisor = u128::from(divisor);
        let mut rest = 0;
        let mut half = |word: u128, shift: u32| {
            let part = rest << 64 | word >> shift & u128::from(u64::MAX);
            rest = part % divisor;
            (part / divisor) << shift
        };
        let high = half(self.high, 64) | half(self.high, 0);
        let low = half(self.low, 64) | half(self.low, 0);
        (Self { high, low }, rest.into())
    }

    /// Fewest decimal digits to cut from the end so that the number falls below `limit`.
    pub fn digits_above(self, limit: u128) -> u8 {
        let mut bound = Self::from(limit);
        let mut cut = 0;
        while self >= bound {
            bound = bound.times_power(1);
            cut += 1;
        }
        cut
    }

    fn shifted(self) -> Self {
        Self { high: self.high << 1 | self.low >> 127, low: self.low << 1 }
    }

    fn bit(self, index: u32) -> u128 {
        if index < 128 {
            return self.low >> index & 1;
        }
        self.high >> (index - 128) & 1
    }

    fn leading_zeros(self) -> u32 {
        match self.high {
            0 => 128 + self.low.leading_zeros(),
            high => high.leading_zeros(),
        }
    }
}
