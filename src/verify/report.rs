//! What a verification finds.

use std::sync::Arc;

use crate::contract::Contract;
use crate::id::AppId;

/// Characters that are kept of a value, as of the values in the log.
pub const VALUE_CLIP: usize = crate::outcome::Failure::VALUE_CLIP;

/// What is found of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Its rows are those of its document.
    Equal,
    /// They are not.
    Different,
    /// Its document was changed after the attempt that its rows are of.
    Changed,
    /// Its document cannot be shredded.
    NotShredded,
    /// Its source row is gone, or its document is null.
    NoDocument,
    /// It has no rows and no logged success.
    NotFinished,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 6] = [
        Self::Equal,
        Self::Different,
        Self::Changed,
        Self::NotShredded,
        Self::NoDocument,
        Self::NotFinished,
    ];

    /// Its name for programs; these do not change.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Different => "different",
            Self::Changed => "document_changed",
            Self::NotShredded => "not_shredded",
            Self::NoDocument => "no_document",
            Self::NotFinished => "not_finished",
        }
    }

    /// It in words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Different => "different",
            Self::Changed => "not compared: the document was changed after its rows were written",
            Self::NotShredded => "not compared: the document cannot be shredded",
            Self::NoDocument => "not compared: the source row is gone, or its document is null",
            Self::NotFinished => "not compared: it has no rows and no logged success",
        }
    }
}

/// A kind of difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difference {
    /// The document has a row that the table lacks.
    MissingRow,
    /// The table has a row that the document does not have.
    SurplusRow,
    /// A column has another value.
    Value,
}

impl Difference {
    /// Its name; these do not change.
    pub fn name(self) -> &'static str {
        match self {
            Self::MissingRow => "missing_row",
            Self::SurplusRow => "surplus_row",
            Self::Value => "value",
        }
    }
}

/// What is found in a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: Arc<str>,
    /// Rows of the documents.
    pub expected: u64,
    /// Rows of the table.
    pub found: u64,
    /// Rows of the documents that are in the table with the same values.
    pub equal: u64,
    /// Rows with another value.
    pub different: u64,
    /// Rows that the table lacks.
    pub missing: u64,
    /// Rows that the documents do not have.
    pub surplus: u64,
    /// The columns, in contract order.
    pub columns: Vec<Column>,
}

/// What is found in a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Arc<str>,
    /// Rows with another value in it.
    pub different: u64,
    /// Why it was not compared, or not in every application.
    pub exception: Option<&'static str>,
}

/// An example of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Its kind.
    pub difference: Difference,
    /// The application.
    pub app_id: AppId,
    /// Index of the table.
    pub table: usize,
    /// Index of the column of a value.
    pub column: Option<usize>,
    /// What identifies the row.
    pub key: String,
    /// The document's value.
    pub expected: Option<String>,
    /// The table's value.
    pub found: Option<String>,
}

/// An application that was not compared, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppExample {
    /// The application.
    pub app_id: AppId,
    /// The category.
    pub verdict: Verdict,
    /// The failure of its document, where it has one.
    pub reason: Option<String>,
}

/// What a verification finds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Applications by verdict, as in [`Verdict::ALL`].
    pub apps: [u64; Verdict::ALL.len()],
    /// Of those that are different: applications none of whose rows is there.
    pub without_rows: u64,
    /// Of those that were compared: applications whose rows the log does not know.
    pub unlogged: u64,
    /// Of those that were compared: applications that the adopted log of another program knows.
    pub adopted: u64,
    /// Of those that were compared: applications that were shredded with another contract.
    pub other_contract: u64,
    /// The target tables, in load order.
    pub tables: Vec<Table>,
    /// Examples of differences, by application; so many of each kind in each column.
    pub examples: Vec<Example>,
    /// Examples of applications that were not compared.
    pub not_compared: Vec<AppExample>,
    /// The last application up to which everything is verified.
    pub after: Option<AppId>,
    /// Whether there is nothing left to verify.
    pub is_complete: bool,
}

impl Report {
    /// Nothing is found yet.
    pub(super) fn new(contract: &Contract) -> Self {
        let column = |column: &crate::contract::TargetColumn| Column {
            name: column.name.as_str().into(),
            ..Column::default()
        };
        let table = |table: &crate::contract::TargetTable| Table {
            name: table.name.as_str().into(),
            columns: table.columns.iter().map(column).collect(),
            ..Table::default()
        };
        Self { tables: contract.targets.iter().map(table).collect(), ..Self::default() }
    }

    /// How many applications have this verdict.
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.apps[verdict as usize]
    }

    /// How many applications were compared.
    pub fn compared(&self) -> u64 {
        self.count(Verdict::Equal) + self.count(Verdict::Different)
    }

    /// Adds what was found in other applications, and keeps so many examples of each kind.
    pub(super) fn add(&mut self, other: Self, examples: usize) {
        for (sum, more) in self.apps.iter_mut().zip(other.apps) {
            *sum += more;
        }
        self.without_rows += other.without_rows;
        self.unlogged += other.unlogged;
        self.adopted += other.adopted;
        self.other_contract += other.other_contract;
        for (table, more) in self.tables.iter_mut().zip(other.tables) {
            table.add(more);
        }
        self.examples.extend(other.examples);
        self.not_compared.extend(other.not_compared);
        self.keep(examples);
    }

    /// Keeps the first examples of each kind, by application: the same ones with any number of threads.
    fn keep(&mut self, most: usize) {
        self.examples.sort_by_key(|e| (e.table, e.difference, e.column, e.app_id));
        let mut before = 0;
        let mut last = None;
        self.examples.retain(|e| {
            let kind = Some((e.table, e.difference, e.column));
            before = if last == kind { before + 1 } else { 0 };
            last = kind;
            before < most
        });
        self.not_compared.sort_by_key(|app| (app.verdict, app.app_id));
        let (mut before, mut last) = (0, None);
        self.not_compared.retain(|app| {
            before = if last == Some(app.verdict) { before + 1 } else { 0 };
            last = Some(app.verdict);
            before < most
        });
    }
}

impl Table {
    fn add(&mut self, other: Self) {
        self.expected += other.expected;
        self.found += other.found;
        self.equal += other.equal;
        self.different += other.different;
        self.missing += other.missing;
        self.surplus += other.surplus;
        for (column, more) in self.columns.iter_mut().zip(other.columns) {
            column.different += more.different;
            column.exception = column.exception.or(more.exception);
        }
    }
}
