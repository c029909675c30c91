//! End tags: texts captured, late predicates decided, rows reported as soon as they have
//! everything they read.

use super::events::{Element, Events};
use super::state::{Live, Match, Open, Pending, Run, State, Walk};
use crate::contract::plan::{Filter, Name, NodeRead, Position, Ready};
use crate::reason::{quoted, reason};
use crate::shred::capture::{Node, NodeKind};
use crate::shred::fault::{Result, ShredFault};
use crate::shred::scan::name_length;

impl<E: Events> Walk<'_, '_, '_, E> {
    /// The end tag at `at`.
    #[inline]
    pub(super) fn end(&mut self, at: usize) -> Result<usize> {
        let end = self.close_tag(at)?;
        let live = self.state.live.pop().expect("a live element is open");
        self.close_live(live, at)?;
        Ok(end)
    }

    /// Checks that the end tag at `at` closes the innermost element, and forgets that element.
    #[inline]
    pub(super) fn close_tag(&mut self, at: usize) -> Result<usize> {
        let Some(open) = self.state.open.last().copied() else {
            return Err(ShredFault::malformed(at, "an end tag without a start tag: remove it"));
        };
        let (start, end) = (open.name_start as usize, open.name_end as usize);
        match self.scanner.end_tag(at, Name::within(self.bytes(), start, end)) {
            Some(end) => {
                self.state.open.pop();
                self.namespaces.leave(self.state.open.len());
                self.state.checks.prefixes.leave(self.state.open.len());
                Ok(end)
            }
            None => Err(self.mismatch(at, open)),
        }
    }

    #[cold]
    fn mismatch(&self, at: usize, open: Open) -> Box<ShredFault> {
        let found = &self.bytes()[(at + 2).min(self.text.len())..];
        let length = name_length(found);
        if found[..length] == *self.name(open).as_bytes() {
            return ShredFault::malformed(at, "an end tag must be a name and >: remove the rest");
        }
        ShredFault::malformed(
            at,
            reason!(
                "the end tag is {}, but the open element is {}: correct one of them",
                quoted(String::from_utf8_lossy(&found[..length.min(100)])),
                quoted(self.name(open))
            ),
        )
    }

    /// A live element ends at `at`: texts are captured, late predicates decided, rows evaluated.
    pub(super) fn close_live(&mut self, live: Live, at: usize) -> Result<()> {
        let first = live.matches as usize;
        let text = match live.wants_text {
            true => self.own_text(&live)?,
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
        self.release_pending(self.state.open.len() as u32 + 1, live.pending as usize)?;
        let counters = self.state.matches[first].counters;
        self.state.counters.truncate(counters as usize);
        self.state.matches.truncate(first);
        Ok(())
    }

    /// Everything is captured before a row of the same element is evaluated.
    fn close_matches(&mut self, first: usize, live: &Live, text: Node, at: usize) -> Result<()> {
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
    fn finish_rows(&mut self, matched: Match) -> Result<()> {
        for rule in &self.plan.nodes[matched.node as usize].rules {
            self.finish_row(*rule, matched.frame)?;
        }
        Ok(())
    }

    /// What an element's own text has become by its end.
    #[inline]
    fn own_text(&mut self, live: &Live) -> Result<Node> {
        let content = live.content as usize;
        Ok(match live.run {
            Run::Nothing => Node::new(NodeKind::Plain, content, content, content),
            Run::Piece { start, end } => Node::text(self.text, start as usize, end as usize),
            Run::Many { first } => self.join(first)?,
        })
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
        let inside = |kind| Node::new(kind, content, at.max(content), content);
        for chosen in &node.chosen {
            let node = match chosen.read {
                NodeRead::Attribute(_) => continue,
                NodeRead::Text => text,
                NodeRead::String => inside(NodeKind::String),
            };
            let into = captures.up(matched.frame, chosen.into.hops);
            captures.choose(into, chosen.into.slot, node, chosen.keep);
        }
        let inner = node.inner.iter().map(|capture| (capture, NodeKind::Markup));
        let strings = node.strings.iter().map(|capture| (capture, NodeKind::String));
        for (capture, kind) in inner.chain(strings) {
            let into = captures.up(matched.frame, capture.hops);
            captures.push(into, capture.slot, inside(kind));
        }
    }

    /// Decides the predicates that need what is inside the element.
    fn decide_late(&mut self, matched: Match) -> Result<()> {
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

    fn finish_row(&mut self, rule: usize, frame: u32) -> Result<()> {
        let open = self.state.open.len() as u32 + 1;
        let depth = match self.plan.rules[rule].ready {
            Ready::Own => return self.report(rule, frame),
            Ready::Ancestor(up) => open.saturating_sub(up),
            Ready::Document => 0,
        };
        self.state.pending.push(Pending { rule: rule as u32, frame, depth });
        Ok(())
    }

    #[inline]
    fn report(&mut self, rule: usize, frame: u32) -> Result<()> {
        if let Some(position) = self.plan.rules[rule].position {
            self.number(position, frame);
        }
        self.events.row(rule, frame, &self.state.captures)
    }

    /// Numbers an element among those of its row path in one parent: they end in document order.
    fn number(&mut self, position: Position, frame: u32) {
        let Position { node, slot, parent } = position;
        let State { captures, positions, .. } = &mut *self.state;
        if captures.is_refused(frame) || captures.all(frame, slot).next().is_some() {
            return;
        }
        let around = captures.all(frame, parent).next().map_or(0, |parent| parent.at);
        let number = positions.entry((node, around)).or_default();
        *number += 1;
        let number = *number as usize;
        captures.push(frame, slot, Node::new(NodeKind::Missing, number, number, number));
    }

    /// Evaluates the waiting rows, from index `since` on, that are ready at `depth`.
    pub(super) fn release_pending(&mut self, depth: u32, since: usize) -> Result<()> {
        let mut kept = since;
        for index in since..self.state.pending.len() {
            let pending = self.state.pending[index];
            if pending.depth == depth {
                self.report(pending.rule as usize, pending.frame)?;
            } else {
                self.state.pending[kept] = pending;
                kept += 1;
            }
        }
        self.state.pending.truncate(kept);
        Ok(())
    }
}
