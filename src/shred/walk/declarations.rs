//! Namespace declarations in scope.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::contract::plan::Plan;
use crate::shred::attributes::Attributes;
use crate::shred::fault::Result;
use crate::shred::text;

/// The declarations in scope. The tag of an open element is read once, when a name inside it is
/// looked up first, and its declarations are undone when it ends: the work is linear in the
/// document, however many declarations there are and however many names use them.
#[derive(Debug, Default)]
pub struct Namespaces<'d> {
    /// Outer elements first.
    declared: Vec<Declaration<'d>>,
    /// The innermost declaration of a prefix; the default namespace has the empty prefix.
    in_scope: HashMap<&'d str, usize>,
    /// How many elements have been read: the outermost open ones, and perhaps the one that begins.
    pub(super) read: usize,
}

#[derive(Debug)]
pub(super) struct Declaration<'d> {
    prefix: &'d str,
    pub uri: Cow<'d, str>,
    /// How many elements are around the one that declares it.
    level: usize,
    /// The declaration further out that it hides.
    hides: Option<usize>,
    /// Whether the contract reads attributes of the namespace.
    pub has_attributes: bool,
}

impl<'d> Namespaces<'d> {
    /// Forgets what was declared inside the outermost `open` elements.
    #[inline(always)]
    pub fn leave(&mut self, open: usize) {
        if self.read > open {
            self.undo(open);
        }
    }

    #[cold]
    fn undo(&mut self, open: usize) {
        while let Some(last) = self.declared.pop_if(|last| last.level >= open) {
            match last.hides {
                Some(outer) => self.in_scope.insert(last.prefix, outer),
                None => self.in_scope.remove(last.prefix),
            };
        }
        self.read = open;
    }

    /// Adds the declarations of the next element inwards.
    pub(super) fn enter(
        &mut self,
        plan: &Plan,
        text: &'d str,
        attributes: &Attributes,
    ) -> Result<()> {
        let level = self.read;
        for attribute in &attributes.list {
            let name = &text[attribute.name_start as usize..attribute.name_end as usize];
            let Some(prefix) = name.strip_prefix("xmlns") else { continue };
            let prefix = match prefix.strip_prefix(':') {
                Some(prefix) => prefix,
                None if prefix.is_empty() => prefix,
                None => continue,
            };
            let uri = text::attribute(text, attribute.start as usize..attribute.end as usize)?;
            let has_attributes = plan.attribute_namespaces.contains_key(&*uri);
            let hides = self.in_scope.insert(prefix, self.declared.len());
            self.declared.push(Declaration { prefix, uri, level, hides, has_attributes });
        }
        self.read += 1;
        Ok(())
    }

    /// The declaration of a prefix that the `level` outermost elements and the one in them see.
    pub(super) fn find(&self, prefix: &str, level: usize) -> Option<&Declaration<'d>> {
        let mut found = &self.declared[*self.in_scope.get(prefix)?];
        while found.level > level {
            found = &self.declared[found.hides?];
        }
        Some(found)
    }
}
