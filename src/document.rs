//! A document from a store: its bytes, and how to read them.

/// A document's bytes and their encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The bytes that [`crate::id::SourceHash`] is taken of.
    pub bytes: Vec<u8>,
    /// How to read them.
    pub encoding: DocumentEncoding,
}

/// How to read a document's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentEncoding {
    /// The stored bytes: byte order mark, then declaration, then UTF-8.
    Detect,
    /// The store decoded text to UTF-8: the declaration is ignored.
    Utf8,
    /// nvarchar, as UTF-16LE without a mark: the declaration is ignored.
    Utf16Le,
}
