//! Whether a value occurs twice, in constant memory.

use serde::{Deserialize, Serialize};

use super::hashes::Hashes;

/// A sample of the hashes of values: those below a limit, which is halved when there are too many.
/// Whether a value is in the sample depends on the value alone, so that of a value in it, all
/// occurrences are seen, in any order and division they come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Repeats {
    /// Hashes with fewer leading zeros are left out.
    level: u32,
    seen: Hashes,
    repeated: bool,
}

/// Values that are kept for each path.
const MOST: usize = 1024;

impl Repeats {
    /// Adds a value by its hash.
    pub(super) fn add(&mut self, hash: u64) {
        if self.repeated || hash.leading_zeros() < self.level {
            return;
        }
        if !self.seen.insert(hash) {
            self.give_up();
        }
        while self.seen.len() > MOST {
            self.level += 1;
            let level = self.level;
            self.seen.retain(|hash| hash.leading_zeros() >= level);
        }
    }

    /// Adds the values of another sample.
    pub(super) fn merge(&mut self, other: Self) {
        if other.repeated {
            self.give_up();
        }
        self.level = self.level.max(other.level);
        let level = self.level;
        self.seen.retain(|hash| hash.leading_zeros() >= level);
        other.seen.into_iter().for_each(|hash| self.add(hash));
    }

    /// Whether no value was seen twice.
    pub fn are_none(&self) -> bool {
        !self.repeated
    }

    fn give_up(&mut self) {
        self.repeated = true;
        self.seen = Hashes::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spreads numbers over all hashes (SplitMix64).
    fn hash(number: u64) -> u64 {
        let mut z = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z ^ (z >> 31)
    }

    #[test]
    fn many_different_values_do_not_repeat_and_take_little_room() {
        let mut all = Repeats::default();
        (0..100_000).for_each(|number| all.add(hash(number)));
        assert!(all.are_none());
        assert!(all.seen.len() <= MOST);
    }

    #[test]
    fn the_division_does_not_matter() {
        for copies in [1, 2] {
            let mut parts = vec![Repeats::default(); 7];
            for number in 0..20_000 * copies {
                parts[number as usize % 7].add(hash(number % 20_000));
            }
            let mut whole = Repeats::default();
            parts.into_iter().for_each(|part| whole.merge(part));
            assert_eq!(whole.are_none(), copies == 1);
        }
    }
}
