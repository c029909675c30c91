//! Names and texts in generated T-SQL.

use sha2::{Digest, Sha256};

use crate::contract::TargetTable;

/// `name` between brackets.
pub fn bracketed(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// `text` as a Unicode literal.
pub fn literal(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

/// The longest name, in UTF-16 units, of an object and of a temp table.
pub(super) const LONGEST_NAME: usize = 128;
const LONGEST_TEMP_NAME: usize = 116;

/// `#stage_<table>` between brackets.
pub fn stage_name(table: &TargetTable) -> String {
    bracketed(&fitted(format!("#stage_{}", table.name), LONGEST_TEMP_NAME))
}

/// A name that is made of others. One that is too long is cut, and ends in a hash of the whole.
pub(super) fn fitted(name: String, longest: usize) -> String {
    if name.encode_utf16().count() <= longest {
        return name;
    }
    let hash: String =
        Sha256::digest(&name).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mut left = longest - hash.len() - 1;
    let fits = |character: &char| match left.checked_sub(character.len_utf16()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    format!("{}_{hash}", name.chars().take_while(fits).collect::<String>())
}

/// `[schema].[table]`
pub(super) fn qualified(schema: &str, table: &TargetTable) -> String {
    format!("{}.{}", bracketed(schema), bracketed(&table.name))
}

/// A text in a comment: either end of a comment in it would move the end, as comments nest.
pub(super) fn in_comment(text: &str) -> String {
    text.replace("*/", "* /").replace("/*", "/ *")
}

/// Names between brackets, separated by commas.
pub fn column_list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(bracketed).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_too_long_is_cut_and_stays_different() {
        assert_eq!(fitted("IX_a_b".into(), 6), "IX_a_b");
        let (one, other) = ("x".repeat(128), format!("{}y", "x".repeat(128)));
        let short = fitted(other.clone(), LONGEST_NAME);
        assert_eq!(fitted(one.clone(), LONGEST_NAME), one);
        assert_eq!(short.len(), 128);
        assert_ne!(short, fitted(format!("{}z", "x".repeat(128)), LONGEST_NAME));
        let wide = fitted("\u{1f600}".repeat(70), LONGEST_TEMP_NAME);
        assert!((115..=116).contains(&wide.encode_utf16().count()), "{wide}");
    }
}
