//! Lookups and keys in words.

use super::words;
use crate::contract::model::{KeyRule, Lookup, LookupValue, MatchMode, OnMissing};

/// A lookup: codes and what they become.
#[derive(Debug, Clone)]
pub struct Entries {
    /// Its name.
    pub name: String,
    /// How text is compared with the codes.
    pub matching: &'static str,
    /// What blank or absent text becomes.
    pub on_blank: String,
    /// What text that is not listed becomes.
    pub on_unmapped: String,
    /// Codes and values in the order of the contract.
    pub values: Vec<(String, String)>,
}

/// Elements that others refer to by an id.
#[derive(Debug, Clone)]
pub struct ReferencedKey {
    /// Its name.
    pub name: String,
    /// The path to the elements.
    pub each: String,
    /// The id of one of them.
    pub key: String,
    /// The same in words.
    pub words: String,
}

impl Entries {
    pub(super) fn of(lookup: &Lookup) -> Self {
        let entry = |(code, value): &(String, LookupValue)| (code.clone(), text(value));
        Self {
            name: lookup.name.clone(),
            matching: match lookup.match_mode {
                MatchMode::Exact => "the case of letters matters",
                MatchMode::IgnoreCase => "the case of letters does not matter",
                MatchMode::ExactThenIgnoreCase => {
                    "the code in the same case of letters, or else the first in any case"
                }
            },
            on_blank: missing(&lookup.on_blank),
            on_unmapped: missing(&lookup.on_unmapped),
            values: lookup.values.iter().map(entry).collect(),
        }
    }
}

impl ReferencedKey {
    pub(super) fn of(key: &KeyRule) -> Self {
        Self {
            name: key.name.clone(),
            each: key.each.to_string(),
            key: key.key.to_string(),
            words: words::words(&key.key),
        }
    }
}

fn missing(missing: &OnMissing) -> String {
    match missing {
        OnMissing::Null => "null".to_owned(),
        OnMissing::Error => "the document fails: unmapped_lookup".to_owned(),
        OnMissing::Value(value) => text(value),
    }
}

fn text(value: &LookupValue) -> String {
    match value {
        LookupValue::Integer(number) => number.to_string(),
        LookupValue::Decimal(number) => number.to_string(),
        LookupValue::Text(text) => text.clone(),
    }
}
