//! How simple types are made of each other.

use super::error::Result;
use super::facets::{narrowed, Facets, Simple};
use super::index::{Schema, TypeOf};
use super::part::Part;
use super::values;
use crate::profile::ValueType;

/// Types derived from each other.
const DEEPEST: usize = 50;

impl<'s> Schema<'s> {
    /// The type of text that an element or attribute of this type has; `None` for one without text.
    pub(super) fn value_type(&self, of: TypeOf<'s>) -> Result<Option<ValueType>> {
        Ok(self.simple(of, DEEPEST)?.map(|simple| values::value_type(&simple)))
    }

    fn simple(&self, of: TypeOf<'s>, depth: usize) -> Result<Option<Simple>> {
        match of {
            TypeOf::Any => Ok(None),
            TypeOf::BuiltIn(name) => Ok(Some(built_in(name))),
            TypeOf::Declared(part) if depth == 0 => {
                Err(part.error("a type is derived from itself", "correct its base"))
            }
            TypeOf::Declared(part) if part.is("simpleType") => {
                self.simple_type(part, depth).map(Some)
            }
            TypeOf::Declared(part) => {
                // The value of a complex type with simple content, or of one that restricts another.
                let Some(content) = part.child(&["simpleContent"]) else { return Ok(None) };
                let Some(by) = content.child(&["extension", "restriction"]) else {
                    return Ok(None);
                };
                self.restricted(by, part, depth)
            }
        }
    }

    fn simple_type(&self, part: Part<'s>, depth: usize) -> Result<Simple> {
        self.step(part)?;
        if depth == 0 {
            return Err(part.error("simple types are too deep in each other", "name some of them"));
        }
        if let Some(by) = part.child(&["restriction"]) {
            let found = self.restricted(by, part, depth)?;
            return Ok(found.unwrap_or_else(text));
        }
        if let Some(list) = part.child(&["list"]) {
            let item = match list.refers("itemType")? {
                Some(name) => self.simple(self.named_type(list, name, None)?, depth - 1)?,
                None => self.inside(list, depth)?.into_iter().next(),
            };
            let is_ascii = item.is_some_and(|item| values::is_ascii(&item));
            return Ok(Simple::List { is_ascii, codes: Vec::new(), is_filled: false });
        }
        let Some(union) = part.child(&["union"]) else { return Ok(text()) };
        let mut members = Vec::new();
        for name in union.get("memberTypes").unwrap_or_default().split_whitespace() {
            let name = union.resolve(name)?;
            let of = self.named_type(union, name, None)?;
            members.extend(self.simple(of, depth - 1)?);
        }
        members.extend(self.inside(union, depth)?);
        let shared = members.iter().map(values::value_type).reduce(ValueType::or);
        Ok(Simple::Union(shared.unwrap_or(ValueType::TEXT), Vec::new()))
    }

    /// The simple types that are declared inside.
    fn inside(&self, part: Part<'s>, depth: usize) -> Result<Vec<Simple>> {
        let inside = part.children().filter(|child| child.is("simpleType"));
        inside.map(|child| self.simple_type(child, depth.saturating_sub(1))).collect()
    }

    /// The base of a restriction or extension, narrowed by its facets; `within` is the type it is in.
    fn restricted(&self, by: Part<'s>, within: Part<'s>, depth: usize) -> Result<Option<Simple>> {
        let inside = self.inside(by, depth)?.into_iter().next();
        let base = match (inside, by.refers("base")?) {
            (Some(inside), _) => Some(inside),
            (None, Some(name)) => {
                let of = self.named_type(by, name, Some(within))?;
                self.simple(of, depth - 1)?
            }
            (None, None) => None,
        };
        Ok(base.map(|base| narrowed(base, by)))
    }
}

fn text() -> Simple {
    Simple::Atomic("string", Facets::default())
}

fn built_in(name: &str) -> Simple {
    match values::BUILT_IN.iter().find(|known| **known == name) {
        Some(known) => Simple::Atomic(known, Facets::default()),
        None => Simple::List { is_ascii: false, codes: Vec::new(), is_filled: true },
    }
}
