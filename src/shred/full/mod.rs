//! `check = "full"`: all of XML 1.0 and its namespaces that the walk does not check by itself.

mod names;
mod namespaces;
mod prolog;

use quick_xml::events::{BytesStart, Event};
use quick_xml::Reader;

use self::namespaces::Namespaces;
use super::fault::{Result, ShredFault};
use super::text;

/// Checks a document whose tags are known to nest.
pub(super) fn check(document: &str) -> Result<()> {
    text::check_characters(document, 0)?;
    let mut reader = Reader::from_str(document);
    reader.config_mut().check_comments = true;
    let mut namespaces = Namespaces::default();
    let (mut resolved, mut doctypes) = (String::new(), 0);
    loop {
        let begin = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|error| {
            ShredFault::malformed(reader.error_position() as usize, error.to_string())
        })?;
        let markup = &document[begin..reader.buffer_position() as usize];
        let checked = match event {
            Event::Start(tag) => {
                check_values(&tag, begin, &mut resolved)?;
                namespaces.enter(&tag)
            }
            Event::Empty(tag) => {
                check_values(&tag, begin, &mut resolved)?;
                namespaces.enter(&tag).inspect(|()| namespaces.leave())
            }
            Event::End(_) => {
                namespaces.leave();
                Ok(())
            }
            Event::GeneralRef(_) => {
                text::append(markup, begin, &mut resolved)?;
                Ok(())
            }
            Event::Text(_) => {
                check_text(markup, begin)?;
                Ok(())
            }
            Event::Decl(_) => prolog::check_declaration(markup),
            Event::PI(_) => prolog::check_target(markup),
            Event::DocType(_) => {
                doctypes += 1;
                prolog::check_doctype(markup, doctypes)
            }
            Event::CData(_) | Event::Comment(_) => Ok(()),
            Event::Eof => return Ok(()),
        };
        checked.map_err(|reason| ShredFault::malformed(begin, reason))?;
        resolved.clear();
    }
}

fn check_text(content: &str, begin: usize) -> Result<()> {
    match content.find("]]>") {
        None => Ok(()),
        Some(offset) => {
            let reason = "]]> is not allowed in text: write it as ]]&gt;";
            Err(ShredFault::malformed(begin + offset, reason))
        }
    }
}

/// The attributes of a tag: quoted, no name twice, and values without `<` and unknown references.
fn check_values(tag: &BytesStart<'_>, begin: usize, resolved: &mut String) -> Result<()> {
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
