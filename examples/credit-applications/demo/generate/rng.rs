//! Numbers that look random and are the same on every machine.

/// SplitMix64 (Steele, Lea and Flood, 2014): one word of state, good enough for sample data.
pub(super) struct Rng(u64);

impl Rng {
    /// The stream of one application; streams of neighbouring ids are independent.
    pub(super) fn new(seed: u64, app_id: i64) -> Self {
        let mut start = Self(seed);
        let mixed = start.next() ^ (app_id as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        Self(Self(mixed).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `n - 1`; `n` is at least 1.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// A number from `low` to `high`, both inclusive.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    /// True in `n` of ten thousand cases.
    pub(super) fn chance(&mut self, n: u64) -> bool {
        self.below(10_000) < n
    }

    /// One of the items.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    /// A size from `low` to `high`, equally likely to be in any octave.
    ///
    /// Powers of two and a straight line within each, because `ln` and `exp` may differ in the
    /// last digit between platforms.
    pub(super) fn log_between(&mut self, low: usize, high: usize) -> usize {
        let mut bounds = vec![low];
        while let Some(&last) = bounds.last().filter(|&&last| last > 0 && last * 2 < high) {
            bounds.push(last * 2);
        }
        let octave = self.below(bounds.len() as u64) as usize;
        let top = bounds.get(octave + 1).copied().unwrap_or(high);
        self.between(bounds[octave] as i64, top as i64) as usize
    }
}
