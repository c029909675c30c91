//! What is checked of tags on the way, so that [`xml::check_document`] has to read only a document
//! that has something wrong or very rare in it.

use super::attribute::Attribute;
use super::attributes::Attributes;
use super::forms::{Forms, Known};
use super::limits::Limits;
use super::prefixes::Prefixes;
use super::scan::StartTag;
use crate::value::xml;

/// The checks of one document, and the forms that are kept for the next.
#[derive(Debug, Default)]
pub(super) struct Checks {
    pub forms: Forms,
    pub prefixes: Prefixes,
    /// The attributes of tags that nothing else reads.
    attributes: Attributes,
    /// Whether something was seen that may be wrong.
    pub doubt: bool,
}

impl Checks {
    pub fn begin(&mut self) {
        self.forms.begin();
        self.prefixes.clear();
        self.doubt = false;
    }

    /// The attributes of a tag were read. `level` elements are around it.
    #[inline(always)]
    pub fn read(&mut self, text: &str, at: usize, attributes: &Attributes, level: usize) {
        match attributes.known {
            Some(Known { prefixed: false, names: false, .. }) => {}
            Some(known) => self.names(text, at, known, attributes, level),
            None => self.learn(text, at, attributes, level),
        }
    }

    /// The tag at `at`, if it has a known form. The next `<` behind its own is at `next`.
    #[inline(always)]
    pub fn pass(
        &mut self,
        text: &str,
        at: usize,
        next: Option<usize>,
        level: usize,
    ) -> Option<StartTag> {
        let known = self.forms.pass(text.as_bytes(), at)?;
        if next.is_some_and(|next| next < known.tag.end) {
            return None;
        }
        if known.prefixed || known.names {
            self.pass_names(text, at, known, level);
        }
        Some(known.tag)
    }

    /// Looks at the tag at `at`, whose name ends at `name_end`, because it has no known form.
    #[inline(never)]
    pub fn look(&mut self, text: &str, at: usize, name_end: usize, limits: &Limits, level: usize) {
        let mut attributes = std::mem::take(&mut self.attributes);
        match attributes.read(&mut self.forms, text, at, name_end, limits) {
            Ok(_) => self.read(text, at, &attributes, level),
            Err(_) => self.doubt = true,
        }
        self.attributes = attributes;
    }

    #[inline(never)]
    fn pass_names(&mut self, text: &str, at: usize, known: Known, level: usize) {
        if known.names {
            return self.look(text, at, known.tag.name_end, &Limits::DEFAULT, level);
        }
        self.doubt |= !self.prefixes.knows(text, &text[at + 1..known.tag.name_end]);
    }

    #[inline(never)]
    fn names(&mut self, text: &str, at: usize, known: Known, read: &Attributes, level: usize) {
        let are_right = !known.names || self.prefixes.enter(text, read, level);
        let name = &text[at + 1..known.tag.name_end];
        self.doubt |= !are_right || !self.prefixes.knows(text, name);
    }

    #[inline(never)]
    fn learn(&mut self, text: &str, at: usize, attributes: &Attributes, level: usize) {
        let Some((_, tag)) = attributes.tag else { return };
        let name = &text[at + 1..tag.name_end];
        let is_name =
            |own: &Attribute| xml::is_name(&text[own.name_start as usize..own.name_end as usize]);
        if !xml::is_name(name) || !attributes.list.iter().all(is_name) {
            self.doubt = true;
            return;
        }
        self.forms.learn(text.as_bytes(), at, tag.name_end, &attributes.list);
        self.names(text, at, Known { tag, prefixed: true, names: true }, attributes, level);
    }
}
