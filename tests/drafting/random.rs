//! A draft is a contract, and maps the documents that it was drafted from.

use std::sync::Arc;

use proptest::prelude::*;
use xmlshred::contract::{Contract, ParsedContract};
use xmlshred::coverage::coverage;
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::drafting::{draft, update, Options};
use xmlshred::id::AppId;
use xmlshred::offline::{Content, Mapping, Source};
use xmlshred::shred::{Limits, Shredder};

use super::profiled;

/// Names that meet keywords, functions, reserved words, and each other in another case.
fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a", "A", "b", "order", "Order", "id", "no", "left", "null", "case", "count", "value",
        "item-1", "x.y", "billTo", "app_id", "Ünit", "p:a", "q:a", "select", "b_no", "_", "s_1",
        "s_2", "s_3", "p:s_1", "p:s_2",
    ])
}

/// Values of every shape, in forms that differ.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("  ".to_owned()),
        (-3_i64..400).prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        "0[0-9]{2,4}",
        "-?[0-9]{1,22}\\.[0-9]{1,22}",
        "[1-9]\\.[0-9]E-?[0-9]",
        Just("$ 1,234.50".to_owned()),
        "[0-9]{1,3},[0-9]{2}",
        Just("true".to_owned()),
        "20[0-9]{2}-0[1-9]-[12][0-9]",
        "20[0-9]{2}-0[1-9]-[12][0-9]T0[0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|\\+02:00)?",
        "[12][0-9]\\.0[1-9]\\.20[0-9]{2}",
        "[0-2]?[1-9]/[1-9]/20[0-9]{2}( [1-9]:[0-5][0-9] (AM|PM))?",
        "[1-9] (Jan|March|AUG) 19[0-9]{2}",
        "0[0-9]:[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?",
        Just("6f9619ff-8b86-d011-b42d-00c04fc964ff".to_owned()),
        "[A-Z]{3}",
        "[ -~]{0,60}",
        "\\PC{0,30}",
        "x{4001}",
    ]
    .prop_map(|text| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        // XML has no such characters.
        text.replace('"', "&quot;").replace(['\u{fffe}', '\u{ffff}'], "?")
    })
}

/// An element with attributes, text, CDATA, comments and elements.
fn element() -> impl Strategy<Value = String> {
    let attributes = || prop::collection::btree_map(name(), value(), 0..4);
    let tag = |name: &str, attributes: &std::collections::BTreeMap<&str, String>, inside: &str| {
        // One expanded name twice is not well-formed.
        let both = attributes.contains_key("p:a") && attributes.contains_key("q:a");
        let attributes = attributes.iter().filter(|(name, _)| !(both && **name == "q:a"));
        let attributes: String =
            attributes.map(|(name, value)| format!(" {name}=\"{value}\"")).collect();
        format!("<{name}{attributes}>{inside}</{name}>")
    };
    let leaf = (name(), attributes(), value())
        .prop_map(move |(name, attributes, value)| tag(name, &attributes, &value));
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let inside = prop_oneof![
            6 => inner,
            1 => value(),
            1 => Just("<!-- c -->".to_owned()),
            1 => Just("<![CDATA[ x<y ]]>".to_owned()),
            1 => Just("<empty/>".to_owned()),
        ];
        (name(), attributes(), prop::collection::vec(inside, 0..6))
            .prop_map(move |(name, attributes, inside)| tag(name, &attributes, &inside.concat()))
    })
}

fn document() -> impl Strategy<Value = String> {
    prop::collection::vec(element(), 0..6).prop_map(|inside| {
        format!("<r xmlns:p=\"urn:p\" xmlns:q=\"urn:q\">{}</r>", inside.concat())
    })
}

