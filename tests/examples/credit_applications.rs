//! The credit example: every planted kind fails as it must, and the others give the rows that
//! were counted in another way.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use quick_xml::events::Event;
use quick_xml::Reader;
use xmlshred::contract::Contract;
use xmlshred::demo::generate::{application, expected, Profile};
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::id::AppId;
use xmlshred::outcome::{FailureCategory, Outcome, TableRows};
use xmlshred::shred::Shredder;
use xmlshred::value::Value;

fn shred(shredder: &mut Shredder, seed: u64, app_id: i64, profile: &Profile) -> Outcome {
    let bytes = application(seed, app_id, profile);
    let document = Document { bytes, encoding: DocumentEncoding::Detect };
    shredder.shred(AppId(app_id), DateTime::UNIX_EPOCH, Some(&document))
}

#[test]
fn every_planted_kind_fails_with_its_category_and_nothing_else_fails() {
    let mut shredder = super::shredder("credit-applications");
    for app_id in 1..=600 {
        let kind = expected(11, app_id, &Profile::SMALL);
        let outcome = shred(&mut shredder, 11, app_id, &Profile::SMALL);
        let failed = match &outcome {
            Err(failure) => Some(failure.category),
            Ok(rows) if violates_a_key(shredder.contract(), rows) => {
                Some(FailureCategory::ConstraintViolation)
            }
            Ok(_) => None,
        };
        assert_eq!(failed, kind.failure(), "application {app_id}, {kind:?}: {:?}", outcome.err());
    }
}

/// Whether the database would refuse these rows: a primary key twice, a parent that is not there.
fn violates_a_key(contract: &Contract, rows: &[TableRows]) -> bool {
    let mut keys: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (target, rows) in contract.targets.iter().zip(rows) {
        let columns_at = |names: &[String], row: &[Value]| {
            let at = |name: &String| {
                target.columns.iter().position(|c| c.name == *name).expect("a column")
            };
            names.iter().map(|name| format!("{:?};", row[at(name)])).collect::<String>()
        };
        let parents =
            target.foreign_key.as_ref().map(|key| (&key.columns, &keys[&*key.references]));
        let orphan =
            |row| parents.is_some_and(|(names, has)| !has.contains(&columns_at(names, row)));
        if rows.iter().any(orphan) {
            return true;
        }
        let own = rows.iter().map(|row| columns_at(&target.primary_key, row)).collect();
        keys.insert(&target.name, own);
        if keys[&*target.name].len() != rows.len() {
            return true;
        }
    }
    false
}

/// What a document holds, counted over its events without a contract.
#[derive(Debug, Default, PartialEq)]
struct Counted {
    contacts: BTreeSet<String>,
    addresses: BTreeSet<(String, String)>,
    employments: BTreeSet<(String, String)>,
    collateral: usize,
    scores: usize,
    entries: usize,
}

fn count(document: &str) -> Counted {
    let mut counted = Counted::default();
    let mut reader = Reader::from_str(document);
    let mut contact = None;
    loop {
        let element = match reader.read_event().expect("a well-formed document") {
            Event::Start(element) | Event::Empty(element) => element,
            Event::Eof => return counted,
            _ => continue,
        };
        let attributes: BTreeMap<String, String> = element
            .attributes()
            .map(|attribute| attribute.expect("an attribute"))
            .map(|a| (text(a.key.as_ref()), text(&a.value)))
            .collect();
        let value = |name: &str| attributes.get(name).cloned().unwrap_or_default();
        let filled = |names: &[&str]| names.iter().filter(|name| !value(name).is_empty()).count();
        match element.name().as_ref() {
            b"application" => {
                counted.collateral += filled(&["coll1_vin", "coll2_vin", "coll3_vin"]);
            }
            b"app_product" => {
                counted.scores += filled(&["QX_AUTO_score", "QX_DIE_score", "ZB_RISK_score"]);
                let fourth = value("model_version").starts_with("V4_");
                counted.scores += if fourth { filled(&["V4_score"]) } else { 0 };
            }
            b"bureau_report" => {
                counted.scores += usize::from(value("hit_ind") == "Y" && value("score") != "9999");
            }
            b"entry" => counted.entries += 1,
            b"contact" => {
                let loaded = matches!(value("ac_role_tp_c").as_str(), "PR" | "AUTHU");
                contact = Some(value("con_id")).filter(|id| loaded && !id.is_empty());
                counted.contacts.extend(contact.clone());
                // What a person has under another role goes with that role's row.
                if let Some(id) = contact.as_ref().filter(|_| value("ac_role_tp_c") == "PR") {
                    counted.addresses.retain(|(owner, _)| owner != id);
                    counted.employments.retain(|(owner, _)| owner != id);
                }
            }
            b"contact_address" if value("address_tp_c") != "SEASON" => {
                counted.addresses.extend(contact.clone().map(|id| (id, value("address_tp_c"))));
            }
            b"contact_employment" => {
                let kind = value("employment_tp_c");
                counted.employments.extend(contact.clone().map(|id| (id, kind)));
            }
            _ => {}
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_rows_are_as_many_as_an_independent_count_finds() {
    let mut shredder = super::shredder("credit-applications");
    let profile = Profile::SMALL.without_failures();
    let mut compared = 0;
    for app_id in 1..=300 {
        let bytes = application(11, app_id, &profile);
        let Ok(document) = std::str::from_utf8(&bytes) else { continue };
        let counted = count(document);
        let rows = shred(&mut shredder, 11, app_id, &profile).expect("a document without failures");
        for (table, expected) in [
            ("app_base", 1),
            ("app_pricing", 1),
            ("app_collateral", counted.collateral),
            ("app_contact", counted.contacts.len()),
            ("contact_address", counted.addresses.len()),
            ("contact_employment", counted.employments.len()),
            ("scores", counted.scores),
            ("app_decision_history", counted.entries),
        ] {
            let target =
                shredder.contract().targets.iter().position(|t| t.name == table).expect(table);
            assert_eq!(rows[target].len(), expected, "{table} of application {app_id}");
        }
        compared += 1;
    }
    assert!(compared > 250, "{compared}");
}
