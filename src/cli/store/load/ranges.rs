//! Numbers, of which many follow one another.

use std::collections::BTreeMap;

/// Numbers as ranges: the first of each, and the last.
#[derive(Debug, Default)]
pub struct Ranges(BTreeMap<i64, i64>);

impl Ranges {
    /// Adds one, usually behind the one before it.
    pub fn add(&mut self, number: i64) {
        match self.0.range_mut(..=number).next_back() {
            Some((_, last)) if *last >= number => {}
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => drop(self.0.insert(number, number)),
        }
    }

    /// Whether it was added.
    pub fn has(&self, number: i64) -> bool {
        self.0.range(..=number).next_back().is_some_and(|(_, last)| *last >= number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_there_and_nothing_else() {
        let mut ranges = Ranges::default();
        [7, 8, 9, 3, 4, 9, i64::MAX, 20].into_iter().for_each(|number| ranges.add(number));
        let has: Vec<i64> = (0..30).chain([i64::MAX]).filter(|n| ranges.has(*n)).collect();
        assert_eq!(has, [3, 4, 7, 8, 9, 20, i64::MAX]);
    }
}
