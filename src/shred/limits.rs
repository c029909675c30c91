//! Limits on a document, against hostile and broken ones.

use std::time::Duration;

/// What a document may have at most. A document that has more is the failure `limit_exceeded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a document as stored and as decoded; below 4 GiB, because places in a document
    /// are 32-bit offsets.
    pub document_bytes: u64,
    /// Elements inside each other.
    pub depth: usize,
    /// Attributes of one element that the contract reads.
    pub attributes: usize,
    /// Bytes of one attribute's value or one element's text that the contract reads.
    pub text_bytes: usize,
    /// Rows of all tables.
    pub rows: usize,
    /// Bytes of everything that is made of the document: of the values of all rows, of what is read
    /// for them, and of texts on the way. The document itself does not count.
    pub row_bytes: u64,
    /// Time that shredding may take; zero means unlimited.
    pub time: Duration,
}

impl Limits {
    /// 256 MiB, 512 deep, 10,000 attributes, 64 MiB of text, 1,000,000 rows, 64 MiB of rows, one
    /// minute: far above what the documents this is for have and take (5 KB to 2 MB,
    /// milliseconds), and low enough to protect a worker.
    pub const DEFAULT: Self = Self {
        document_bytes: 256 << 20,
        depth: 512,
        attributes: 10_000,
        text_bytes: 64 << 20,
        rows: 1_000_000,
        row_bytes: 64 << 20,
        time: Duration::from_secs(60),
    };
}

impl Limits {
    /// The limits in a run with so many bytes in flight: a quarter of them for one document's rows, but
    /// not less than 16 MiB.
    pub fn within_flight(self, bytes: u64) -> Self {
        Self { row_bytes: self.row_bytes.min((bytes / 4).max(16 << 20)), ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
