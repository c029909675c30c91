//! What the contract's paths caught in one document: frames, their slots, and the nodes in them.
//!
//! Nodes are offsets, not strings: nothing is copied until a typed value is made, and the buffers
//! serve the next document without being freed.
//!
//! # Example
//!
//! The row path is `/r/a`, and a column reads `b[c = 'y']/@v`:
//!
//! ```xml
//! <r><a><b v="1"><c>n</c></b><b v="2"><c>y</c></b></a></r>
//! ```
//!
//! Frame 0 is the document. Elements open a frame when they are rows or when a predicate reads
//! what is inside them.
//!
//! 1. `<a>` opens frame 1. Its slot 0 is for the column's path.
//! 2. `<b v="1">` opens frame 2 in frame 1. Whether the predicate holds is not known before
//!    `</b>`, but attributes are only known now: `1` is pushed one frame up into slot 0 of frame 1,
//!    with the origin 2.
//! 3. `<c>n</c>` pushes `n` into slot 0 of frame 2, which the predicate reads.
//! 4. `</b>` decides: `n` is not `y`. Frame 2 is refused: a row or a path below it is ignored from
//!    now on, and [`Captures::withdraw`] removes from slot 0 of frame 1 the nodes with an origin in
//!    frame 2. The slot is empty again.
//! 5. The second `<b>` opens frame 3, pushes `2` with the origin 3, and `</b>` keeps it.
//! 6. `</a>` evaluates the row. Slot 0 of frame 1 has one node: the column is `2`.

use std::borrow::Cow;

use super::attribute::Attribute;
use super::fault::Result;
use super::string_value::string_value;
use super::text;
use crate::contract::plan::{FrameRef, Kept, SlotRef};

/// No index.
const NONE: u32 = u32::MAX;

/// How to read a node's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    /// The raw text is the text: no reference, no white space to normalise.
    Plain,
    /// An attribute's value as written.
    Attribute,
    /// Text as written.
    Text,
    /// Text joined from several pieces, in the scratch buffer, entities resolved.
    Merged,
    /// Markup as written.
    Markup,
    /// Markup of which the text is wanted.
    String,
    /// A chosen element that has no such attribute.
    Missing,
}

/// One node that a path matched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub kind: NodeKind,
    /// In the document, or in the scratch buffer for [`NodeKind::Merged`].
    pub start: u32,
    pub end: u32,
    /// Its place in the document.
    pub at: u32,
    /// The frame it was caught in.
    pub origin: u32,
    /// The next node of the slot.
    next: u32,
}

impl Node {
    pub fn new(kind: NodeKind, start: usize, end: usize, at: usize) -> Self {
        Self { kind, start: start as u32, end: end as u32, at: at as u32, origin: 0, next: NONE }
    }

    /// An attribute's value.
    #[inline]
    pub fn attribute(document: &str, attribute: &Attribute) -> Self {
        let Attribute { start, end, .. } = *attribute;
        let kind = match attribute.is_plain(document) {
            true => NodeKind::Plain,
            false => NodeKind::Attribute,
        };
        Self { kind, start, end, at: start, origin: 0, next: NONE }
    }

    /// A piece of text between two tags.
    #[inline]
    pub fn text(document: &str, start: usize, end: usize) -> Self {
        let kind = match text::is_plain(document, start..end) {
            true => NodeKind::Plain,
            false => NodeKind::Text,
        };
        Self::new(kind, start, end, start)
    }
}

/// The nodes of one path: the first, which is mostly the only one, and a list of the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub count: u32,
    /// The last of the others.
    tail: u32,
    first: Node,
}

impl Slot {
    const EMPTY: Slot = Slot {
        count: 0,
        tail: NONE,
        first: Node { kind: NodeKind::Missing, start: 0, end: 0, at: 0, origin: 0, next: NONE },
    };

    /// The first node.
    #[inline]
    pub fn first(&self) -> Option<&Node> {
        (self.count > 0).then_some(&self.first)
    }

    /// What tells these nodes from those of any other slot that has others; slots that
    /// [share](Captures::share) their nodes have one.
    pub fn identity(&self) -> u32 {
        self.tail
    }

    /// The node, when it is the only one.
    #[inline]
    pub fn only(&self) -> Option<&Node> {
        (self.count == 1).then_some(&self.first)
    }
}

