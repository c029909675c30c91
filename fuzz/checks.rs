//! What must hold for any input. The fuzz targets call these with random input, and
//! `tests/replays/` with every input that once broke one of them.

use std::sync::{Arc, OnceLock};

use chrono::DateTime;
use quick_xml::events::Event;
use quick_xml::Reader;
use xmlshred::contract::Contract;
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::id::AppId;
use xmlshred::outcome::Outcome;
use xmlshred::shred::{Limits, Shredder};

/// A document never makes the shredder panic, in whichever encoding its bytes are read. The first byte
/// chooses how they are read.
pub fn shred(data: &[u8]) {
    static CONTRACT: OnceLock<Arc<Contract>> = OnceLock::new();
    let contract = CONTRACT.get_or_init(|| contract(include_str!("contract.toml")));
    let Some((choice, bytes)) = data.split_first() else { return };
    let encoding = match choice % 3 {
        0 => DocumentEncoding::Detect,
        1 => DocumentEncoding::Utf8,
        _ => DocumentEncoding::Utf16Le,
    };
    let outcome = outcome_of(contract, bytes, encoding);
    // A row that is not as wide as its table would be written into the wrong columns.
    for (rows, target) in outcome.iter().flatten().zip(&contract.targets) {
        assert!(rows.width == 0 || rows.width == target.columns.len());
        assert_eq!(rows.values.len() % rows.width.max(1), 0);
    }
}

/// Where nothing is read, a document that passes is one that quick-xml reads to its end, and the
/// other way round as long as elements have names.
pub fn skip(text: &str) {
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

/// No text makes the contract's reader panic, neither as an expression nor as a contract, and
/// what it refuses it explains.
pub fn expression(text: &str) {
    let quoted = toml_string(text);
    let with_expression = format!(
        "[contract]\nname = 'e'\n[document]\nroot = 'a'\n[[tables]]\nname = 't'\neach = '/a/b'\n\
         app_column = 'app_id'\nwhere = {quoted}\n\
         [tables.columns]\napp_id = {{ type = 'int', value = 'APP_ID()' }}\n\
         value = {{ type = 'nvarchar(max)', value = {quoted} }}\n"
    );
    for contract in [&with_expression, text] {
        match Contract::parse(contract, "fuzz.toml") {
            Ok((_, warnings)) => assert_eq!(warnings.errors(), 0),
            // A mistake is shown with the text around it, also when that is binary.
            Err(mistakes) => assert!(!mistakes.to_string().is_empty()),
        }
    }
}

fn contract(text: &str) -> Arc<Contract> {
    let parsed = Contract::parse(text, "fuzz.toml");
    Arc::new(parsed.unwrap_or_else(|mistakes| panic!("{mistakes}")).0)
}

fn outcome_of(contract: &Arc<Contract>, bytes: &[u8], encoding: DocumentEncoding) -> Outcome {
    let limits = Limits { depth: 64, rows: 10_000, ..Limits::default() };
    let document = Document { bytes: bytes.to_vec(), encoding };
    Shredder::new(contract.clone(), limits).shred(AppId(1), DateTime::UNIX_EPOCH, Some(&document))
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
    let (mut depth, mut nameless) = (0, false);
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                depth += 1;
                nameless |= !is_name(tag.name().as_ref());
            }
            Ok(Event::Empty(tag)) => nameless |= !is_name(tag.name().as_ref()),
            Ok(Event::End(_)) => depth -= 1,
            Ok(Event::Eof) | Err(_) if nameless => return Reading::WithoutNames,
            Ok(Event::Eof) if depth == 0 => return Reading::WithNames,
            Ok(Event::Eof) | Err(_) => return Reading::Broken,
            Ok(_) => {}
        }
    }
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && !name.iter().any(|byte| b"\"'<>=/&\0".contains(byte))
}

/// The text as a basic string of TOML.
fn toml_string(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
