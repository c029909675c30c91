//! A document that the program itself fails on.

use std::any::Any;
use std::panic::{catch_unwind, AssertUnwindSafe};

use super::place::locate;
use crate::outcome::{message_template, Failure, FailureCategory};
use crate::reason::{nested, reason, Reason};

/// The message of a panic, where it has one.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no message)")
}

/// That message as a part of a sentence: it may quote the document.
pub(crate) fn panic_reason(message: &str) -> Reason {
    Reason::of_others(message.to_owned(), message_template(message))
}

/// The failure of a document on which the program panicked when it had reached the offset `at`.
pub(super) fn failure(panic: &(dyn Any + Send), text: &str, at: usize) -> Box<Failure> {
    let reason = reason!(
        "xmlshred itself failed on this document ({}): report it with the document (`xmlshred \
         export-failed` writes it to a file)",
        nested(&panic_reason(panic_message(panic)))
    );
    let mut failure = Box::new(Failure::new(FailureCategory::InternalError, reason));
    // Where that fails too, the message is still worth more than the place.
    let _ = catch_unwind(AssertUnwindSafe(|| locate(&mut failure, text, at)));
    failure
}

/// Panics at an element of the name in `XMLSHRED_TEST_PANIC_AT`, to test what follows. Builds
/// without debug assertions, and so releases, do not.
#[inline(always)]
pub(super) fn provoke(_element: impl FnOnce() -> (usize, usize), _text: &str) {
    #[cfg(debug_assertions)]
    {
        use std::sync::OnceLock;
        static NAME: OnceLock<Option<String>> = OnceLock::new();
        let name = NAME.get_or_init(|| std::env::var("XMLSHRED_TEST_PANIC_AT").ok());
        let Some(name) = name else { return };
        let (start, end) = _element();
        assert!(&_text[start..end] != name, "a test provoked this panic");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_that_quotes_the_document_is_one_cause() {
        let cause = |quoted: &str| {
            let at = quoted.len();
            let message =
                format!("byte index {at} is not a char boundary; it is inside 'ä' of `{quoted}`");
            let failure = failure(&message, "<a/>", 0);
            assert!(failure.reason.contains(quoted), "{}", failure.reason);
            failure.fingerprint()
        };
        assert_eq!(cause("<note title='Grüße'/>"), cause("<note title='Öl'>7</note>"));
        let other = failure(&"index out of bounds".to_owned(), "<a/>", 0).fingerprint();
        assert_ne!(cause("<a/>"), other);
    }
}