/// A contract that nobody drafted, or none.
fn any_contract() -> impl Strategy<Value = Option<String>> {
    let columns = "[tables.columns]\nid = { type = \"int\", value = \"APP_ID()\" }\n";
    let contract = move |document: &str, table: &str| {
        format!(
            "[contract]\nname = \"hand\"\n[document]\nroot = \"r\"\n{document}[[tables]]\nname = \"a\"\n\
             app_column = \"id\"\n{table}{columns}"
        )
    };
    let contracts = [
        ("", "each = \"/r\"\nprimary_key = [\"id\"]\n"),
        ("namespaces = { p = \"urn:p\", z = \"urn:z\" }\n", "each = \"/r\"\n"),
        ("namespaces = \"ignore\"\nwhite_space = \"strip\"\n", "each = \"/r/a\"\n"),
        ("", "each = \"//a\"\n"),
        ("", "each = \"/r/*\"\n"),
        ("", "each = \"/r/a[@id = 'A']\"\nwhere = \"b IS NOT NULL\"\n"),
        ("attribute_names = \"ignore-case\"\n", "each = \"/r/order/b\"\n"),
        (
            "",
            "each = \"/r/a\"\n[tables.columns]\nid = { type = \"int\", value = \"APP_ID()\" }\n\
             [[tables]]\nname = \"a\"\napp_column = \"id\"\neach = \"/r/b\"\n",
        ),
        ("", "each = \"SPLIT(/r/@id, ',')\"\n"),
    ];
    let contracts = contracts.map(|(document, table)| Some(contract(document, table)));
    prop_oneof![Just(None), prop::sample::select(contracts.to_vec())]
}

/// Whether a contract maps each document, keys included.
fn mapped(parsed: &ParsedContract, documents: &[String]) -> Vec<bool> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let mapping = Mapping {
        contract: Arc::clone(&parsed.contract),
        limits: Limits::default(),
        now: chrono::Utc::now(),
        id_from_key: true,
    };
    let documents = (1..).zip(documents).map(|(id, document)| {
        let bytes = document.clone().into_bytes();
        let document = Document { bytes, encoding: DocumentEncoding::Utf8 };
        let content = Content::Stored(Some(document));
        let source = Source { app_id: AppId(id), name: String::new(), content };
        mapping.count(&[source], &threads).expect("nothing is written").failed() == 0
    });
    documents.collect()
}

