//! A failure while its place is still an offset: finding line, column and XPath is slow, so it is
//! done once, when the application has really failed.

use super::Limits;
use crate::outcome::{Failure, FailureCategory};

/// What is wrong, and where in the decoded text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub category: FailureCategory,
    /// Byte offset in the decoded text.
    pub at: Option<usize>,
    pub table: Option<Box<str>>,
    pub column: Option<Box<str>>,
    /// The contract's path, for what is absent and so has no place.
    pub path: Option<String>,
    pub value: Option<String>,
    pub reason: String,
}

impl Fault {
    pub fn new(category: FailureCategory, reason: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            category,
            at: None,
            table: None,
            column: None,
            path: None,
            value: None,
            reason: reason.into(),
        })
    }

    pub fn malformed(at: usize, reason: impl Into<String>) -> Box<Self> {
        Self::new(FailureCategory::MalformedXml, reason).at(at)
    }

    pub fn limit(at: usize, reason: impl Into<String>) -> Box<Self> {
        Self::new(FailureCategory::LimitExceeded, reason).at(at)
    }

    #[cold]
    pub fn long_text(at: usize, length: usize, limits: &Limits) -> Box<Self> {
        let most = limits.text_bytes;
        let reason = format!(
            "a value has {length} bytes, and the limit is {most}: raise --max-text-bytes if such \
             documents are right"
        );
        Self::limit(at, reason)
    }

    /// The same at a place.
    pub fn at(mut self: Box<Self>, at: usize) -> Box<Self> {
        self.at = Some(at);
        self
    }

    /// The same with the offending value.
    pub fn value(mut self: Box<Self>, value: impl Into<String>) -> Box<Self> {
        self.value = Some(value.into());
        self
    }

    /// The failure with its place in `text`.
    #[cold]
    pub fn into_failure(self, text: &str) -> Box<Failure> {
        let mut failure = Failure::new(self.category, self.reason);
        failure.table = self.table.map(String::from);
        failure.column = self.column.map(String::from);
        failure.path = self.path;
        if let Some(value) = &self.value {
            failure = failure.with_value(value);
        }
        if let Some(at) = self.at {
            let place = super::place::place(text, at);
            failure.line = Some(place.line);
            failure.column_number = Some(place.column);
            failure.path = place.path.or(failure.path);
        }
        Box::new(failure)
    }
}
