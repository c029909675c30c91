//! What happens in a case.

use crate::outcome::FailureCategory;

/// What happens to a value, or to its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The document fails with this category.
    Fails(FailureCategory),
    /// The value becomes null.
    Null,
    /// The value is cut.
    Cut,
}

impl Effect {
    /// Its name: that of the category, `null` or `cut`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fails(category) => category.name(),
            Self::Null => "null",
            Self::Cut => "cut",
        }
    }
}
