//! A mistake inside one expression, before anything knows where the expression stands in a file.

use super::ast::Span;
use crate::diagnostic::Severity;
use crate::value::convert::ConversionError;

/// What is wrong at a place of an expression's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// How much it matters.
    pub severity: Severity,
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What was expected, or what to write instead.
    pub hint: Option<String>,
}

impl Mistake {
    /// An error at a place.
    pub(crate) fn error(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, span, message: message.into(), hint: None }
    }

    /// A warning at a place.
    pub(crate) fn warning(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }

    /// Adds what was expected.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what was expected, if there is something to say.
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }
}

/// What is wrong with a literal that has to be of a type, and what the type holds.
pub(crate) fn of_literal(error: &ConversionError) -> (String, String) {
    match error {
        ConversionError::NotA { sql_type, value } => (
            format!("`{value}` does not convert to {sql_type}"),
            match sql_type.is_temporal() {
                true => "write ISO 8601, or a pattern of `document.date_formats`".to_owned(),
                false => format!("{sql_type} holds {}", sql_type.range_text()),
            },
        ),
        ConversionError::OutOfRange { sql_type, value } => (
            format!("`{value}` is out of the range of {sql_type}"),
            format!("{sql_type} holds {}", sql_type.range_text()),
        ),
        ConversionError::TooLong { sql_type, value, .. } => (
            format!("`{value}` is too long for {sql_type}"),
            format!("{sql_type} holds {}", sql_type.range_text()),
        ),
        ConversionError::CodePage { sql_type, character, .. } => (
            format!("`{character}` is not in code page 1252, which {sql_type} stores"),
            format!("use n{sql_type}"),
        ),
    }
}
