//! Namespaces of elements and attributes, for contracts that declare any.

use super::events::Events;
use super::state::{Found, Walk};
use crate::contract::plan::{qualified_name, NodeId};
use crate::shred::attributes::Attributes;
use crate::shred::fault::{Result, ShredFault};
use crate::shred::text;

impl<'p, E: Events> Walk<'_, 'p, '_, E> {
    pub(super) fn keep_namespace(
        &mut self,
        at: usize,
        name_end: usize,
        found: &mut Vec<Found<'p>>,
    ) -> Result<()> {
        let uri = self.namespace(at, &self.text[at + 1..name_end])?;
        let nodes = &self.plan.nodes;
        let is_in = |id: &&NodeId| nodes[**id].uri.as_deref() == Some(&*uri);
        let kept = std::mem::take(found).into_iter().flat_map(|Found { parent, ids }| {
            let ids = ids.iter().filter(is_in).map(std::slice::from_ref);
            ids.map(move |ids| Found { parent, ids })
        });
        *found = kept.collect();
        Ok(())
    }

    /// The namespace of an element's name: the nearest declaration of its prefix, in its own tag
    /// or further out.
    pub(super) fn namespace(&mut self, at: usize, name: &str) -> Result<String> {
        let declaration = match name.split_once(':') {
            Some(("xml", _)) => return Ok("http://www.w3.org/XML/1998/namespace".into()),
            Some((prefix, _)) => format!("xmlns:{prefix}"),
            None => "xmlns".into(),
        };
        self.state.outer.read(self.text, at, at + 1 + name.len(), self.limits)?;
        let own = value(&self.state.outer, self.text, &declaration)?;
        let uri = match own {
            Some(own) => Some(own),
            None => self.declared(&declaration, self.state.open.len())?,
        };
        match uri {
            Some(uri) => Ok(uri),
            None if declaration == "xmlns" => Ok(String::new()),
            None => Err(undeclared(at, name)),
        }
    }

    /// Finds the qualified names of the attributes last read. `level` elements are
    /// open around theirs.
    #[inline]
    pub(super) fn qualify_attributes(&mut self, level: usize) -> Result<()> {
        match self.plan.qualified_attributes {
            true => self.qualify(level),
            false => Ok(()),
        }
    }

    fn qualify(&mut self, level: usize) -> Result<()> {
        for index in 0..self.state.attributes.list.len() {
            let attribute = self.state.attributes.list[index];
            let name = &self.text[attribute.name_start as usize..attribute.name_end as usize];
            let Some((prefix, local)) = name.split_once(':') else { continue };
            if matches!(prefix, "xml" | "xmlns") {
                continue;
            }
            let declaration = format!("xmlns:{prefix}");
            let uri = match value(&self.state.attributes, self.text, &declaration)? {
                Some(own) => Some(own),
                None => self.declared(&declaration, level)?,
            };
            let uri = uri.ok_or_else(|| undeclared(attribute.name_start as usize, name))?;
            self.state.attributes.qualified.push((qualified_name(&uri, local), index));
        }
        Ok(())
    }

    /// The URI that the nearest of the `level` outermost open elements declares.
    fn declared(&mut self, declaration: &str, level: usize) -> Result<Option<String>> {
        for around in self.state.open[..level].iter().rev() {
            let (at, name_end) = (around.name_start as usize - 1, around.name_end as usize);
            self.state.outer.read(self.text, at, name_end, self.limits)?;
            let outer = value(&self.state.outer, self.text, declaration)?;
            if outer.is_some() {
                return Ok(outer);
            }
        }
        Ok(None)
    }
}

fn undeclared(at: usize, name: &str) -> Box<ShredFault> {
    ShredFault::malformed(
        at,
        format!("the namespace prefix of {name:?} is not declared: add its xmlns declaration"),
    )
}

fn value(attributes: &Attributes, document: &str, name: &str) -> Result<Option<String>> {
    let found = attributes.find(document.as_bytes(), name.as_bytes(), false);
    let value = found.map(|a| text::attribute(document, a.start as usize..a.end as usize));
    Ok(value.transpose()?.map(String::from))
}
