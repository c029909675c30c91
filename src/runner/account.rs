//! What one batch takes of the bytes in flight.

/// The memory of one batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    /// What counts in the bytes in flight, at least `used`.
    pub(super) reserved: u64,
    /// Bytes of documents that have not ended, of what is made of them, and of outcomes.
    pub(super) used: u64,
    /// Bytes of documents that have not ended.
    pub(super) documents: u64,
    /// Bytes of outcomes that are not completed.
    pub(super) finished: u64,
}

impl Account {
    /// Returns what is reserved beyond what is used and what the rows of the open documents are
    /// expected to take; reserves what is used.
    pub(super) fn settled(self) -> Self {
        let expected = self.used + self.documents;
        Self { reserved: self.reserved.min(expected).max(self.used), ..self }
    }

    /// After so many bytes more were taken.
    pub(super) fn with(self, more: u64) -> Self {
        Self { used: self.used + more, ..self }.settled()
    }
}
