//! A contract as it was written: every part checked, nothing compiled yet.
//!
//! Expressions carry spans into their own text; only the checks need to know where that text
//! is in the file, so the model does not.

use std::sync::Arc;

use super::expr::ast::{Expr, Path, Read};
use super::target::Identity;
use crate::value::convert::Conversion;
use crate::value::datetime::DatePattern;
use crate::value::{Decimal, SqlType, Value};

/// A whole contract without mistakes.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// `contract.name`
    pub name: String,
    /// `contract.target_schema`, else `dbo`.
    pub target_schema: String,
    /// `[document]`
    pub document: DocumentRules,
    /// `[lookups.…]`, in contract order. Names are unique ignoring case.
    pub lookups: Vec<Lookup>,
    /// `[keys.…]`, in contract order. Names are unique ignoring case, among lookups too.
    pub keys: Vec<KeyRule>,
    /// `[[tables]]`, in contract order; several may fill one target table.
    pub tables: Vec<TableRule>,
}

/// `[document]`: what a document must look like, and how its parts are read.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentRules {
    /// The names that the root element may have, as written, `prefix:local` with a prefix; never empty.
    pub roots: Vec<String>,
    /// Absolute paths: elements that must exist, attributes that must not be blank.
    pub require: Vec<Path>,
    /// The absolute path that must equal the application's id.
    pub key: Option<Path>,
    /// `attribute_names = "ignore-case"`
    pub ignore_case_attributes: bool,
    /// The absolute path to the elements whose text is XML, which takes the place of the text.
    pub unwrap: Option<Path>,
    /// How much of a document is checked.
    pub check: Check,
    /// `white_space = "strip"`: white space around the text of every path is dropped.
    pub strip: bool,
    /// Date patterns in the order in which they are tried after ISO 8601; lenient ones with
    /// `date_match = "lenient"`.
    pub date_formats: Vec<DatePattern>,
    /// Prefixes and the URIs that each stands for, in contract order; the empty prefix is that of
    /// elements without one. Every prefix that a path uses is here, except `xml`, which needs no
    /// declaration.
    pub namespaces: Vec<(String, Vec<String>)>,
    /// `namespaces = "ignore"`: names are compared without their prefixes.
    pub ignore_namespaces: bool,
}

/// `document.check`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Check {
    /// Tags everywhere; attributes, entities and characters only where a column reads.
    #[default]
    Needed,
    /// Everything everywhere.
    Full,
}

/// `[lookups.name]`: codes and what they mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// The name in `LOOKUP('name', …)`, ignoring the case of ASCII letters.
    pub name: String,
    /// `match`
    pub match_mode: MatchMode,
    /// `on_blank`: what blank or absent text becomes.
    pub on_blank: OnMissing,
    /// `on_unmapped`: what text without an entry becomes.
    pub on_unmapped: OnMissing,
    /// The entries in contract order. Keys are unique; with [`MatchMode::IgnoreCase`] they are
    /// unique ignoring case.
    pub values: Vec<(String, LookupValue)>,
}

/// `[keys.name]`: elements that others refer to by an id.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyRule {
    /// The name in `LOOKUP('name', …, …)`, ignoring the case of ASCII letters.
    pub name: String,
    /// The path to the elements: absolute or `//name`.
    pub each: Path,
    /// The id of one of them.
    pub key: Expr,
    /// `on_unmapped = "error"`: a text that is the id of none fails; otherwise it becomes null.
    pub must_be_found: bool,
}

/// `lookups.….match`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MatchMode {
    /// Same characters, same case.
    #[default]
    Exact,
    /// Same characters ignoring case.
    IgnoreCase,
    /// Exactly if there is such an entry, otherwise the first that matches ignoring case.
    ExactThenIgnoreCase,
}

/// The result of a lookup for text without an entry.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum OnMissing {
    /// Null.
    Null,
    /// The failure `unmapped_lookup`.
    #[default]
    Error,
    /// This.
    Value(LookupValue),
}

/// What a code means.
#[derive(Debug, Clone, PartialEq)]
pub enum LookupValue {
    /// `APPRV = 50`
    Integer(i64),
    /// `LOW = 0.25`
    Decimal(Decimal),
    /// `CA = "California"`
    Text(String),
}

