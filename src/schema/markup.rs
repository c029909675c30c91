//! The elements of one schema file.

use std::sync::Arc;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::value::names::is_name;

/// The namespace of XML Schema.
pub(super) const XS: &str = "http://www.w3.org/2001/XMLSchema";

/// The namespace of `xml:lang`.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Elements inside each other.
const DEEPEST: usize = 200;

/// An element of XML Schema's own namespace. Annotations and elements of others are left out.
#[derive(Debug)]
pub(super) struct Element {
    /// Its local name.
    pub(super) name: String,
    pub(super) children: Vec<Element>,
    /// Where it starts.
    pub(super) line: u32,
    /// Those without a prefix.
    attributes: Vec<(String, String)>,
    /// Prefixes and their URIs, the innermost last.
    prefixes: Arc<Vec<(String, String)>>,
}

/// Why a file is not one, and in which line.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) line: u32,
    pub(super) reason: String,
    pub(super) hint: &'static str,
}

impl Element {
    pub(super) fn get(&self, attribute: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(name, _)| name == attribute);
        found.map(|(_, value)| value.trim_matches([' ', '\t', '\n', '\r']))
    }

    /// The same with the white space around it.
    pub(super) fn raw(&self, attribute: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(name, _)| name == attribute);
        found.map(|(_, value)| value.as_str())
    }

    /// The URI of a prefix; the empty prefix is the default namespace.
    pub(super) fn uri(&self, prefix: &str) -> Option<&str> {
        let found = self.prefixes.iter().rev().find(|(name, _)| name == prefix);
        found.map(|(_, uri)| uri.as_str())
    }

    /// The prefix of a namespace here, the outermost first; empty without one.
    pub(super) fn prefix(&self, uri: &str) -> &str {
        let mut found = self.prefixes.iter().filter(|(_, declared)| declared == uri);
        found.find(|(prefix, _)| !prefix.is_empty()).map_or("", |(prefix, _)| prefix)
    }
}

/// The schema element of a file.
pub(super) fn parse(text: &str) -> Result<Element, Fault> {
    let mut reader = Reader::from_str(text);
    let mut parser = Parser { open: Vec::new(), ignored: 0, line: 1, counted: 0, root: None };
    loop {
        parser.count_lines(text, reader.buffer_position() as usize);
        let event = reader.read_event().map_err(|error| parser.fault(error))?;
        match event {
            Event::Start(tag) => parser.start(&tag)?,
            Event::Empty(tag) => {
                parser.start(&tag)?;
                parser.end();
            }
            Event::End(_) => parser.end(),
            // Its entities are never expanded, so that a reference to one is unknown below.
            Event::DocType(_) => {}
            Event::GeneralRef(_) | Event::Text(_) | Event::CData(_) => {}
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if !parser.open.is_empty() || parser.ignored > 0 {
        return Err(parser.fault("the file ends inside an element"));
    }
    parser.root.ok_or(Fault {
        line: 1,
        reason: "the file has no element".to_owned(),
        hint: "name a file with an XML Schema",
    })
}

struct Parser {
    open: Vec<Element>,
    /// Open elements that are left out.
    ignored: usize,
    line: u32,
    counted: usize,
    root: Option<Element>,
}

impl Parser {
    fn count_lines(&mut self, text: &str, position: usize) {
        let read = &text.as_bytes()[self.counted..position];
        self.line += memchr::memchr_iter(b'\n', read).count() as u32;
        self.counted = position;
    }

    fn fault(&self, reason: impl std::fmt::Display) -> Fault {
        Fault {
            line: self.line,
            reason: reason.to_string(),
            hint: "correct the file: it must be well-formed XML",
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), Fault> {
        if self.ignored > 0 {
            self.ignored += 1;
            return Ok(());
        }
        let around = self.open.last().map(|element| Arc::clone(&element.prefixes));
        let mut prefixes = around.unwrap_or_default();
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| self.fault(error))?;
            let value =
                attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| Fault {
                    hint: "write the text itself: entities of a DOCTYPE are not expanded",
                    ..self.fault(error)
                })?;
            let key = text_of(attribute.key.as_ref());
            match key.strip_prefix("xmlns") {
                Some("") => Arc::make_mut(&mut prefixes).push((String::new(), value.into_owned())),
                Some(prefix) if prefix.starts_with(':') => {
                    let declared = (prefix[1..].to_owned(), value.into_owned());
                    Arc::make_mut(&mut prefixes).push(declared);
                }
                _ if key.contains(':') => {}
                _ => attributes.push((key, value.into_owned())),
            }
        }
        let name = text_of(tag.name().as_ref());
        let (prefix, local) = name.split_once(':').unwrap_or(("", &name));
        let (children, line) = (Vec::new(), self.line);
        let element = Element { name: local.to_owned(), children, line, attributes, prefixes };
        let is_schema = element.uri(prefix) == Some(XS);
        if self.open.is_empty() && !(is_schema && local == "schema") {
            return Err(Fault {
                hint: "name the file of an XML Schema; one inside a WSDL needs a file of its own",
                ..self.fault(format!("the root element is {name}, not xs:schema"))
            });
        }
        if !is_schema || matches!(local, "annotation" | "documentation" | "appinfo") {
            self.ignored = 1;
            return Ok(());
        }
        if self.open.len() == DEEPEST {
            return Err(Fault {
                hint: "simplify the schema",
                ..self.fault(format!("more than {DEEPEST} elements inside each other"))
            });
        }
        if let Some(declared) = element.get("name").filter(|name| !is_name(name)) {
            return Err(Fault {
                hint: "write a name of XML: letters, digits, `-`, `.` and `_`",
                ..self.fault(format!("{declared:?} is not a name"))
            });
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) {
        if self.ignored > 0 {
            self.ignored -= 1;
            return;
        }
        let Some(element) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
