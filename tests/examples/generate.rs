//! The generated applications are what they say they are.

use std::collections::BTreeSet;

use quick_xml::events::Event;
use quick_xml::Reader;
use xmlshred::demo::generate::{application, expected, Kind, Profile};
use xmlshred::outcome::FailureCategory;

/// Reads a document to its end and says whether it is well-formed.
fn is_well_formed(text: &str) -> bool {
    let mut reader = Reader::from_str(text);
    let mut depth = 0;
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End(_)) => depth -= 1,
            Ok(Event::Eof) => return depth == 0,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

#[test]
fn a_seed_and_an_id_give_one_document() {
    let profile = Profile::DEMO;
    assert!(application(7, 12, &profile) == application(7, 12, &profile));
    assert!(application(7, 12, &profile) != application(8, 12, &profile));
    assert!(application(7, 12, &profile) != application(7, 13, &profile));
}

#[test]
fn the_demo_documents_are_from_5_kb_to_2_mb_and_about_20_kb_on_average() {
    let sizes: Vec<usize> =
        (1..=1_500).map(|id| application(1, id, &Profile::DEMO).len()).collect();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!((18_000..=22_000).contains(&mean), "{mean}");
    let (smallest, largest) = (sizes.iter().min().copied(), sizes.iter().max().copied());
    // A document that is cut short may be somewhat smaller than any other.
    assert!(smallest >= Some(2_500), "{smallest:?}");
    assert!(largest >= Some(500_000) && largest <= Some(2_100_000), "{largest:?}");
}

#[test]
fn every_kind_is_planted_and_about_as_often_as_asked() {
    let kinds: Vec<Kind> = (1..=5_000).map(|id| expected(3, id, &Profile::DEMO)).collect();
    let failing = kinds.iter().filter(|kind| kind.failure().is_some()).count();
    assert!((50..=100).contains(&failing), "{failing}");
    let planted: BTreeSet<Kind> = kinds.into_iter().collect();
    assert!(planted.contains(&Kind::DuplicateContact));
    assert!(Kind::FAILING.iter().all(|kind| planted.contains(kind)), "{planted:?}");
    assert!(Kind::FAILING.iter().all(|kind| kind.failure().is_some()));
}

#[test]
fn only_the_kinds_that_are_malformed_are_not_well_formed() {
    let mut read = 0;
    for id in 1..=400 {
        let document = application(5, id, &Profile::SMALL);
        let malformed =
            expected(5, id, &Profile::SMALL).failure() == Some(FailureCategory::MalformedXml);
        // The other encodings are the shredder's to read.
        if !malformed && !document.starts_with(b"<?xml version=\"1.0\" encoding=\"UTF-8\"") {
            continue;
        }
        let well_formed = std::str::from_utf8(&document).is_ok_and(is_well_formed);
        assert_eq!(well_formed, !malformed, "application {id}");
        read += 1;
    }
    assert!(read > 300, "{read}");
}
