//! Markup taken out of a document: what is declared around it goes along.
//!
//! `<r xmlns:x="urn:x" xmlns="urn:d"><t><x:p><b/></x:p></t></r>`: the markup inside `t` is, by itself,
//! `<x:p xmlns="urn:d" xmlns:x="urn:x"><b/></x:p>`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use quick_xml::events::{BytesStart, Event};
use quick_xml::Reader;

use super::fault::Result;
use super::meter::Meter;

/// Units of work for a declaration that is looked at, as a hash table has it.
const WORK_OF_ONE: usize = 32;

/// Where namespaces are declared in a document.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// The elements that declare any, in the order in which they begin.
    elements: Vec<Element>,
}

#[derive(Debug)]
struct Element {
    /// From its `<` to that of its end tag.
    extent: Range<usize>,
    /// The element around it that declares any.
    around: Option<usize>,
    declarations: Declarations,
}

/// Prefixes, and their URIs as they are written; the default namespace has the empty prefix.
type Declarations = Vec<(String, String)>;

impl Declared {
    /// What a document declares; of one that is not well-formed, what is before the mistake.
    pub fn of(document: &str) -> Self {
        let mut declared = Self::default();
        if memchr::memmem::find(document.as_bytes(), b"xmlns").is_none() {
            return declared;
        }
        let mut reader = tolerant(document);
        // The elements that are open, with their place in the list if they declare any.
        let mut open: Vec<Option<usize>> = Vec::new();
        let mut around = None;
        loop {
            let begin = reader.buffer_position() as usize;
            match reader.read_event() {
                Ok(Event::Start(tag)) => {
                    let declarations = declarations(&tag);
                    let declares = !declarations.is_empty();
                    open.push(declares.then_some(declared.elements.len()));
                    if declares {
                        let extent = begin..usize::MAX;
                        declared.elements.push(Element { extent, around, declarations });
                        around = Some(declared.elements.len() - 1);
                    }
                }
                Ok(Event::End(_)) => {
                    if let Some(Some(ended)) = open.pop() {
                        declared.elements[ended].extent.end = begin;
                        around = declared.elements[ended].around;
                    }
                }
                Ok(Event::Eof) | Err(_) => return declared,
                Ok(_) => {}
            }
        }
    }

    /// The declarations that are in scope inside the element whose content begins here, each with its
    /// prefix. The innermost one of a prefix counts.
    fn in_scope(&self, at: usize) -> Vec<(&str, &str)> {
        let started = self.elements.partition_point(|element| element.extent.start < at);
        let mut next = started.checked_sub(1);
        let mut found: Vec<(&str, &str)> = Vec::new();
        let mut known: HashSet<&str> = HashSet::new();
        while let Some(element) = next.map(|next| &self.elements[next]) {
            if at <= element.extent.end {
                for (prefix, uri) in &element.declarations {
                    if known.insert(prefix) {
                        found.push((prefix, uri));
                    }
                }
            }
            next = element.around;
        }
        found.retain(|(_, uri)| !uri.is_empty());
        found
    }

    /// Markup that begins at this place of the document, with the declarations that its names need.
    ///
    /// # Errors
    /// The limits of time and of bytes.
    pub fn carried<'m>(
        &self,
        at: usize,
        markup: &'m str,
        meter: &Meter<'_>,
    ) -> Result<Cow<'m, str>> {
        let in_scope = self.in_scope(at);
        meter.work(WORK_OF_ONE * in_scope.len())?;
        if in_scope.is_empty() {
            return Ok(Cow::Borrowed(markup));
        }
        meter.pass(markup.len())?;
        let mut carried = String::with_capacity(markup.len() + 64);
        let mut reader = tolerant(markup);
        let mut open = 0_usize;
        // The outermost element: where its name ends in what is carried, where it begins in the markup,
        // and the prefixes that it declares itself.
        let mut outermost: Option<(usize, usize, Declarations)> = None;
        loop {
            let begin = reader.buffer_position() as usize;
            let event = reader.read_event();
            let end = reader.buffer_position() as usize;
            if let (Ok(Event::Start(tag) | Event::Empty(tag)), 0) = (&event, open) {
                let name_end = carried.len() + 1 + tag.name().as_ref().len();
                outermost = Some((name_end, begin, declarations(tag)));
            }
            carried.push_str(&markup[begin..end]);
            match event {
                Ok(Event::Start(_)) => open += 1,
                Ok(Event::End(_)) => open = open.saturating_sub(1),
                Ok(Event::Eof) => return Ok(Cow::Owned(carried)),
                Err(_) => {
                    carried.push_str(&markup[end..]);
                    return Ok(Cow::Owned(carried));
                }
                Ok(_) => {}
            }
            if let (0, Some((name_end, begin, own))) = (open, outermost.take_if(|_| open == 0)) {
                let needed = needed(&in_scope, &own, &markup[begin..end], meter)?;
                meter.work(carried.len() - name_end)?;
                carried.insert_str(name_end, &needed);
            }
        }
    }
}

