//! Names, as XML 1.0 (2.3) and Namespaces in XML (3 and 4) define them.

use crate::reason::{quoted, reason, Reason};

/// A name's prefix, if it has one, and its local part.
///
/// # Errors
/// Why it is not a name.
pub(super) fn split(name: &str) -> Result<(Option<&str>, &str), Reason> {
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, name),
    };
    match prefix.is_none_or(is_plain_name) && is_plain_name(local) {
        true => Ok((prefix, local)),
        false => Err(reason!(
            "{} is not a name: it starts with a letter or _, continues with letters, digits, - . _, \
             and has one colon at most",
            quoted(name)
        )),
    }
}

/// Whether an element or an attribute may have this name.
pub(crate) fn is_name(name: &str) -> bool {
    split(name).is_ok()
}

/// Bytes of `text` up to what ends a name in a tag: white space, `/`, `=`, `<`, `>` or a quote.
pub(super) fn length(text: &str) -> usize {
    text.find([' ', '\t', '\n', '\r', '/', '=', '<', '>', '"', '\'']).unwrap_or(text.len())
}

/// A name without a colon.
pub(super) fn is_plain_name(name: &str) -> bool {
    name.starts_with(may_start) && name.chars().all(|c| may_start(c) || may_continue(c))
}

fn may_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}'
        | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}'
        | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

fn may_continue(c: char) -> bool {
    matches!(c, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}
