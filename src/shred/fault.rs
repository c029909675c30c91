//! A failure whose place is still an offset: finding line, column and XPath is slow, so it is done
//! once, when the application has really failed.

use super::limits::Limits;
use super::place::locate;
use crate::outcome::{Failure, FailureCategory};
use crate::reason::{known, nested, number, reason, Reason};

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
    pub fn new(category: FailureCategory, reason: impl Into<Reason>) -> Box<Self> {
        Box::new(Self { at: None, failure: Failure::new(category, reason), cancelled: false })
    }

    pub fn malformed(at: usize, reason: impl Into<Reason>) -> Box<Self> {
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
    pub fn limit(at: usize, found: &Reason, setting: &str) -> Box<Self> {
        let setting = known(setting);
        let reason = reason!("{}: raise {} if such documents are expected", nested(found), setting);
        Self::new(FailureCategory::LimitExceeded, reason).at(at)
    }

    #[cold]
    pub fn long_text(at: usize, length: usize, limits: &Limits) -> Box<Self> {
        let (length, most) = (number(length), known(limits.text_bytes));
        let found = reason!("a value has {} bytes, and the limit is {}", length, most);
        Self::limit(at, &found, "--max-text-bytes")
    }

    pub fn at(mut self: Box<Self>, at: usize) -> Box<Self> {
        self.at = Some(at);
        self
    }

    pub fn value(mut self: Box<Self>, value: impl AsRef<str>) -> Box<Self> {
        self.failure = self.failure.with_value(value.as_ref());
        self
    }

    /// The same with more at the end of its sentence.
    pub fn and(mut self: Box<Self>, more: &str) -> Box<Self> {
        self.failure.reason += more;
        self.failure.template.iter_mut().for_each(|template| *template += more);
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
