//! What the values of one path look like.

use serde::{Deserialize, Serialize};

use super::example::{Example, MOST_EXAMPLES};
use super::lengths::Lengths;
use super::repeats::Repeats;
use super::shape::{shape, Shape};
use super::sizes::Sizes;
use crate::value::is_blank;

/// The values of one path.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Values {
    /// Values of only white space.
    pub blank: u64,
    /// The others by their shape.
    pub shapes: Vec<Seen>,
    /// Their lengths, without white space around them.
    pub lengths: Lengths,
    /// The longest, at most three.
    pub longest: Vec<Example>,
    /// How many are not ASCII.
    pub not_ascii: u64,
    /// How many have white space inside.
    pub spaced: u64,
    /// How many have white space around them.
    pub padded: u64,
    /// The different values and how often each occurs, in their order; `None` where there are more
    /// than [`Values::MOST_CODES`].
    pub codes: Option<Vec<(String, u64)>>,
    /// Whether a value occurs twice in one document.
    pub in_document: Repeats,
    /// Whether a value occurs twice.
    pub in_all: Repeats,
}

/// The values of one shape.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen {
    /// Their shape.
    pub shape: Shape,
    /// How many.
    pub count: u64,
    /// The first ones, at most three.
    pub examples: Vec<Example>,
    /// Numbers: by their digits before the point. Of whole numbers with 19 digits, those that a
    /// `bigint` does not take count as having 20.
    pub whole: Sizes,
    /// Numbers and times: by their digits after the point, or after the second, if they have any.
    pub fraction: Sizes,
    /// Whole numbers that could be dates such as `20261124`.
    pub compact_dates: u64,
    /// Dates: the greatest first and second part.
    pub pair: (u32, u32),
    /// Dates: one has a part of one digit.
    pub is_unpadded: bool,
    /// Dates: one has the whole name of a month.
    pub has_long_name: bool,
    /// Dates: one has the short name of a month.
    pub has_short_name: bool,
}

impl Values {
    /// Different values that are listed.
    pub const MOST_CODES: usize = 24;

    /// Characters that a listed value has at most.
    const LONGEST_CODE: usize = 40;

    pub(super) fn new() -> Self {
        Self { codes: Some(Vec::new()), ..Self::default() }
    }

    /// Values that are not blank.
    pub fn count(&self) -> u64 {
        self.shapes.iter().map(|seen| seen.count).sum()
    }