/// Few, unless `PROPTEST_CASES` says how many.
fn config() -> ProptestConfig {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() {
        ProptestConfig::default().cases
    } else {
        48
    };
    ProptestConfig { failure_persistence: None, cases, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_draft_maps_its_own_samples(
        documents in prop::collection::vec(document(), 1..7),
        unpivot in any::<bool>(),
    ) {
        let profile = profiled(&documents);
        let options = Options { unpivot, ..Options::default() };
        let drafted = draft(&profile, profile.roots()[0], "draft", &options);
        let (contract, warnings) = Contract::parse(&drafted.toml, "draft.toml")
            .unwrap_or_else(|mistakes| panic!("{mistakes}\n{}", drafted.toml));
        prop_assert_eq!(warnings.counts(), "no errors", "{}\n{}", warnings, drafted.toml);
        // Too few values for any to be rare.
        prop_assert!(drafted.report.fates()[0].1.is_empty());
        let mut shredder = Shredder::new(Arc::new(contract), Limits::default());
        for (id, document) in (1..).zip(&documents) {
            let document = Document {
                bytes: document.clone().into_bytes(),
                encoding: DocumentEncoding::Utf8,
            };
            let app_id = shredder.key(&document).unwrap_or(AppId(id));
            let outcome = shredder.shred(app_id, chrono::Utc::now(), Some(&document));
            if let Err(failure) = outcome {
                let text = String::from_utf8_lossy(&document.bytes).into_owned();
                prop_assert!(false, "{:?}\n{}\n{}", failure, text, drafted.toml);
            }
        }
    }

    #[test]
    fn what_a_draft_does_not_read_is_in_its_report(
        documents in prop::collection::vec(document(), 1..7),
        unpivot in any::<bool>(),
    ) {
        let profile = profiled(&documents);
        let options = Options { unpivot, ..Options::default() };
        let drafted = draft(&profile, profile.roots()[0], "draft", &options);
        let parsed = ParsedContract::parse(&drafted.toml, "draft.toml").expect("a contract");
        let coverage = coverage(&parsed, &profile);
        prop_assert!(coverage.absent.is_empty(), "{:?}\n{}", coverage.absent, drafted.toml);
        prop_assert!(coverage.repeated.is_empty(), "{:?}\n{}", coverage.repeated, drafted.toml);
        let left_out = &drafted.report.left_out;
        for unread in coverage.unread() {
            let is_reported = left_out.iter().any(|left| unread.path.starts_with(&left.path));
            prop_assert!(is_reported, "{}\n{}", unread.path, drafted.toml);
        }
    }

    #[test]
    fn statistics_in_a_file_are_what_was_seen(documents in prop::collection::vec(document(), 1..5)) {
        let profile = profiled(&documents);
        let text = serde_json::to_string(&profile).expect("JSON");
        let read: xmlshred::profile::Profile = serde_json::from_str(&text).expect("a profile");
        let read = read.restored().expect("sound");
        let toml = |profile: &xmlshred::profile::Profile| {
            draft(profile, profile.roots()[0], "draft", &Options::default()).toml
        };
        prop_assert_eq!(toml(&profile), toml(&read));
        prop_assert_eq!(text, serde_json::to_string(&read).expect("JSON"));
    }

    #[test]
    fn the_division_into_parts_does_not_matter(documents in prop::collection::vec(document(), 2..7)) {
        let whole = profiled(&documents);
        let (first, second) = documents.split_at(documents.len() / 2);
        let mut profiler = xmlshred::profile::Profiler::new(512);
        for (number, document) in (first.len() as u64..).zip(second) {
            profiler.read(document, number).expect("well-formed");
        }
        // The later ones first.
        let mut merged = profiler.finish();
        merged.merge(profiled(first));
        let toml = |profile| {
            let profile: xmlshred::profile::Profile = profile;
            draft(&profile, profile.roots()[0], "draft", &Options::default()).toml
        };
        prop_assert_eq!(toml(whole), toml(merged));
    }

    #[test]
    fn an_update_keeps_what_there_is_and_maps_no_less(
        documents in prop::collection::vec(document(), 2..7),
        contract in any_contract(),
        unpivot in any::<bool>(),
    ) {
        let options = Options { unpivot, ..Options::default() };
        let old = contract.unwrap_or_else(|| {
            let seen = profiled(&documents[..documents.len() / 2]);
            draft(&seen, seen.roots()[0], "draft", &options).toml
        });
        let profile = profiled(&documents);
        let parsed = ParsedContract::parse(&old, "old.toml").expect("a contract");
        let new = update(&profile, &parsed, &old, &options).expect("sections");
        let updated = ParsedContract::parse(&new.toml, "new.toml")
            .unwrap_or_else(|mistakes| panic!("{mistakes}\n{}", new.toml));
        let mut lines = new.toml.lines();
        for line in old.lines() {
            // A prefix may be added.
            let kept = line.strip_suffix(" }").filter(|_| line.starts_with("namespaces"));
            let is_it = |new: &str| new == line || kept.is_some_and(|kept| new.starts_with(kept));
            prop_assert!(lines.any(is_it), "{}\n{}\n{}", line, old, new.toml);
        }
        let (before, after) = (mapped(&parsed, &documents), mapped(&updated, &documents));
        for (document, (before, after)) in documents.iter().zip(before.iter().zip(&after)) {
            prop_assert!(*after || !before, "{}\n{}\n{}", document, old, new.toml);
        }
        let again = update(&profile, &updated, &new.toml, &options).expect("sections");
        prop_assert_eq!(&again.toml, &new.toml);
        let listed: Vec<&str> =
            new.toml.lines().filter_map(|line| line.strip_prefix("#   /")).collect();
        for unread in coverage(&updated, &profile).unread() {
            let is_listed = listed.iter().any(|line| {
                let path = line.split(' ').next().unwrap_or_default();
                let unread = unread.path[1..].replace("p:", "").replace("q:", "");
                unread.starts_with(&path.replace("p:", "").replace("q:", ""))
            });
            prop_assert!(is_listed, "{}\n{}\n{}", unread.path, old, new.toml);
        }
    }
}
