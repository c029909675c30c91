//! One mistake, and where it is.

use std::ops::Range;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, but probably does not mean what it says.
    Warning,
}

/// One mistake. Its place is a range of bytes in the file, or a place in a part of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic<P = Range<usize>> {
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in one line that begins in lower case and has no full stop.
    pub message: String,
    /// Where it is.
    pub span: P,
    /// What was expected, or what to write instead.
    pub hint: Option<String>,
    /// Another place that explains the mistake, and how.
    pub related: Option<(P, String)>,
}

impl<P> Diagnostic<P> {
    /// An error at a place.
    pub fn error(span: P, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into(), span, hint: None, related: None }
    }

    /// A warning at a place.
    pub fn warning(span: P, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }

    /// Adds what was expected.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        self.maybe_hint(Some(hint.into()))
    }

    /// Adds what was expected, if it is known.
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Adds another place.
    pub fn related(mut self, span: P, message: impl Into<String>) -> Self {
        self.related = Some((span, message.into()));
        self
    }

    /// The same with other places.
    pub(crate) fn map_places<Q>(self, place: impl Fn(P) -> Q) -> Diagnostic<Q> {
        Diagnostic {
            severity: self.severity,
            message: self.message,
            span: place(self.span),
            hint: self.hint,
            related: self.related.map(|(span, message)| (place(span), message)),
        }
    }
}
