//! The result of shredding one application: typed rows, or a categorised failure.
//!
//! This is the only thing that travels between [`crate::shred`], which makes it, and
//! [`crate::store`], which writes it.

mod cause;

use std::fmt;

use crate::id::{AppId, SourceHash};
use crate::reason::Reason;
use crate::value::Value;

pub use cause::{message_template, without_quoted};

/// Rows for one target table, row-major: row `i` is `values[i * width..(i + 1) * width]`, in the
/// order of [`crate::contract::TargetTable::columns`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableRows {
    /// Number of columns; 0 only when there are no rows.
    pub width: usize,
    /// All values of all rows.
    pub values: Vec<Value>,
}

impl TableRows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The rows in document order.
    pub fn iter(&self) -> std::slice::Chunks<'_, Value> {
        self.values.chunks(self.width.max(1))
    }
}

/// Why an application failed. The names are what `processing_log.failure_category` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureCategory {
    /// The document is not well-formed, or not in the encoding it claims.
    MalformedXml,
    /// The root element is not the contract's.
    WrongDocument,
    /// `document.key` does not equal the application's id.
    KeyMismatch,
    /// The source row is gone, or its document is null.
    MissingDocument,
    /// A required path or column is absent or blank.
    MissingRequired,
    /// Text does not convert to the type it is used as, or is out of its range.
    BadValue,
    /// Text is longer than its column, and the column does not say `too_long = "truncate"`.
    TooLong,
    /// A plain path matched several nodes.
    ManyValues,
    /// A lookup has no entry for the text.
    UnmappedLookup,
    /// A limit per document was exceeded: on bytes, depth, attributes, text, rows, or time.
    LimitExceeded,
    /// The database refused the rows: a key, a check, a foreign key, a trigger.
    ConstraintViolation,
    /// xmlshred itself failed on the document: a defect of the program. The reason has its message.
    InternalError,
    /// It failed in the earlier system, whose log was adopted.
    Adopted,
}

impl FailureCategory {
    /// Every category, in the order the documentation lists them.
    pub const ALL: [FailureCategory; 13] = [
        Self::MalformedXml,
        Self::WrongDocument,
        Self::KeyMismatch,
        Self::MissingDocument,
        Self::MissingRequired,
        Self::BadValue,
        Self::TooLong,
        Self::ManyValues,
        Self::UnmappedLookup,
        Self::LimitExceeded,
        Self::ConstraintViolation,
        Self::InternalError,
        Self::Adopted,
    ];

    /// The name as logged, in `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            Self::MalformedXml => "malformed_xml",
            Self::WrongDocument => "wrong_document",
            Self::KeyMismatch => "key_mismatch",
            Self::MissingDocument => "missing_document",
            Self::MissingRequired => "missing_required",
            Self::BadValue => "bad_value",
            Self::TooLong => "too_long",
            Self::ManyValues => "many_values",
            Self::UnmappedLookup => "unmapped_lookup",
            Self::LimitExceeded => "limit_exceeded",
            Self::ConstraintViolation => "constraint_violation",
            Self::InternalError => "internal_error",
            Self::Adopted => "adopted",
        }
    }

    /// The category of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }
}

impl fmt::Display for FailureCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why one application failed, with everything a person needs to find the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind of failure.
    pub category: FailureCategory,
    /// Target table, where one is concerned.
    pub table: Option<String>,
    /// Target column, where one is concerned.
    pub column: Option<String>,
    /// XPath of the offending node with positions, such as `/a/b[2]/@c`.
    pub path: Option<String>,
    /// 1-based line in the document.
    pub line: Option<u32>,
    /// 1-based column in that line, in characters.
    pub column_number: Option<u32>,
    /// The offending value, clipped to [`Failure::VALUE_CLIP`] characters.
    pub value: Option<String>,
    /// One sentence: what is wrong and what to do.
    pub reason: String,
    /// The sentence without what it has from the document: part of the fingerprint. `None` for a failure that
    /// was read from a log, which has its fingerprint beside it.
    pub template: Option<String>,
    /// Each value is a cause of its own, because each needs a correction of its own.
    pub each_value: bool,
}

impl Failure {
    /// Characters kept of an offending value.
    pub const VALUE_CLIP: usize = 200;

    /// A failure with a category and a sentence, and no place yet.
    pub fn new(category: FailureCategory, reason: impl Into<Reason>) -> Self {
        let (reason, template) = reason.into().into_parts();
        Self {
            category,
            table: None,
            column: None,
            path: None,
            line: None,
            column_number: None,
            value: None,
            reason,
            template: Some(template),
            each_value: false,
        }
    }

    /// Keeps `value`, clipped to [`Failure::VALUE_CLIP`] characters.
    pub fn with_value(mut self, value: &str) -> Self {
        self.value = Some(value.chars().take(Self::VALUE_CLIP).collect());
        self
    }
}

/// The result of one document: rows per target table (indexed like
/// [`crate::contract::Contract::targets`]), or the failure.
pub type Outcome = Result<Vec<TableRows>, Box<Failure>>;

/// An outcome with what the log records beside it.
#[derive(Debug, Clone)]
pub struct AppOutcome {
    /// The application.
    pub app_id: AppId,
    /// The attempt the claim gave it, from 1.
    pub attempt: u32,
    /// Rows or failure.
    pub outcome: Outcome,
    /// Time spent decoding, parsing and mapping, in microseconds.
    pub shred_micros: u64,
    /// Hash of the document, where there was one.
    pub source_hash: Option<SourceHash>,
    /// Size of the document in bytes.
    pub document_bytes: u64,
}
