//! Names of tables, columns and schemas in the database, and of the contract. They are written into
//! scripts that people review and run, so what could make such a script say something else is invalid.

use std::collections::hash_map::Entry;
use std::collections::HashMap;

use crate::screen::is_unprintable;

/// In UTF-16 units, as SQL Server counts.
const LONGEST: usize = 128;

/// Whether two names are the same: case does not matter.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

/// Positions of names, where case does not matter: for long lists, which are not searched name by
/// name.
#[derive(Debug, Default)]
pub(crate) struct NameIndex(HashMap<String, usize>);

impl NameIndex {
    /// The positions of these names, of equal ones the first.
    pub(crate) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut index = Self::default();
        for (position, name) in names.into_iter().enumerate() {
            index.insert(name, position);
        }
        index
    }

    /// Adds a name, unless there is an equal one, whose position is returned.
    pub(crate) fn insert(&mut self, name: &str, position: usize) -> Option<usize> {
        match self.0.entry(name.to_lowercase()) {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(free) => {
                free.insert(position);
                None
            }
        }
    }

    /// The position of an equal name.
    pub(crate) fn get(&self, name: &str) -> Option<usize> {
        self.0.get(&name.to_lowercase()).copied()
    }
}

/// Why a name is invalid, and what to do about it.
pub(crate) fn invalid_name(name: &str) -> Option<(&'static str, &'static str)> {
    if name.trim().is_empty() || name.trim() != name {
        Some(("a name must not be blank, or begin or end with a blank", "write it without blanks"))
    } else if name.encode_utf16().count() > LONGEST {
        Some(("a name must not have more than 128 characters", "shorten it"))
    } else if name.contains(['.', '[', ']']) {
        Some((
            "a name must not have a schema or brackets",
            "the schema is `target_schema` in `[contract]`; brackets are added where needed",
        ))
    } else {
        unfit_for_script(name)
    }
}

/// Why a contract's name is invalid, and what to do about it.
pub(super) fn invalid_title(name: &str) -> Option<(&'static str, &'static str)> {
    if name.encode_utf16().count() > LONGEST {
        Some(("a name must not have more than 128 characters", "shorten it"))
    } else {
        unfit_for_script(name)
    }
}

/// Why a text cannot be part of a script, even where it is quoted, and what to do about it.
///
/// sqlcmd and SSMS read a script line by line before anything else does: `GO` alone on a line ends
/// a batch even within a comment or a literal, and `$(name)` is replaced everywhere. What turns the
/// direction of text would show a reviewer another script than the one that runs.
pub(crate) fn unfit_for_script(text: &str) -> Option<(&'static str, &'static str)> {
    if text.chars().any(|c| is_unprintable(c) || matches!(c, '\u{2028}' | '\u{2029}')) {
        Some(("a name must not have line ends or other control characters", "remove them"))
    } else if text.contains("$(") {
        Some(("a name must not have `$(`, which sqlcmd replaces", "remove the `$` or the `(`"))
    } else {
        None
    }
}
