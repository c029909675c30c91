//! Dividing a document into its records.

use xmlshred::split::{LeftOut, SplitOptions, Splitter};

/// The records, what was left out, and the error that ended it.
fn divided(document: &[u8], each: &str, keep: bool) -> (Vec<String>, LeftOut, Option<String>) {
    let each = each.parse().expect("a path");
    let options = SplitOptions { each, keep_envelope: keep, record_bytes: 1 << 20 };
    let mut splitter = Splitter::new(document, options);
    let mut records = Vec::new();
    let error = loop {
        match splitter.next_record() {
            Ok(Some(record)) => {
                assert_eq!(record.number, records.len() as u64 + 1);
                records.push(String::from_utf8(record.bytes).expect("UTF-8"));
            }
            Ok(None) => break None,
            Err(error) => break Some(error.to_string()),
        }
    };
    (records, splitter.left_out().clone(), error)
}

fn records(document: &str, each: &str) -> Vec<String> {
    let (records, _, error) = divided(document.as_bytes(), each, false);
    assert_eq!(error, None, "{document}");
    records
}

fn error(document: impl AsRef<[u8]>, each: &str) -> String {
    divided(document.as_ref(), each, false).2.expect("it is wrong")
}

#[test]
fn records_have_the_bytes_of_their_elements() {
    let document =
        "<?xml version='1.0'?>\n<!-- </a> --><a>\n <b n='>'>x<![CDATA[</b>]]><b/>&lt;</b ><b/>\
                    <!--<b>--><?b <b>?><c><b>deep</b></c></a>\n<!-- end -->";
    let expected = ["<b n='>'>x<![CDATA[</b>]]><b/>&lt;</b >", "<b/>"];
    assert_eq!(records(document, "/a/b"), expected);
    assert_eq!(records(document, "/a/c/b"), ["<b>deep</b>"]);
    assert_eq!(records(document, "/*/*/b").len(), 2);
    assert_eq!(records("<a><b/></a>", "/a"), ["<a><b/></a>"]);
    assert_eq!(records("<a/>", "/a"), ["<a/>"]);
}

#[test]
fn a_record_takes_along_what_it_inherits() {
    let document = "<o:a xmlns:o='urn:o' xmlns='urn:d' xml:lang=\"de\" xml:space='preserve' day='1'>\
                    <m xml:lang='fr' xmlns:p='urn:p'><r n='1'/><r xmlns='' xml:lang='en'>x</r></m></o:a>";
    let expected = [
        "<r xml:lang='fr' xmlns:p='urn:p' xmlns:o='urn:o' xmlns='urn:d' xml:space='preserve' n='1'/>",
        "<r xmlns:p='urn:p' xmlns:o='urn:o' xml:space='preserve' xmlns='' xml:lang='en'>x</r>",
    ];
    assert_eq!(records(document, "/a/m/r"), expected);
    // A namespace that is undeclared on the way is not declared.
    let document = "<a xmlns='urn:d'><m xmlns=''><r/></m><m><r/></m></a>";
    assert_eq!(records(document, "/a/m/r"), ["<r/>", "<r xmlns='urn:d'/>"]);
}

#[test]
fn the_envelope_is_kept_where_it_is_asked_for() {
    let document = "<a day='1'>\n<h/><m  x='2'>text<r>1</r><r/></m><m><r/></m></a>";
    let (records, left_out, error) = divided(document.as_bytes(), "/a/m/r", true);
    assert_eq!(error, None);
    let expected = [
        "<a day='1'><m  x='2'><r>1</r></m></a>",
        "<a day='1'><m  x='2'><r/></m></a>",
        "<a day='1'><m><r/></m></a>",
    ];
    assert_eq!(records, expected);
    let expected = LeftOut { elements: 1, first: Some("/a/h".to_owned()), text: true };
    assert_eq!(left_out, expected);
}

#[test]
fn names_with_a_prefix_are_compared_as_they_are_written() {
    let document = "<x:a><x:b/><y:b/><b/></x:a>";
    assert_eq!(records(document, "/a/b").len(), 3);
    assert_eq!(records(document, "/x:a/y:b"), ["<y:b/>"]);
    for wrong in ["a/b", "/a//b", "/a/", "/", "/a/@b", "/a/b[1]", "/a b", "/1", "/a/:b"] {
        assert!(wrong.parse::<xmlshred::split::EachPath>().is_err(), "{wrong}");
    }
}

