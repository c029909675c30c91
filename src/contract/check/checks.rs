//! What the checks of a draft share.

use std::collections::BTreeSet;

use crate::contract::draft::Draft;
use crate::contract::expr::check::{Checked, Parent, Place, Scope};
use crate::contract::expr::kind::Kind;
use crate::contract::string_map::StringMap;
use crate::diagnostic::{Diagnostic, Diagnostics};

pub(super) struct Checks<'a> {
    pub(super) draft: &'a Draft,
    pub(super) lookups: Vec<(String, Kind)>,
    pub(super) used_lookups: BTreeSet<usize>,
    pub(super) keys: Vec<&'a str>,
    pub(super) used_keys: BTreeSet<usize>,
    /// Of the table that is being checked.
    pub(super) parent: Parent<'a>,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl Checks<'_> {
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn scope(&self, place: Place) -> Scope<'_> {
        Scope {
            place,
            lookups: &self.lookups,
            keys: &self.keys,
            columns: &[],
            of_parts: false,
            parent: self.parent,
            document: &self.draft.document.scope,
            depth: None,
            broken: false,
        }
    }

    /// Reports the result of checking an expression.
    pub(super) fn take(&mut self, checked: Checked, map: &StringMap) -> Kind {
        for mistake in checked.mistakes {
            self.report(mistake.map_places(|span| map.locate(span)));
        }
        self.used_lookups.extend(checked.lookups);
        self.used_keys.extend(checked.keys);
        checked.kind
    }
}
