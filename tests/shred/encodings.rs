//! Bytes in every encoding a store may hold.

use super::{one_column, rows_of, shred_document};
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::outcome::{Failure, FailureCategory};

fn value(bytes: Vec<u8>, encoding: DocumentEncoding) -> Result<String, FailureCategory> {
    let contract = one_column("/r", "@x");
    let outcome = shred_document(&contract, &Document { bytes, encoding });
    match &outcome {
        Ok(_) => Ok(rows_of(&contract, &outcome, "t")[0][2..].to_owned()),
        Err(failure) => Err(failure.category),
    }
}

fn failure(bytes: Vec<u8>, encoding: DocumentEncoding) -> Failure {
    let contract = one_column("/r", "@x");
    *shred_document(&contract, &Document { bytes, encoding }).expect_err("the document fails")
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let marked = if mark { format!("\u{FEFF}{text}") } else { text.to_owned() };
    let unit = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    marked.encode_utf16().flat_map(unit).collect()
}

#[test]
fn utf_8_with_and_without_a_mark() {
    let plain = "<r x='ż€'/>".as_bytes().to_vec();
    let marked = "\u{FEFF}<r x='ż€'/>".as_bytes().to_vec();
    for bytes in [plain, marked] {
        assert_eq!(value(bytes, DocumentEncoding::Detect), Ok("ż€".into()));
    }
}

#[test]
fn utf_16_of_both_orders_with_and_without_a_mark() {
    for (big, mark) in [(false, false), (false, true), (true, false), (true, true)] {
        let bytes = utf16("<?xml version='1.0' encoding='UTF-16'?><r x='ż€😀'/>", big, mark);
        assert_eq!(value(bytes, DocumentEncoding::Detect), Ok("ż€😀".into()), "{big} {mark}");
    }
}

#[test]
fn a_declared_encoding_is_followed() {
    let mut bytes = b"<?xml version=\"1.0\" encoding=\"ISO-8859-2\"?><r x='".to_vec();
    bytes.push(0xBF);
    bytes.extend(b"'/>");
    assert_eq!(value(bytes, DocumentEncoding::Detect), Ok("ż".into()));
}

#[test]
fn text_that_arrived_as_nvarchar_ignores_its_declaration() {
    let bytes = utf16("<?xml version='1.0' encoding='utf-8'?><r x='ż'/>", false, false);
    assert_eq!(value(bytes, DocumentEncoding::Utf16Le), Ok("ż".into()));
    let bytes = "<?xml version='1.0' encoding='utf-16'?><r x='ż'/>".as_bytes().to_vec();
    assert_eq!(value(bytes, DocumentEncoding::Utf8), Ok("ż".into()));
}

#[test]
fn bytes_that_are_not_what_they_claim_are_malformed() {
    let invalid = b"<r x='\xFF\xFE'/>".to_vec();
    let unknown = b"<?xml version='1.0' encoding='martian'?><r x='1'/>".to_vec();
    let wrong = b"<?xml version='1.0' encoding='utf-16'?><r x='1'/>".to_vec();
    for bytes in [invalid, unknown, wrong] {
        let found = value(bytes, DocumentEncoding::Detect);
        assert_eq!(found, Err(FailureCategory::MalformedXml));
    }
    let utf32: Vec<u8> = "<r x='1'/>".chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
    let marked = [vec![0xFF, 0xFE, 0, 0], utf32.clone()].concat();
    for bytes in [utf32, marked] {
        let failure = failure(bytes, DocumentEncoding::Detect);
        assert!(failure.reason.contains("UTF-32"), "{}", failure.reason);
    }
    let twice = "\u{FEFF}\u{FEFF}<r x='1'/>".as_bytes().to_vec();
    assert_eq!(value(twice, DocumentEncoding::Detect), Err(FailureCategory::MalformedXml));
}

#[test]
fn bytes_that_are_not_text_have_a_place() {
    let latin = "<?xml version='1.0'?>\n<r><ä>\u{1}</ä>".as_bytes();
    let latin = [latin, b"<q x='\xFC'/></r>"].concat();
    let mut unpaired = utf16("<r>\n<ä x='", false, false);
    unpaired.extend([0x00, 0xD8]);
    unpaired.extend(utf16("'/></r>", false, false));
    for (bytes, encoding, place) in
        [(latin, DocumentEncoding::Detect, (2, 18)), (unpaired, DocumentEncoding::Utf16Le, (2, 7))]
    {
        let failure = failure(bytes, encoding);
        assert_eq!(failure.category, FailureCategory::MalformedXml);
        assert_eq!((failure.line, failure.column_number), (Some(place.0), Some(place.1)));
    }
}

#[test]
fn a_declaration_that_is_ignored_is_reported() {
    let bytes = b"\n<?xml version='1.0' encoding='windows-1252'?><r x='\xFC'/>".to_vec();
    let failure = failure(bytes, DocumentEncoding::Detect);
    assert!(failure.reason.contains("its XML declaration is ignored"), "{}", failure.reason);
}

/// Case 12: for a browser, US-ASCII is Windows-1252, and the bytes would become other characters.
#[test]
fn a_document_that_declares_us_ascii_is_that() {
    let document = |label: &str, value: &[u8]| {
        let mut bytes =
            format!("<?xml version=\"1.0\" encoding=\"{label}\"?>\n<r x='").into_bytes();
        bytes.extend(value);
        bytes.extend(b"'/>");
        bytes
    };
    for label in ["US-ASCII", "ascii", "ANSI_X3.4-1968", "ISO646-US", "csASCII"] {
        let plain = document(label, b"plain");
        assert_eq!(value(plain, DocumentEncoding::Detect), Ok("plain".into()), "{label}");
        let failure = failure(document(label, "ż".as_bytes()), DocumentEncoding::Detect);
        assert_eq!(failure.category, FailureCategory::MalformedXml, "{label}");
        assert_eq!((failure.line, failure.column_number), (Some(2), Some(7)), "{label}");
        assert!(failure.reason.contains("US-ASCII, which does not have the byte 0xC5"), "{label}");
    }
    // Those who write these bytes mean Windows-1252.
    let latin1 = document("ISO-8859-1", &[0x93, 0x80, 0x94, 0xE9]);
    assert_eq!(value(latin1, DocumentEncoding::Detect), Ok("“€”é".into()));
}
