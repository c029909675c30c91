//! JSON text: its mistakes, and where its parts are. serde_json reads it; reading continues after
//! the mistakes that are most usual, and every part knows its place.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics};

/// The pairs of an object as they are written: in order, duplicates included.
pub(super) struct Pairs<K, V>(pub(super) Vec<(K, V)>);

impl<K, V> Default for Pairs<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct PairsVisitor<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<K, V> {
    type Value = Pairs<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        std::iter::from_fn(|| map.next_entry().transpose()).collect::<Result<_, _>>().map(Pairs)
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Pairs<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

/// A key and its value, both as slices of the file.
pub(super) struct Entry<'a> {
    pub(super) name: String,
    pub(super) key: &'a str,
    pub(super) value: &'a str,
}

/// The entries of an object; none when `part` is something else.
pub(super) fn entries(part: &str) -> Vec<Entry<'_>> {
    let pairs = serde_json::from_str::<Pairs<&RawValue, &RawValue>>(part).unwrap_or_default();
    let entries = pairs.0.into_iter().map(|(key, value)| Entry {
        name: serde_json::from_str(key.get()).unwrap_or_default(),
        key: key.get(),
        value: value.get(),
    });
    entries.collect()
}

/// The value of a key; the last one where the key is duplicate.
pub(super) fn value<'a>(part: &'a str, key: &str) -> Option<&'a str> {
    entries(part).into_iter().rfind(|entry| entry.name == key).map(|entry| entry.value)
}

/// The items of an array; none when `part` is something else.
pub(super) fn items(part: &str) -> Vec<&str> {
    let items: Vec<&RawValue> = serde_json::from_str(part).unwrap_or_default();
    items.into_iter().map(RawValue::get).collect()
}

/// Reads the text. None when it is not JSON: then `diagnostics` says why. A comma too many or too
/// few is corrected in a copy, so that one import finds the mistakes behind it as well.
pub(super) fn read(text: &str, diagnostics: &mut Diagnostics) -> Option<Value> {
    let mut copy = text.to_owned();
    // Each correction reads the whole text once more.
    while diagnostics.errors() < MOST_CORRECTED {
        let error = match serde_json::from_str(&copy) {
            Ok(value) => return Some(value).filter(|_| diagnostics.errors() == 0),
            Err(error) => error,
        };
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        let at = offset(&copy, error.line(), error.column());
        let next_begins = copy[at..].starts_with(['"', '{', '[']);
        let comma = copy[..at].rfind(',').filter(|_| message == "trailing comma");
        let (start, message, hint) = match message {
            _ if comma.is_some() => (comma.unwrap_or(at), message, "remove it"),
            "expected `,` or `}`" | "expected `,` or `]`" if next_begins => {
                (at, "missing comma before this", "add it")
            }
            // The quote that is never closed says more than the end of its line.
            _ if message.ends_with("parsing a string") => {
                // At the end of the file `at` is the last character, which may be the quote.
                let quote = copy[..at].rfind('"').filter(|_| !copy[at..].starts_with('"'));
                let message = "text without a closing `\"`";
                (quote.unwrap_or(at), message, "close it on its line")
            }
            "expected ident" => {
                (word_start(&copy, at), "expected `true`, `false` or `null`", "correct the word")
            }
            _ => (word_start(&copy, at), message, "correct it in an editor that checks JSON"),
        };
        let end = start + copy[start..].chars().next().map_or(0, char::len_utf8);
        let message = message.replace("EOF while parsing", "the file ends inside");
        let message = format!("invalid JSON: {message}");
        diagnostics.push(Diagnostic::error(start..end, message).hint(hint));
        match hint {
            "remove it" => copy.replace_range(start..end, " "),
            "add it" if copy[..at].ends_with([' ', '\t', '\r', '\n']) => {
                copy.replace_range(at - 1..at, ",");
            }
            _ => return None,
        }
    }
    None
}

/// Mistakes that are corrected to find the next, at most.
const MOST_CORRECTED: usize = 100;

/// Warns of duplicate keys, however deep they are.
pub(super) fn check_duplicates(text: &str, part: &str, diagnostics: &mut Diagnostics) {
    let entries = entries(part);
    let mut firsts: HashMap<&str, &str> = HashMap::with_capacity(entries.len());
    for Entry { name, key, value } in &entries {
        if let Some(first) = firsts.get(name.as_str()) {
            let duplicate = Diagnostic::warning(span(text, key), format!("duplicate key `{name}`"))
                .hint("remove one of them; the last one counts")
                .related(span(text, first), "first here");
            diagnostics.push(duplicate);
        } else {
            firsts.insert(name, key);
        }
        check_duplicates(text, value, diagnostics);
    }
    for item in items(part) {
        check_duplicates(text, item, diagnostics);
    }
}

/// The place of a slice of the text.
pub(super) fn span(text: &str, part: &str) -> std::ops::Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// The offset of a line and a column that serde_json names: both count from 1, columns in bytes.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let mut at = (before + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Where the word begins that ends at an offset.
fn word_start(text: &str, at: usize) -> usize {
    text[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len()
}