/// The declarations that an element with this markup needs beside its own.
fn needed(
    in_scope: &[(&str, &str)],
    own: &[(String, String)],
    markup: &str,
    meter: &Meter<'_>,
) -> Result<String> {
    let own: HashSet<&str> = own.iter().map(|(prefix, _)| prefix.as_str()).collect();
    let written = prefixes(markup);
    meter.work(markup.len() + WORK_OF_ONE * in_scope.len())?;
    let mut text = String::new();
    for (prefix, uri) in in_scope {
        if own.contains(prefix) || !prefix.is_empty() && !written.contains(prefix) {
            continue;
        }
        meter.pass(uri.len() + prefix.len() + 10)?;
        let name = if prefix.is_empty() { String::new() } else { format!(":{prefix}") };
        text += &format!(" xmlns{name}=\"{}\"", uri.replace('"', "&quot;"));
    }
    Ok(text)
}

/// Everything that is written like a prefix: in names, and in values such as `xsi:type="s:int"`.
fn prefixes(markup: &str) -> HashSet<&str> {
    let is_in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.') || !c.is_ascii();
    let colons = memchr::memchr_iter(b':', markup.as_bytes());
    let before = |colon: usize| {
        let before = &markup[..colon];
        &before[before.trim_end_matches(is_in_name).len()..]
    };
    colons.map(before).collect()
}

/// A reader of markup whose tags are checked elsewhere.
fn tolerant(markup: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(markup);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    reader
}

fn declarations(tag: &BytesStart<'_>) -> Declarations {
    let mut attributes = tag.attributes();
    let declaration = |attribute: quick_xml::events::attributes::Attribute<'_>| {
        let prefix = match attribute.key.as_ref().strip_prefix(b"xmlns")? {
            [] => &[],
            prefixed => prefixed.strip_prefix(b":")?,
        };
        let prefix = String::from_utf8_lossy(prefix).into_owned();
        Some((prefix, String::from_utf8_lossy(&attribute.value).into_owned()))
    };
    attributes.with_checks(false).flatten().filter_map(declaration).collect()
}

#[cfg(test)]
mod tests {
    use super::Declared;
    use crate::shred::meter::{Meter, Uncontrolled};
    use crate::shred::Limits;

    /// What is carried out of the element `t`.
    fn carried(document: &str) -> String {
        let at = document.find("<t").and_then(|t| Some(t + document[t..].find('>')? + 1)).unwrap();
        let end = document.rfind("</t>").unwrap();
        let meter = Meter::new(&Limits::default(), &Uncontrolled);
        let carried = Declared::of(document).carried(at, &document[at..end], &meter);
        carried.expect("within the limits").into_owned()
    }

    #[test]
    fn what_is_declared_around_goes_along() {
        for (document, expected) in [
            ("<r xmlns:x='urn:x'><t><x:p/></t></r>", "<x:p xmlns:x=\"urn:x\"/>"),
            (
                "<r xmlns:x='urn:x'><t>a<p/>b<p x:k='1'>c</p></t></r>",
                "a<p/>b<p xmlns:x=\"urn:x\" x:k='1'>c</p>",
            ),
            ("<r xmlns='urn:d'><t><p/><q xmlns=''/></t></r>", "<p xmlns=\"urn:d\"/><q xmlns=''/>"),
            ("<r xmlns='urn:d'><t xmlns=''><p/></t></r>", "<p/>"),
            ("<r xmlns:x='urn:1'><t xmlns:x='urn:2'><x:p/></t></r>", "<x:p xmlns:x=\"urn:2\"/>"),
            ("<r><s xmlns:x='urn:1'/><t><x/></t></r>", "<x/>"),
            (
                "<r xmlns:i='urn:i' xmlns:s='urn:s'><t><p i:type='s:int'/></t></r>",
                "<p xmlns:i=\"urn:i\" xmlns:s=\"urn:s\" i:type='s:int'/>",
            ),
            (
                "<r xmlns:x='a&amp;b\"c'><t><x:p></x:p></t></r>",
                "<x:p xmlns:x=\"a&amp;b&quot;c\"></x:p>",
            ),
            ("<r xmlns:x='urn:x'><t>text</t></r>", "text"),
            ("<r xmlns:x='urn:x'><t><!-- x: --><p/></t></r>", "<!-- x: --><p/>"),
        ] {
            assert_eq!(carried(document), expected, "{document}");
        }
    }

    #[test]
    fn each_of_many_declarations_is_found() {
        let one = "<e xmlns:x='urn:x'><t><x:p/></t></e>";
        let document = format!("<r>{}</r>", one.repeat(20_000));
        let declared = Declared::of(&document);
        let meter = Meter::new(&Limits::default(), &Uncontrolled);
        for (at, _) in document.match_indices("<x:p/>") {
            let carried = declared.carried(at, "<x:p/>", &meter).expect("within the limits");
            assert_eq!(carried, "<x:p xmlns:x=\"urn:x\"/>");
            meter.passed();
        }
    }

    #[test]
    fn declarations_count_before_they_are_copied() {
        let uri = "u".repeat(1_000);
        let document = format!("<r xmlns:x='{uri}'><t>{}</t></r>", "<x:p/>".repeat(1_000));
        let at = document.find("<x:p/>").expect("an element");
        let limits = Limits { row_bytes: 100_000, ..Limits::default() };
        let meter = Meter::new(&limits, &Uncontrolled);
        let markup = &document[at..at + 6_000];
        assert!(Declared::of(&document).carried(at, markup, &meter).is_err());
    }
}
