//! A mistake in one expression.

use super::ast::Span;
use crate::diagnostic::Diagnostic;
use crate::value::convert::{ConversionError, ConversionFault};

/// What is wrong at a place of an expression's text.
pub type Mistake = Diagnostic<Span>;

/// What is wrong with a literal that must be of a type, and what the type holds.
pub(crate) fn of_literal(error: &ConversionError) -> (String, String) {
    let ConversionError { sql_type, value, fault, reason } = error;
    match fault {
        ConversionFault::NotA => (
            format!("`{value}` does not convert to {sql_type}"),
            match sql_type.is_temporal() {
                true => "write ISO 8601, or a pattern of `document.date_formats`".to_owned(),
                false => format!("{sql_type} holds {}", sql_type.range_text()),
            },
        ),
        ConversionFault::OutOfRange => (
            format!("`{value}` is out of the range of {sql_type}"),
            format!("{sql_type} holds {}", sql_type.range_text()),
        ),
        ConversionFault::TooLong(_) => (
            format!("`{value}` is too long for {sql_type}"),
            format!("{sql_type} holds {}", sql_type.range_text()),
        ),
        ConversionFault::CodePage(character) => (
            format!("`{character}` is not in code page 1252, which {sql_type} stores"),
            format!("use n{sql_type}"),
        ),
        ConversionFault::NotXml => (
            format!("`{value}` does not convert to {sql_type}: {reason}"),
            "write XML as it may be inside an element".to_owned(),
        ),
    }
}
