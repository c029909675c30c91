//! `LOOKUP('key', text, expression)`: what the element has that a text refers to.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use super::datum::{Datum, NULL};
use super::scope::Scope;
use crate::contract::plan::KeyLookup;
use crate::shred::fault::Result;
use crate::value::trim_xml;

impl<'t> Scope<'t> {
    pub(super) fn of_key(&self, lookup: &'t KeyLookup) -> Result<Datum<'t>> {
        let Some(text) = self.value(&lookup.text)?.text() else { return Ok(NULL) };
        let elements = self.elements(lookup.key)?;
        let Some(frame) = elements.get(trim_xml(&text)).copied() else { return Ok(NULL) };
        let inside = self.inside(frame);
        let value = inside.value(&lookup.of_element);
        self.last_read.set(inside.last_read.get());
        value
    }

    /// What the expressions about an element see.
    pub(super) fn inside(&self, frame: u32) -> Self {
        let last_read = Cell::new(Some(self.captures.frame(frame).at));
        Scope { frame, own: self.captures.own(frame), last_read, ..self.clone() }
    }

    /// The elements of a key by their ids, of equal ones the first: found once for a document.
    fn elements(&self, key: usize) -> Result<Rc<HashMap<String, u32>>> {
        if let Some(known) = self.setting.shared.keys.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let plan = &self.setting.plan.keys[key];
        let mut found = HashMap::new();
        for node in self.captures.nodes(self.captures.slot(0, plan.elements)) {
            let Some(id) = self.inside(node.origin).value(&plan.key)?.text() else { continue };
            let id = trim_xml(&id);
            self.setting.meter.keep(id.len() + size_of::<(String, u32)>())?;
            if !id.is_empty() {
                found.entry(id.to_owned()).or_insert(node.origin);
            }
        }
        let found = Rc::new(found);
        self.setting.shared.keys.borrow_mut().insert(key, Rc::clone(&found));
        Ok(found)
    }
}
