//! `check = "full"`: every attribute, reference and character of the document.

use quick_xml::events::{BytesStart, Event};
use quick_xml::Reader;

use super::fault::{Result, ShredFault};
use super::text;

/// Checks a document whose tags are known to nest.
pub(super) fn check(document: &str) -> Result<()> {
    text::check_characters(document, 0)?;
    let mut reader = Reader::from_str(document);
    reader.config_mut().check_comments = true;
    let mut resolved = String::new();
    loop {
        let begin = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|error| {
            ShredFault::malformed(reader.error_position() as usize, error.to_string())
        })?;
        match event {
            Event::Start(tag) | Event::Empty(tag) => check_tag(&tag, begin, &mut resolved)?,
            Event::GeneralRef(reference) => {
                let written = format!("&{};", String::from_utf8_lossy(&reference));
                text::append(&written, begin, &mut resolved)?;
            }
            Event::Text(content) => check_text(&content, begin)?,
            Event::Eof => return Ok(()),
            _ => {}
        }
        resolved.clear();
    }
}

fn check_text(content: &[u8], begin: usize) -> Result<()> {
    match memchr::memmem::find(content, b"]]>") {
        None => Ok(()),
        Some(offset) => {
            let reason = "]]> is not allowed in text: write it as ]]&gt;";
            Err(ShredFault::malformed(begin + offset, reason))
        }
    }
}

fn check_tag(tag: &BytesStart<'_>, begin: usize, resolved: &mut String) -> Result<()> {
    for attribute in tag.attributes() {
        let attribute = attribute
            .map_err(|error| ShredFault::malformed(begin, format!("attributes: {error}")))?;
        let value = String::from_utf8_lossy(&attribute.value);
        if value.contains('<') {
            return Err(ShredFault::malformed(
                begin,
                "< is not allowed in an attribute's value: write it as &lt;",
            ));
        }
        text::append(&value, begin, resolved)?;
    }
    Ok(())
}
