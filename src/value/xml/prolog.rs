//! The XML declaration and the DOCTYPE (XML 1.0, 2.8): each begins at the start of a text, and its length in
//! bytes is returned.

use super::doctype::past_doctype;
use super::markup::{comment, instruction};
use super::names::split;
use super::BLANKS;
use crate::reason::Reason;

/// Whether a text begins with an XML declaration, right or wrong.
pub(super) fn is_declared(text: &str) -> bool {
    text.strip_prefix("<?xml")
        .is_some_and(|rest| rest.starts_with(BLANKS) || rest.starts_with("?>"))
}

/// `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`; only the version is required.
///
/// # Errors
/// What is wrong with it.
pub(super) fn declaration(text: &str) -> Result<usize, Reason> {
    let declared = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    match declared.filter(|(declared, _)| is_declaration(declared)) {
        Some((_, rest)) => Ok(text.len() - rest.len()),
        None => Err("the XML declaration must be version=\"1.0\", then encoding and standalone \
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

/// `<!DOCTYPE name SYSTEM "..." [...] >`. Of what is in its brackets, comments and instructions are checked, and
/// declarations are only known to end.
///
/// # Errors
/// What is wrong with it.
pub(super) fn doctype(text: &str) -> Result<usize, Reason> {
    let length = past_doctype(text.as_bytes(), 0).map_err(|error| error.reason())?;
    let content = text[..length].strip_prefix("<!DOCTYPE").and_then(|rest| rest.strip_suffix('>'));
    let content = content.and_then(after_blanks).map(parts);
    if !content.is_some_and(|(outside, _)| is_doctype(outside)) {
        return Err("the DOCTYPE must be a name, and SYSTEM or PUBLIC with what they name in \
                    quotes: correct or remove it"
            .into());
    }
    content.map_or(Ok(()), |(_, inside)| check_subset(inside))?;
    Ok(length)
}

/// The comments and instructions among declarations.
fn check_subset(mut rest: &str) -> Result<(), Reason> {
    while let Some(begin) = rest.find('<') {
        rest = &rest[begin..];
        let length = match rest {
            text if text.starts_with("<!--") => comment(text)?,
            text if text.starts_with("<?") => instruction(text)?,
            declaration => past_declaration(declaration),
        };
        rest = &rest[length..];
    }
    Ok(())
}

/// The length of a declaration, which may have texts in quotes.
fn past_declaration(text: &str) -> usize {
    let close = find_unquoted(text, '>');
    close.map_or(text.len(), |close| close + 1)
}

fn is_doctype(content: &str) -> bool {
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

/// The content up to the first bracket that is not in quotes, and what is in the brackets.
fn parts(content: &str) -> (&str, &str) {
    let bracket = find_unquoted(content, '[');
    let inside = bracket.and_then(|bracket| {
        let inside = content[bracket + 1..].trim_end_matches(BLANKS).strip_suffix(']')?;
        Some((&content[..bracket], inside))
    });
    inside.unwrap_or((content, ""))
}

/// The first such character that is not in quotes.
fn find_unquoted(text: &str, wanted: char) -> Option<usize> {
    let mut quote = None;
    text.find(|c| {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        quote.is_none() && c == wanted
    })
}

fn is_public_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" \r\n-'()+,./:=?;!*#@$_%".contains(&byte)
}
