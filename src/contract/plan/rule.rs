//! The rules of the tables: what a row is made of.

use super::name_map::NameMap;
use super::node::Position;
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
    /// What of each element is a list, with a row for each part.
    pub split: Option<SplitPlan>,
    pub where_: Option<Op>,
    pub templates: Vec<Template>,
    pub keep_when: Option<Op>,
    pub distinct: Option<DistinctPlan>,
    /// Columns with an expression that reads nothing of the row.
    pub constants: Vec<(usize, Op)>,
    /// Rules of the parent table whose elements contain this one's.
    pub parents: Vec<(usize, ParentLink)>,
    /// Whether any column reads `ORDINAL()` or `PARENT(column)`.
    pub numbered: bool,
    /// Whether any column reads `PARENT(column)`.
    pub reads_parent: bool,
    /// How the elements are numbered, where a table reads `POSITION()` of them.
    pub position: Option<Position>,
}

/// How the element of a parent's row is found from that of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ParentLink {
    /// This many frames up.
    Up(u32),
    /// By the frames in this slot of the row's own: see [`Around`](super::Around).
    Around(u32),
}

/// `each = "SPLIT(path, 'separator')"`
#[derive(Debug)]
pub(crate) struct SplitPlan {
    pub list: Op,
    pub separator: Box<str>,
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
    /// An expression with `ORDINAL()` or `PARENT(column)`, evaluated once dropped rows are gone.
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
