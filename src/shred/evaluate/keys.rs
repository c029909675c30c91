//! `LOOKUP('key', text, expression)`: what the element has that a text refers to.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use super::datum::{Datum, NULL};
use super::scope::Scope;
use crate::contract::plan::KeyLookup;
use crate::outcome::FailureCategory;
use crate::reason::{known, reason, value};
use crate::shred::fault::{Result, ShredFault};
use crate::value::{clip, trim_xml};

impl<'t> Scope<'t> {
    pub(super) fn of_key(&self, lookup: &'t KeyLookup) -> Result<Datum<'t>> {
        let Some(text) = self.value(&lookup.text)?.text() else { return Ok(NULL) };
        let elements = self.elements(lookup.key)?;
        let id = trim_xml(&text);
        let Some(frame) = elements.get(id).copied() else {
            return match &self.setting.plan.keys[lookup.key].must_be_found {
                Some(name) if !id.is_empty() => Err(self.no_element(name, id)),
                _ => Ok(NULL),
            };
        };
        let inside = self.inside(frame);
        let value = inside.value(&lookup.of_element);
        self.last_read.set(inside.last_read.get());
        value
    }

    #[cold]
    fn no_element(&self, name: &str, id: &str) -> Box<ShredFault> {
        let reason = reason!(
            "no element of the key {} has the id {}: correct the document, or set on_unmapped",
            known(name),
            value(clip(id))
        );
        // Ids are a document's own: all that dangle are one cause.
        self.fault(FailureCategory::UnmappedLookup, reason).value(id)
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
