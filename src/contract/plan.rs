//! The compiled form of a contract: a trie of element names, the slots its paths fill, and the
//! expressions that read them.
//!
//! Every path becomes a *slot* on the frame of an *owner*: the row's own element, an ancestor of
//! it, or the document. While the document streams by, elements that match a trie node open
//! frames and put what they hold into slots; when a frame has everything a row reads, the row is
//! evaluated.

use super::expr::ast::{
    BinaryOp, DatePart as WrittenPart, Expr, ExprKind, Function, Origin, Path, Predicate, Read,
    Step,
};
use super::model::{Check, Keep, LookupValue, MatchMode, Model, OnMissing, TableRule, TooLong};
use super::names::{Name, NameMap};
use super::TargetTable;
use std::sync::Arc;

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
    /// The columns with a default or that are required.
    pub completed: Vec<usize>,
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

/// Compiles a model without mistakes.
pub(crate) fn compile(model: &Model, targets: &[TargetTable]) -> Plan {
    let mut compiler = Compiler::new(model);
    let key = model.document.key.as_ref().map(|p| (compiler.document_slot(p), location(p)));
    let require = model.document.require.iter().map(|path| compiler.required(path)).collect();
    let rows: Vec<NodeId> = (0..model.tables.len()).map(|i| compiler.row_node(i)).collect();
    let mut rules: Vec<Rule> = (0..model.tables.len()).map(|i| compiler.rule(i, rows[i])).collect();
    compiler.link_parents(&mut rules, &rows, targets);
    compiler.resolve_hops(&mut rules, &rows);
    let (root_uri, root) = compiler.split_name(&model.document.root);
    let nodes = compiler.nodes;
    Plan {
        ancestors: nodes.iter().map(|node| node.ancestors.len()).sum(),
        decides_late: nodes.iter().any(|node| !node.late.is_empty()),
        takes_back: nodes.iter().any(|node| !node.fills.is_empty()),
        gathers: !compiler.picks.is_empty() || nodes.iter().any(|node| !node.gathers.is_empty()),
        picks: compiler.picks,
        nodes,
        rules,
        lookups: model.lookups.iter().map(lookup).collect(),
        root: root.into(),
        root_uri,
        key,
        require,
        check: model.document.check,
        ignore_case_attributes: model.document.ignore_case_attributes,
        strip: model.document.strip,
        namespaced: !model.document.namespaces.is_empty(),
        qualified_attributes: compiler.qualified_attributes,
        date_formats: compiler.date_formats,
    }
}

fn lookup(lookup: &super::model::Lookup) -> LookupPlan {
    let (mut exact, mut folded) = (NameMap::new(false), NameMap::new(false));
    for (key, value) in &lookup.values {
        let key = key.trim();
        exact.entry(key.as_bytes(), || value.clone());
        folded.entry(key.to_lowercase().as_bytes(), || value.clone());
    }
    let blank = lookup.values.iter().find(|(key, _)| key.trim().is_empty());
    LookupPlan {
        name: lookup.name.as_str().into(),
        match_mode: lookup.match_mode,
        on_blank: match blank {
            Some((_, value)) => OnMissing::Value(value.clone()),
            None => lookup.on_blank.clone(),
        },
        on_unmapped: lookup.on_unmapped.clone(),
        exact,
        folded,
    }
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

/// How a path's nodes end up in a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Every,
    First,
    Last,
    /// Every element, also those that lack the attribute.
    All,
    InnerXml,
}

/// Where a path starts and whose frame it fills.
struct Anchor {
    owner: NodeId,
    ready: Ready,
}

/// What an expression is compiled in.
struct Scope<'m> {
    rule: &'m TableRule,
    node: NodeId,
    ready: Ready,
    numbered: bool,
}

/// A leaf of an expression.
enum Leaf<'e> {
    Path(&'e Path, Mode),
    Column(&'e str),
}

/// What a scope makes of the leaves of an expression.
type Leaves<'a, 'm> = &'a mut dyn FnMut(&mut Compiler<'m>, Leaf<'_>) -> Op;

struct Compiler<'m> {
    model: &'m Model,
    nodes: Vec<Node>,
    /// Steps that made each node, to share it between equal paths.
    steps: Vec<Vec<Predicate>>,
    /// Counters of steps that begin with `//`.
    anywhere_counters: u32,
    qualified_attributes: bool,
    picks: Vec<DocumentPick>,
    /// Slots already made: owner, path and mode.
    known: Vec<(NodeId, NodeId, Read, Mode, u32)>,
    date_formats: Arc<[DatePattern]>,
}

impl<'m> Compiler<'m> {
    fn new(model: &'m Model) -> Self {
        let mut compiler = Self {
            model,
            nodes: Vec::new(),
            steps: Vec::new(),
            anywhere_counters: 0,
            qualified_attributes: false,
            picks: Vec::new(),
            known: Vec::new(),
            date_formats: model.document.date_formats.clone().into(),
        };
        let document = compiler.new_node(0, None, Vec::new());
        compiler.nodes[document].frame = true;
        compiler
    }

