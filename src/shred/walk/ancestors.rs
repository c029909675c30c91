//! What a row reads of the tags around its element.

use super::events::Events;
use super::state::{Match, Open, State, Walk};
use crate::contract::plan::{AncestorAttribute, Around};
use crate::shred::capture::{Node, NodeKind};
use crate::shred::fault::Result;

impl<E: Events> Walk<'_, '_, '_, E> {
    /// Captures what rows read of the elements around them.
    pub(super) fn capture_ancestors(&mut self, first: usize) -> Result<()> {
        for index in first..self.state.matches.len() {
            let Match { node, frame, .. } = self.state.matches[index];
            for around in &self.plan.nodes[node as usize].around {
                self.capture_around(frame, *around);
            }
            for wanted in &self.plan.nodes[node as usize].ancestors {
                let depth = self.state.open.len();
                let Some(name) = &wanted.name else {
                    self.capture_ancestor(frame, wanted);
                    continue;
                };
                let Some(level) = depth.checked_sub(wanted.up as usize) else { continue };
                let around = self.state.open[level].name_start;
                if self.state.ancestors[wanted.index].0 != around {
                    let found = self.attribute_of(level, name)?;
                    self.state.ancestors[wanted.index] = (around, found);
                }
                if let (_, Some(value)) = self.state.ancestors[wanted.index] {
                    self.state.captures.push(frame, wanted.slot, value);
                }
            }
        }
        Ok(())
    }

    /// Captures which elements of another node are around, or the same.
    fn capture_around(&mut self, frame: u32, wanted: Around) {
        let State { matches, captures, .. } = &mut *self.state;
        for outer in matches.iter().rev().filter(|outer| outer.node as usize == wanted.node) {
            let outer = outer.frame as usize;
            captures.push(frame, wanted.slot, Node::new(NodeKind::Missing, outer, outer, outer));
        }
    }

    /// Captures which element is that many levels up; offset 0 is the document.
    fn capture_ancestor(&mut self, frame: u32, wanted: &AncestorAttribute) {
        let open = &self.state.open;
        let Some(level) = (open.len() + 1).checked_sub(wanted.up as usize) else { return };
        let at = level.checked_sub(1).map_or(0, |level| open[level].name_start as usize);
        let node = Node::new(NodeKind::Missing, at, at, at);
        self.state.captures.push(frame, wanted.slot, node);
    }

    /// An attribute of an open element.
    fn attribute_of(&mut self, level: usize, name: &str) -> Result<Option<Node>> {
        let Open { name_start, name_end, .. } = self.state.open[level];
        self.read_tag(name_start as usize - 1, name_end as usize)?;
        self.qualify_attributes(level)?;
        let ignore_case = self.plan.ignore_case_attributes;
        let found = self.state.attributes.find(self.bytes(), name.as_bytes(), ignore_case);
        Ok(found.map(|found| Node::attribute(self.text, found)))
    }
}
