//! Character data: references resolved, line ends and white space normalised as XML 1.0 requires
//! (2.11 and 3.3.3), and nothing copied when there is nothing to do.

use std::borrow::Cow;
use std::ops::Range;

use super::fault::{Result, ShredFault};
use super::lanes;
use crate::value::xml::{allowed, forbidden, reference, wrong_reference};

/// The first byte in UTF-8 of U+FFFE and U+FFFF, and of some four thousand that XML allows.
pub(super) const LAST: u8 = 0xEF;

/// Whether text between tags needs no decoding and surely has only characters that XML allows.
#[inline(always)]
pub(super) fn is_plain(document: &str, range: Range<usize>) -> bool {
    !lanes::any(
        document.as_bytes(),
        range.start,
        range.end,
        |lanes| lanes.equal(b'&') | lanes.at_most(b' ' - 1) | lanes.equal(LAST),
        |byte| matches!(byte, b'&' | LAST | ..b' '),
    )
}

/// An attribute's value.
#[inline]
pub(super) fn attribute(document: &str, range: Range<usize>) -> Result<Cow<'_, str>> {
    let raw = &document[range.clone()];
    check_characters(raw, range.start)?;
    if !raw.bytes().any(|b| b == b'&' || b < b' ') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut value = String::with_capacity(raw.len());
    resolve(raw, range.start, true, &mut value)?;
    Ok(Cow::Owned(value))
}

/// Text between tags.
#[inline]
pub(super) fn content(document: &str, range: Range<usize>) -> Result<Cow<'_, str>> {
    let raw = markup(document, range.clone())?;
    if memchr::memchr2(b'&', b'\r', raw.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(raw));
    }
    let mut value = String::with_capacity(raw.len());
    resolve(raw, range.start, false, &mut value)?;
    Ok(Cow::Owned(value))
}

/// Text and markup as they are written.
pub(super) fn markup(document: &str, range: Range<usize>) -> Result<&str> {
    let raw = &document[range.clone()];
    check_characters(raw, range.start)?;
    Ok(raw)
}

/// Appends `raw`, from offset `at`, with its references resolved.
pub(super) fn append(raw: &str, at: usize, value: &mut String) -> Result<()> {
    check_characters(raw, at)?;
    resolve(raw, at, false, value)
}

/// Appends the content of a CDATA section, from offset `at`.
pub(super) fn append_cdata(raw: &str, at: usize, value: &mut String) -> Result<()> {
    check_characters(raw, at)?;
    for (index, line) in raw.split("\r\n").enumerate() {
        if index > 0 {
            value.push('\n');
        }
        value.extend(line.chars().map(|c| if c == '\r' { '\n' } else { c }));
    }
    Ok(())
}

/// Refuses characters that XML does not allow. `raw` is at offset `at`.
pub(super) fn check_characters(raw: &str, at: usize) -> Result<()> {
    match raw.char_indices().find(|(_, character)| !allowed(*character)) {
        None => Ok(()),
        Some((offset, character)) => Err(ShredFault::malformed(at + offset, forbidden(character))),
    }
}

fn resolve(raw: &str, at: usize, attribute: bool, value: &mut String) -> Result<()> {
    let mut rest = raw;
    while let Some(special) = rest.find(['&', '\r', '\n', '\t']) {
        value.push_str(&rest[..special]);
        let offset = raw.len() - rest.len() + special;
        let tail = &rest[special..];
        rest = match tail.as_bytes()[0] {
            b'&' => {
                let (character, length) = reference(tail)
                    .ok_or_else(|| ShredFault::malformed(at + offset, wrong_reference(tail)))?;
                value.push(character);
                &tail[length..]
            }
            b'\r' => {
                value.push(if attribute { ' ' } else { '\n' });
                tail[1..].strip_prefix('\n').unwrap_or(&tail[1..])
            }
            other => {
                value.push(if attribute { ' ' } else { other as char });
                &tail[1..]
            }
        };
    }
    value.push_str(rest);
    Ok(())
}