/// An element that owns slots.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// The frame around it; the document's is its own.
    pub parent: u32,
    slots: u32,
    /// Offset of the element's `<`.
    pub at: u32,
    /// Whether a predicate rejected the element at its end.
    refused: bool,
}

/// Everything caught so far.
#[derive(Debug, Default)]
pub(super) struct Captures {
    frames: Vec<Frame>,
    slots: Vec<Slot>,
    nodes: Vec<Node>,
    /// The node before each of `nodes` in its slot; none before the second.
    before: Vec<u32>,
    /// Whether any frame is refused.
    refuses: bool,
    /// The frame that nodes are caught in now.
    pub origin: u32,
    pub scratch: String,
    /// Frames, slots and nodes when their memory was counted last.
    counted: usize,
}

/// Frames, slots and nodes that are added before they are counted, at most.
const UNCOUNTED: usize = 1024;

impl Captures {
    /// For a predicate, which reads only its own element.
    pub const fn empty() -> Self {
        Self {
            frames: Vec::new(),
            slots: Vec::new(),
            nodes: Vec::new(),
            before: Vec::new(),
            refuses: false,
            origin: 0,
            scratch: String::new(),
            counted: 0,
        }
    }

    pub fn clear(&mut self) {
        self.frames.clear();
        self.slots.clear();
        self.nodes.clear();
        self.before.clear();
        self.refuses = false;
        self.scratch.clear();
        self.counted = 0;
    }

    /// Whether much was added since [`Captures::bytes`] was asked last.
    #[inline(always)]
    pub fn has_grown(&self) -> bool {
        self.frames.len() + self.slots.len() + self.nodes.len() > self.counted + UNCOUNTED
    }

    /// The memory that it takes.
    pub fn bytes(&mut self) -> usize {
        self.counted = self.frames.len() + self.slots.len() + self.nodes.len();
        self.frames.len() * size_of::<Frame>()
            + self.slots.len() * size_of::<Slot>()
            + self.nodes.len() * (size_of::<Node>() + size_of::<u32>())
            + self.scratch.len()
    }

    /// Opens a frame and returns its index.
    pub fn open(&mut self, parent: u32, slots: u32, at: usize) -> u32 {
        let first = self.slots.len();
        self.frames.push(Frame { parent, slots: first as u32, at: at as u32, refused: false });
        self.slots.resize(first + slots as usize, Slot::EMPTY);
        self.frames.len() as u32 - 1
    }

    pub fn frame(&self, frame: u32) -> &Frame {
        &self.frames[frame as usize]
    }

    /// The frame `hops` up from `frame`.
    #[inline]
    pub fn up(&self, frame: u32, hops: u32) -> u32 {
        (0..hops).fold(frame, |at, _| self.frames[at as usize].parent)
    }

    /// Marks a frame whose element a predicate rejected.
    pub fn refuse(&mut self, frame: u32) {
        self.refuses = true;
        self.frames[frame as usize].refused = true;
    }

    /// Whether the frame, or one around it, is refused.
    #[inline]
    pub fn is_refused(&self, frame: u32) -> bool {
        self.refuses && self.is_inside(frame, |around| self.frames[around as usize].refused)
    }

    /// Whether `is_one` holds for a frame or one around it.
    fn is_inside(&self, mut frame: u32, is_one: impl Fn(u32) -> bool) -> bool {
        loop {
            if is_one(frame) {
                return true;
            }
            let parent = self.frames[frame as usize].parent;
            if parent == frame {
                return false;
            }
            frame = parent;
        }
    }

    #[inline]
    fn index(&self, frame: u32, slot: u32) -> usize {
        (self.frames[frame as usize].slots + slot) as usize
    }

    /// The slot that an expression of the row with this frame reads.
    #[inline]
    pub fn slot(&self, row: u32, reference: SlotRef) -> &Slot {
        &self.slots[self.index(self.frame_of(row, reference), reference.slot)]
    }

    /// The frame of that slot.
    #[inline]
    pub fn frame_of(&self, row: u32, reference: SlotRef) -> u32 {
        match reference.frame {
            FrameRef::Up(hops) => self.up(row, hops),
            FrameRef::Document => 0,
        }
    }

    /// The slots of a frame.
    #[inline(always)]
    pub fn own(&self, frame: u32) -> &[Slot] {
        // Slots of later frames follow them, and no expression of the row reads those.
        self.frames.get(frame as usize).map_or(&[], |frame| &self.slots[frame.slots as usize..])
    }