    fn new_node(
        &mut self,
        parent: NodeId,
        uri: Option<Box<str>>,
        predicates: Vec<Predicate>,
    ) -> NodeId {
        self.nodes.push(Node {
            parent,
            children: NameMap::new(false),
            descendants: NameMap::new(false),
            uri,
            filters: Vec::new(),
            late: Vec::new(),
            counters: 0,
            attributes: NameMap::new(self.model.document.ignore_case_attributes),
            chosen: Vec::new(),
            texts: Vec::new(),
            inner: Vec::new(),
            ancestors: Vec::new(),
            gathers: Vec::new(),
            rules: Vec::new(),
            frame: false,
            slots: 0,
            reads_tag: false,
            reads_text: false,
            fills: Vec::new(),
        });
        self.steps.push(predicates);
        self.nodes.len() - 1
    }

    /// Namespace (where any are declared) and the name that the trie is keyed by.
    fn split_name<'n>(&self, name: &'n str) -> (Option<Box<str>>, &'n str) {
        if self.model.document.namespaces.is_empty() {
            return (None, name);
        }
        let Some((prefix, local)) = name.split_once(':') else {
            return (Some("".into()), name);
        };
        let declared = self.model.document.namespaces.iter().find(|(known, _)| known == prefix);
        (Some(declared.map_or("", |(_, uri)| uri.as_str()).into()), local)
    }

    /// The name that attributes are found by: `{URI}local` where a prefix stands for a URI.
    fn attribute_name(&mut self, name: &str) -> Box<str> {
        let by_uri = match name.split_once(':') {
            Some((prefix, _)) => prefix != "xml" && !self.model.document.namespaces.is_empty(),
            None => false,
        };
        if !by_uri {
            return name.into();
        }
        self.qualified_attributes = true;
        let (uri, local) = self.split_name(name);
        qualified_name(&uri.unwrap_or_default(), local).into()
    }

    /// The node of a step under `parent`, shared with every path that goes the same way.
    fn child(&mut self, parent: NodeId, step: &Step, anywhere: bool) -> NodeId {
        let (uri, name) = self.split_name(&step.name);
        let map = |node: &'_ Node| -> Option<Vec<NodeId>> {
            let map = if anywhere { &node.descendants } else { &node.children };
            map.get(Name::new(name.as_bytes())).cloned()
        };
        let siblings = map(&self.nodes[parent]).unwrap_or_default();
        let same =
            |id: &&NodeId| self.nodes[**id].uri == uri && self.steps[**id] == step.predicates;
        if let Some(known) = siblings.iter().find(same) {
            return *known;
        }
        let node = self.new_node(parent, uri, step.predicates.clone());
        let map = if anywhere {
            &mut self.nodes[parent].descendants
        } else {
            &mut self.nodes[parent].children
        };
        map.entry(name.as_bytes(), Vec::new).push(node);
        let late = late_predicates(&step.predicates);
        let mut only_one = false;
        for (predicate, late) in step.predicates.iter().zip(late) {
            let filter = match predicate {
                // `[last()]` leaves one element, which is not known until the last has come.
                Predicate::Last | Predicate::Position(1) if only_one => continue,
                Predicate::Position(_) if only_one => Filter::Condition(Op::Null),
                _ => self.filter(parent, node, predicate, anywhere, late),
            };
            only_one |= *predicate == Predicate::Last;
            match late {
                true => self.nodes[node].late.push(filter),
                false => self.nodes[node].filters.push(filter),
            }
        }
        node
    }

    /// A counter for the children of `parent`, or for a step with `//`.
    fn counter(&mut self, parent: NodeId, anywhere: bool) -> Counter {
        let used = match anywhere {
            true => &mut self.anywhere_counters,
            false => &mut self.nodes[parent].counters,
        };
        let counter = *used;
        *used += 1;
        match anywhere {
            true => Counter::Anywhere(counter),
            false => Counter::Child(counter),
        }
    }

    fn filter(
        &mut self,
        parent: NodeId,
        node: NodeId,
        predicate: &Predicate,
        anywhere: bool,
        late: bool,
    ) -> Filter {
        match predicate {
            Predicate::Position(wanted) => {
                Filter::Position { wanted: *wanted, counter: self.counter(parent, anywhere) }
            }
            Predicate::Last => {
                self.nodes[node].frame = true;
                Filter::Last { counter: self.counter(parent, anywhere) }
            }
            Predicate::Condition(expr) if late => Filter::Condition(self.condition(node, expr)),
            Predicate::Condition(expr) => Filter::Condition(self.tag_condition(expr)),
        }
    }

    /// A condition on an element's attributes alone.
    fn tag_condition(&mut self, expr: &Expr) -> Op {
        self.lower(expr, &mut |compiler, leaf| match leaf {
            Leaf::Path(Path { read: Read::Attribute(name), .. }, _) => {
                Op::Attribute(compiler.attribute_name(name))
            }
            _ => Op::Null,
        })
    }

    /// A condition on an element that has ended: its paths fill slots of the element's frame.
    fn condition(&mut self, element: NodeId, expr: &Expr) -> Op {
        self.nodes[element].frame = true;
        self.lower(expr, &mut |compiler, leaf| match leaf {
            Leaf::Path(path, mode) => {
                let node = compiler.walk(element, path);
                compiler.read(element, FrameRef::Up(0), node, path, mode)
            }
            Leaf::Column(_) => Op::Null,
        })
    }

    /// The node of the last step of a path that starts at `from`.
    fn walk(&mut self, from: NodeId, path: &Path) -> NodeId {
        let mut node = from;
        for (index, step) in path.steps.iter().enumerate() {
            node = self.child(node, step, index == 0 && path.origin == Origin::Anywhere);
        }
        node
    }

    /// The slot on `owner` that `read` of `node` goes to.
    fn slot_for(&mut self, owner: NodeId, node: NodeId, read: &Read, mode: Mode) -> u32 {
        let made = self
            .known
            .iter()
            .find(|(o, n, r, m, _)| *o == owner && *n == node && r == read && *m == mode);
        if let Some((.., slot)) = made {
            return *slot;
        }
        let slot = self.new_slot(owner);
        self.known.push((owner, node, read.clone(), mode, slot));
        let into = Capture { hops: 0, slot, owner };
        let attribute = match read {
            Read::Attribute(name) => Some(self.attribute_name(name)),
            Read::Text => None,
        };
        let node = &mut self.nodes[node];
        match (mode, attribute) {
            (Mode::Every, Some(name)) => {
                node.attributes.entry(name.as_bytes(), Vec::new).push(into)
            }
            (Mode::Every, None) => node.texts.push(into),
            (Mode::InnerXml, _) => node.inner.push(into),
            (Mode::First, attribute) => {
                node.chosen.push(Chosen { into, attribute, keep: Kept::First })
            }
            (Mode::Last, attribute) => {
                node.chosen.push(Chosen { into, attribute, keep: Kept::Last })
            }
            (Mode::All, attribute) => node.chosen.push(Chosen { into, attribute, keep: Kept::All }),
        }
        slot
    }

    /// What reads a path that ends at `node` from the slot on `owner` that it fills.
    fn read(
        &mut self,
        owner: NodeId,
        frame: FrameRef,
        node: NodeId,
        path: &Path,
        mode: Mode,
    ) -> Op {
        if path.origin == Origin::Anywhere {
            // Elements of `//` lie inside each other: only their frames tell the order they
            // begin in.
            self.nodes[node].frame = true;
        }
        if matches!(mode, Mode::First | Mode::Last) && self.is_chosen_late(owner, node, path) {
            let slot = self.slot_for(owner, node, &path.read, Mode::All);
            let last = mode == Mode::Last;
            return match frame {
                FrameRef::Document => self.document_pick(slot, last),
                FrameRef::Up(_) => Op::Pick(SlotRef { frame, slot }, last),
            };
        }
        let slot = self.slot_for(owner, node, &path.read, mode);
        Op::One(SlotRef { frame, slot })
    }

    fn document_pick(&mut self, from: u32, last: bool) -> Op {
        let known = self.picks.iter().find(|known| known.from == from && known.last == last);
        let into = known.map(|known| known.into).unwrap_or_else(|| {
            let into = self.new_slot(0);
            self.picks.push(DocumentPick { from, into, last });
            into
        });
        Op::One(SlotRef { frame: FrameRef::Document, slot: into })
    }

    /// Whether elements cannot be chosen as they come: because one that was chosen may be turned
    /// down after others have been passed over, or because they do not end in the order they begin.
    fn is_chosen_late(&self, owner: NodeId, node: NodeId, path: &Path) -> bool {
        let anywhere = path.origin == Origin::Anywhere;
        let is_last = |filter: &Filter| matches!(filter, Filter::Last { .. });
        let (mut at, mut late) = (node, anywhere && path.read == Read::Text);
        while at != owner {
            let node = &self.nodes[at];
            late |= !node.late.is_empty() || (anywhere && node.filters.iter().any(is_last));
            at = node.parent;
        }
        late
    }

    fn required(&mut self, path: &Path) -> Required {
        Required {
            slot: self.document_slot(path),
            path: location(path),
            element: path.read == Read::Text,
        }
    }

    fn document_slot(&mut self, path: &Path) -> SlotRef {
        let node = self.walk(0, path);
        let slot = self.slot_for(0, node, &path.read, Mode::Every);
        SlotRef { frame: FrameRef::Document, slot }
    }

    fn row_node(&mut self, table: usize) -> NodeId {
        let each = &self.model.tables[table].each;
        let node = self.walk(0, each);
        self.nodes[node].rules.push(table);
        self.nodes[node].frame = true;
        node
    }

    /// When it is known whether the elements of a row path are chosen by all its predicates: an
    /// element's text when it ends, `last()` when its parent does.
    fn decided(&self, row: NodeId) -> Ready {
        let ended = |up: u32| if up == 0 { Ready::Own } else { Ready::Ancestor(up) };
        let (mut decided, mut node, mut up) = (Ready::Own, row, 0);
        while node != 0 {
            let parent = self.nodes[node].parent;
            let Node { filters, late, .. } = &self.nodes[node];
            if !late.is_empty() {
                decided = decided.max(ended(up));
            }
            for filter in filters.iter().chain(late) {
                decided = decided.max(match filter {
                    Filter::Last { counter: Counter::Child(_) } if parent != 0 => ended(up + 1),
                    Filter::Last { .. } => Ready::Document,
                    Filter::Position { .. } | Filter::Condition(_) => Ready::Own,
                });
            }
            (node, up) = (parent, up + 1);
        }
        decided
    }

    /// Whose frame a path of a row fills, and when it is complete. `None` where the path goes up to
    /// an element of which nothing is known.
    fn anchor(&self, scope: &Scope<'_>, path: &Path) -> Option<Anchor> {
        Some(match path.origin {
            Origin::Document | Origin::Anywhere => Anchor { owner: 0, ready: Ready::Document },
            Origin::Row { up: 0 } => Anchor { owner: scope.node, ready: Ready::Own },
            Origin::Row { up } => {
                Anchor { owner: self.ancestor(scope.node, up)?, ready: Ready::Ancestor(up) }
            }
        })
    }

    /// The node `up` levels above, where the levels are known.
    fn ancestor(&self, node: NodeId, up: u32) -> Option<NodeId> {
        let mut node = node;
        for _ in 0..up {
            let parent = self.nodes[node].parent;
            let child = self.nodes[parent].children.values().any(|ids| ids.contains(&node));
            if !child || parent == 0 {
                return None;
            }
            node = parent;
        }
        Some(node)
    }

    /// What a path of a row's expression reads.
    fn row_path(&mut self, scope: &mut Scope<'_>, path: &Path, mode: Mode) -> Op {
        if let (Origin::Row { up: up @ 1.. }, [], Read::Attribute(name)) =
            (path.origin, path.steps.as_slice(), &path.read)
        {
            // An ancestor's attribute is known before the row begins.
            return Op::One(match self.ancestor(scope.node, up) {
                Some(owner) => {
                    let slot = self.slot_for(owner, owner, &path.read, mode);
                    SlotRef { frame: FrameRef::Up(owner as u32), slot }
                }
                None => {
                    let name = self.attribute_name(name);
                    let slot = self.ancestor_slot(scope.node, up, Some(name));
                    SlotRef { frame: FrameRef::Up(scope.node as u32), slot }
                }
            });
        }
        let Some(Anchor { owner, ready }) = self.anchor(scope, path) else {
            return self.gathered(scope, path, mode);
        };
        scope.ready = scope.ready.max(ready);
        let node = self.walk(owner, path);
        // `Up` holds the owner's node until every frame is known; see `resolve_hops`.
        let frame = if owner == 0 { FrameRef::Document } else { FrameRef::Up(owner as u32) };
        self.read(owner, frame, node, path, mode)
    }

    /// A slot of the node's own for an attribute of an ancestor, or for which element it is.
    fn ancestor_slot(&mut self, node: NodeId, up: u32, name: Option<Box<str>>) -> u32 {
        let made = self.nodes[node].ancestors.iter().find(|a| a.up == up && a.name == name);
        if let Some(made) = made {
            return made.slot;
        }
        let slot = self.new_slot(node);
        let index = self.nodes.iter().map(|node| node.ancestors.len()).sum();
        self.nodes[node].ancestors.push(AncestorAttribute { up, name, slot, index });
        slot
    }

    fn new_slot(&mut self, owner: NodeId) -> u32 {
        let owner = &mut self.nodes[owner];
        owner.frame = true;
        owner.slots += 1;
        owner.slots - 1
    }

    /// A path up to an element of which nothing is known: below a row path that begins with `//`.
    /// What the rest of it finds anywhere is caught, and the rows choose at the end.
    fn gathered(&mut self, scope: &mut Scope<'_>, path: &Path, mode: Mode) -> Op {
        scope.ready = Ready::Document;
        let Origin::Row { up } = path.origin else { return Op::Null };
        let ancestor = self.ancestor_slot(scope.node, up, None);
        let chosen = matches!(mode, Mode::First | Mode::Last);
        let from = match path.steps.first() {
            None if mode == Mode::InnerXml => Gathered::Markup,
            None => Gathered::Text,
            Some(step) => {
                let first = self.child(0, step, true);
                let parent = self.ancestor_slot(first, 1, None);
                let last = self.walk(0, &Path { origin: Origin::Anywhere, ..path.clone() });
                self.nodes[last].frame = true;
                let mode = if chosen { Mode::All } else { mode };
                let slot = self.slot_for(0, last, &path.read, mode);
                Gathered::Nodes { slot, first, parent, last, hops: 0 }
            }
        };
        let mut known = self.nodes[scope.node].gathers.iter();
        let known = known.find(|known| known.ancestor == ancestor && known.from == from);
        let into = known.map(|known| known.into).unwrap_or_else(|| {
            let into = self.new_slot(scope.node);
            self.nodes[scope.node].gathers.push(Gather { from, ancestor, into });
            into
        });
        let slot = SlotRef { frame: FrameRef::Up(scope.node as u32), slot: into };
        match chosen {
            true => Op::Pick(slot, mode == Mode::Last),
            false => Op::One(slot),
        }
    }

    fn rule(&mut self, table: usize, node: NodeId) -> Rule {
        let rule = &self.model.tables[table];
        let mut scope = Scope { rule, node, ready: self.decided(node), numbered: false };
        let where_ = rule.where_.as_ref().map(|e| self.row_op(&mut scope, e));
        let mut constants = Vec::new();
        let own = |_: usize| None;
        let templates = if rule.rows.is_empty() {
            vec![Template { when: None, values: self.values(&mut scope, &mut constants, own) }]
        } else {
            rule.rows
                .iter()
                .map(|row| {
                    let when = row.when.as_ref().map(|e| self.row_op(&mut scope, e));
                    let given = |index| {
                        row.values.iter().find(|(column, _)| *column == index).map(|(_, e)| e)
                    };
                    Template { when, values: self.values(&mut scope, &mut constants, given) }
                })
                .collect()
        };
        let distinct = rule.distinct.as_ref().map(|distinct| DistinctPlan {
            by: distinct.by.iter().map(|e| self.row_op(&mut scope, e)).collect(),
            keep: distinct.keep,
            prefer: distinct.prefer.as_ref().map(|e| self.row_op(&mut scope, e)),
        });
        let keep_when = rule.keep_when.as_ref().map(|e| self.row_op(&mut scope, e));
        Rule {
            table: rule.name.as_str().into(),
            target: rule.target,
            ready: scope.ready,
            columns: rule.columns.iter().map(|column| self.column(column)).collect(),
            where_,
            templates,
            keep_when,
            distinct,
            completed: (0..rule.columns.len())
                .filter(|at| {
                    let column = &rule.columns[*at];
                    column.default.is_some() || (column.required && !column.identity)
                })
                .collect(),
            constants,
            parents: Vec::new(),
            numbered: scope.numbered,
        }
    }

    fn column(&self, rule: &super::model::ColumnRule) -> Column {
        let conversion = Conversion::for_column(rule.sql_type)
            .date_formats(self.date_formats.clone())
            .truncate(rule.too_long == TooLong::Truncate)
            .keep_blank(rule.blank_keep);
        Column {
            name: rule.name.as_str().into(),
            target_column: rule.target_column,
            conversion,
            on_error_null: rule.on_error_null,
            default: rule.default.clone(),
            required: rule.required && !rule.identity,
        }
    }

    /// One value per column: what `given` has for it, else the column's own.
    fn values<'e>(
        &mut self,
        scope: &mut Scope<'e>,
        constants: &mut Vec<(usize, Op)>,
        given: impl Fn(usize) -> Option<&'e Expr>,
    ) -> Vec<ValuePlan>
    where
        'm: 'e,
    {
        let rule = scope.rule;
        let mut values = Vec::with_capacity(rule.columns.len());
        for (index, column) in rule.columns.iter().enumerate() {
            values.push(match given(index).or(column.value.as_ref()) {
                None => ValuePlan::Absent,
                Some(expr) => {
                    let numbered = std::mem::take(&mut scope.numbered);
                    let mut op = self.row_op(scope, expr);
                    let is_numbered = std::mem::replace(&mut scope.numbered, numbered);
                    scope.numbered |= is_numbered;
                    if is_numbered {
                        ValuePlan::Numbered(op)
                    } else if op.is_constant() {
                        constants.push((index, op));
                        ValuePlan::Constant(constants.len() - 1)
                    } else {
                        ValuePlan::Early(op)
                    }
                }
            });
        }
        values
    }

    fn row_op(&mut self, scope: &mut Scope<'_>, expr: &Expr) -> Op {
        let mut op = self.lower(expr, &mut |compiler, leaf| match leaf {
            Leaf::Path(path, mode) => compiler.row_path(scope, path, mode),
            Leaf::Column(name) => {
                let mut columns = scope.rule.columns.iter();
                columns.position(|c| c.name == name).map_or(Op::Null, Op::Column)
            }
        });
        scope.numbered |= op.reads_ordinal();
        op
    }

    /// The tree with its leaves turned into what `leaves` makes of them.
    fn lower(&mut self, expr: &Expr, leaves: Leaves<'_, 'm>) -> Op {
        let mut one = |compiler: &mut Self, e: &Expr| Box::new(compiler.lower(e, leaves));
        match &expr.kind {
            ExprKind::Null => Op::Null,
            ExprKind::Text(text) => Op::Text(text.as_str().into()),
            ExprKind::Integer(number) => Op::Integer(*number),
            ExprKind::Decimal(number) => Op::Decimal(*number),
            ExprKind::Path(p) => self.stripped(p, Mode::Every, leaves),
            ExprKind::Column(name) => leaves(self, Leaf::Column(name)),
            ExprKind::Negate(e) => Op::Negate(one(self, e)),
            ExprKind::Not(e) => Op::Not(one(self, e)),
            ExprKind::Binary { op, left, right } => {
                Op::Binary(*op, one(self, left), one(self, right))
            }
            ExprKind::IsNull { operand, negated } => Op::IsNull(one(self, operand), *negated),
            ExprKind::IsEmpty { operand, negated } => Op::IsEmpty(one(self, operand), *negated),
            ExprKind::In { operand, list, negated } => {
                let operand = one(self, operand);
                Op::In(operand, self.lower_all(list, leaves), *negated)
            }
            ExprKind::Like { operand, pattern, negated } => {
                let operand = one(self, operand);
                let literal = match &pattern.kind {
                    ExprKind::Text(text) => LikePattern::new(text).ok(),
                    _ => None,
                };
                match literal {
                    Some(literal) => Op::LikePattern(operand, literal, *negated),
                    None => Op::Like(operand, Box::new(self.lower(pattern, leaves)), *negated),
                }
            }
            ExprKind::Between { operand, low, high, negated } => {
                Op::Between(one(self, operand), one(self, low), one(self, high), *negated)
            }
            ExprKind::Case { operand, whens, otherwise } => {
                let operand = operand.as_ref().map(|e| one(self, e));
                let whens =
                    whens.iter().map(|(when, then)| (*one(self, when), *one(self, then))).collect();
                Op::Case(operand, whens, otherwise.as_ref().map(|e| one(self, e)))
            }
            ExprKind::Cast { operand, sql_type, or_null } => {
                let operand = one(self, operand);
                let conversion = Conversion::for_cast(*sql_type);
                let conversion = conversion.date_formats(self.date_formats.clone());
                Op::Cast(operand, conversion, *or_null)
            }
            ExprKind::Call { function, arguments } => self.call(*function, arguments, leaves),
            ExprKind::DatePart(_) => Op::Null,
        }
    }

    /// The text of a path, without the white space around it where the contract says so.
    fn stripped(&mut self, path: &Path, mode: Mode, leaves: Leaves<'_, 'm>) -> Op {
        let text = leaves(self, Leaf::Path(path, mode));
        match self.model.document.strip {
            true => Op::Strip(Box::new(text)),
            false => text,
        }
    }

    fn lower_all(&mut self, list: &[Expr], leaves: Leaves<'_, 'm>) -> Vec<Op> {
        list.iter().map(|e| self.lower(e, leaves)).collect()
    }

    fn call(&mut self, function: Function, arguments: &[Expr], leaves: Leaves<'_, 'm>) -> Op {
        let path_argument = match arguments.first().map(|e| &e.kind) {
            Some(ExprKind::Path(p)) => Some(p),
            _ => None,
        };
        match (function, path_argument) {
            (Function::First, Some(p)) => self.stripped(p, Mode::First, leaves),
            (Function::Last, Some(p)) => self.stripped(p, Mode::Last, leaves),
            (Function::InnerXml, Some(p)) => leaves(self, Leaf::Path(p, Mode::InnerXml)),
            (Function::Lookup, _) => {
                let name = match &arguments[0].kind {
                    ExprKind::Text(name) => name.as_str(),
                    _ => "",
                };
                let known = self.model.lookups.iter();
                let index = known.map(|l| &l.name).position(|n| n.eq_ignore_ascii_case(name));
                Op::Lookup(index.unwrap_or_default(), Box::new(self.lower(&arguments[1], leaves)))
            }
            (Function::ParseDate, _) => {
                let patterns = arguments[1..].iter().filter_map(|argument| match &argument.kind {
                    ExprKind::Text(text) => DatePattern::new(text).ok(),
                    _ => None,
                });
                let patterns = patterns.collect();
                Op::ParseDate(Box::new(self.lower(&arguments[0], leaves)), patterns)
            }
            (Function::DateAdd | Function::DateDiff, _) => {
                let part = match &arguments[0].kind {
                    ExprKind::DatePart(part) => date_part(*part),
                    _ => DatePart::Day,
                };
                let first = Box::new(self.lower(&arguments[1], leaves));
                let second = Box::new(self.lower(&arguments[2], leaves));
                if function == Function::DateAdd {
                    Op::DateAdd(part, first, second)
                } else {
                    Op::DateDiff(part, first, second)
                }
            }
            _ if function.is_aggregate() => self.aggregate(function, arguments, leaves),
            _ => Op::Call(function, self.lower_all(arguments, leaves)),
        }
    }

    /// A function over all nodes of the one path in its first argument.
    fn aggregate(&mut self, function: Function, arguments: &[Expr], leaves: Leaves<'_, 'm>) -> Op {
        let mut path = None;
        arguments[0].walk_outside_predicates(&mut |part| {
            if let ExprKind::Path(found) = &part.kind {
                path = Some(found);
            }
        });
        let Some(path) = path else { return Op::Null };
        let Op::One(slot) = leaves(self, Leaf::Path(path, Mode::Every)) else { return Op::Null };
        let each = match &arguments[0].kind {
            ExprKind::Path(_) => None,
            _ => Some(self.lower(&arguments[0], &mut |_, _| Op::Current)),
        };
        let rest = self.lower_all(&arguments[1..], leaves);
        Op::Aggregate(Box::new(Aggregate { function, slot, each, rest }))
    }

    /// Finds, for each rule, the rules of its parent table whose elements contain its own.
    fn link_parents(&self, rules: &mut [Rule], rows: &[NodeId], targets: &[TargetTable]) {
        for (index, rule) in rules.iter_mut().enumerate() {
            let Some(key) = &targets[rule.target].foreign_key else { continue };
            for (other, parent) in self.model.tables.iter().enumerate() {
                if parent.name.eq_ignore_ascii_case(&key.references) && other != index {
                    if let Some(hops) = self.hops(rows[index], rows[other]) {
                        rule.parents.push((other, hops));
                    }
                }
            }
        }
    }

    /// Frames between `node` and `owner`, when `owner` is `node` or contains it.
    fn hops(&self, node: NodeId, owner: NodeId) -> Option<u32> {
        let (mut at, mut hops) = (node, 0);
        while at != owner {
            if at == 0 {
                return None;
            }
            hops += u32::from(self.nodes[at].frame);
            at = self.nodes[at].parent;
        }
        Some(hops)
    }

    /// Turns owners into numbers of frames, now that it is known which nodes have one.
    fn resolve_hops(&mut self, rules: &mut [Rule], rows: &[NodeId]) {
        for node in 0..self.nodes.len() {
            let hops = |owner| self.hops(node, owner).unwrap_or_default();
            let resolve = |captures: &[Capture]| -> Vec<Capture> {
                captures.iter().map(|c| Capture { hops: hops(c.owner), ..*c }).collect()
            };
            let texts = resolve(&self.nodes[node].texts);
            let inner = resolve(&self.nodes[node].inner);
            let chosen: Vec<u32> =
                self.nodes[node].chosen.iter().map(|c| hops(c.into.owner)).collect();
            let mut attributes = std::mem::replace(
                &mut self.nodes[node].attributes,
                NameMap::new(self.model.document.ignore_case_attributes),
            );
            for captures in attributes.values_mut() {
                *captures = captures
                    .iter()
                    .map(|c| Capture { hops: self.hops(node, c.owner).unwrap_or_default(), ..*c })
                    .collect();
            }
            let node = &mut self.nodes[node];
            (node.texts, node.inner, node.attributes) = (texts, inner, attributes);
            for (chosen, hops) in node.chosen.iter_mut().zip(chosen) {
                chosen.into.hops = hops;
            }
        }
        self.collect_fills();
        self.resolve_gathers();
        for node in &mut self.nodes {
            node.reads_tag = !node.attributes.is_empty()
                || node.chosen.iter().any(|chosen| chosen.attribute.is_some())
                || node.filters.iter().any(|filter| matches!(filter, Filter::Condition(_)));
            node.reads_text =
                !node.texts.is_empty() || node.chosen.iter().any(|c| c.attribute.is_none());
        }
        for (rule, &node) in rules.iter_mut().zip(rows) {
            let up = |slot: &mut SlotRef| {
                if let FrameRef::Up(owner) = slot.frame {
                    slot.frame = FrameRef::Up(self.hops(node, owner as NodeId).unwrap_or_default());
                }
            };
            each_slot(rule, up);
        }
    }

    fn resolve_gathers(&mut self) {
        for node in 0..self.nodes.len() {
            let mut gathers = std::mem::take(&mut self.nodes[node].gathers);
            for gather in &mut gathers {
                if let Gathered::Nodes { first, last, hops, .. } = &mut gather.from {
                    *hops = self.hops(*last, *first).unwrap_or_default();
                }
            }
            self.nodes[node].gathers = gathers;
        }
    }

    /// For every node with a predicate that may take captures back: which slots it fills.
    fn collect_fills(&mut self) {
        for node in 0..self.nodes.len() {
            let Node { filters, late, .. } = &self.nodes[node];
            if late.is_empty() && !filters.iter().any(|f| matches!(f, Filter::Last { .. })) {
                continue;
            }
            let mut fills = Vec::new();
            for inside in 0..self.nodes.len() {
                if self.hops(inside, node).is_none() {
                    continue;
                }
                let captured = &self.nodes[inside];
                let all = captured.attributes.values().flatten();
                let all = all.chain(&captured.texts).chain(&captured.inner);
                for capture in all.chain(captured.chosen.iter().map(|c| &c.into)) {
                    if self.hops(capture.owner, node).is_some() {
                        continue;
                    }
                    let parent = self.nodes[node].parent;
                    let hops = self.hops(parent, capture.owner).unwrap_or_default();
                    let fill = Capture { hops, ..*capture };
                    if !fills.contains(&fill) {
                        fills.push(fill);
                    }
                }
            }
            self.nodes[node].fills = fills;
        }
    }
}

