//! Why a schema cannot be used.

use std::fmt;

/// What is wrong with a schema, where, and the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError {
    /// The file and the line in it: `orders.xsd:12`.
    pub place: String,
    /// What is wrong.
    pub reason: String,
    /// The next step: one action.
    pub hint: String,
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

impl std::error::Error for SchemaError {}

pub(super) type Result<T> = std::result::Result<T, Box<SchemaError>>;
