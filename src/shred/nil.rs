//! `xsi:nil`: an element that says of itself that it has no value.

use std::cell::RefCell;

use super::capture::{Node, NodeKind};

/// The namespace of the attribute.
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// What a document's prefixes of attributes named `nil` stand for.
pub(super) type NilPrefixes = RefCell<Vec<(String, bool)>>;

/// Whether a node is the content of an element with `xsi:nil="true"`. The tag is looked at only here,
/// behind which nothing is: other elements cost nothing.
#[inline]
pub(super) fn is_nil(document: &str, node: &Node, prefixes: &NilPrefixes) -> bool {
    let is_content = matches!(node.kind, NodeKind::Plain | NodeKind::String);
    let at = node.start as usize;
    let is_empty = is_content && node.start == node.end;
    is_empty
        && at > 0
        && document.as_bytes()[at - 1] == b'>'
        && is_nil_tag(&document[..at], prefixes)
}

/// Whether the tag at the end of this text has the attribute.
#[cold]
fn is_nil_tag(document: &str, prefixes: &NilPrefixes) -> bool {
    let Some(start) = document.rfind('<') else { return false };
    let mut rest = &document[start..];
    while let Some(found) = rest.find(":nil") {
        let (before, after) = (&rest[..found], rest[found + ":nil".len()..].trim_start());
        let prefix = before.rsplit(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
        let value = after.strip_prefix('=').map(str::trim_start);
        let value = value.and_then(|value| {
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            value[1..].split(quote).next()
        });
        if matches!(value.map(str::trim), Some("true" | "1"))
            && is_instance(document, prefix, prefixes)
        {
            return true;
        }
        rest = &rest[found + 1..];
    }
    false
}

/// Whether a prefix is declared for the namespace before here; each is looked for once.
fn is_instance(document: &str, prefix: &str, prefixes: &NilPrefixes) -> bool {
    if let Some((_, known)) = prefixes.borrow().iter().find(|(known, _)| known == prefix) {
        return *known;
    }
    let name = format!("xmlns:{prefix}");
    let declares = |(at, _): (usize, &str)| {
        let value = document[at + name.len()..].trim_start().strip_prefix('=');
        let value = value.map(str::trim_start).unwrap_or_default();
        value.get(1..).is_some_and(|value| value.starts_with(INSTANCE))
    };
    let found = document.match_indices(&name).any(declares);
    prefixes.borrow_mut().push((prefix.to_owned(), found));
    found
}
