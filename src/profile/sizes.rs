//! How many digits numbers have, so that the few with many more can be named.

use serde::{Deserialize, Serialize};

use super::example::{Example, MOST_EXAMPLES};

/// Numbers by how many digits they have, the fewest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Sizes(Vec<Size>);

/// The numbers of one count of digits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Size {
    /// Their digits; 40 and more are 40.
    pub digits: u32,
    /// How many.
    pub count: u64,
    /// The least of them, if they are whole.
    pub least: i64,
    /// The greatest of them, if they are whole.
    pub greatest: i64,
    /// The first ones, at most three.
    pub examples: Vec<Example>,
}

/// No type has as many digits.
const MOST_DIGITS: u32 = 40;

impl Sizes {
    pub(super) fn add(&mut self, digits: u32, whole: i64, example: impl FnOnce() -> Example) {
        let digits = digits.min(MOST_DIGITS);
        let at = self.0.binary_search_by_key(&digits, |size| size.digits).unwrap_or_else(|at| {
            let (least, greatest) = (whole, whole);
            self.0.insert(at, Size { digits, count: 0, least, greatest, examples: Vec::new() });
            at
        });
        let size = &mut self.0[at];
        size.count += 1;
        size.least = size.least.min(whole);
        size.greatest = size.greatest.max(whole);
        if size.examples.len() < MOST_EXAMPLES {
            size.examples.push(example());
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for size in other.0 {
            match self.0.binary_search_by_key(&size.digits, |known| known.digits) {
                Err(at) => self.0.insert(at, size),
                Ok(at) => {
                    let known = &mut self.0[at];
                    known.count += size.count;
                    known.least = known.least.min(size.least);
                    known.greatest = known.greatest.max(size.greatest);
                    known.examples.extend(size.examples);
                    known.examples.sort();
                    known.examples.truncate(MOST_EXAMPLES);
                }
            }
        }
    }

    /// Those of several.
    pub fn of_all<'s>(all: impl IntoIterator<Item = &'s Self>) -> Self {
        let mut joined = Self::default();
        all.into_iter().for_each(|sizes| joined.merge(sizes.clone()));
        joined
    }

    /// All, the fewest digits first.
    pub fn iter(&self) -> impl Iterator<Item = &Size> {
        self.0.iter()
    }

    /// The most digits.
    pub fn most(&self) -> u32 {
        self.0.last().map_or(0, |size| size.digits)
    }

    /// The most digits where so many numbers may have more.
    pub fn most_but(&self, few: u64) -> u32 {
        let mut left = few;
        for size in self.0.iter().rev() {
            match left.checked_sub(size.count) {
                Some(rest) => left = rest,
                None => return size.digits,
            }
        }
        0
    }

    /// How many have more digits, and the first of them.
    pub fn above(&self, digits: u32) -> (u64, Vec<Example>) {
        Self::joined(self.0.iter().filter(|size| size.digits > digits))
    }

    /// The least and the greatest of those with at most so many digits.
    pub fn range(&self, digits: u32) -> Option<(i64, i64)> {
        let sizes = self.0.iter().filter(|size| size.digits <= digits);
        sizes
            .map(|size| (size.least, size.greatest))
            .reduce(|(least, greatest), other| (least.min(other.0), greatest.max(other.1)))
    }

    pub(super) fn examples(&self) -> impl Iterator<Item = &Example> {
        self.0.iter().flat_map(|size| &size.examples)
    }

    /// How many numbers of some counts of digits there are, and the first of them.
    pub fn joined<'s>(sizes: impl Iterator<Item = &'s Size>) -> (u64, Vec<Example>) {
        let (mut count, mut examples) = (0, Vec::new());
        for size in sizes {
            count += size.count;
            examples.extend(size.examples.clone());
        }
        examples.sort();
        examples.truncate(MOST_EXAMPLES);
        (count, examples)
    }
}
