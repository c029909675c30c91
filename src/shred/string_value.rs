//! The string value of an element: its text and that of all elements in it, in document order.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr3, memmem};

use super::fault::Result;
use super::text;

/// The string value of the element with this content, whose tags are known to be balanced.
pub(super) fn string_value(document: &str, content: Range<usize>) -> Result<Cow<'_, str>> {
    let bytes = document.as_bytes();
    let Range { start, end } = content;
    let Some(mut markup) = memchr(b'<', &bytes[start..end]).map(|found| start + found) else {
        return text::content(document, start..end);
    };
    let mut value = String::with_capacity(end - start);
    let mut at = start;
    loop {
        text::append(&document[at..markup], at, &mut value)?;
        if markup == end {
            return Ok(Cow::Owned(value));
        }
        let rest = &bytes[markup..end];
        let length = if rest.starts_with(CDATA) {
            let length = past(rest, b"]]>");
            let (open, close) = (markup + CDATA.len(), markup + length - 3);
            text::append_cdata(&document[open..close], open, &mut value)?;
            length
        } else if rest.starts_with(b"<!--") {
            past(rest, b"-->")
        } else if rest.starts_with(b"<?") {
            past(rest, b"?>")
        } else {
            tag_length(rest)
        };
        at = markup + length;
        markup = memchr(b'<', &bytes[at..end]).map_or(end, |found| at + found);
    }
}

const CDATA: &[u8] = b"<![CDATA[";

fn past(bytes: &[u8], close: &[u8]) -> usize {
    memmem::find(bytes, close).map_or(bytes.len(), |found| found + close.len())
}

/// The length of a tag; a `>` in quotes does not end it.
fn tag_length(tag: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr3(b'>', b'"', b'\'', &tag[at..]) {
        let quote = at + found;
        if tag[quote] == b'>' {
            return quote + 1;
        }
        let Some(length) = memchr(tag[quote], &tag[quote + 1..]) else { break };
        at = quote + length + 2;
    }
    tag.len()
}
