//! Start tags and end tags (XML 1.0, 3.1).

use std::borrow::Cow;

use super::reference::{reference, wrong_reference};
use super::{names, BLANKS};
use crate::reason::{bare, known, quoted, reason, Reason};

/// A start tag, or the tag of an empty element.
#[derive(Debug)]
pub(super) struct StartTag<'t> {
    pub name: &'t str,
    pub attributes: Vec<Attribute<'t>>,
    pub is_empty: bool,
    /// Its bytes.
    pub length: usize,
}

/// An attribute.
#[derive(Debug)]
pub(super) struct Attribute<'t> {
    pub name: &'t str,
    /// What is between the quotes.
    pub written: &'t str,
}

impl<'t> StartTag<'t> {
    /// Reads the tag at the start of `text`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &'t str) -> Result<Self, Reason> {
        let inside = &text[1..];
        let (name, mut rest) = inside.split_at(names::length(inside));
        names::split(if name.is_empty() { shown(inside) } else { name })?;
        let mut attributes = Vec::new();
        loop {
            let after = rest.trim_start_matches(BLANKS);
            for (end, is_empty) in [(">", false), ("/>", true)] {
                if let Some(behind) = after.strip_prefix(end) {
                    let length = text.len() - behind.len();
                    return Ok(Self { name, attributes, is_empty, length });
                }
            }
            if after.is_empty() {
                return Err("a tag is never closed: end it with >".into());
            }
            if after.len() == rest.len() {
                let next = quoted(shown(after));
                return Err(reason!("attributes: a blank is missing before {}", next));
            }
            let (attribute, behind) = Attribute::read(after)?;
            attributes.push(attribute);
            rest = behind;
        }
    }
}

impl<'t> Attribute<'t> {
    fn read(text: &'t str) -> Result<(Self, &'t str), Reason> {
        let (name, after) = text.split_at(names::length(text));
        names::split(if name.is_empty() { shown(text) } else { name })?;
        let value = after.trim_start_matches(BLANKS).strip_prefix('=');
        let value = value.map(|value| value.trim_start_matches(BLANKS));
        let quote = value.and_then(|value| value.chars().next());
        let (Some(value), Some(quote @ ('"' | '\''))) = (value, quote) else {
            let (shown, again) = (quoted(name), bare(name));
            return Err(reason!(
                "attributes: {} has no value in quotes: write {}=\"…\"",
                shown,
                again
            ));
        };
        let Some((written, behind)) = value[1..].split_once(quote) else {
            return Err(reason!(
                "attributes: the value of {} is never closed: end it with {}",
                quoted(name),
                known(quote)
            ));
        };
        if written.contains('<') {
            return Err("< is not allowed in an attribute's value: write it as &lt;".into());
        }
        check_references(written)?;
        Ok((Self { name, written }, behind))
    }

    /// The value, normalised (XML 1.0, 3.3.3).
    pub fn value(&self) -> Cow<'t, str> {
        if !self.written.contains(['&', '\t', '\n', '\r']) {
            return Cow::Borrowed(self.written);
        }
        let mut value = String::with_capacity(self.written.len());
        let mut rest = self.written;
        while let Some(first) = rest.chars().next() {
            let (character, length) = match first {
                '&' => reference(rest).unwrap_or((first, 1)),
                '\r' if rest.starts_with("\r\n") => (' ', 2),
                '\t' | '\n' | '\r' => (' ', 1),
                other => (other, other.len_utf8()),
            };
            value.push(character);
            rest = &rest[length..];
        }
        Cow::Owned(value)
    }
}

/// The name in the end tag at the start of `text`, and the tag's bytes.
///
/// # Errors
/// What is wrong with it.
pub(super) fn end_tag(text: &str) -> Result<(&str, usize), Reason> {
    let inside = &text[2..];
    let (name, after) = inside.split_at(names::length(inside));
    match after.trim_start_matches(BLANKS).strip_prefix('>') {
        Some(behind) => Ok((name, text.len() - behind.len())),
        None => Err(reason!("the end tag of {} must be </{}>", quoted(name), bare(name))),
    }
}

/// Every `&` begins a reference.
///
/// # Errors
/// Why one does not.
pub(super) fn check_references(text: &str) -> Result<(), Reason> {
    for (at, _) in text.match_indices('&') {
        let from = &text[at..];
        if reference(from).is_none() {
            return Err(wrong_reference(from));
        }
    }
    Ok(())
}

/// The beginning of a text, for a message.
fn shown(text: &str) -> &str {
    let end = text.char_indices().nth(20).map_or(text.len(), |(at, _)| at);
    let shown = &text[..end];
    shown.split(|c: char| BLANKS.contains(&c) || ">/=".contains(c)).next().unwrap_or(shown)
}
