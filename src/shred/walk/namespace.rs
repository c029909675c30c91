//! The namespaces of attributes, for contracts that ask for `@p:name`.

use super::{Events, Fault, Walk};
use crate::contract::plan::qualified_name;
use crate::shred::attributes::Attributes;
use crate::shred::text;

impl<E: Events> Walk<'_, '_, '_, E> {
    /// Gives the attributes last read the names that namespaces give them. `level` elements are
    /// open around theirs.
    #[inline]
    pub(super) fn qualify_attributes(&mut self, level: usize) -> Result<(), Box<Fault>> {
        match self.plan.qualified_attributes {
            true => self.qualify(level),
            false => Ok(()),
        }
    }

    fn qualify(&mut self, level: usize) -> Result<(), Box<Fault>> {
        for index in 0..self.state.attributes.list.len() {
            let attribute = self.state.attributes.list[index];
            let name = &self.text[attribute.name_start as usize..attribute.name_end as usize];
            let Some((prefix, local)) = name.split_once(':') else { continue };
            if matches!(prefix, "xml" | "xmlns") {
                continue;
            }
            let Some(uri) = self.uri_of(prefix, level)? else {
                let reason = format!("the prefix of {name:?} is not declared");
                return Err(Fault::malformed(attribute.name_start as usize, reason));
            };
            self.state.attributes.qualified.push((qualified_name(&uri, local), index));
        }
        Ok(())
    }

    /// What a prefix stands for: the nearest declaration, outwards from the tag last read.
    fn uri_of(&mut self, prefix: &str, level: usize) -> Result<Option<String>, Box<Fault>> {
        let declaration = format!("xmlns:{prefix}");
        let own = value(&self.state.attributes, self.text, &declaration)?;
        if own.is_some() {
            return Ok(own);
        }
        for around in self.state.open[..level].iter().rev() {
            let (at, name_end) = (around.name_start as usize - 1, around.name_end as usize);
            self.state.outer.read(self.text, at, name_end, self.limits)?;
            let outer = value(&self.state.outer, self.text, &declaration)?;
            if outer.is_some() {
                return Ok(outer);
            }
        }
        Ok(None)
    }
}

fn value(
    attributes: &Attributes,
    document: &str,
    name: &str,
) -> Result<Option<String>, Box<Fault>> {
    let found = attributes.find(document.as_bytes(), name.as_bytes(), false);
    let value = found.map(|a| text::attribute(document, a.start as usize..a.end as usize));
    Ok(value.transpose()?.map(String::from))
}
