//! The compiled form of a contract: a trie of element names, the slots its paths fill, and the
//! expressions that read them.
//!
//! Every path becomes a *slot* on the frame of an *owner*: the row's own element, an ancestor of
//! it, or the document. While the document streams by, elements that match a trie node open
//! frames and put what they hold into slots; when a frame has everything a row reads, the row is
//! evaluated.

mod compile;
mod op;

use std::sync::Arc;

pub(crate) use compile::compile;

use super::expr::ast::{BinaryOp, Function, Origin, Path, Read};
use super::model::{Check, Keep, LookupValue, MatchMode, OnMissing};
use super::names::NameMap;
use crate::value::convert::Conversion;
use crate::value::datetime::DatePattern;
use crate::value::functions::{DatePart, LikePattern};
use crate::value::{Decimal, Value};

/// Index into [`Plan::nodes`]; 0 is the document.
pub(crate) type NodeId = usize;

/// What [`crate::shred`] runs.
#[derive(Debug)]
pub(crate) struct Plan {
    pub nodes: Vec<Node>,
    /// One per `[[tables]]`.
    pub rules: Vec<Rule>,
    pub lookups: Vec<LookupPlan>,
    /// The root element's name: its local part where namespaces are declared.
    pub root: Box<str>,
    /// The root's namespace, where namespaces are declared.
    pub root_uri: Option<Box<str>>,
    pub key: Option<(SlotRef, String)>,
    pub require: Vec<Required>,
    pub check: Check,
    pub ignore_case_attributes: bool,
    /// Whether white space around the text of paths is dropped.
    pub strip: bool,
    /// Whether names are matched by URI and local name.
    pub namespaced: bool,
    /// Whether any attribute is asked for by URI and local name.
    pub qualified_attributes: bool,
    /// How many [`Node::ancestors`] all nodes have together.
    pub ancestors: usize,
    /// Whether any node has [`Node::late`].
    pub decides_late: bool,
    /// Whether any node has [`Node::fills`].
    pub takes_back: bool,
    /// Whether any node has [`Node::gathers`], or there are `picks`.
    pub gathers: bool,
    pub picks: Vec<DocumentPick>,
    pub date_formats: Arc<[DatePattern]>,
}

/// A path of `document.require`.
#[derive(Debug)]
pub(crate) struct Required {
    pub slot: SlotRef,
    /// The path as a person writes it.
    pub path: String,
    /// An element has to be there; an attribute must not be blank either.
    pub element: bool,
}

/// An element that some path goes through, or the document.
#[derive(Debug)]
pub(crate) struct Node {
    pub parent: NodeId,
    /// Elements directly inside.
    pub children: NameMap<Vec<NodeId>>,
    /// Elements anywhere inside; only the document has any.
    pub descendants: NameMap<Vec<NodeId>>,
    /// The element's namespace; empty for none. `None` where namespaces are not declared.
    pub uri: Option<Box<str>>,
    /// Predicates of the step that are decided when the element begins, in order.
    pub filters: Vec<Filter>,
    /// Predicates that are decided when it ends, in order.
    pub late: Vec<Filter>,
    /// Counters that the filters of `children` and `descendants` need per element.
    pub counters: u32,
    /// Attribute values that go to slots.
    pub attributes: NameMap<Vec<Capture>>,
    /// What is read of elements that are chosen first.
    pub chosen: Vec<Chosen>,
    /// Slots that the element's own text goes to.
    pub texts: Vec<Capture>,
    /// Slots that the element's markup goes to.
    pub inner: Vec<Capture>,
    /// Attributes of ancestors that go to the element's own slots.
    pub ancestors: Vec<AncestorAttribute>,
    /// What the rows of this node are given when the document has ended.
    pub gathers: Vec<Gather>,
    /// Rules whose row path ends here.
    pub rules: Vec<usize>,
    /// Whether elements open a frame.
    pub frame: bool,
    /// Slots of that frame.
    pub slots: u32,
    /// Whether there is nothing in `chosen` and `inner`, and no [`Filter::Last`].
    pub plain: bool,
    /// Whether the attributes of the tag must be known.
    pub reads_tag: bool,
    /// Whether the element's own text is wanted.
    pub reads_text: bool,
    /// Slots outside the element that are filled from inside it: what a predicate decided late
    /// takes back.
    pub fills: Vec<Capture>,
}

/// Where a captured value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capture {
    /// Frames up from the capturing element's innermost one.
    pub hops: u32,
    pub slot: u32,
    owner: NodeId,
}

/// `FIRST(p/@a)` or `LAST(p/@a)`: an element is chosen, then read.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    pub into: Capture,
    pub attribute: Option<Box<str>>,
    pub keep: Kept,
}

/// Which of several elements a slot keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    First,
    Last,
    /// All, for [`Op::Pick`] to choose from when it is known which of them stay.
    All,
}

/// Read from an open ancestor's tag when the row's element starts.
#[derive(Debug, Clone)]
pub(crate) struct AncestorAttribute {
    pub up: u32,
    /// The attribute of `../@a`; `None` keeps only which element the ancestor is.
    pub name: Option<Box<str>>,
    pub slot: u32,
    /// Its place among those of all nodes.
    pub index: usize,
}