/// Calls `change` for every slot that a rule's expressions read.
fn each_slot(rule: &mut Rule, change: impl Fn(&mut SlotRef)) {
    let distinct = rule.distinct.iter_mut().flat_map(|d| d.by.iter_mut().chain(&mut d.prefer));
    let templates = rule.templates.iter_mut().flat_map(|template| {
        let values = template.values.iter_mut().filter_map(|value| match value {
            ValuePlan::Absent | ValuePlan::Constant(_) => None,
            ValuePlan::Early(op) | ValuePlan::Numbered(op) => Some(op),
        });
        template.when.iter_mut().chain(values)
    });
    for op in rule.where_.iter_mut().chain(&mut rule.keep_when).chain(distinct).chain(templates) {
        op.each_slot(&change);
    }
}

impl Op {
    fn each_slot(&mut self, change: &impl Fn(&mut SlotRef)) {
        match self {
            Op::One(slot) | Op::Pick(slot, _) => change(slot),
            Op::Aggregate(aggregate) => change(&mut aggregate.slot),
            _ => {}
        }
        self.each_part(&mut |part| part.each_slot(change));
    }

    /// Whether the value is the same for every row of a document.
    fn is_constant(&mut self) -> bool {
        let mut constant = !matches!(
            self,
            Op::One(_)
                | Op::Pick(..)
                | Op::Current
                | Op::Column(_)
                | Op::Aggregate(_)
                | Op::Call(Function::Name, _)
        );
        self.each_part(&mut |part| constant &= part.is_constant());
        constant
    }

