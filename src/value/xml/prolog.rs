//! The XML declaration, the DOCTYPE and processing instructions.

use super::names::{is_plain_name, split};

const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`; only the version is required.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_declaration(markup: &str) -> Result<(), String> {
    let declared = markup.strip_prefix("<?xml").and_then(|rest| rest.strip_suffix("?>"));
    match declared.is_some_and(is_declaration) {
        true => Ok(()),
        false => Err("the XML declaration must be version=\"1.0\", then encoding and standalone \
                      where they are given: correct it"
            .into()),
    }
}

fn is_declaration(mut rest: &str) -> bool {
    let version = value(&mut rest, "version");
    let minor = version.and_then(|version| version.strip_prefix("1."));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let encoding = value(&mut rest, "encoding").unwrap_or("UTF-8");
    let is_encoding = encoding.starts_with(|c: char| c.is_ascii_alphabetic())
        && encoding.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let standalone = value(&mut rest, "standalone").unwrap_or("no");
    minor.is_some_and(is_digits)
        && is_encoding
        && matches!(standalone, "yes" | "no")
        && rest.trim_start_matches(BLANKS).is_empty()
}

/// Takes ` name="value"` off the front, if it begins with that.
fn value<'t>(rest: &mut &'t str, name: &str) -> Option<&'t str> {
    let after = after_blanks(rest)?.strip_prefix(name)?;
    let after = after.trim_start_matches(BLANKS).strip_prefix('=')?;
    let (value, after) = quoted(after.trim_start_matches(BLANKS))?;
    *rest = after;
    Some(value)
}

/// The text within quotes, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split_once(quote)
}

/// What follows white space, which must be there.
fn after_blanks(text: &str) -> Option<&str> {
    let after = text.trim_start_matches(BLANKS);
    (after.len() < text.len()).then_some(after)
}

/// `<?target ...?>`.
///
/// # Errors
/// The target is not a name, or is reserved.
pub(super) fn check_target(markup: &str) -> Result<(), String> {
    let content = markup.trim_start_matches("<?").trim_end_matches("?>");
    let target = content.split(BLANKS).next().unwrap_or_default();
    match is_plain_name(target) && !target.eq_ignore_ascii_case("xml") {
        true => Ok(()),
        false => Err(format!(
            "{target:?} cannot be the target of a processing instruction: it must be a name, \
             directly after <?, and not xml"
        )),
    }
}

/// `<!DOCTYPE name SYSTEM "..." [...] >`, of which the internal subset is checked elsewhere, and which is the
/// `count`th.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_doctype(markup: &str, count: usize) -> Result<(), String> {
    if count > 1 {
        return Err("a document has one DOCTYPE at most: remove this one".into());
    }
    let content = markup.strip_prefix("<!DOCTYPE").and_then(|rest| rest.strip_suffix('>'));
    match content.and_then(after_blanks).is_some_and(is_doctype) {
        true => Ok(()),
        false => Err("the DOCTYPE must be a name, and SYSTEM or PUBLIC with what they name in \
                      quotes: correct or remove it"
            .into()),
    }
}

fn is_doctype(content: &str) -> bool {
    let content = without_subset(content);
    let name_end = content.find(BLANKS).unwrap_or(content.len());
    let (name, rest) = content.split_at(name_end);
    let Some(id) = after_blanks(rest).filter(|id| !id.is_empty()) else {
        return split(name).is_ok();
    };
    let system = match (id.strip_prefix("SYSTEM"), id.strip_prefix("PUBLIC")) {
        (Some(rest), _) => after_blanks(rest),
        (None, Some(rest)) => after_blanks(rest).and_then(quoted).and_then(|(public, rest)| {
            public.bytes().all(is_public_id).then_some(rest).and_then(after_blanks)
        }),
        (None, None) => None,
    };
    let after = system.and_then(quoted).map(|(_, rest)| rest.trim_start_matches(BLANKS));
    split(name).is_ok() && after == Some("")
}

/// The content up to the first bracket that is not in quotes, if the last one closes it.
fn without_subset(content: &str) -> &str {
    let mut quote = None;
    let bracket = content.find(|c| {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        quote.is_none() && c == '['
    });
    match bracket.filter(|_| content.trim_end_matches(BLANKS).ends_with(']')) {
        Some(bracket) => &content[..bracket],
        None => content,
    }
}

fn is_public_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" \r\n-'()+,./:=?;!*#@$_%".contains(&byte)
}
