//! `[keys.name]`

use super::reader::Reader;
use super::section::Section;
use crate::contract::draft::{KeyDraft, LookupDraft};
use crate::contract::expr::ast::Read;
use crate::contract::expr::parser::Names;
use crate::contract::identifier::NameIndex;
use crate::diagnostic::Diagnostic;

pub(super) const KEYS: &str = "a key is a table: `[keys.name]`";

impl Reader<'_> {
    pub(super) fn keys(&mut self, keys: &Section<'_>, lookups: &[LookupDraft]) -> Vec<KeyDraft> {
        let mut drafts = Vec::new();
        let mut index = NameIndex::of(lookups.iter().map(|l| l.lookup.name.as_str()));
        for (name, value) in keys.entries() {
            if index.insert(&name.value, usize::MAX).is_some() {
                let message = format!("duplicate lookup `{}`", name.value);
                let hint = "rename one: keys and lookups have one list of names, in any case";
                self.report(Diagnostic::error(name.span.clone(), message).hint(hint));
            }
            let title = format!("[keys.{}]", name.value);
            let Some(section) = self.section(&title, value, KEYS) else { continue };
            let section = section.titled(title);
            self.known_keys(&section, &["each", "key", "on_unmapped"]);
            let each = self.required(&section, "each");
            let each = each.and_then(|value| self.absolute_path("each", value));
            let each = each.filter(|path| path.broken || path.tree.read == Read::Text);
            let key = self.required(&section, "key");
            let key = key.and_then(|value| self.expression("key", value, Names::Paths));
            let words = [("null", false), ("error", true)];
            let must_be_found = self.word(&section, "on_unmapped", &words);
            let must_be_found = must_be_found.is_some_and(|word| word.value);
            drafts.push(KeyDraft { name, each, key, must_be_found });
        }
        drafts
    }
}
