//! A failure whose place is still an offset: finding line, column and XPath is slow, so it is done
//! once, when the application has really failed.

use std::fmt::Display;

use super::limits::Limits;
use super::place::locate;
use crate::outcome::{Failure, FailureCategory};

/// A failure, and where in the decoded text it is.
#[derive(Debug)]
pub(super) struct ShredFault {
    /// Byte offset in the decoded text.
    pub at: Option<usize>,
    /// Without line and column. `path` is the contract's, for an absent node, which has no place.
    pub failure: Failure,
    /// The caller stops: the document is neither done nor failed.
    pub cancelled: bool,
}

pub(super) type Result<T, E = Box<ShredFault>> = std::result::Result<T, E>;

impl ShredFault {
    pub fn new(category: FailureCategory, reason: impl Into<String>) -> Box<Self> {
        Box::new(Self { at: None, failure: Failure::new(category, reason), cancelled: false })
    }

    pub fn malformed(at: usize, reason: impl Into<String>) -> Box<Self> {
        Self::new(FailureCategory::MalformedXml, reason).at(at)
    }

    /// The document is given up because the caller stops.
    #[cold]
    pub fn cancelled(at: usize) -> Box<Self> {
        let mut fault = Self::new(FailureCategory::LimitExceeded, "the run stops").at(at);
        fault.cancelled = true;
        fault
    }

    /// `setting` is the flag that raises the limit.
    #[cold]
    pub fn limit(at: usize, found: impl Display, setting: &str) -> Box<Self> {
        let reason = format!("{found}: raise {setting} if such documents are expected");
        Self::new(FailureCategory::LimitExceeded, reason).at(at)
    }

    #[cold]
    pub fn long_text(at: usize, length: usize, limits: &Limits) -> Box<Self> {
        let found = format!("a value has {length} bytes, and the limit is {}", limits.text_bytes);
        Self::limit(at, found, "--max-text-bytes")
    }

    pub fn at(mut self: Box<Self>, at: usize) -> Box<Self> {
        self.at = Some(at);
        self
    }

    pub fn value(mut self: Box<Self>, value: impl AsRef<str>) -> Box<Self> {
        self.failure = self.failure.with_value(value.as_ref());
        self
    }

    /// The reason without what it has from the document.
    pub fn template(mut self: Box<Self>, template: impl Into<String>) -> Box<Self> {
        self.failure.template = Some(template.into());
        self
    }

    /// Each value is a cause of its own.
    pub fn each_value(mut self: Box<Self>) -> Box<Self> {
        self.failure.each_value = true;
        self
    }

    /// The failure with its place in `text`.
    #[cold]
    pub fn into_failure(self, text: &str) -> Box<Failure> {
        let mut failure = Box::new(self.failure);
        if let Some(at) = self.at {
            locate(&mut failure, text, at);
        }
        failure
    }
}
