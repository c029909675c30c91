//! The parts of a start tag.

use memchr::{memchr, memchr3};

/// Just past the tag that begins at the start of these bytes, if its end is among them: a `>` in a
/// quoted value does not end it.
pub fn past_tag(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr3(b'>', b'"', b'\'', &bytes[at..])?;
        match bytes[at] {
            b'>' => return Some(at + 1),
            quote => at += memchr(quote, &bytes[at + 1..])? + 2,
        }
    }
}

/// The name in a tag, which ends at a blank, `/` or `>`.
pub fn name(tag: &[u8], start: usize) -> &[u8] {
    let end = tag[start..].iter().position(|byte| is_blank(*byte) || matches!(byte, b'/' | b'>'));
    &tag[start..end.map_or(tag.len(), |end| start + end)]
}

pub fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The attributes of a start tag, each a name and its value in its quotes; `None` in place of what
/// is not one.
pub fn attributes(tag: &[u8]) -> impl Iterator<Item = Option<(&[u8], &[u8])>> {
    let end = tag.len() - 1 - usize::from(tag.ends_with(b"/>"));
    let mut rest = &tag[1 + name(tag, 1).len()..end];
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return None;
        }
        let attribute = attribute(rest);
        rest = attribute.map_or(&[], |(_, _, rest)| rest);
        Some(attribute.map(|(name, value, _)| (name, value)))
    })
}

/// The name and the value of the first attribute, and what is after it.
fn attribute(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let equals = memchr(b'=', text)?;
    let (name, value) = (text[..equals].trim_ascii_end(), text[equals + 1..].trim_ascii_start());
    let quote = value.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let end = memchr(*quote, &value[1..])? + 2;
    let is_name = !name.is_empty() && !name.iter().any(|byte| is_blank(*byte) || *byte == b'<');
    is_name.then(|| (name, &value[..end], &value[end..]))
}
