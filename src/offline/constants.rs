//! What a contract computes without a document, computed once before any comes: a failure would be one
//! of every document.

use std::sync::Arc;

use chrono::DateTime;

use crate::contract::{ParsedContract, CONSTANTS_ROOT};
use crate::diagnostic::Diagnostic;
use crate::document::{Document, DocumentEncoding};
use crate::id::AppId;
use crate::shred::{Limits, Shredder};
use crate::value::{is_blank, Value};

/// Adds what fails to the contract's diagnostics, as errors, and keeps what has a value.
pub fn examine(parsed: &mut ParsedContract) {
    let constants = parsed.constants();
    let mut left: Vec<usize> = (0..constants.all.len()).collect();
    let bytes = format!("<{CONSTANTS_ROOT}/>").into_bytes();
    let document = Document { bytes, encoding: DocumentEncoding::Utf8 };
    while !left.is_empty() {
        let contract = Arc::new(constants.contract(&left));
        let mut shredder = Shredder::new(contract, Limits::default());
        let outcome = shredder.shred(AppId(0), DateTime::UNIX_EPOCH, Some(&document));
        let failure = match outcome {
            Err(failure) => failure,
            Ok(rows) => {
                // Behind the application's id.
                let values = rows[0].values.iter().skip(1);
                let filled = left.iter().zip(values).filter(|(_, value)| has_text(value));
                parsed.filled = filled.map(|(number, _)| constants.all[*number].0.span).collect();
                return;
            }
        };
        let number = failure.column.as_deref().and_then(|column| column.parse::<usize>().ok());
        let Some(number) = number else { return };
        let reason = failure.reason.split(": correct the document").next().unwrap_or_default();
        let error = Diagnostic::error(constants.all[number].1.clone(), reason);
        let hint = "correct it: it reads nothing, so that it would fail for every document";
        parsed.diagnostics.push(error.hint(hint));
        left.retain(|other| *other != number);
    }
}

fn has_text(value: &Value) -> bool {
    matches!(value, Value::Text(text) if !is_blank(text))
}
