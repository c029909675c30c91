//! What needs a look.

use super::reader::Reader;

/// A path of the contract that no document has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// As the contract writes it.
    pub path: String,
    /// What would read it.
    pub reader: Reader,
}

/// An element or attribute of which a plain path takes one, and documents have several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    /// As the contract writes it.
    pub path: String,
    /// What reads it.
    pub reader: Reader,
    /// The path of what is repeated.
    pub element: String,
    /// The most in one parent, or at least so many.
    pub most: u64,
}

/// An element whose own text goes into a column without that of the elements inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// As the contract writes it.
    pub path: String,
    /// The column.
    pub reader: Reader,
    /// The path of an element inside that has text.
    pub inside: String,
    /// Texts in the elements inside.
    pub texts: u64,
}
