//! What an expression may refer to.

use std::sync::Arc;

use crate::contract::expr::kind::Kind;
use crate::contract::target::TargetColumn;
use crate::value::datetime::DatePattern;
use crate::value::SqlType;

/// The place of an expression, which decides what it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A column's value.
    Value,
    /// `where`, `when`, `distinct`: over the document, before rows are numbered.
    Document,
    /// `keep_when`: over the row.
    Row,
    /// A predicate's brackets: attributes and own text of one element.
    Predicate,
    /// An aggregate's expression for one of its elements.
    Element,
}

/// The table that a `foreign_key` refers to.
#[derive(Debug, Clone, Copy, Default)]
pub enum Parent<'a> {
    /// There is no `foreign_key`.
    #[default]
    None,
    /// It could not be read, which was reported.
    Unknown,
    /// A table of the contract.
    Table {
        /// Its name.
        name: &'a str,
        /// Its columns.
        columns: &'a [TargetColumn],
        /// The columns of its primary key.
        key: &'a [String],
        /// Whether no element of the table's row path lies in an element of the parent's.
        apart: bool,
    },
}

/// What an expression can refer to.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Where it is.
    pub place: Place,
    /// The contract's lookups and the kinds of their values.
    pub lookups: &'a [(String, Kind)],
    /// The names of the contract's keys.
    pub keys: &'a [&'a str],
    /// In `keep_when`: the row's columns.
    pub columns: &'a [(String, SqlType)],
    /// Whether the row is a part of a list.
    pub of_parts: bool,
    /// The table that `PARENT(column)` reads.
    pub parent: Parent<'a>,
    /// The document's rules for paths and dates.
    pub document: &'a DocumentScope,
    /// Elements from the root to the row element, both counted; None when that varies.
    pub depth: Option<usize>,
    /// The expression has mistakes already: NULL is in the place of what could not be read, so that it
    /// fits everywhere, and nothing is worth a warning.
    pub broken: bool,
}

/// What all expressions of a contract share.
#[derive(Debug, Clone, Default)]
pub struct DocumentScope {
    /// The root element's names; empty when they are not known.
    pub roots: Vec<String>,
    /// Whether names are compared without their prefixes.
    pub ignore_namespaces: bool,
    /// Declared prefixes; None when they are not known.
    pub prefixes: Option<Vec<String>>,
    /// Patterns tried after ISO 8601.
    pub date_formats: Arc<[DatePattern]>,
}
