//! Schoolbook arithmetic on any number of decimal digits, to hold 38-digit results against.

use std::cmp::Ordering;

use xmlshred::value::Decimal;

/// A whole number that is not negative: its decimal digits, the lowest first, no zeros on top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Natural(Vec<u8>);

impl Natural {
    pub fn of(number: u128) -> Self {
        Self::trimmed(number.to_string().bytes().rev().map(|b| b - b'0').collect())
    }

    fn trimmed(mut digits: Vec<u8>) -> Self {
        while digits.last() == Some(&0) {
            digits.pop();
        }
        Self(digits)
    }

    pub fn digits(&self) -> usize {
        self.0.len()
    }

    /// With so many zeros appended.
    pub fn shifted(&self, zeros: usize) -> Self {
        Self::trimmed(vec![0; zeros].into_iter().chain(self.0.iter().copied()).collect())
    }

    /// Without so many digits at the end.
    pub fn cut(&self, digits: usize) -> Self {
        Self(self.0.iter().skip(digits).copied().collect())
    }

    pub fn plus(&self, other: &Self) -> Self {
        let mut carry = 0;
        let mut sum = Vec::new();
        for i in 0..self.0.len().max(other.0.len()) + 1 {
            let digit = carry + self.0.get(i).unwrap_or(&0) + other.0.get(i).unwrap_or(&0);
            sum.push(digit % 10);
            carry = digit / 10;
        }
        Self::trimmed(sum)
    }

    /// `self - other`, which is not larger.
    pub fn minus(&self, other: &Self) -> Self {
        let mut borrow = 0;
        let mut difference = Vec::new();
        for i in 0..self.0.len() {
            let digit = 10 + self.0[i] - borrow - other.0.get(i).unwrap_or(&0);
            difference.push(digit % 10);
            borrow = 1 - digit / 10;
        }
        Self::trimmed(difference)
    }

    pub fn times(&self, other: &Self) -> Self {
        let mut product = vec![0u32; self.0.len() + other.0.len() + 1];
        for (i, a) in self.0.iter().enumerate() {
            for (j, b) in other.0.iter().enumerate() {
                product[i + j] += u32::from(*a) * u32::from(*b);
            }
        }
        for i in 1..product.len() {
            product[i] += product[i - 1] / 10;
            product[i - 1] %= 10;
        }
        Self::trimmed(product.into_iter().map(|digit| digit as u8).collect())
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        self.digits()
            .cmp(&other.digits())
            .then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

/// The magnitude's units at a scale that is not smaller.
pub fn units_at(number: Decimal, scale: u8) -> Natural {
    Natural::of(number.units.unsigned_abs()).shifted(usize::from(scale - number.scale))
}