    /// Takes back what a slot caught in the refused frame. Elements of `//` lie inside each other:
    /// what another of them caught in the meantime stays.
    pub fn withdraw(&mut self, frame: u32, slot: u32, refused: u32) {
        let index = self.index(frame, slot);
        let begins = self.frames[refused as usize].at;
        let mut left = self.slots[index];
        let mut staying = Vec::new();
        // Nodes come in document order: those caught inside the element are the last.
        while left.count > 0 {
            let last = self.nodes.get(left.tail as usize).copied().unwrap_or(left.first);
            if last.at < begins {
                break;
            }
            if !self.is_inside(last.origin, |around| around == refused) {
                staying.push(last);
            }
            left.count -= 1;
            left.tail = self.before.get(left.tail as usize).copied().unwrap_or(NONE);
        }
        match self.nodes.get_mut(left.tail as usize) {
            Some(tail) => tail.next = NONE,
            None => left.first.next = NONE,
        }
        self.slots[index] = left;
        for node in staying.into_iter().rev() {
            self.add(frame, slot, node);
        }
    }

    /// Adds a node that was caught elsewhere.
    pub fn add(&mut self, frame: u32, slot: u32, node: Node) {
        self.link(self.index(frame, slot), Node { next: NONE, ..node });
    }

    /// Gives a slot the nodes that the same slot of another frame has, when nothing is added to either
    /// any more.
    pub fn share(&mut self, from: u32, to: u32, slot: u32) {
        let (from, to) = (self.index(from, slot), self.index(to, slot));
        self.slots[to] = self.slots[from];
    }

    /// The nodes of a frame's own slot.
    pub fn all(&self, frame: u32, slot: u32) -> impl Iterator<Item = &Node> {
        self.nodes(&self.slots[self.index(frame, slot)])
    }

    /// Adds a node to a slot.
    #[inline]
    pub fn push(&mut self, frame: u32, slot: u32, node: Node) {
        let origin = self.origin;
        self.link(self.index(frame, slot), Node { origin, ..node });
    }

    #[inline]
    fn link(&mut self, index: usize, node: Node) {
        let slot = &mut self.slots[index];
        slot.count += 1;
        if slot.count == 1 {
            slot.first = node;
            return;
        }
        let new = self.nodes.len() as u32;
        self.nodes.push(node);
        self.before.push(slot.tail);
        match std::mem::replace(&mut slot.tail, new) {
            NONE => slot.first.next = new,
            before => self.nodes[before as usize].next = new,
        }
    }

    /// Keeps one node, the first that came or the last, or all.
    pub fn choose(&mut self, frame: u32, slot: u32, node: Node, keep: Kept) {
        let index = self.index(frame, slot);
        match keep {
            Kept::First if self.slots[index].count > 0 => return,
            Kept::Last => self.slots[index] = Slot::EMPTY,
            Kept::First | Kept::All => {}
        }
        self.push(frame, slot, node);
    }

    /// The nodes of a slot, in the order they came.
    pub fn nodes<'c>(&'c self, slot: &'c Slot) -> impl Iterator<Item = &'c Node> {
        let mut at = slot.first();
        std::iter::from_fn(move || {
            let node = at?;
            at = self.nodes.get(node.next as usize);
            Some(node)
        })
    }

    /// The first or last of these nodes, in the order in which their elements begin.
    pub fn pick<'c>(&self, nodes: impl Iterator<Item = &'c Node>, last: bool) -> Option<&'c Node> {
        let begins = |node: &&Node| self.frames[node.origin as usize].at;
        match last {
            true => nodes.max_by_key(begins),
            false => nodes.min_by_key(begins),
        }
    }

    /// A node's text: `None` for the attribute that a chosen element does not have.
    #[inline]
    pub fn text<'t>(&'t self, node: &Node, document: &'t str) -> Result<Option<Cow<'t, str>>> {
        let range = node.start as usize..node.end as usize;
        match node.kind {
            NodeKind::Plain => Ok(Some(Cow::Borrowed(&document[range]))),
            NodeKind::Attribute => text::attribute(document, range).map(Some),
            NodeKind::Text => text::content(document, range).map(Some),
            NodeKind::Merged => Ok(Some(Cow::Borrowed(&self.scratch[range]))),
            NodeKind::Markup => text::markup(document, range).map(|raw| Some(Cow::Borrowed(raw))),
            NodeKind::String => string_value(document, range).map(Some),
            NodeKind::Missing => Ok(None),
        }
    }
}
