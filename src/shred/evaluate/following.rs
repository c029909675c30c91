//! `FOLLOWING(sibling)`: what the next sibling of the row element has.

use std::rc::Rc;

use super::datum::{Datum, NULL};
use super::scope::Scope;
use crate::contract::plan::{Following, FrameRef, SlotRef};
use crate::shred::fault::Result;

/// Marks slots of rows' own.
const OWN: u32 = 1 << 31;

impl<'t> Scope<'t> {
    pub(super) fn following(&self, following: &'t Following) -> Result<Datum<'t>> {
        let siblings = self.siblings(following.slot)?;
        let own = self.captures.frame(self.frame).at;
        let next = siblings.partition_point(|(at, _)| *at <= own);
        let Some((_, frame)) = siblings.get(next).copied() else { return Ok(NULL) };
        let inside = self.inside(frame);
        let value = inside.value(&following.of_element);
        self.last_read.set(inside.last_read.get());
        value
    }

    /// The elements of a slot in the order they begin, found once for all rows that read it.
    fn siblings(&self, slot: SlotRef) -> Result<Rc<[(u32, u32)]>> {
        let nodes = self.slot(slot);
        // Below anything, rows in one parent share the nodes of a slot of their own.
        let key = match slot.frame {
            FrameRef::Up(0) if nodes.count < 2 => None,
            FrameRef::Up(0) => Some((OWN | slot.slot, nodes.identity())),
            _ => Some((slot.slot, self.captures.frame_of(self.frame, slot))),
        };
        let known = &self.setting.shared.siblings;
        if let Some(found) = key.and_then(|key| known.borrow().get(&key).map(Rc::clone)) {
            return Ok(found);
        }
        self.setting.meter.keep(nodes.count as usize * size_of::<(u32, u32)>())?;
        let begin = |frame: u32| (self.captures.frame(frame).at, frame);
        let mut found: Vec<_> = self.captures.nodes(nodes).map(|node| begin(node.origin)).collect();
        found.sort_unstable();
        let found: Rc<[(u32, u32)]> = found.into();
        if let Some(key) = key {
            known.borrow_mut().insert(key, Rc::clone(&found));
        }
        Ok(found)
    }
}
