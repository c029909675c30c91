//! Reads documents into a profile.

use std::ops::Range;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

use super::node::{Name, Node, NodeId};
use super::Profile;
use crate::value::is_blank;
use crate::value::names::is_name;

/// Reads documents, one after the other, into a profile.
#[derive(Debug)]
pub struct Profiler {
    /// The most elements inside each other.
    depth: usize,
    profile: Profile,
    /// Elements read so far, which numbers them.
    elements: u64,
    open: Vec<Open>,
    /// The own text of each open element, kept for the next document.
    texts: Vec<String>,
}

/// An element that has started.
#[derive(Debug)]
struct Open {
    node: NodeId,
    number: u64,
    has_children: bool,
    begin: usize,
    /// The child that the last one was; the next is most often behind it.
    last_child: usize,
}

/// The namespace of `xml:lang`.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

impl Profiler {
    /// Reads documents with at most so many elements inside each other.
    pub fn new(depth: usize) -> Self {
        let (profile, open, texts) = Default::default();
        Self { depth, profile, elements: 0, open, texts }
    }

    /// Reads a document, which has this number among all.
    ///
    /// # Errors
    /// Where and why it is not well-formed, too deep, or has too many different paths; the profile is then not
    /// to be used.
    pub fn read(&mut self, text: &str, document: u64) -> Result<(), (usize, String)> {
        self.open.clear();
        let mut reader = NsReader::from_str(text);
        let mut is_empty = true;
        loop {
            let begin = reader.buffer_position() as usize;
            let event = reader
                .read_event()
                .map_err(|error| (reader.error_position() as usize, error.to_string()))?;
            let place = Place { text, begin, document };
            match event {
                Event::Start(tag) => {
                    is_empty = false;
                    self.start(&reader, &tag, &place)?;
                }
                Event::Empty(tag) => {
                    is_empty = false;
                    self.start(&reader, &tag, &place)?;
                    self.end(&place);
                }
                Event::End(_) => self.end(&place),
                Event::Text(run) => self.text(&run.xml10_content().map_err(|e| place.wrong(e))?),
                Event::CData(run) => self.text(&run.xml10_content().map_err(|e| place.wrong(e))?),
                Event::GeneralRef(reference) => {
                    let end = reader.buffer_position() as usize;
                    let resolved = resolved(text, begin..end);
                    let unknown = || place.wrong(format!("unknown entity {reference:?}"));
                    self.text(&resolved.ok_or_else(unknown)?);
                }
                Event::Eof => break,
                Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
            }
        }
        if !self.open.is_empty() {
            return Err((text.len(), "the document ends inside an element".to_owned()));
        }
        if is_empty {
            return Err((0, "the document has no element".to_owned()));
        }
        self.profile.documents += 1;
        self.profile.bytes += text.len() as u64;
        Ok(())
    }

    /// What was read.
    pub fn finish(self) -> Profile {
        self.profile
    }

    fn start(
        &mut self,
        reader: &NsReader<&[u8]>,
        tag: &BytesStart<'_>,
        place: &Place<'_>,
    ) -> Result<(), (usize, String)> {
        if self.open.len() >= self.depth {
            let most = self.depth;
            return Err(place.wrong(format!("elements are nested more than {most} deep")));
        }
        let (namespace, local) = reader.resolver().resolve_element(tag.name());
        let prefix = tag.name().prefix().map_or(&[][..], |prefix| prefix.into_inner());
        let found = Found { uri: uri(&namespace), local: local.into_inner(), prefix };
        let node = self.element(&found, place)?;
        self.elements += 1;
        let number = self.elements;
        // A document has one root, which is the only one in its parent.
        let parent = self.open.last().map_or(number, |open| open.number);
        self.profile.nodes[node.0 as usize].occur(parent, place.document);
        if let Some(parent) = self.open.last_mut() {
            parent.has_children = true;
        }
        if self.texts.len() <= self.open.len() {
            self.texts.push(String::new());
        }
        self.texts[self.open.len()].clear();
        self.open.push(Open {
            node,
            number,
            has_children: false,
            begin: place.begin,
            last_child: 0,
        });
        self.attributes(reader, tag, place)
    }

