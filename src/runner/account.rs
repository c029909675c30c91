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
    /// That of a batch with so many bytes of documents.
    pub(super) fn of(reserved: u64, documents: u64) -> Self {
        Self { reserved, used: documents, documents, finished: 0 }
    }

    /// Returns what is reserved beyond what is used and what the rows of the open documents are
    /// expected to take; reserves what is used.
    fn settled(self) -> Self {
        let expected = self.used + self.documents;
        Self { reserved: self.reserved.min(expected).max(self.used), ..self }
    }

    /// After so many bytes more were taken.
    pub(super) fn with(self, more: u64) -> Self {
        Self { used: self.used + more, ..self }.settled()
    }

    /// After the end of a document of so many bytes, of which and of what it took its outcome keeps some.
    pub(super) fn after_document(self, document: u64, took: u64, keeps: u64) -> Self {
        let ended = Self {
            used: (self.used + keeps).saturating_sub(document + took),
            documents: self.documents.saturating_sub(document),
            finished: self.finished + keeps,
            ..self
        };
        ended.settled()
    }

    /// After outcomes of so many bytes were completed.
    pub(super) fn after_part(self, bytes: u64) -> Self {
        let less = Self {
            used: self.used.saturating_sub(bytes),
            finished: self.finished.saturating_sub(bytes),
            ..self
        };
        less.settled()
    }
}
