//! One pass over a document: elements matched against the plan, what the contract reads captured,
//! everything else balanced and passed over.

mod ancestors;
mod namespace;
mod own_text;

use std::collections::HashMap;

use super::attributes::Attributes;
use super::capture::{Captures, Node, NodeKind};
use super::fault::Fault;
use super::scan::{name_length, DoctypeError, Markup, Scanner, StartTag};
use super::{gather, text, Limits};
use crate::contract::names::Name;
use crate::contract::plan::{Counter, Filter, Node as PlanNode, NodeId, Op, Plan, Ready};
use crate::outcome::FailureCategory;

/// What the walk asks and tells while elements come and go.
pub(super) trait Events {
    /// Whether a predicate holds for the element.
    fn holds(&mut self, condition: &Op, element: Element<'_>) -> Result<bool, Box<Fault>>;

    /// A row of a rule has everything it reads. Its failure does not end the walk.
    fn row(&mut self, rule: usize, frame: u32, captures: &Captures) -> Result<(), Box<Fault>>;

    /// Whether the walk may stop, because what was wanted is known.
    fn done(&self, _captures: &Captures) -> bool {
        false
    }
}

/// The element that a predicate is about.
pub(super) enum Element<'a> {
    Begins(Tag<'a>),
    Ends { frame: u32, captures: &'a Captures },
}

/// The start tag of an element.
pub(super) struct Tag<'a> {
    pub text: &'a str,
    pub attributes: &'a Attributes,
}

/// An open element.
#[derive(Debug, Clone, Copy)]
struct Open {
    name_start: u32,
    name_end: u32,
    /// Whether nothing in it is read, unless a `//name` is found there.
    dead: bool,
}

/// An open element that some path goes through.
#[derive(Debug, Clone, Copy)]
struct Live {
    /// Its first match.
    matches: u32,
    run: Run,
    wants_text: bool,
    /// Offset just past its start tag.
    content: u32,
    /// Rows that were waiting when it began.
    pending: u32,
}

/// An element as one plan node sees it.
#[derive(Debug, Clone, Copy)]
struct Match {
    node: u32,
    /// The innermost frame for this node.
    frame: u32,
    /// First of the counters for the positions of its children.
    counters: u32,
    /// First of the counters that its own position is counted with.
    around: u32,
}

/// An element's own text so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Nothing,
    /// One piece, as written.
    Piece {
        start: u32,
        end: u32,
    },
    /// Several pieces, put together in the scratch buffer; the first stood at `at`.
    Merged {
        start: u32,
        end: u32,
        at: u32,
    },
}

/// A row that waits for an element further out to end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub rule: u32,
    pub frame: u32,
    /// Number of open elements when it is ready.
    depth: u32,
}

/// The walk's buffers, kept from document to document.
#[derive(Debug, Default)]
pub(super) struct State {
    pub captures: Captures,
    attributes: Attributes,
    open: Vec<Open>,
    live: Vec<Live>,
    matches: Vec<Match>,
    counters: Vec<u32>,
    /// The counters of steps with `//`, by the start of the name of the element around.
    anywhere_counters: HashMap<(u32, u32), u32>,
    /// The attributes of elements around, where namespaces are looked for.
    outer: Attributes,
    pending: Vec<Pending>,
    /// For each attribute of an ancestor: the start of the name of the element that it was last
    /// read from, and what was found. Most elements have the parent of the one before.
    ancestors: Vec<(u32, Option<Node>)>,
}

impl State {
    /// A filter's counter. `counters` is the first one of the parent.
    fn counter(&mut self, counters: u32, counter: Counter) -> &mut u32 {
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
struct Found<'p> {
    /// The parent's match.
    parent: u32,
    ids: &'p [NodeId],
}

/// Walks one document.
pub(super) struct Walk<'d, 'p, 's, E> {
    plan: &'p Plan,
    text: &'d str,
    scanner: Scanner<'d>,
    limits: &'p Limits,
    state: &'s mut State,
    events: &'s mut E,
    rooted: bool,
    /// Whether `//name` paths exist, so that passed-over parts are watched.
    watches: bool,
}

