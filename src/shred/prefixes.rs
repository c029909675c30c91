//! Namespace prefixes: whether each is declared, for documents that nothing asks for namespaces.

use std::ops::Range;

use super::attributes::Attributes;
use crate::value::xml::{XML, XMLNS};

/// Declarations in scope that are looked through one by one.
const FEW: usize = 32;

/// The declarations in scope.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    declared: Vec<Declaration>,
}

#[derive(Debug)]
struct Declaration {
    /// How many elements are around the one that declares it.
    level: usize,
    /// Where the prefix is in the document.
    prefix: Range<usize>,
}

impl Prefixes {
    pub fn clear(&mut self) {
        self.declared.clear();
    }

    /// Forgets what was declared inside the outermost `open` elements.
    #[inline(always)]
    pub fn leave(&mut self, open: usize) {
        while self.declared.last().is_some_and(|last| last.level >= open) {
            self.declared.pop();
        }
    }

    /// Whether the prefix of an element's name, if it has one, is declared.
    pub fn knows(&self, text: &str, name: &str) -> bool {
        let Some((prefix, _)) = name.split_once(':') else { return true };
        let mut declared = self.declared.iter().rev();
        prefix == "xml" || declared.any(|known| text[known.prefix.clone()] == *prefix)
    }

    /// Whether the names in a tag surely are right, with `level` elements around it; its declarations are in
    /// scope from now on.
    pub fn enter(&mut self, text: &str, attributes: &Attributes, level: usize) -> bool {
        let mut prefixed: Vec<(&str, &str)> = Vec::new();
        for attribute in &attributes.list {
            let name = &text[attribute.name_start as usize..attribute.name_end as usize];
            let value = &text[attribute.start as usize..attribute.end as usize];
            match name.split_once(':') {
                None if name == "xmlns"
                    && (!attribute.is_plain(text) || matches!(value, XML | XMLNS)) =>
                {
                    return false;
                }
                None => {}
                Some(("xmlns", "xml")) if value == XML => {}
                Some(("xmlns", "xml" | "xmlns")) => return false,
                Some(("xmlns", _)) => {
                    let is_odd = !attribute.is_plain(text) || matches!(value, "" | XML | XMLNS);
                    if is_odd || self.declared.len() >= FEW {
                        return false;
                    }
                    let prefix = attribute.name_start as usize + "xmlns:".len();
                    let prefix = prefix..attribute.name_end as usize;
                    self.declared.push(Declaration { level, prefix });
                }
                // Other prefixes may stand for the same namespace.
                Some((prefix, local)) => {
                    if prefixed.iter().any(|(other, same)| *same == local && *other != prefix)
                        || prefixed.len() >= FEW
                    {
                        return false;
                    }
                    prefixed.push((prefix, local));
                }
            }
        }
        attributes.list.iter().all(|attribute| {
            let name = &text[attribute.name_start as usize..attribute.name_end as usize];
            name.starts_with("xmlns:") || self.knows(text, name)
        })
    }
}