    fn reads_ordinal(&mut self) -> bool {
        let mut found = matches!(self, Op::Call(Function::Ordinal, _));
        self.each_part(&mut |part| found |= part.reads_ordinal());
        found
    }

    /// Calls `visit` for every operand.
    fn each_part(&mut self, visit: &mut dyn FnMut(&mut Op)) {
        match self {
            Op::Null
            | Op::Text(_)
            | Op::Integer(_)
            | Op::Decimal(_)
            | Op::One(_)
            | Op::Pick(..)
            | Op::Attribute(_)
            | Op::Current
            | Op::Column(_) => {}
            Op::Strip(a) | Op::Negate(a) | Op::Not(a) | Op::IsNull(a, _) | Op::IsEmpty(a, _) => {
                visit(a)
            }
            Op::Cast(a, ..) | Op::Lookup(_, a) | Op::ParseDate(a, _) | Op::LikePattern(a, ..) => {
                visit(a)
            }
            Op::Binary(_, a, b) | Op::Like(a, b, _) => [a, b].into_iter().for_each(|o| visit(o)),
            Op::DateAdd(_, a, b) | Op::DateDiff(_, a, b) => {
                [a, b].into_iter().for_each(|o| visit(o))
            }
            Op::Between(a, b, c, _) => [a, b, c].into_iter().for_each(|o| visit(o)),
            Op::In(a, list, _) => {
                visit(a);
                list.iter_mut().for_each(visit);
            }
            Op::Case(operand, whens, otherwise) => {
                operand.iter_mut().chain(otherwise).for_each(|o| visit(o));
                for (when, then) in whens {
                    visit(when);
                    visit(then);
                }
            }
            Op::Aggregate(aggregate) => {
                aggregate.each.iter_mut().chain(&mut aggregate.rest).for_each(visit);
            }
            Op::Call(_, list) => list.iter_mut().for_each(visit),
        }
    }
}

