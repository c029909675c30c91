//! `FOLLOWING(sibling)`: what the next sibling of the row element has.

use std::rc::Rc;

use super::datum::{Datum, NULL};
use super::scope::Scope;
use crate::contract::plan::{Following, SlotRef};
use crate::shred::fault::Result;

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
        let key = (slot.slot, self.captures.frame_of(self.frame, slot));
        if let Some(known) = self.setting.shared.siblings.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let nodes = self.slot(slot);
        self.setting.meter.keep(nodes.count as usize * size_of::<(u32, u32)>())?;
        let begin = |frame: u32| (self.captures.frame(frame).at, frame);
        let mut found: Vec<_> = self.captures.nodes(nodes).map(|node| begin(node.origin)).collect();
        found.sort_unstable();
        let found: Rc<[(u32, u32)]> = found.into();
        self.setting.shared.siblings.borrow_mut().insert(key, Rc::clone(&found));
        Ok(found)
    }
}