impl<'d, 'p, 's, E: Events> Walk<'d, 'p, 's, E> {
    pub fn new(
        plan: &'p Plan,
        text: &'d str,
        limits: &'p Limits,
        state: &'s mut State,
        events: &'s mut E,
    ) -> Self {
        let State {
            captures,
            open,
            live,
            matches,
            counters,
            anywhere_counters,
            pending,
            ancestors,
            ..
        } = &mut *state;
        captures.clear();
        open.clear();
        live.clear();
        matches.clear();
        counters.clear();
        pending.clear();
        anywhere_counters.clear();
        ancestors.clear();
        ancestors.resize(plan.ancestors, (0, None));
        let document = &plan.nodes[0];
        captures.open(0, document.slots, 0);
        counters.resize(document.counters as usize, 0);
        matches.push(Match { node: 0, frame: 0, counters: 0, around: 0 });
        live.push(Live {
            matches: 0,
            run: Run::Nothing,
            wants_text: false,
            content: 0,
            pending: 0,
        });
        Self {
            watches: !document.descendants.is_empty(),
            scanner: Scanner::new(text),
            plan,
            text,
            limits,
            state,
            events,
            rooted: false,
        }
    }

    /// Walks to the end, or to the first thing that makes the document no document.
    pub fn run(mut self) -> Result<(), Box<Fault>> {
        let mut at = 0;
        while let Some(markup) = self.scanner.next_markup(at) {
            self.between(at, markup)?;
            at = self.markup(markup)?;
            if self.state.open.last().is_some_and(|top| top.dead) {
                at = self.pass_over(at)?;
            }
            if self.events.done(&self.state.captures) {
                return Ok(());
            }
        }
        self.between(at, self.text.len())?;
        if let Some(open) = self.state.open.last() {
            return Err(Fault::malformed(
                open.name_start as usize - 1,
                format!("the element {:?} is never closed", self.name(*open)),
            ));
        }
        if !self.rooted {
            return Err(Fault::malformed(self.text.len(), "the document has no element"));
        }
        if self.plan.gathers {
            let State { captures, pending, .. } = &mut *self.state;
            gather::gather(self.plan, self.text, captures, pending)?;
        }
        self.release_pending(0)
    }

