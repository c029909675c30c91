//! Limits on a document, against hostile and broken ones.

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
}

impl Limits {
    /// 256 MiB, 512 deep, 10,000 attributes, 64 MiB of text, 1,000,000 rows: far above what the
    /// documents this is for have (5 KB to 2 MB), and low enough to protect a worker.
    pub const DEFAULT: Self = Self {
        document_bytes: 256 << 20,
        depth: 512,
        attributes: 10_000,
        text_bytes: 64 << 20,
        rows: 1_000_000,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