    fn attributes(
        &mut self,
        reader: &NsReader<&[u8]>,
        tag: &BytesStart<'_>,
        place: &Place<'_>,
    ) -> Result<(), (usize, String)> {
        for (behind, attribute) in (1..).zip(tag.attributes()) {
            let attribute = attribute.map_err(|error| place.wrong(error))?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| place.wrong(error))?;
            let prefix = attribute.key.prefix().map_or(&[][..], |prefix| prefix.into_inner());
            let uri = uri(&namespace);
            if uri == Profile::XSI.as_bytes() {
                let element = self.open.last().expect("it has started").node;
                let is_nil = local.as_ref() == b"nil" && matches!(&*value, "true" | "1");
                self.profile.nodes[element.0 as usize].nil += u64::from(is_nil);
                continue;
            }
            let found = Found { uri, local: local.into_inner(), prefix };
            let node = self.child(&found, Some(behind), place)?;
            let parent = self.open.last().expect("it has started").number;
            let node = &mut self.profile.nodes[node.0 as usize];
            node.occur(parent, place.document);
            node.values.add(&value, place.document, || place.line());
        }
        Ok(())
    }

    fn end(&mut self, place: &Place<'_>) {
        let Some(open) = self.open.pop() else { return };
        let text = &self.texts[self.open.len()];
        let node = &mut self.profile.nodes[open.node.0 as usize];
        if open.has_children && is_blank(text) {
            return;
        }
        node.mixed += u64::from(open.has_children);
        let begin = Place { begin: open.begin, ..*place };
        node.values.add(text, place.document, || begin.line());
    }

    fn text(&mut self, run: &str) {
        if let Some(depth) = self.open.len().checked_sub(1) {
            self.texts[depth].push_str(run);
        }
    }

    /// The node of an element that begins. An element inside one of its own name counts for that one:
    /// what is recursive has no end.
    fn element(&mut self, found: &Found<'_>, place: &Place<'_>) -> Result<NodeId, (usize, String)> {
        let around = self.open.iter().map(|open| open.node);
        let same = around.rev().find(|node| found.is(&self.profile[*node].name));
        match same {
            Some(same) => {
                self.profile.nodes[same.0 as usize].recursive += 1;
                Ok(same)
            }
            None => self.child(found, None, place),
        }
    }

    /// The element of this name in the innermost open element, or its attribute, which is so many
    /// behind the element's name.
    fn child(
        &mut self,
        found: &Found<'_>,
        attribute: Option<u64>,
        place: &Place<'_>,
    ) -> Result<NodeId, (usize, String)> {
        let is_attribute = attribute.is_some();
        let (parent, last) = match self.open.last() {
            Some(open) => (Some(open.node), open.last_child),
            None => (None, 0),
        };
        let children = match parent {
            Some(parent) => &self.profile[parent].children,
            None => &self.profile.roots,
        };
        let is_it = |id: &NodeId| {
            let node = &self.profile[*id];
            node.is_attribute == is_attribute && found.is(&node.name)
        };
        let known = (0..children.len())
            .map(|step| (last + step) % children.len())
            .find(|at| is_it(&children[*at]));
        if let Some(at) = known {
            let id = children[at];
            if let Some(open) = self.open.last_mut() {
                open.last_child = at;
            }
            return Ok(id);
        }
        if self.profile.len() >= Profile::MOST_PATHS {
            let most = Profile::MOST_PATHS;
            return Err(place.wrong(format!("more than {most} different paths")));
        }
        let name = found.name();
        if !is_name(&name.local) || !name.prefix.is_empty() && !is_name(&name.prefix) {
            return Err(place.wrong(format!("{:?} is not a name", name.written())));
        }
        let first = (place.document, place.begin as u64 + attribute.unwrap_or(0));
        Ok(self.profile.push(Node::new(name, is_attribute, parent, first)))
    }
}

/// Where an event is.
#[derive(Clone, Copy)]
struct Place<'t> {
    text: &'t str,
    begin: usize,
    document: u64,
}

impl Place<'_> {
    fn wrong(&self, error: impl std::fmt::Display) -> (usize, String) {
        (self.begin, error.to_string())
    }

    fn line(&self) -> u32 {
        let before = &self.text.as_bytes()[..self.begin];
        u32::try_from(memchr::memchr_iter(b'\n', before).count() + 1).unwrap_or(u32::MAX)
    }
}

/// An expanded name in a document.
struct Found<'d> {
    uri: &'d [u8],
    local: &'d [u8],
    prefix: &'d [u8],
}

impl Found<'_> {
    fn is(&self, name: &Name) -> bool {
        name.local.as_bytes() == self.local
            && name.uri.as_bytes() == self.uri
            // Of what is not declared, the prefix is all there is.
            && (!self.uri.is_empty() || name.prefix.as_bytes() == self.prefix)
    }

    fn name(&self) -> Name {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Name { uri: text(self.uri), local: text(self.local), prefix: text(self.prefix) }
    }
}

fn uri<'n>(namespace: &'n ResolveResult<'_>) -> &'n [u8] {
    match namespace {
        ResolveResult::Bound(namespace) => namespace.as_ref(),
        ResolveResult::Unbound => &[],
        ResolveResult::Unknown(prefix) if prefix == b"xml" => XML.as_bytes(),
        ResolveResult::Unknown(_) => &[],
    }
}

/// What a reference such as `&amp;` or `&#65;` stands for.
fn resolved(text: &str, range: Range<usize>) -> Option<String> {
    quick_xml::escape::unescape(&text[range]).ok().map(std::borrow::Cow::into_owned)
}
