//! Any text as a document of which nothing is read, against quick-xml.

use std::sync::{Arc, OnceLock};

use quick_xml::events::Event;
use quick_xml::Reader;
use xmlshred::contract::Contract;
use xmlshred::document::DocumentEncoding;

use super::{contract, outcome_of};

/// Where nothing is read, a document that passes is one that quick-xml reads to its end, and the
/// other way round as long as elements have names.
pub fn check(text: &str) {
    static CONTRACT: OnceLock<Arc<Contract>> = OnceLock::new();
    let contract = CONTRACT.get_or_init(|| {
        contract(
            "[contract]\nname = 'skip'\n[document]\nroot = 'a'\n[[tables]]\nname = 't'\n\
             each = '/a'\napp_column = 'app_id'\n\
             [tables.columns]\napp_id = { type = 'int', value = 'APP_ID()' }\n",
        )
    });
    // quick-xml takes declarations anywhere, wants references closed even where nobody reads, and
    // ends an instruction without a name at once.
    if has_declaration(text) || text.contains('&') || text.contains("<?>") {
        return;
    }
    let document = format!("<a>{text}</a>");
    let passes = outcome_of(contract, document.as_bytes(), DocumentEncoding::Utf8).is_ok();
    match quick_xml_reads(&document) {
        Reading::Broken => assert!(!passes, "only xmlshred accepts {document:?}"),
        Reading::WithNames => assert!(passes, "only quick-xml accepts {document:?}"),
        // `<"/">` or `<=>`: where the tag ends is a matter of taste.
        Reading::WithoutNames => {}
    }
}

/// Whether there is markup that only the prolog may have.
fn has_declaration(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find("<!") {
        rest = &rest[at + 2..];
        if !rest.starts_with("--") && !rest.starts_with("[CDATA[") {
            return true;
        }
    }
    false
}

/// What quick-xml makes of a document.
enum Reading {
    /// An error, or elements left open.
    Broken,
    /// Its elements nest, and each has a name.
    WithNames,
    /// Where a name belongs there is something else.
    WithoutNames,
}

fn quick_xml_reads(document: &str) -> Reading {
    let mut reader = Reader::from_str(document);
    let (mut depth, mut nameless, mut has_ended) = (0, false, false);
    loop {
        match reader.read_event() {
            // quick-xml takes anything after the root.
            Ok(event) if has_ended && is_content(&event) => return Reading::Broken,
            Ok(Event::Start(tag)) => {
                depth += 1;
                nameless |= !is_name(tag.name().as_ref());
            }
            Ok(Event::Empty(tag)) => nameless |= !is_name(tag.name().as_ref()),
            Ok(Event::End(_)) => {
                depth -= 1;
                has_ended |= depth == 0;
            }
            Ok(Event::Eof) | Err(_) if nameless => return Reading::WithoutNames,
            Ok(Event::Eof) if depth == 0 => return Reading::WithNames,
            Ok(Event::Eof) | Err(_) => return Reading::Broken,
            Ok(_) => {}
        }
    }
}

/// Whether this may be inside the root only.
fn is_content(event: &Event<'_>) -> bool {
    let is_blank = |text: &[u8]| text.iter().all(|byte| b" \t\r\n".contains(byte));
    match event {
        Event::Start(_) | Event::Empty(_) | Event::End(_) | Event::CData(_) => true,
        Event::Text(text) => !is_blank(text),
        _ => false,
    }
}

/// quick-xml takes anything up to white space for a name; in XML a name starts with a letter, `_` or
/// `:`, and the characters that mark up or control are no part of one.
fn is_name(name: &[u8]) -> bool {
    let starts = |byte: &u8| byte.is_ascii_alphabetic() || b"_:".contains(byte) || *byte >= 0x80;
    let continues = |byte: &u8| *byte > b' ' && !b"\"'<>=?/&".contains(byte);
    name.first().is_some_and(starts) && name.iter().all(continues)
}
