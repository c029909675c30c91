//! Names of tables, columns and schemas in the database.

/// In UTF-16 units, as SQL Server counts.
const LONGEST: usize = 128;

/// Whether two names are the same: case does not matter.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

/// Why a name is invalid, and what to do about it.
pub(super) fn invalid_name(name: &str) -> Option<(&'static str, &'static str)> {
    if name.trim().is_empty() || name.trim() != name {
        Some(("a name must not be blank, or begin or end with a blank", "write it without blanks"))
    } else if name.encode_utf16().count() > LONGEST {
        Some(("a name must not have more than 128 characters", "shorten it"))
    } else if name.chars().any(char::is_control) {
        Some(("a name must not have control characters", "remove them"))
    } else if name.contains(['.', '[', ']']) {
        Some((
            "a name must not have a schema or brackets",
            "the schema is `target_schema` in `[contract]`; brackets are added where needed",
        ))
    } else {
        None
    }
}