#[test]
fn other_encodings_become_utf_8() {
    let text = "<a n='ä'><b>ü€</b></a>";
    let utf16 =
        |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(bytes).collect() };
    let with = |mark: &[u8], text: Vec<u8>| [mark.to_vec(), text].concat();
    let latin = b"<?xml version='1.0' encoding='windows-1252'?><a><b>\xFC\x80</b></a>".to_vec();
    for document in [
        text.as_bytes().to_vec(),
        with(b"\xEF\xBB\xBF", text.into()),
        with(b"\xFF\xFE", utf16(u16::to_le_bytes)),
        with(b"\xFE\xFF", utf16(u16::to_be_bytes)),
        utf16(u16::to_le_bytes),
        latin,
    ] {
        assert_eq!(divided(&document, "/a/b", false).0, ["<b>ü€</b>"], "{document:?}");
    }
    assert!(error(b"<a><b/><b>\xFF</b></a>", "/a/b").contains("not valid UTF-8"));
    let ascii = b"<?xml version='1.0' encoding='us-ascii'?><a><b>\xFC</b></a>";
    assert!(error(ascii, "/a/b").contains("US-ASCII"));
    assert!(error("<?xml version='1.0' encoding='klingon'?><a/>", "/a").contains("klingon"));
}

/// What is read at once has 256 KiB: markup of every kind crosses its end at every place.
#[test]
fn markup_may_cross_from_one_piece_into_the_next() {
    let kinds = "<!-- x --><?p x?><x><![CDATA[<b>]]></x><b n='>' m=\"'\">€<![CDATA[</b>]]><!-- </b> --></b>";
    for fill in (0..kinds.len() + 2).map(|before| (256 << 10) - before - 3) {
        for padding in [" ".repeat(fill), format!("<!--{}-->", "-".repeat(fill - 7))] {
            let document = format!("<a>{padding}{kinds}</a>");
            let expected = [&kinds[kinds.find("<b n").unwrap()..]];
            assert_eq!(records(&document, "/a/b"), expected, "{fill}");
        }
    }
}

#[test]
fn what_is_long_beside_records_is_not_kept() {
    let long = "x".repeat(5 << 20);
    let document = format!("<a>{long}<!--{long}--><c>{long}<![CDATA[{long}]]><b/></c><b/></a>");
    assert_eq!(records(&document, "/a/b"), ["<b/>"]);
    let inside = format!("<a>\n<b/>\n<b>{long}</b></a>");
    let (records, _, error) = divided(inside.as_bytes(), "/a/b", false);
    assert_eq!(records, ["<b/>"]);
    let expected =
        "line 3: record 2 has more than 1048576 bytes, and --max-document-bytes is 1048576: \
         raise it, or name smaller records";
    assert_eq!(error.as_deref(), Some(expected));
    let tag = format!("<a><c n='{long}'/></a>");
    assert!(self::error(tag, "/a/b").contains("a tag has more than 1048576 bytes"));
}

#[test]
fn what_is_not_well_formed_has_its_line() {
    for (document, expected) in [
        ("<a>\n<b>\n</a>", "line 3: expected </b>, found </a>"),
        ("<a>\n<b/>", "line 2: the document ends inside <a>"),
        ("<a>\n<b n='", "line 2: a tag begins here and never ends"),
        ("<a>\n<!-- \n", "line 2: a comment begins here and never ends"),
        ("<a/>\n<a/>", "line 2: the document has a second root element: a document has one"),
        ("<a/>\n</a>", "line 2: an end tag has no start tag"),
        ("\nx<a/>", "line 2: text is not allowed outside of the root element"),
        ("<a/> x", "line 1: text is not allowed outside of the root element"),
        ("<a>< b/></a>", "line 1: a < is not followed by a name: write &lt; for the character"),
        ("<a n=1><b/></a>", "line 1: the start tag of <a> has something that is not an attribute"),
        ("  \n", "line 2: the document has no element"),
        ("", "line 1: the document has no element"),
    ] {
        assert_eq!(error(document, "/a/b"), expected, "{document}");
    }
}

#[test]
fn a_doctype_is_left_out_and_entities_are_refused() {
    let document = "<!DOCTYPE a [<!ELEMENT a ANY> <!-- <b/> ' -->]><a><b>&amp;</b></a>";
    assert_eq!(records(document, "/a/b"), ["<b>&amp;</b>"]);
    assert_eq!(records("<!DOCTYPE a SYSTEM 'a.dtd'><a><b/></a>", "/a/b"), ["<b/>"]);
    let padding = " ".repeat(300_000);
    let document = format!("<!DOCTYPE a [{padding}<!ELEMENT a ANY>]><a><b/></a>");
    assert_eq!(records(&document, "/a/b"), ["<b/>"]);
    let bomb = "<!DOCTYPE a [<!ENTITY x 'y'>]><a><b>&x;</b></a>";
    assert!(error(bomb, "/a/b").contains("declares the entity \"x\", which is refused"));
    assert!(error("<a><!DOCTYPE a><b/></a>", "/a/b").contains("a declaration is not allowed here"));
}
