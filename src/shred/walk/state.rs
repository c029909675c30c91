//! A walk over one document, and the buffers it keeps for the next.

use std::collections::HashMap;

use super::declarations::Namespaces;
use crate::contract::plan::{Counter, NodeId, Plan};
use crate::shred::attributes::Attributes;
use crate::shred::capture::{Captures, Node};
use crate::shred::checks::Checks;
use crate::shred::limits::Limits;
use crate::shred::meter::Meter;
use crate::shred::scan::Scanner;

/// An open element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub name_start: u32,
    pub name_end: u32,
    /// Whether nothing in it is read, unless a `//name` is found there.
    pub dead: bool,
}

/// An open element that some path goes through.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Live {
    /// Its first match.
    pub matches: u32,
    pub run: Run,
    pub wants_text: bool,
    /// Offset just past its start tag.
    pub content: u32,
    /// Rows that were waiting when it began.
    pub pending: u32,
}

/// An element as one plan node sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match {
    pub node: u32,
    /// The innermost frame for this node.
    pub frame: u32,
    /// First of the counters for the positions of its children.
    pub counters: u32,
    /// First of the counters that its own position is counted with.
    pub around: u32,
}

/// An element's own text so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Run {
    #[default]
    Nothing,
    /// One piece, as written.
    Piece { start: u32, end: u32 },
    /// Several pieces, or one that is decoded: those from this one on.
    Many { first: u32 },
}

/// A piece of an element's own text, by its place in the document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub start: u32,
    pub end: u32,
    /// Whether it is the content of a CDATA section.
    pub cdata: bool,
}

/// A row that waits for an element further out to end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub rule: u32,
    pub frame: u32,
    /// Number of open elements when it is ready.
    pub depth: u32,
}

/// The walk's buffers, kept from document to document.
#[derive(Debug, Default)]
pub struct State {
    pub captures: Captures,
    pub checks: Checks,
    pub(super) attributes: Attributes,
    pub(super) open: Vec<Open>,
    pub(super) live: Vec<Live>,
    pub(super) matches: Vec<Match>,
    pub(super) counters: Vec<u32>,
    /// The counters of steps with `//`, by the start of the name of the element around.
    pub(super) anywhere_counters: HashMap<(u32, u32), u32>,
    /// For each node and parent how many elements have their `POSITION()`.
    pub(super) positions: HashMap<(u32, u32), u32>,
    /// The attributes of elements around, where namespaces are looked for.
    pub(super) outer: Attributes,
    /// Pieces of the texts of open elements, outer elements first.
    pub(super) pieces: Vec<Piece>,
    pub(super) pending: Vec<Pending>,
    /// For each attribute of an ancestor: the start of the name of the element that it was last
    /// read from, and what was found. Most elements have the parent of the one before.
    pub(super) ancestors: Vec<(u32, Option<Node>)>,
}

impl State {
    /// Forgets the document before, and opens the next.
    pub fn begin(&mut self, plan: &Plan) {
        self.captures.clear();
        self.checks.begin();
        self.attributes.tag = None;
        self.open.clear();
        self.live.clear();
        self.matches.clear();
        self.counters.clear();
        self.anywhere_counters.clear();
        self.positions.clear();
        self.pieces.clear();
        self.pending.clear();
        self.ancestors.clear();
        self.ancestors.resize(plan.ancestors, (0, None));
        let document = &plan.nodes[0];
        self.captures.open(0, document.slots, 0);
        self.counters.resize(document.counters as usize, 0);
        self.matches.push(Match { node: 0, frame: 0, counters: 0, around: 0 });
        self.live.push(Live::default());
    }

    /// The memory that grows with the document.
    pub fn bytes(&mut self) -> usize {
        // A hash map has a free place for each that is taken, and a byte beside it.
        let counter = 2 * size_of::<((u32, u32), u32, u8)>();
        self.captures.bytes()
            + self.pieces.len() * size_of::<Piece>()
            + self.pending.len() * size_of::<Pending>()
            + (self.anywhere_counters.len() + self.positions.len()) * counter
    }

    /// A filter's counter. `counters` is the first one of the parent.
    pub fn counter(&mut self, counters: u32, counter: Counter) -> &mut u32 {
        match counter {
            Counter::Child(index) => &mut self.counters[(counters + index) as usize],
            Counter::Anywhere(index) => {
                let around = self.open.last().map_or(0, |open| open.name_start);
                self.anywhere_counters.entry((around, index)).or_default()
            }
        }
    }
}

/// What an element may be as one of its parent's matches sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'p> {
    /// The parent's match.
    pub parent: u32,
    pub ids: &'p [NodeId],
}

/// Walks one document.
pub struct Walk<'d, 'p, 's, E> {
    pub plan: &'p Plan,
    pub text: &'d str,
    pub scanner: Scanner<'d>,
    pub limits: &'p Limits,
    pub state: &'s mut State,
    pub events: &'s mut E,
    pub meter: &'p Meter<'p>,
    pub rooted: bool,
    /// Whether all of it is checked on the way.
    pub checks: bool,
    /// Whether it has a DOCTYPE.
    pub declared: bool,
    /// Whether `//name` paths exist, so that passed-over parts are watched.
    pub watches: bool,
    pub namespaces: Namespaces<'d>,
}