/// Which of a step's predicates are decided when its element ends: those that read what is inside
/// it, and what is counted of the elements that they leave.
fn late_predicates(predicates: &[Predicate]) -> Vec<bool> {
    let reads: Vec<bool> = predicates.iter().map(reads_content).collect();
    let first = reads.iter().position(|reads| *reads).unwrap_or(reads.len());
    let counted = |predicate: &Predicate| !matches!(predicate, Predicate::Condition(_));
    let recounted = predicates[first..].iter().any(counted);
    let late = reads.iter().enumerate();
    late.map(|(index, reads)| *reads || (recounted && index > first)).collect()
}

/// Whether a predicate needs more than the attributes of its element.
fn reads_content(predicate: &Predicate) -> bool {
    let Predicate::Condition(condition) = predicate else { return false };
    let mut reads = false;
    condition.walk_outside_predicates(&mut |part| {
        reads |= match &part.kind {
            ExprKind::Path(path) => !path.steps.is_empty() || path.read == Read::Text,
            ExprKind::Call { function, .. } => function.is_aggregate(),
            _ => false,
        };
    });
    reads
}

/// What a written part counts.
fn date_part(written: WrittenPart) -> DatePart {
    match written {
        WrittenPart::Year => DatePart::Year,
        WrittenPart::Quarter => DatePart::Quarter,
        WrittenPart::Month => DatePart::Month,
        WrittenPart::DayOfYear | WrittenPart::Day | WrittenPart::Weekday => DatePart::Day,
        WrittenPart::Week => DatePart::Week,
        WrittenPart::Hour => DatePart::Hour,
        WrittenPart::Minute => DatePart::Minute,
        WrittenPart::Second => DatePart::Second,
        WrittenPart::Millisecond => DatePart::Millisecond,
        WrittenPart::Microsecond => DatePart::Microsecond,
        WrittenPart::Nanosecond => DatePart::Nanosecond,
    }
}
