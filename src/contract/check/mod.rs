//! A draft against itself: types, references, and what can never be.

mod checks;
mod expressions;
mod limits;
mod table;
mod targets;

use std::collections::BTreeSet;

use self::checks::Checks;
pub(super) use self::targets::Targets;
use super::draft::{Draft, LookupDraft};
use super::expr::ast::{Origin, Path, Read, Step};
use super::expr::check::{check_path, check_value, Parent, Place, Scope};
use super::expr::kind::Kind;
use super::model::LookupValue;
use super::string_map::StringMap;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Checks the whole contract. Returns what its tables have in common; it means something only
/// when no error was reported.
pub(super) fn check(draft: &Draft, diagnostics: &mut Diagnostics) -> Targets {
    let mut checks = Checks {
        draft,
        lookups: draft.lookups.iter().map(|l| (l.lookup.name.clone(), kind(l))).collect(),
        used_lookups: BTreeSet::new(),
        keys: draft.keys.iter().map(|key| key.name.value.as_str()).collect(),
        used_keys: BTreeSet::new(),
        parent: Parent::None,
        diagnostics,
    };
    checks.document();
    checks.keys();
    let targets = checks.targets();
    for (index, table) in draft.tables.iter().enumerate() {
        checks.parent = targets.parent(draft, index);
        checks.table(table, targets.of_table(index));
    }
    checks.unused_lookups();
    targets
}

impl Checks<'_> {
    fn document(&mut self) {
        let document = &self.draft.document;
        for root in &document.roots {
            let step =
                Step { name: root.value.clone(), predicates: Vec::new(), span: Default::default() };
            let path = Path { origin: Origin::Anywhere, steps: vec![step], read: Read::Text };
            let checked = check_path(&path, self.scope(Place::Value));
            self.take(checked, &StringMap::whole(root.span.clone()));
        }
        for path in document.require.iter().chain(&document.key).chain(&document.unwrap) {
            let checked = check_path(&path.tree, self.scope(Place::Value));
            self.take(checked, &path.map);
        }
    }

    fn keys(&mut self) {
        for key in &self.draft.keys {
            if let Some(each) = &key.each {
                let checked = check_path(&each.tree, self.scope(Place::Value));
                self.take(checked, &each.map);
            }
            if let Some(key) = &key.key {
                let scope = Scope { broken: key.broken, ..self.scope(Place::Element) };
                let checked = check_value(&key.tree, scope);
                self.take(checked, &key.map);
            }
        }
    }

    /// A lookup is only known to be unused when every expression could be read.
    fn unused_lookups(&mut self) {
        if self.diagnostics.errors() > 0 {
            return;
        }
        for (index, lookup) in self.draft.lookups.iter().enumerate() {
            if !self.used_lookups.contains(&index) {
                let name = &lookup.lookup.name;
                let message = format!("the lookup `{name}` is never used");
                let hint = format!("use it with `LOOKUP('{name}', …)`, or remove it");
                self.report(Diagnostic::warning(lookup.name.clone(), message).hint(hint));
            }
        }
        for (index, key) in self.draft.keys.iter().enumerate() {
            if !self.used_keys.contains(&index) {
                let name = &key.name.value;
                let message = format!("the key `{name}` is never used");
                let hint = format!("use it with `LOOKUP('{name}', …, …)`, or remove it");
                self.report(Diagnostic::warning(key.name.span.clone(), message).hint(hint));
            }
        }
    }
}

/// The kind of a lookup's values.
fn kind(lookup: &LookupDraft) -> Kind {
    let kinds = lookup.lookup.results().map(|value| match value {
        LookupValue::Integer(_) => Kind::Integer,
        LookupValue::Decimal(_) => Kind::Decimal,
        LookupValue::Text(_) => Kind::Text,
    });
    kinds.reduce(Kind::or).unwrap_or(Kind::Any)
}