/// `../name` where it is not known which elements are around the row's: what was caught anywhere
/// in the document is given to the rows whose ancestor it is in.
#[derive(Debug)]
pub(crate) struct Gather {
    pub from: Gathered,
    /// The row's slot that says which element its ancestor is.
    pub ancestor: u32,
    /// The row's slot that is filled.
    pub into: u32,
}

/// The first or last of the elements that a slot of the document keeps, chosen when the document
/// has ended: once for all rows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DocumentPick {
    pub from: u32,
    pub into: u32,
    pub last: bool,
}

/// What is gathered of an ancestor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Gathered {
    /// Its own text.
    Text,
    /// The markup inside it.
    Markup,
    /// What a path from it found.
    Nodes {
        /// The document's slot with what that path finds anywhere.
        slot: u32,
        /// The path's first element, whose frame has the slot `parent`.
        first: NodeId,
        /// Which element the first one is in.
        parent: u32,
        /// The path's last element.
        last: NodeId,
        /// Frames up from the last to the first.
        hops: u32,
    },
}

/// A predicate of a step.
#[derive(Debug)]
pub(crate) enum Filter {
    /// The element is the nth to come this far.
    Position { wanted: u32, counter: Counter },
    /// The last to come this far: each takes back what the one before captured, and its rows.
    /// The counter keeps the frame of the one before, plus one.
    Last { counter: Counter },
    /// Over the attributes of the element, or in [`Node::late`] over slots of its frame.
    Condition(Op),
}

/// Where elements are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    /// Among the children that one match of the parent's node has; its counter of this index.
    Child(u32),
    /// Among the children of whatever element is around: for `//`. The indices are the plan's.
    Anywhere(u32),
}

/// A slot as an expression of a row reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotRef {
    pub frame: FrameRef,
    pub slot: u32,
}

/// A frame as seen from a row's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameRef {
    /// This many frames up; 0 is the row's own.
    Up(u32),
    Document,
}

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

/// One row that an element gives.
#[derive(Debug)]
pub(crate) struct Template {
    pub when: Option<Op>,
    /// One per column of the rule.
    pub values: Vec<ValuePlan>,
}

/// Where a column's value comes from.
#[derive(Debug)]
pub(crate) enum ValuePlan {
    /// Only a default, or the database.
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

/// A lookup, ready to be asked.
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

/// A compiled expression.
#[derive(Debug)]
pub(crate) enum Op {
    Null,
    Text(Box<str>),
    Integer(i64),
    Decimal(Decimal),
    /// The one node of a plain path.
    One(SlotRef),
    /// Text without the white space around it.
    Strip(Box<Op>),
    /// The first (or last) element of a slot that keeps all of them.
    Pick(SlotRef, bool),
    /// An attribute of the element that a predicate is about.
    Attribute(Box<str>),
    /// The text of the node that an aggregate is at.
    Current,
    /// A converted column of the row, by index into [`Rule::columns`].
    Column(usize),
    Negate(Box<Op>),
    Not(Box<Op>),
    Binary(BinaryOp, Box<Op>, Box<Op>),
    IsNull(Box<Op>, bool),
    IsEmpty(Box<Op>, bool),
    In(Box<Op>, Vec<Op>, bool),
    /// A pattern that is not a literal.
    Like(Box<Op>, Box<Op>, bool),
    LikePattern(Box<Op>, LikePattern, bool),
    Between(Box<Op>, Box<Op>, Box<Op>, bool),
    Case(Option<Box<Op>>, Vec<(Op, Op)>, Option<Box<Op>>),
    Cast(Box<Op>, Conversion, bool),
    Lookup(usize, Box<Op>),
    ParseDate(Box<Op>, Vec<DatePattern>),
    DateAdd(DatePart, Box<Op>, Box<Op>),
    DateDiff(DatePart, Box<Op>, Box<Op>),
    /// `JOIN COUNT EXISTS SUM MIN MAX` over all nodes of a slot.
    Aggregate(Box<Aggregate>),
    /// Any other function.
    Call(Function, Vec<Op>),
}

/// A function over all nodes of a slot.
#[derive(Debug)]
pub(crate) struct Aggregate {
    pub function: Function,
    pub slot: SlotRef,
    /// What each node gives, where that is not just its text.
    pub each: Option<Op>,
    /// The separator of `JOIN`.
    pub rest: Vec<Op>,
}

/// A path as a person writes it, for messages.
pub(crate) fn location(path: &Path) -> String {
    let mut text = match path.origin {
        Origin::Row { up } => vec![".."; up as usize].join("/"),
        Origin::Document => String::new(),
        Origin::Anywhere => "/".into(),
    };
    for step in &path.steps {
        if !matches!(path.origin, Origin::Row { up: 0 }) || !text.is_empty() {
            text.push('/');
        }
        text.push_str(&step.name);
    }
    match &path.read {
        Read::Attribute(name) if text.is_empty() => format!("@{name}"),
        Read::Attribute(name) => format!("{text}/@{name}"),
        Read::Text if text.is_empty() => ".".into(),
        Read::Text => text,
    }
}

/// How an attribute is known whose prefix stands for a URI; no XML name begins like this.
pub(crate) fn qualified_name(uri: &str, local: &str) -> String {
    format!("{{{uri}}}{local}")
}
