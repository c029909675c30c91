//! Sets of hashes, which files have as text.

use std::collections::HashSet;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of hashes. In a file it is one text of 16 hexadecimal digits for each, in their order.
#[derive(Debug, Clone, Default)]
pub struct Hashes(HashSet<u64>);

impl Hashes {
    /// Adds one; whether it is new.
    pub fn insert(&mut self, hash: u64) -> bool {
        self.0.insert(hash)
    }

    /// Whether it has this one.
    pub fn contains(&self, hash: u64) -> bool {
        self.0.contains(&hash)
    }

    /// How many it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        self.0.retain(|hash| keep(*hash));
    }
}

impl IntoIterator for Hashes {
    type Item = u64;
    type IntoIter = std::collections::hash_set::IntoIter<u64>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Extend<u64> for Hashes {
    fn extend<T: IntoIterator<Item = u64>>(&mut self, hashes: T) {
        self.0.extend(hashes);
    }
}

impl Serialize for Hashes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sorted: Vec<u64> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let text: String = sorted.iter().map(|hash| format!("{hash:016x}")).collect();
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Hashes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.as_bytes().chunks(16);
        let hashes = digits.map(|digits| {
            let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.len() == 16)?;
            u64::from_str_radix(digits, 16).ok()
        });
        let hashes: Option<HashSet<u64>> = hashes.collect();
        hashes.map(Self).ok_or_else(|| D::Error::custom("hashes have 16 hexadecimal digits each"))
    }
}
