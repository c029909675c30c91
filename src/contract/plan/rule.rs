//! The rules of the tables: what a row is made of.

use super::name_map::NameMap;
use super::op::Op;
use crate::contract::model::{Keep, LookupValue, MatchMode, OnMissing};
use crate::value::convert::Conversion;
use crate::value::Value;

/// When a row has everything it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ready {
    /// When its element ends.
    Own,
    /// When the element this many levels above ends.
    Ancestor(u32),
    /// When the document ends.
    Document,
}

/// One `[[tables]]`.
#[derive(Debug)]
pub(crate) struct Rule {
    pub table: Box<str>,
    pub target: usize,
    pub ready: Ready,
    pub columns: Vec<Column>,
    pub where_: Option<Op>,
    pub templates: Vec<Template>,
    pub keep_when: Option<Op>,
    pub distinct: Option<DistinctPlan>,
    /// Columns with an expression that reads nothing of the row.
    pub constants: Vec<(usize, Op)>,
    /// Rules of the parent table whose row paths contain this one's, and how many frames up.
    pub parents: Vec<(usize, u32)>,
    /// Whether any column reads `ORDINAL()`.
    pub numbered: bool,
}

/// A column of a rule.
#[derive(Debug)]
pub(crate) struct Column {
    pub name: Box<str>,
    pub target_column: usize,
    pub conversion: Conversion,
    pub on_error_null: bool,
    pub default: Option<Value>,
    pub required: bool,
}

/// One row of an element.
#[derive(Debug)]
pub(crate) struct Template {
    pub when: Option<Op>,
    /// One per column of the rule.
    pub values: Vec<ValuePlan>,
}

/// Where a column's value comes from.
#[derive(Debug)]
pub(crate) enum ValuePlan {
    /// Only a default, or the database's value.
    Absent,
    /// The same for every row of a document: an index into [`Rule::constants`].
    Constant(usize),
    /// An expression.
    Early(Op),
    /// An expression with `ORDINAL()`, evaluated once dropped rows are gone.
    Numbered(Op),
}

/// `distinct`
#[derive(Debug)]
pub(crate) struct DistinctPlan {
    pub by: Vec<Op>,
    pub keep: Keep,
    pub prefer: Option<Op>,
}

/// A lookup.
#[derive(Debug)]
pub(crate) struct LookupPlan {
    pub name: Box<str>,
    pub match_mode: MatchMode,
    /// What blank text becomes: the blank entry's value, where there is one.
    pub on_blank: OnMissing,
    pub on_unmapped: OnMissing,
    pub exact: NameMap<LookupValue>,
    /// By lower-case key; the first entry wins.
    pub folded: NameMap<LookupValue>,
}
