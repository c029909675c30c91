//! Skipped parts are balanced as an independent reader would balance them.

use proptest::prelude::*;
use quick_xml::events::Event;
use quick_xml::Reader;

use super::{one_column, shred};
use xmlshred::outcome::FailureCategory;

/// Whether quick-xml reads the whole document as one element with nothing wrong outside it.
fn reads(document: &str) -> bool {
    let mut reader = Reader::from_str(document);
    reader.config_mut().allow_dangling_amp = true;
    let mut depth = 0usize;
    let mut roots = 0;
    loop {
        match reader.read_event() {
            Err(_) => return false,
            Ok(Event::Start(_)) => {
                roots += usize::from(depth == 0);
                depth += 1;
            }
            Ok(Event::Empty(_)) => roots += usize::from(depth == 0),
            Ok(Event::End(_)) => depth -= 1,
            Ok(Event::Text(text)) if depth == 0 => {
                if text.iter().any(|b| !b.is_ascii_whitespace()) {
                    return false;
                }
            }
            Ok(Event::CData(_) | Event::GeneralRef(_)) if depth == 0 => return false,
            Ok(Event::Eof) => return depth == 0 && roots == 1,
            Ok(_) => {}
        }
    }
}

/// Pieces that make well-formed and almost well-formed documents.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("<a>".to_owned()),
        4 => Just("</a>".to_owned()),
        2 => Just("<bc d='>' e=\"'\">".to_owned()),
        2 => Just("</bc>".to_owned()),
        1 => Just("</bc >".to_owned()),
        2 => Just("<f g='</a>'/>".to_owned()),
        1 => Just("<!-- <a> ' -- -->".to_owned()),
        1 => Just("<![CDATA[ </a> ]] > ]]>".to_owned()),
        1 => Just("<?pi <a> ?>".to_owned()),
        1 => Just("text ' \" > &amp; ]]".to_owned()),
        1 => Just("<".to_owned()),
        1 => Just("'".to_owned()),
        1 => "[ -~]{0,70}".prop_map(|text| text.replace(['<', '!', '?'], " ")),
    ]
}

/// A tree, so that many documents are well-formed.
fn element() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("<f g='>'/>".to_owned()),
        Just("<!-- <a> -->".to_owned()),
        Just("<![CDATA[</a>]]>".to_owned()),
        "[a-z >'\"]{0,90}",
    ];
    leaf.prop_recursive(6, 60, 5, |inner| {
        (proptest::collection::vec(inner, 0..5), prop_oneof![Just("a"), Just("bc d='/>'")])
            .prop_map(|(inside, tag)| {
                let name = &tag[..tag.find(' ').unwrap_or(tag.len())];
                format!("<{tag}>{}</{name}>", inside.concat())
            })
    })
}

fn agrees(document: &str) {
    let outcome = shred(&one_column("/r/none", "@x"), document);
    let accepted = match &outcome {
        Ok(_) => true,
        Err(failure) => {
            assert_eq!(failure.category, FailureCategory::MalformedXml, "{document}");
            false
        }
    };
    // A tag without a name and an end tag with attributes are no XML, though quick-xml takes them.
    if accepted || !reads(document) {
        assert_eq!(accepted, reads(document), "{document}\n{outcome:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_pieces_are_balanced_as_quick_xml_balances_them(pieces in proptest::collection::vec(piece(), 0..24)) {
        agrees(&format!("<r>{}</r>", pieces.concat()));
    }

    #[test]
    fn trees_are_accepted_and_what_breaks_them_is_found(inside in element(), cut in 0usize..1000) {
        let document = format!("<r>{inside}</r>");
        prop_assert!(shred(&one_column("/r/none", "@x"), &document).is_ok(), "{}", document);
        let cut = cut % document.len();
        let mutated = format!("{}{}", &document[..cut], &document[cut + 1..]);
        if mutated.starts_with("<r>") {
            agrees(&mutated);
        }
    }
}