    /// The values of several paths.
    pub fn of_all<'v>(all: impl IntoIterator<Item = &'v Self>) -> Self {
        let mut joined = Self::new();
        all.into_iter().for_each(|values| joined.merge(values.clone()));
        joined
    }

    /// All values that are kept with their place.
    pub(super) fn examples(&self) -> impl Iterator<Item = &Example> {
        let sizes = self.shapes.iter().flat_map(|seen| [&seen.whole, &seen.fraction]);
        let of_shapes = self.shapes.iter().flat_map(|seen| &seen.examples);
        of_shapes.chain(sizes.flat_map(Sizes::examples)).chain(&self.longest)
    }

    /// Adds a value of a document; `line` is asked only where the place is kept.
    pub(super) fn add(&mut self, text: &str, document: u64, line: impl Fn() -> u32) {
        if is_blank(text) {
            self.blank += 1;
            return;
        }
        let value = text.trim_matches([' ', '\t', '\n', '\r']);
        self.padded += u64::from(value.len() < text.len());
        self.not_ascii += u64::from(!value.is_ascii());
        self.spaced += u64::from(value.contains([' ', '\t', '\n']));
        let length = u32::try_from(value.encode_utf16().count()).unwrap_or(u32::MAX);
        self.note_length(length, value, document, &line);
        self.note_shape(value, document, &line);
        self.note_code(value, 1);
        let hash = hash(value);
        self.in_document.add(mixed(hash ^ mixed(document)));
        self.in_all.add(hash);
    }

    fn note_length(&mut self, length: u32, value: &str, document: u64, line: impl Fn() -> u32) {
        let is_longest = length > self.lengths.longest;
        self.lengths.add(length);
        if is_longest {
            let example = Example::new(document, line(), value);
            self.longest.insert(0, example);
            self.longest.truncate(MOST_EXAMPLES);
        }
    }

    fn note_shape(&mut self, value: &str, document: u64, line: impl Fn() -> u32) {
        let (shape, detail) = shape(value);
        let at = self.shapes.iter().position(|seen| seen.shape == shape).unwrap_or_else(|| {
            self.shapes.push(Seen::none(shape));
            self.shapes.len() - 1
        });
        let seen = &mut self.shapes[at];
        seen.count += 1;
        if seen.examples.len() < MOST_EXAMPLES {
            seen.examples.push(Example::new(document, line(), value));
        }
        let example = || Example::new(document, line(), value);
        if shape.has_digits() {
            seen.whole.add(detail.digits.0, detail.whole, example);
        }
        let fraction = detail.digits.1.max(detail.date.fraction);
        if fraction > 0 {
            seen.fraction.add(fraction, 0, example);
        }
        seen.compact_dates += u64::from(detail.is_compact_date);
        seen.pair.0 = seen.pair.0.max(detail.date.pair.0);
        seen.pair.1 = seen.pair.1.max(detail.date.pair.1);
        seen.is_unpadded |= detail.date.is_unpadded;
        seen.has_long_name |= detail.date.has_long_name;
        seen.has_short_name |= detail.date.has_short_name;
    }

    fn note_code(&mut self, value: &str, count: u64) {
        let Some(codes) = &mut self.codes else { return };
        match codes.binary_search_by(|(code, _)| code.as_str().cmp(value)) {
            Ok(at) => codes[at].1 += count,
            Err(_) if codes.len() == Self::MOST_CODES || value.len() > Self::LONGEST_CODE => {
                self.codes = None;
            }
            Err(at) => codes.insert(at, (value.to_owned(), count)),
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.blank += other.blank;
        self.not_ascii += other.not_ascii;
        self.spaced += other.spaced;
        self.padded += other.padded;
        for seen in other.shapes {
            match self.shapes.iter_mut().find(|known| known.shape == seen.shape) {
                Some(known) => known.merge(seen),
                None => self.shapes.push(seen),
            }
        }
        self.longest.extend(other.longest);
        self.longest.sort_by_key(|example| {
            (std::cmp::Reverse(example.text.encode_utf16().count()), example.clone())
        });
        self.longest.truncate(MOST_EXAMPLES);
        self.lengths.merge(&other.lengths);
        match other.codes {
            Some(codes) => codes.iter().for_each(|(code, count)| self.note_code(code, *count)),
            None => self.codes = None,
        }
        self.in_document.merge(other.in_document);
        self.in_all.merge(other.in_all);
    }
}

impl Seen {
    /// The least and the greatest whole number.
    pub fn range(&self) -> (i64, i64) {
        self.whole.range(u32::MAX).unwrap_or((0, 0))
    }

    fn none(shape: Shape) -> Self {
        Self {
            shape,
            count: 0,
            examples: Vec::new(),
            whole: Sizes::default(),
            fraction: Sizes::default(),
            compact_dates: 0,
            pair: (0, 0),
            is_unpadded: false,
            has_long_name: false,
            has_short_name: false,
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.examples.extend(other.examples);
        self.examples.sort();
        self.examples.truncate(MOST_EXAMPLES);
        self.whole.merge(other.whole);
        self.fraction.merge(other.fraction);
        self.compact_dates += other.compact_dates;
        self.pair = (self.pair.0.max(other.pair.0), self.pair.1.max(other.pair.1));
        self.is_unpadded |= other.is_unpadded;
        self.has_long_name |= other.has_long_name;
        self.has_short_name |= other.has_short_name;
    }
}

/// FNV-1a, spread: the same on every machine, as statistics in files need it.
fn hash(value: &str) -> u64 {
    let hash = value.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    mixed(hash)
}

/// Spreads over all bits (SplitMix64).
fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
