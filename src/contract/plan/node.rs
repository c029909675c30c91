//! The trie of element names: what each element is captured for.

use super::name_map::NameMap;
use super::op::Op;

/// Index into [`Plan::nodes`](super::Plan::nodes); 0 is the document.
pub(crate) type NodeId = usize;

/// Namespaces that a name may have.
pub(crate) type Uris = Box<[Box<str>]>;

/// An element that some path goes through, or the document.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub parent: NodeId,
    /// Elements directly inside.
    pub children: NameMap<Vec<NodeId>>,
    /// Elements anywhere inside; only the document has any.
    pub descendants: NameMap<Vec<NodeId>>,
    /// Elements of every name directly inside.
    pub any_children: Vec<NodeId>,
    /// Elements of every name anywhere inside; only the document has any.
    pub any_descendants: Vec<NodeId>,
    /// The namespaces that the element may have; empty text for none. `None` for any.
    pub uris: Option<Uris>,
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
    /// Slots that the element's string value goes to.
    pub strings: Vec<Capture>,
    /// Attributes of ancestors that go to the element's own slots.
    pub ancestors: Vec<AncestorAttribute>,
    /// Which elements of other nodes are around, for rows that read the rows of those.
    pub around: Vec<Around>,
    /// What `POSITION()` reads.
    pub position: Option<Position>,
    /// What the rows of this node are given when the document has ended.
    pub gathers: Vec<Gather>,
    /// Rules whose row path ends here.
    pub rules: Vec<usize>,
    /// Whether elements open a frame.
    pub frame: bool,
    /// Slots of that frame.
    pub slots: u32,
    /// Whether there is nothing in `chosen`, `inner` and `strings`, and no [`Filter::Last`].
    pub plain: bool,
    /// Whether the attributes of the tag must be known.
    pub reads_tag: bool,
    /// Whether the element's own text is wanted.
    pub reads_text: bool,
    /// Slots outside the element that are filled from inside it: what a predicate decided late
    /// takes back.
    pub fills: Vec<Capture>,
}

impl Node {
    /// Whether it must be known which elements are around its own.
    pub fn looks_around(&self) -> bool {
        !self.ancestors.is_empty() || !self.around.is_empty()
    }

    /// Everything that the element is captured for.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        let chosen = self.chosen.iter().map(|chosen| &chosen.into);
        let attributes = self.attributes.values().flatten();
        let contents = self.texts.iter().chain(&self.inner).chain(&self.strings);
        attributes.chain(contents).chain(chosen)
    }

    /// As [`Node::captures`], to be changed.
    pub fn captures_mut(&mut self) -> impl Iterator<Item = &mut Capture> {
        let chosen = self.chosen.iter_mut().map(|chosen| &mut chosen.into);
        let attributes = self.attributes.values_mut().flatten();
        let contents = self.texts.iter_mut().chain(&mut self.inner).chain(&mut self.strings);
        attributes.chain(contents).chain(chosen)
    }
}

/// Where a captured value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capture {
    /// Frames up from the capturing element's innermost one.
    pub hops: u32,
    pub slot: u32,
    /// The node whose frame has the slot.
    pub owner: NodeId,
}

/// `FIRST(p/@a)` or `LAST(p/@a)`: an element is chosen, then read.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    pub into: Capture,
    pub read: NodeRead,
    pub keep: Kept,
}

/// What is read of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NodeRead {
    /// By the name that attributes are found by.
    Attribute(Box<str>),
    Text,
    String,
}

/// Which of several elements a slot keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// The elements of `node` that are around this node's, or are the same: their frames go to the slot,
/// the innermost first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around {
    pub node: NodeId,
    pub slot: u32,
}

/// The number of an element among those that its row path finds in one parent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    pub node: u32,
    /// The element's own slot that the number goes to.
    pub slot: u32,
    /// The element's own slot with the identity of its parent.
    pub parent: u32,
}

/// `../name` where it is not known which elements are around the row's: what was caught anywhere
/// in the document is given to the rows whose ancestor it is in.
#[derive(Debug)]
pub(crate) struct Gather {
    pub from: Gathered,
    /// The row's slot with the identity of its ancestor.
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
    /// Its string value.
    String,
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
    /// Among the children of any element: for `//`. The indices are the plan's.
    Anywhere(u32),
}

/// How an attribute is known whose prefix in the contract stands for URIs; no XML name begins like
/// this.
pub(crate) fn qualified_name(prefix: &str, local: &str) -> String {
    format!("{{{prefix}}}{local}")
}
