//! One large document that holds many records, divided while it is read, in memory that depends on the
//! largest record only.
//!
//! A record is a document of its own, in UTF-8 without a declaration. It has the bytes of its element, and in
//! the start tag what it inherits from the elements around it and would lose: declarations of
//! namespaces, `xml:lang`, `xml:space` and `xml:base`. Or the start tags of these elements are kept around it.

mod each;
mod envelope;
mod splitter;
mod tag;
mod text;

pub use each::EachPath;
pub use splitter::{LeftOut, Record, SplitOptions, Splitter};

use std::io;

/// Why a document cannot be divided.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is not text, not XML, or has more than the limits allow.
    #[error("line {line}: {reason}")]
    Document {
        /// From 1.
        line: u64,
        /// What is wrong, and what to do.
        reason: String,
    },
}