/// One `[[tables]]`: which elements become rows of which table, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRule {
    /// The table's name as written.
    pub name: String,
    /// Index into [`super::Contract::targets`] of the table that the rows go to.
    pub target: usize,
    /// The row path: absolute or `//name`, and it reads an element.
    pub each: Path,
    /// What of each element is a list, with a row for each part.
    pub split: Option<Split>,
    /// Condition over the document: an element for which it is not true has no row.
    pub where_: Option<Expr>,
    /// Which of several rows with the same key stays.
    pub distinct: Option<Distinct>,
    /// Condition over the converted row, in which [`super::expr::ast::ExprKind::Column`] names a
    /// column of `columns` as it is spelled there.
    pub keep_when: Option<Expr>,
    /// The columns in contract order; never empty. Their names are unique ignoring case.
    pub columns: Vec<ColumnRule>,
    /// Row templates. Empty: one row per element, from the columns' own values.
    pub rows: Vec<RowTemplate>,
}

impl TableRule {
    /// Whether each element of the row path is a row, unless `distinct` joins some.
    pub(crate) fn has_row_for_each(&self) -> bool {
        self.where_.is_none()
            && self.keep_when.is_none()
            && self.rows.is_empty()
            && self.split.is_none()
            && !self.has_predicates()
    }

    /// Whether the row path has predicates.
    pub(crate) fn has_predicates(&self) -> bool {
        self.each.steps.iter().any(|step| !step.predicates.is_empty())
    }
}

/// `each = "SPLIT(path, 'separator')"`
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// What is read of the element.
    pub read: Read,
    /// Between the parts; never empty.
    pub separator: String,
}

/// `distinct = { by = […], keep = "…", prefer = "…" }`
#[derive(Debug, Clone, PartialEq)]
pub struct Distinct {
    /// The key; never empty.
    pub by: Vec<Expr>,
    /// Which of the rows that `prefer` does not tell apart stays.
    pub keep: Keep,
    /// The row with the lowest value stays.
    pub prefer: Option<Expr>,
}

/// `distinct.keep`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// The first in document order.
    #[default]
    First,
    /// The last in document order.
    Last,
}

/// One column of a [`TableRule`].
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnRule {
    /// The column's name as written.
    pub name: String,
    /// Index into [`super::TargetTable::columns`] of the rule's target.
    pub target_column: usize,
    /// Its type.
    pub sql_type: SqlType,
    /// The expression; absent when only row templates or `default` have a value.
    pub value: Option<Expr>,
    /// Stands in for null, already converted to the column's type.
    pub default: Option<Value>,
    /// Null is the failure `missing_required`: `required = true`, or part of the primary key, or
    /// the application's column.
    pub required: bool,
    /// What becomes of text or bytes that are too long.
    pub too_long: TooLong,
    /// `blank = "keep"`: blank text stays as it is instead of becoming null.
    pub blank_keep: bool,
    /// `on_error = "null"`: a value that fails becomes null instead of failing the application.
    pub on_error_null: bool,
    /// Where the database generates the value, there is neither `value` nor `default`.
    pub identity: Identity,
}

impl ColumnRule {
    /// How its value is converted, with the contract's `date_formats`.
    pub(crate) fn conversion(&self, date_formats: Arc<[DatePattern]>) -> Conversion {
        Conversion::for_column(self.sql_type)
            .date_formats(date_formats)
            .truncate(self.too_long == TooLong::Truncate)
            .keep_blank(self.blank_keep)
    }
}

/// `too_long`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TooLong {
    /// The failure `too_long`.
    #[default]
    Error,
    /// Cut to the column's length.
    Truncate,
}

/// One `[[tables.rows]]`: a row of each element.
#[derive(Debug, Clone, PartialEq)]
pub struct RowTemplate {
    /// Condition over the document: when it is not true, this template has no row.
    pub when: Option<Expr>,
    /// Index into [`TableRule::columns`] and the expression that takes the place of the column's
    /// own; every other column keeps its own.
    pub values: Vec<(usize, Expr)>,
}
