//! The plan nodes that an element matches: predicates decided, positions counted, attributes
//! captured.

use super::events::{Element, Events, Tag};
use super::state::{Found, Live, Match, Run, State, Walk};
use crate::contract::plan::{Filter, Name, Node as PlanNode, NodeId, NodeRead};
use crate::shred::capture::{Node, NodeKind};
use crate::shred::fault::Result;
use crate::shred::scan::StartTag;

impl<'p, E: Events> Walk<'_, 'p, '_, E> {
    /// Applies predicates and captures attributes; `None` when no candidate is a match.
    #[inline(always)]
    pub(super) fn open_matches(
        &mut self,
        at: usize,
        tag: StartTag,
        found: &[Found<'p>],
    ) -> Result<Option<Live>> {
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
        if self.state.captures.has_grown() {
            self.count_captures()?;
        }
        if self.state.matches.len() == first {
            return Ok(None);
        }
        if self.plan.looks_around {
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

    /// Counts the memory of what was captured and is kept beside it.
    #[cold]
    #[inline(never)]
    pub(super) fn count_captures(&mut self) -> Result<()> {
        let bytes = self.state.bytes();
        self.meter.capture(bytes)
    }

    /// Whether the element passes the predicates that are decided at its start tag.
    fn passes(&mut self, id: NodeId, parent: &Match) -> Result<bool> {
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
    pub(super) fn counts(
        &mut self,
        node: &PlanNode,
        filter: &Filter,
        parent: u32,
        counters: u32,
    ) -> bool {
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
    pub(super) fn take_back(&mut self, node: &PlanNode, parent: u32, refused: u32) {
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
                    captures.push(into, capture.slot, Node::attribute(self.text, attribute));
                }
            }
            for (name, index) in &attributes.qualified {
                let value = Node::attribute(self.text, &attributes.list[*index]);
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
            let NodeRead::Attribute(name) = &chosen.read else { continue };
            let ignore_case = self.plan.ignore_case_attributes;
            let found = attributes.find(self.text.as_bytes(), name.as_bytes(), ignore_case);
            let absent = Node::new(NodeKind::Missing, at, at, at);
            let value = found.map_or(absent, |found| Node::attribute(self.text, found));
            let into = captures.up(frame, chosen.into.hops);
            captures.choose(into, chosen.into.slot, value, chosen.keep);
        }
    }
}