    fn bytes(&self) -> &'d [u8] {
        self.text.as_bytes()
    }

    fn name(&self, open: Open) -> &'d str {
        &self.text[open.name_start as usize..open.name_end as usize]
    }

    /// Text between two pieces of markup.
    #[inline]
    fn between(&mut self, from: usize, to: usize) -> Result<(), Box<Fault>> {
        if from == to {
            return Ok(());
        }
        if self.state.open.is_empty() {
            let outside = &self.text[from..to];
            let stray = outside.trim_start_matches([' ', '\t', '\r', '\n']);
            if !stray.is_empty() {
                return Err(Fault::malformed(to - stray.len(), "text outside the root element"));
            }
            return Ok(());
        }
        if self.top().wants_text {
            self.add_text(from, to, false)?;
        }
        Ok(())
    }

    fn top(&mut self) -> &mut Live {
        self.state.live.last_mut().expect("the document's entry is never removed")
    }

    #[inline]
    fn check_length(&self, from: usize, to: usize) -> Result<(), Box<Fault>> {
        match to - from > self.limits.text_bytes {
            true => Err(Fault::long_text(from, to - from, self.limits)),
            false => Ok(()),
        }
    }

    /// Handles what the `<` at `at` begins and returns where it ends.
    #[inline]
    fn markup(&mut self, at: usize) -> Result<usize, Box<Fault>> {
        match self.scanner.markup(at) {
            Markup::Start => self.start(at),
            Markup::End => self.end(at),
            Markup::Declaration => self.declaration(at),
            other => {
                let end = self.past(at, other)?;
                if other == Markup::CData {
                    self.cdata(at, end)?;
                }
                Ok(end)
            }
        }
    }

    /// Where the name of the tag at `at` ends.
    #[inline(always)]
    fn tag_name(&self, at: usize) -> Result<usize, Box<Fault>> {
        let rest = &self.bytes()[at + 1..];
        let first = rest.first().copied().unwrap_or(b'>');
        if first.is_ascii() && !matches!(first, b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':') {
            return Err(Fault::malformed(
                at,
                "a < begins a tag, and a tag's name begins with a letter: write a plain < as &lt;",
            ));
        }
        let name_end = at + 1 + name_length(rest);
        match self.bytes().get(name_end) {
            Some(b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'>') | None => Ok(name_end),
            Some(_) => Err(self.name_runs_on(at, name_end)),
        }
    }

    #[cold]
    fn name_runs_on(&self, at: usize, name_end: usize) -> Box<Fault> {
        let name = &self.text[at + 1..name_end];
        Fault::malformed(at, format!("the tag name {name:?} must end with white space, / or >"))
    }

    #[inline(always)]
    fn rest_of_tag(&mut self, at: usize, name_end: usize) -> Result<StartTag, Box<Fault>> {
        match self.scanner.start_tag(name_end) {
            Some(tag) => Ok(tag),
            None => Err(Fault::malformed(at, "the tag that begins here is never closed")),
        }
    }

    #[inline]
    fn read_tag(&mut self, at: usize, name_end: usize) -> Result<StartTag, Box<Fault>> {
        self.state.attributes.read(self.text, at, name_end, self.limits)
    }

    fn past(&self, at: usize, markup: Markup) -> Result<usize, Box<Fault>> {
        if markup == Markup::Instruction && at > 0 && self.is_xml_declaration(at) {
            return Err(Fault::malformed(
                at,
                "an XML declaration stands at the very beginning of a document or nowhere: leave \
                 out what is before it",
            ));
        }
        self.scanner.past(at, markup).ok_or_else(|| {
            let what = match markup {
                Markup::Comment => "comment",
                Markup::CData => "CDATA section",
                _ => "processing instruction",
            };
            Fault::malformed(at, format!("the {what} that begins here is never closed"))
        })
    }

    fn is_xml_declaration(&self, at: usize) -> bool {
        let target = &self.bytes()[at + 2..];
        target.starts_with(b"xml") && name_length(target) == 3
    }

    fn declaration(&mut self, at: usize) -> Result<usize, Box<Fault>> {
        if self.rooted {
            return Err(Fault::malformed(at, "a declaration cannot stand here"));
        }
        self.scanner.past_doctype(at).map_err(|error| {
            Fault::malformed(
                at,
                match error {
                    DoctypeError::NotDoctype => "a declaration cannot stand here",
                    DoctypeError::InternalSubset => {
                        "the DOCTYPE has an internal subset, which is refused because it can \
                         define entities: remove the part in brackets"
                    }
                    DoctypeError::Unclosed => "the DOCTYPE is never closed",
                },
            )
        })
    }

    /// An element begins at `at`. Returns where its start tag ends, or its end tag.
    fn start(&mut self, at: usize) -> Result<usize, Box<Fault>> {
        let name_end = self.tag_name(at)?;
        let depth = self.state.open.len();
        if depth == 0 {
            self.root(at, name_end)?;
        }
        if depth >= self.limits.depth {
            return Err(self.too_deep(at));
        }
        let name = self.plan_name(at, name_end);
        let (only, several);
        let found = match self.only_candidate(name) {
            Some(candidate) => {
                only = candidate;
                only.as_slice()
            }
            None => {
                several = self.candidates(at, name_end, name)?;
                &several
            }
        };
        self.start_known(at, name_end, found)
    }

    /// What an element of that name may be, when at most one match is around it, as is the case
    /// nearly always; `None` otherwise.
    #[inline(always)]
    fn only_candidate(&self, name: Name<'_>) -> Option<Option<Found<'p>>> {
        if self.watches || self.plan.namespaced {
            return None;
        }
        let first = self.state.live.last()?.matches;
        let parent = &self.state.matches[first as usize..];
        if self.state.open.last().is_some_and(|top| top.dead) {
            return Some(None);
        }
        let [parent] = parent else { return None };
        let ids = self.plan.nodes[parent.node as usize].children.get(name);
        Some(ids.map(|ids| Found { parent: first, ids }))
    }

    /// An element begins of which it is known what it may be.
    #[inline(always)]
    fn start_known(
        &mut self,
        at: usize,
        name_end: usize,
        found: &[Found<'p>],
    ) -> Result<usize, Box<Fault>> {
        let next = self.scanner.near_markup(at + 1);
        let nodes = &self.plan.nodes;
        let reads_tag = |found: &Found| found.ids.iter().any(|id| nodes[*id].reads_tag);
        let tag = if found.iter().any(reads_tag) {
            let tag = self.read_tag(at, name_end)?;
            self.qualify_attributes(self.state.open.len())?;
            tag
        } else {
            self.rest_of_tag(at, name_end)?
        };
        let live = match found {
            [] => None,
            found => self.open_matches(at, tag, found)?,
        };
        let leaf = match tag.empty {
            true => Some((tag.end, tag.end)),
            false => {
                let next = self.behind(tag.end, next);
                self.leaf(Name::within(self.bytes(), at + 1, name_end), next)
            }
        };
        match (live, leaf) {
            (Some(live), Some((content_end, end))) => {
                self.close_leaf(live, content_end)?;
                Ok(end)
            }
            (None, Some((_, end))) => Ok(end),
            (live, None) => {
                self.state.open.push(Open {
                    name_start: at as u32 + 1,
                    name_end: name_end as u32,
                    dead: live.is_none(),
                });
                self.state.live.extend(live);
                Ok(tag.end)
            }
        }
    }

    /// The markup that follows a start tag which ends at `end`, when `next` is what follows its
    /// `<`. That is looked for before it is known where the tag ends, so that the one need not wait
    /// for the other.
    #[inline(always)]
    fn behind(&mut self, end: usize, next: Option<usize>) -> Option<usize> {
        match next {
            Some(next) if next >= end => Some(next),
            // Further on, or in a value that is not well-formed.
            _ => self.scanner.next_markup(end),
        }
    }

    /// Where the element of that name ends when the markup at `next` is the first in it, and is its
    /// end tag: there, and just past that. Most elements are so, and need no place among the open
    /// ones.
    #[inline(always)]
    fn leaf(&self, name: Name<'_>, next: Option<usize>) -> Option<(usize, usize)> {
        let at = next?;
        match self.scanner.markup(at) {
            Markup::End => Some((at, self.scanner.end_tag(at, name)?)),
            _ => None,
        }
    }

    /// Ends an element in which at most text stood, up to `at`.
    #[inline(always)]
    fn close_leaf(&mut self, mut live: Live, at: usize) -> Result<(), Box<Fault>> {
        let content = live.content as usize;
        if live.wants_text && content < at {
            self.check_length(content, at)?;
            live.run = Run::Piece { start: content as u32, end: at as u32 };
        }
        self.close_live(live, at)
    }

    #[cold]
    fn too_deep(&self, at: usize) -> Box<Fault> {
        Fault::limit(
            at,
            format!(
                "elements are nested more than {} deep: raise --max-depth if such documents are \
                 right",
                self.limits.depth
            ),
        )
    }

    fn root(&mut self, at: usize, name_end: usize) -> Result<(), Box<Fault>> {
        if std::mem::replace(&mut self.rooted, true) {
            return Err(Fault::malformed(at, "a second root element"));
        }
        let name = &self.text[at + 1..name_end];
        let uri = match self.plan.namespaced {
            true => Some(self.namespace(at, name)?),
            false => None,
        };
        let local = match uri {
            Some(_) => name.rsplit(':').next().unwrap_or(name),
            None => name,
        };
        if local == &*self.plan.root && uri.as_deref() == self.plan.root_uri.as_deref() {
            return Ok(());
        }
        let of = |uri: Option<&str>| uri.map_or(String::new(), |uri| format!(" of {uri:?}"));
        let reason = format!(
            "the root element is {name:?}{}, and the contract is for {:?}{}: this document needs \
             another contract, or does not belong in this table",
            of(uri.as_deref()),
            self.plan.root,
            of(self.plan.root_uri.as_deref()),
        );
        Err(Fault::new(FailureCategory::WrongDocument, reason).at(at).value(name))
    }

    /// What the element may be, as each match around it sees it.
    #[inline(never)]
    fn candidates(
        &mut self,
        at: usize,
        name_end: usize,
        name: Name<'_>,
    ) -> Result<Vec<Found<'p>>, Box<Fault>> {
        let plan = self.plan;
        let State { matches, live, open, .. } = &*self.state;
        let mut found = Vec::new();
        if !open.last().is_some_and(|top| top.dead) {
            let first = live.last().map_or(0, |live| live.matches as usize);
            for (index, parent) in matches.iter().enumerate().skip(first) {
                if let Some(ids) = plan.nodes[parent.node as usize].children.get(name) {
                    found.push(Found { parent: index as u32, ids });
                }
            }
        }
        if self.watches {
            if let Some(ids) = plan.nodes[0].descendants.get(name) {
                found.push(Found { parent: 0, ids });
            }
        }
        if plan.namespaced && !found.is_empty() {
            self.keep_namespace(at, name_end, &mut found)?;
        }
        Ok(found)
    }

    /// The name that the plan's nodes are found by.
    #[inline(always)]
    fn plan_name(&self, at: usize, name_end: usize) -> Name<'d> {
        let start = match self.plan.namespaced {
            true => {
                memchr::memrchr(b':', &self.bytes()[at + 1..name_end]).map_or(0, |colon| colon + 1)
            }
            false => 0,
        };
        Name::within(self.bytes(), at + 1 + start, name_end)
    }

    /// The attributes of an open element, once more.
    fn read_open_tag(&mut self, level: usize) -> Result<(), Box<Fault>> {
        let Open { name_start, name_end, .. } = self.state.open[level];
        self.read_tag(name_start as usize - 1, name_end as usize)?;
        Ok(())
    }

    /// An attribute's value in the tag last read.
    fn attribute_value(&self, name: &str) -> Result<Option<String>, Box<Fault>> {
        let found = self.state.attributes.find(self.bytes(), name.as_bytes(), false);
        let value = found.map(|a| text::attribute(self.text, a.start as usize..a.end as usize));
        Ok(value.transpose()?.map(String::from))
    }

    /// Applies predicates and captures attributes; `None` when no candidate is a match.
    #[inline(always)]
    fn open_matches(
        &mut self,
        at: usize,
        tag: StartTag,
        found: &[Found<'p>],
    ) -> Result<Option<Live>, Box<Fault>> {
        let nodes = &self.plan.nodes;
        let first = self.state.matches.len();
        let pending = self.state.pending.len();
        let mut wants_text = false;
        for Found { parent, ids } in found {
            let parent = self.state.matches[*parent as usize];
            for id in *ids {
                if !nodes[*id].filters.is_empty() && !self.passes(*id, &parent)? {
                    continue;
                }
                self.open_match(*id, &parent, at);
                wants_text |= nodes[*id].reads_text;
            }
        }
        if self.state.matches.len() == first {
            return Ok(None);
        }
        if self.plan.ancestors > 0 {
            self.capture_ancestors(first)?;
        }
        Ok(Some(Live {
            matches: first as u32,
            run: Run::Nothing,
            wants_text,
            content: tag.end as u32,
            pending: pending as u32,
        }))
    }

    /// Whether the element that begins passes the predicates that are decided then.
    fn passes(&mut self, id: NodeId, parent: &Match) -> Result<bool, Box<Fault>> {
        let node = &self.plan.nodes[id];
        for filter in &node.filters {
            let passed = match filter {
                Filter::Condition(condition) => {
                    let tag = Tag { text: self.text, attributes: &self.state.attributes };
                    self.events.holds(condition, Element::Begins(tag))?
                }
                counted => self.counts(node, counted, parent.frame, parent.counters),
            };
            if !passed {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Counts an element that comes as far as a position. `parent` is the frame around it, and
    /// `counters` are those of its parent.
    fn counts(&mut self, node: &PlanNode, filter: &Filter, parent: u32, counters: u32) -> bool {
        match filter {
            Filter::Position { wanted, counter } => {
                let count = self.state.counter(counters, *counter);
                *count += 1;
                *count == *wanted
            }
            Filter::Last { counter } => {
                let former = std::mem::take(self.state.counter(counters, *counter));
                if let Some(former) = former.checked_sub(1) {
                    self.take_back(node, parent, former);
                }
                true
            }
            Filter::Condition(_) => true,
        }
    }

    /// Takes back what an element put into slots outside it, and its rows. `parent` is the frame
    /// around it.
    fn take_back(&mut self, node: &PlanNode, parent: u32, refused: u32) {
        let captures = &mut self.state.captures;
        captures.refuse(refused);
        for fill in &node.fills {
            let frame = captures.up(parent, fill.hops);
            captures.withdraw(frame, fill.slot, refused);
        }
    }

    fn open_match(&mut self, id: NodeId, parent: &Match, at: usize) {
        let node = &self.plan.nodes[id];
        let frame = match node.frame {
            true => self.state.captures.open(parent.frame, node.slots, at),
            false => parent.frame,
        };
        let State { captures, matches, counters, attributes, .. } = &mut *self.state;
        captures.origin = frame;
        let first_counter = counters.len();
        if node.counters > 0 {
            counters.resize(first_counter + node.counters as usize, 0);
        }
        matches.push(Match {
            node: id as u32,
            frame,
            counters: first_counter as u32,
            around: parent.counters,
        });
        if !node.attributes.is_empty() {
            for attribute in &attributes.list {
                let name = attribute.key(self.text.as_bytes());
                let found = node.attributes.entry_hashed(name, attribute.hash);
                let Some((known, wanted)) = found else { continue };
                if self.plan.ignore_case_attributes
                    && attributes.is_outdone(self.text.as_bytes(), attribute, known)
                {
                    continue;
                }
                for capture in wanted {
                    let into = captures.up(frame, capture.hops);
                    captures.push(into, capture.slot, Node::attribute(attribute));
                }
            }
            for (name, index) in &attributes.qualified {
                let value = Node::attribute(&attributes.list[*index]);
                for capture in node.attributes.get(Name::new(name.as_bytes())).into_iter().flatten()
                {
                    let into = captures.up(frame, capture.hops);
                    captures.push(into, capture.slot, value);
                }
            }
        }
        if !node.plain {
            self.open_choices(node, frame, parent, at);
        }
    }

    /// What is read of an element that is one of several to choose from.
    fn open_choices(&mut self, node: &PlanNode, frame: u32, parent: &Match, at: usize) {
        for filter in &node.filters {
            if let Filter::Last { counter } = filter {
                *self.state.counter(parent.counters, *counter) = frame + 1;
            }
        }
        let State { captures, attributes, .. } = &mut *self.state;
        for chosen in &node.chosen {
            let Some(name) = &chosen.attribute else { continue };
            let ignore_case = self.plan.ignore_case_attributes;
            let found = attributes.find(self.text.as_bytes(), name.as_bytes(), ignore_case);
            let absent = Node::new(NodeKind::Missing, at, at, at);
            let value = found.map_or(absent, Node::attribute);
            let into = captures.up(frame, chosen.into.hops);
            captures.choose(into, chosen.into.slot, value, chosen.keep);
        }
    }

    /// The end tag at `at`.
    #[inline]
    fn end(&mut self, at: usize) -> Result<usize, Box<Fault>> {
        let end = self.close_tag(at)?;
        let live = self.state.live.pop().expect("a live element is open");
        self.close_live(live, at)?;
        Ok(end)
    }

    /// Checks that the end tag at `at` closes the innermost element, and forgets that element.
    #[inline]
    fn close_tag(&mut self, at: usize) -> Result<usize, Box<Fault>> {
        let Some(open) = self.state.open.last().copied() else {
            return Err(Fault::malformed(at, "an end tag without a start tag"));
        };
        let (start, end) = (open.name_start as usize, open.name_end as usize);
        match self.scanner.end_tag(at, Name::within(self.bytes(), start, end)) {
            Some(end) => {
                self.state.open.pop();
                Ok(end)
            }
            None => Err(self.mismatch(at, open)),
        }
    }

    #[cold]
    fn mismatch(&self, at: usize, open: Open) -> Box<Fault> {
        let found = &self.bytes()[(at + 2).min(self.text.len())..];
        let length = name_length(found);
        if found[..length] == *self.name(open).as_bytes() {
            return Fault::malformed(at, "an end tag is a name and >: nothing else stands in it");
        }
        Fault::malformed(
            at,
            format!(
                "the end tag {:?} stands where the element {:?} must be closed",
                String::from_utf8_lossy(&found[..length.min(100)]),
                self.name(open)
            ),
        )
    }

    /// A live element ends at `at`: texts are captured, late predicates decided, rows evaluated.
    fn close_live(&mut self, live: Live, at: usize) -> Result<(), Box<Fault>> {
        let first = live.matches as usize;
        let text = match live.wants_text {
            true => self.own_text(&live),
            false => Node::new(NodeKind::Missing, at, at, at),
        };
        if self.state.matches.len() == first + 1 && !self.plan.decides_late {
            let matched = self.state.matches[first];
            self.capture_content(matched, &live, text, at);
            self.finish_rows(matched)?;
        } else {
            self.close_matches(first, &live, text, at)?;
        }
        // Pending rows of this element wait at the number of elements open inside it, itself
        // counted: for an empty element that is one more than are open now, as for any other,
        // whose end tag has been taken off already.
        self.release_pending_since(self.state.open.len() as u32 + 1, live.pending as usize)?;
        let counters = self.state.matches[first].counters;
        self.state.counters.truncate(counters as usize);
        self.state.matches.truncate(first);
        Ok(())
    }

    /// Everything is captured before a row of the same element is evaluated.
    fn close_matches(
        &mut self,
        first: usize,
        live: &Live,
        text: Node,
        at: usize,
    ) -> Result<(), Box<Fault>> {
        let matches = first..self.state.matches.len();
        for index in matches.clone() {
            self.capture_content(self.state.matches[index], live, text, at);
        }
        if self.plan.decides_late {
            for index in matches.clone() {
                self.decide_late(self.state.matches[index])?;
            }
        }
        for index in matches {
            self.finish_rows(self.state.matches[index])?;
        }
        Ok(())
    }

    #[inline(always)]
    fn finish_rows(&mut self, matched: Match) -> Result<(), Box<Fault>> {
        for rule in &self.plan.nodes[matched.node as usize].rules {
            self.finish_row(*rule, matched.frame)?;
        }
        Ok(())
    }

    /// What an element's own text has become by its end.
    fn own_text(&self, live: &Live) -> Node {
        let content = live.content as usize;
        match live.run {
            Run::Nothing => Node::new(NodeKind::Plain, content, content, content),
            Run::Piece { start, end } => Node::text(self.text, start as usize, end as usize),
            Run::Merged { start, end, at } => {
                Node::new(NodeKind::Merged, start as usize, end as usize, at as usize)
            }
        }
    }

    #[inline(always)]
    fn capture_content(&mut self, matched: Match, live: &Live, text: Node, at: usize) {
        let node = &self.plan.nodes[matched.node as usize];
        let captures = &mut self.state.captures;
        captures.origin = matched.frame;
        let content = live.content as usize;
        for capture in &node.texts {
            let into = captures.up(matched.frame, capture.hops);
            captures.push(into, capture.slot, text);
        }
        if node.plain {
            return;
        }
        for chosen in node.chosen.iter().filter(|chosen| chosen.attribute.is_none()) {
            let into = captures.up(matched.frame, chosen.into.hops);
            captures.choose(into, chosen.into.slot, text, chosen.keep);
        }
        for capture in &node.inner {
            let into = captures.up(matched.frame, capture.hops);
            let end = at.max(content);
            captures.push(into, capture.slot, Node::new(NodeKind::Markup, content, end, content));
        }
    }

    /// Decides the predicates that need what is inside the element.
    fn decide_late(&mut self, matched: Match) -> Result<(), Box<Fault>> {
        let Match { node, frame, around, .. } = matched;
        let node = &self.plan.nodes[node as usize];
        let parent = self.state.captures.frame(frame).parent;
        for filter in &node.late {
            let passed = match filter {
                Filter::Condition(condition) => {
                    let element = Element::Ends { frame, captures: &self.state.captures };
                    self.events.holds(condition, element)?
                }
                counted => self.counts(node, counted, parent, around),
            };
            if !passed {
                self.take_back(node, parent, frame);
                return Ok(());
            }
        }
        for filter in &node.late {
            if let Filter::Last { counter } = filter {
                *self.state.counter(around, *counter) = frame + 1;
            }
        }
        Ok(())
    }

    fn finish_row(&mut self, rule: usize, frame: u32) -> Result<(), Box<Fault>> {
        let open = self.state.open.len() as u32 + 1;
        let depth = match self.plan.rules[rule].ready {
            Ready::Own => return self.events.row(rule, frame, &self.state.captures),
            Ready::Ancestor(up) => open.saturating_sub(up),
            Ready::Document => 0,
        };
        self.state.pending.push(Pending { rule: rule as u32, frame, depth });
        Ok(())
    }

    fn release_pending(&mut self, depth: u32) -> Result<(), Box<Fault>> {
        self.release_pending_since(depth, 0)
    }

    /// Evaluates the waiting rows, from index `since` on, that are ready at `depth`.
    fn release_pending_since(&mut self, depth: u32, since: usize) -> Result<(), Box<Fault>> {
        let mut kept = since;
        for index in since..self.state.pending.len() {
            let pending = self.state.pending[index];
            if pending.depth == depth {
                self.events.row(pending.rule as usize, pending.frame, &self.state.captures)?;
            } else {
                self.state.pending[kept] = pending;
                kept += 1;
            }
        }
        self.state.pending.truncate(kept);
        Ok(())
    }

    /// Balances tags until the outermost element that nothing reads has ended, or a `//name`
    /// begins. Returns where to go on.
    fn pass_over(&mut self, from: usize) -> Result<usize, Box<Fault>> {
        let mut markup = self.scanner.next_markup(from);
        while let Some(at) = markup {
            let next = self.scanner.near_markup(at + 1);
            markup = match self.scanner.markup(at) {
                Markup::End => {
                    let end = self.close_tag(at)?;
                    if !self.state.open.last().is_some_and(|top| top.dead) {
                        return Ok(end);
                    }
                    self.behind(end, next)
                }
                Markup::Start => {
                    if self.state.open.len() >= self.limits.depth {
                        return Err(self.too_deep(at));
                    }
                    let name_end = self.tag_name(at)?;
                    if self.watches && self.is_watched(at, name_end) {
                        let end = self.start(at)?;
                        if !self.state.open.last().is_some_and(|top| top.dead) {
                            return Ok(end);
                        }
                        self.scanner.next_markup(end)
                    } else {
                        self.pass_over_start(at, name_end, next)?
                    }
                }
                Markup::Declaration => {
                    return Err(Fault::malformed(at, "a declaration cannot stand here"))
                }
                other => {
                    let end = self.past(at, other)?;
                    self.scanner.next_markup(end)
                }
            };
        }
        Ok(self.text.len())
    }

    /// Passes over a start tag, and over the end tag that follows it at once. `next` is the next
    /// markup, and so is what is returned.
    #[inline(always)]
    fn pass_over_start(
        &mut self,
        at: usize,
        name_end: usize,
        next: Option<usize>,
    ) -> Result<Option<usize>, Box<Fault>> {
        let tag = self.rest_of_tag(at, name_end)?;
        let next = self.behind(tag.end, next);
        if tag.empty {
            return Ok(next);
        }
        if let Some((end_tag, _)) = self.leaf(Name::within(self.bytes(), at + 1, name_end), next) {
            return Ok(self.scanner.next_markup(end_tag + 1));
        }
        self.state.open.push(Open {
            name_start: at as u32 + 1,
            name_end: name_end as u32,
            dead: true,
        });
        Ok(next)
    }

    fn is_watched(&self, at: usize, name_end: usize) -> bool {
        self.plan.nodes[0].descendants.get(self.plan_name(at, name_end)).is_some()
    }
}
