//! XML as SQL Server stores it: it keeps what is said, not how it is written.

use std::fmt::Write;

use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};
use quick_xml::Reader;

/// Appends a text that is the same for the same elements, attributes in any order, and texts. White
/// space alone between tags does not count; what is not XML is appended as it is.
pub(super) fn write(document: &str, to: &mut String) {
    let start = to.len();
    if told(document, to).is_none() {
        to.truncate(start);
        to.push_str(document);
    }
}

fn told(document: &str, to: &mut String) -> Option<()> {
    let mut reader = Reader::from_str(document);
    // References and CDATA split a text into several events.
    let mut text = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Text(part) => text.push_str(std::str::from_utf8(&part).ok()?),
            Event::CData(part) => text.push_str(std::str::from_utf8(&part).ok()?),
            Event::GeneralRef(reference) => match reference.resolve_char_ref().ok()? {
                Some(character) => text.push(character),
                None => {
                    let name = std::str::from_utf8(&reference).ok()?.to_owned();
                    text.push_str(resolve_predefined_entity(&name)?);
                }
            },
            Event::Decl(_) => {}
            markup => {
                end_text(&mut text, to);
                match markup {
                    Event::Start(tag) => element(&tag, to)?,
                    Event::Empty(tag) => {
                        element(&tag, to)?;
                        to.push_str("</>");
                    }
                    Event::End(_) => to.push_str("</>"),
                    Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {
                        // As it is: SQL Server keeps them.
                        let _ = write!(to, "{markup:?}");
                    }
                    _ => return Some(()),
                }
            }
        }
    }
}

fn end_text(text: &mut String, to: &mut String) {
    if !text.chars().all(|c| c.is_ascii_whitespace()) {
        let _ = write!(to, "{:?}", text.replace("\r\n", "\n"));
    }
    text.clear();
}

fn element(tag: &BytesStart<'_>, to: &mut String) -> Option<()> {
    let name = tag.name();
    let _ = write!(to, "<{}", std::str::from_utf8(name.as_ref()).ok()?);
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.ok()?;
        let value = std::str::from_utf8(&attribute.value).ok()?;
        let key = std::str::from_utf8(attribute.key.as_ref()).ok()?.to_owned();
        attributes.push((key, unescape(value).ok()?.into_owned()));
    }
    attributes.sort();
    for (name, value) in attributes {
        let _ = write!(to, " {name}={value:?}");
    }
    to.push('>');
    Some(())
}

#[cfg(test)]
mod tests {
    fn same(a: &str, b: &str) -> bool {
        let (mut one, mut other) = (String::new(), String::new());
        super::write(a, &mut one);
        super::write(b, &mut other);
        one == other
    }

    #[test]
    fn how_it_is_written_makes_no_difference() {
        assert!(same("<a b='1' c=\"2\"/>", "<a c=\"2\" b=\"1\"></a>"));
        assert!(same("<a>x &amp; y</a>", "<a><![CDATA[x & y]]></a>"));
        assert!(same("<a>&#233;\r\n</a>", "<a>é\n</a>"));
        assert!(same("<a>\n  <b/>\n</a>", "<a><b/></a>"));
    }

    #[test]
    fn what_it_says_does() {
        assert!(!same("<a>x</a>", "<a>y</a>"));
        assert!(!same("<a><b/>x</a>", "<a>x<b/></a>"));
        assert!(!same("<a b='1'/>", "<a b='2'/>"));
        assert!(!same("<a>x", "<a>x</a>"));
        assert!(!same("<a><!-- x --></a>", "<a><!-- y --></a>"));
    }
}
