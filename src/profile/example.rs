//! Values that are kept with their place.

use serde::{Deserialize, Serialize};

/// A value, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Example {
    /// The number of the document, in the order of reading, from 0.
    pub document: u64,
    /// The line in it, from 1.
    pub line: u32,
    /// The value, shortened.
    pub text: String,
}

impl Example {
    /// Characters of a value that are kept.
    const MOST_CHARACTERS: usize = 80;

    pub(super) fn new(document: u64, line: u32, text: &str) -> Self {
        let text = match text.char_indices().nth(Self::MOST_CHARACTERS) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        };
        Self { document, line, text }
    }
}

/// Examples that are kept of one kind.
pub(super) const MOST_EXAMPLES: usize = 3;
