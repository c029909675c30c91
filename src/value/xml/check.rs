//! All of XML 1.0 and its namespaces, in a document or a fragment of one.

use quick_xml::events::{BytesStart, Event};
use quick_xml::Reader;

use super::namespaces::Namespaces;
use super::{allowed, forbidden, prolog, reference, wrong_reference};

/// Where something is wrong, as an offset, and what it is.
pub(crate) type Wrong = (usize, String);

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A document whose tags are known to nest.
    Document,
    /// What may be inside an element, at most this deep.
    Fragment { depth: usize },
}

/// Checks a document whose tags are known to nest.
///
/// # Errors
/// The first thing that is wrong with it.
pub(crate) fn check_document(document: &str) -> Result<(), Wrong> {
    check(document, Kind::Document)
}

pub(super) fn check(text: &str, kind: Kind) -> Result<(), Wrong> {
    check_characters(text)?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut namespaces = Namespaces::default();
    let (mut doctypes, mut open) = (0, 0);
    loop {
        let begin = reader.buffer_position() as usize;
        let event = reader
            .read_event()
            .map_err(|error| (reader.error_position() as usize, error.to_string()))?;
        let markup = &text[begin..reader.buffer_position() as usize];
        let checked = match event {
            Event::Start(tag) => {
                open += 1;
                check_depth(open, kind)
                    .and_then(|()| check_values(&tag))
                    .and_then(|()| namespaces.enter(&tag))
            }
            Event::Empty(tag) => check_depth(open + 1, kind)
                .and_then(|()| check_values(&tag))
                .and_then(|()| namespaces.enter(&tag))
                .inspect(|()| namespaces.leave()),
            Event::End(_) => {
                open -= 1;
                namespaces.leave();
                Ok(())
            }
            Event::GeneralRef(_) => check_references(markup),
            Event::Text(_) => {
                check_text(markup).map_err(|(offset, reason)| (begin + offset, reason))?;
                Ok(())
            }
            Event::Decl(_) if kind != Kind::Document => {
                Err("an XML declaration is only allowed at the beginning: remove it".to_owned())
            }
            Event::DocType(_) if kind != Kind::Document => {
                Err("a DOCTYPE is not allowed in it: remove it".to_owned())
            }
            Event::Decl(_) => prolog::check_declaration(markup),
            Event::PI(_) => prolog::check_target(markup),
            Event::DocType(_) => {
                doctypes += 1;
                prolog::check_doctype(markup, doctypes)
            }
            Event::CData(_) | Event::Comment(_) => Ok(()),
            Event::Eof if open > 0 => Err("an element is never closed: add its end tag".to_owned()),
            Event::Eof => return Ok(()),
        };
        checked.map_err(|reason| (begin, reason))?;
    }
}

fn check_depth(open: usize, kind: Kind) -> Result<(), String> {
    match kind {
        Kind::Fragment { depth } if open > depth => {
            Err(format!("elements are nested more than {depth} deep"))
        }
        Kind::Document | Kind::Fragment { .. } => Ok(()),
    }
}

fn check_characters(text: &str) -> Result<(), Wrong> {
    match text.char_indices().find(|(_, character)| !allowed(*character)) {
        None => Ok(()),
        Some((offset, character)) => Err((offset, forbidden(character))),
    }
}

fn check_text(content: &str) -> Result<(), Wrong> {
    match content.find("]]>") {
        None => Ok(()),
        Some(offset) => Err((offset, "]]> is not allowed in text: write it as ]]&gt;".to_owned())),
    }
}

fn check_references(text: &str) -> Result<(), String> {
    for (at, _) in text.match_indices('&') {
        let from = &text[at..];
        if reference(from).is_none() {
            return Err(wrong_reference(from));
        }
    }
    Ok(())
}

/// The attributes of a tag: quoted, no name twice, and values without `<` and unknown references.
fn check_values(tag: &BytesStart<'_>) -> Result<(), String> {
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| format!("attributes: {error}"))?;
        let value = String::from_utf8_lossy(&attribute.value);
        if value.contains('<') {
            return Err("< is not allowed in an attribute's value: write it as &lt;".to_owned());
        }
        check_references(&value)?;
    }
    Ok(())
}
