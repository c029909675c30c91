//! Namespaces of elements and attributes, for contracts that declare any.

use super::events::Events;
use super::state::{Found, Open, State, Walk};
use crate::contract::plan::{qualified_name, NodeId};
use crate::reason::{quoted, reason};
use crate::shred::fault::{Result, ShredFault};

impl<'p, E: Events> Walk<'_, 'p, '_, E> {
    pub(super) fn keep_namespace(
        &mut self,
        at: usize,
        name_end: usize,
        found: &mut Vec<Found<'p>>,
    ) -> Result<()> {
        let nodes = &self.plan.nodes;
        let uri = self.namespace(at, name_end)?;
        let is_in = |id: &&NodeId| {
            nodes[**id].uris.as_ref().is_none_or(|uris| uris.iter().any(|known| **known == *uri))
        };
        let kept = std::mem::take(found).into_iter().flat_map(|Found { parent, ids }| {
            let ids = ids.iter().filter(is_in).map(std::slice::from_ref);
            ids.map(move |ids| Found { parent, ids })
        });
        *found = kept.collect();
        Ok(())
    }

    /// The namespace of the element that begins at `at`: the nearest declaration of its prefix, in
    /// its own tag or further out.
    pub(super) fn namespace(&mut self, at: usize, name_end: usize) -> Result<&str> {
        let name = &self.text[at + 1..name_end];
        let prefix = match name.split_once(':') {
            Some(("xml", _)) => return Ok("http://www.w3.org/XML/1998/namespace"),
            Some((prefix, _)) => Some(prefix),
            None => None,
        };
        let level = self.state.open.len();
        self.read_declarations(level)?;
        if self.namespaces.read == level {
            self.read_tag_once(at, name_end)?;
            self.namespaces.enter(self.plan, self.text, &self.state.attributes)?;
        }
        match (self.namespaces.find(prefix.unwrap_or_default(), level), prefix) {
            (Some(declaration), _) => Ok(&declaration.uri),
            (None, None) => Ok(""),
            (None, Some(_)) => Err(undeclared(at, name)),
        }
    }

    /// Reads the declarations of the outermost `level` elements that have not been read.
    fn read_declarations(&mut self, level: usize) -> Result<()> {
        while self.namespaces.read < level {
            let Open { name_start, name_end, .. } = self.state.open[self.namespaces.read];
            let (at, name_end) = (name_start as usize - 1, name_end as usize);
            let State { outer, checks, .. } = &mut *self.state;
            outer.read(&mut checks.forms, self.text, at, name_end, self.limits)?;
            self.namespaces.enter(self.plan, self.text, &self.state.outer)?;
        }
        Ok(())
    }

    /// Finds the qualified names of the attributes last read. `level` elements are
    /// open around theirs.
    #[inline]
    pub(super) fn qualify_attributes(&mut self, level: usize) -> Result<()> {
        if !self.plan.qualifies_attributes {
            return Ok(());
        }
        if self.plan.local_names {
            self.state.attributes.qualify_by_local_names(self.text);
            return Ok(());
        }
        self.qualify(level)
    }

    fn qualify(&mut self, level: usize) -> Result<()> {
        debug_assert!(self.namespaces.read > level, "read for the namespace of the element");
        let attributes = &mut self.state.attributes;
        attributes.qualified.clear();
        for (index, attribute) in attributes.list.iter().enumerate() {
            let name = &self.text[attribute.name_start as usize..attribute.name_end as usize];
            let Some((prefix, local)) = name.split_once(':') else { continue };
            if matches!(prefix, "xml" | "xmlns") {
                continue;
            }
            let Some(declaration) = self.namespaces.find(prefix, level) else {
                return Err(undeclared(attribute.name_start as usize, name));
            };
            if declaration.has_attributes {
                let prefixes = self.plan.attribute_namespaces.get(&*declaration.uri);
                for prefix in prefixes.into_iter().flatten() {
                    attributes.qualified.push((qualified_name(prefix, local), index));
                }
            }
        }
        Ok(())
    }
}

fn undeclared(at: usize, name: &str) -> Box<ShredFault> {
    ShredFault::malformed(
        at,
        reason!(
            "the namespace prefix of {} is not declared: add its xmlns declaration",
            quoted(name)
        ),
    )
}
