//! How long texts are: a histogram that is exact for short ones.

use serde::{Deserialize, Serialize};

/// Counts of lengths in UTF-16 units; above 64 they are rounded up by at most an eighth.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Lengths {
    buckets: Vec<u64>,
    /// The longest, exactly.
    pub longest: u32,
}

const EXACT: u32 = 64;

impl Lengths {
    pub(super) fn add(&mut self, length: u32) {
        let bucket = bucket(length);
        if bucket >= self.buckets.len() {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.longest = self.longest.max(length);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if other.buckets.len() > self.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (mine, others) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += others;
        }
        self.longest = self.longest.max(other.longest);
    }

    /// Whether lengths can have been counted so.
    pub(super) fn is_sound(&self) -> bool {
        self.buckets.len() <= bucket(u32::MAX) + 1
    }

    /// The length that so many per thousand do not exceed.
    pub fn per_mille(&self, part: u64) -> u32 {
        let total: u64 = self.buckets.iter().sum();
        let mut left = (total * part).div_ceil(1000);
        for (bucket, count) in self.buckets.iter().enumerate() {
            if *count >= left {
                return length(bucket).min(self.longest);
            }
            left -= count;
        }
        self.longest
    }

    /// How many are longer.
    pub fn above(&self, limit: u32) -> u64 {
        let lengths = self.buckets.iter().enumerate();
        lengths.filter(|(bucket, _)| length(*bucket) > limit).map(|(_, count)| count).sum()
    }

    /// Whether all have this length.
    pub fn are_all(&self, wanted: u32) -> bool {
        self.longest == wanted && self.buckets.iter().filter(|count| **count > 0).count() == 1
    }
}

/// Eight buckets for each doubling.
fn bucket(length: u32) -> usize {
    if length <= EXACT {
        return length as usize;
    }
    let top = (length - 1).ilog2();
    let eighth = (length - 1) >> (top - 3) & 7;
    (EXACT + 1 + (top - 6) * 8 + eighth) as usize
}

/// The greatest length in a bucket.
fn length(bucket: usize) -> u32 {
    let bucket = bucket as u32;
    if bucket <= EXACT {
        return bucket;
    }
    let (top, eighth) = ((bucket - EXACT - 1) / 8 + 6, (bucket - EXACT - 1) % 8);
    let greatest = (u64::from(eighth) + 9) << (top - 3);
    u32::try_from(greatest).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_is_at_most_an_eighth_shorter() {
        for number in (1..100).chain([127, 128, 129, 1000, 4000, 65_535, 65_536, 10_000_000]) {
            let greatest = length(bucket(number));
            assert!(greatest >= number, "{number}: {greatest}");
            assert!(f64::from(greatest) <= f64::from(number) * 1.13, "{number}: {greatest}");
        }
    }

    #[test]
    fn parts_are_counted() {
        let mut lengths = Lengths::default();
        (1..=1000).for_each(|number| lengths.add(if number == 1000 { 44 } else { 12 }));
        assert_eq!((lengths.per_mille(500), lengths.per_mille(999), lengths.longest), (12, 12, 44));
        assert_eq!((lengths.above(12), lengths.above(44)), (1, 0));
    }
}
