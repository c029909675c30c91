//! `[document]` in words.

use crate::contract::model::{Check, DocumentRules};

/// A setting of the documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name for people.
    pub name: &'static str,
    /// Its values; none where the contract does not set it.
    pub values: Vec<String>,
    /// What follows from it.
    pub meaning: &'static str,
}

pub(super) fn settings(document: &DocumentRules) -> Vec<Setting> {
    let DocumentRules {
        roots,
        require,
        key,
        ignore_case_attributes,
        unwrap,
        check,
        strip,
        date_formats,
        namespaces,
        ignore_namespaces,
    } = document;
    let setting = |name, values, meaning| Setting { name, values, meaning };
    let one = |value: &str| vec![value.to_owned()];
    let is_lenient = date_formats.iter().any(|pattern| pattern.is_lenient());
    vec![
        setting(
            "Root element",
            roots.clone(),
            "A document with another root element fails: wrong_document.",
        ),
        setting(
            "Key",
            key.iter().map(ToString::to_string).collect(),
            "It equals the application's id, or the document fails: key_mismatch.",
        ),
        setting(
            "Required",
            require.iter().map(ToString::to_string).collect(),
            "Where an element is absent, or an attribute absent or blank, the document fails: \
             missing_required.",
        ),
        setting(
            "XML inside XML",
            unwrap.iter().map(ToString::to_string).collect(),
            "The text of these elements is read as XML in their place.",
        ),
        setting(
            "Namespaces",
            match ignore_namespaces {
                true => one("ignored"),
                false => namespaces.iter().map(declared).collect(),
            },
            match (ignore_namespaces, namespaces.is_empty()) {
                (true, _) => "Names are compared without prefixes.",
                (false, true) => "Paths name elements without a prefix.",
                (false, false) => {
                    "Names are compared by these, and not by the documents' prefixes."
                }
            },
        ),
        setting(
            "Date formats",
            date_formats.iter().map(|pattern| pattern.text().to_owned()).collect(),
            match is_lenient {
                true => {
                    "Tried in this order after ISO 8601; seconds over 59 count as 59, and what \
                     follows the time is ignored."
                }
                false => "Tried in this order after ISO 8601.",
            },
        ),
        setting(
            "White space",
            one(if *strip { "removed" } else { "kept" }),
            match strip {
                true => "White space around every text is removed.",
                false => "Text is read as it is; text that is blank becomes null in its column.",
            },
        ),
        setting(
            "Names of attributes",
            one(if *ignore_case_attributes { "in any case" } else { "exact" }),
            match ignore_case_attributes {
                true => "The case of ASCII letters in them does not matter where no name is exact.",
                false => "The case of letters in them matters.",
            },
        ),
        setting(
            "Check",
            one(match check {
                Check::Needed => "needed",
                Check::Full => "full",
            }),
            match check {
                Check::Needed => {
                    "Tags are checked everywhere; attributes, entities and characters where a \
                     column reads them."
                }
                Check::Full => "The whole document is checked.",
            },
        ),
    ]
}

/// `p = urn:example:products`
fn declared((prefix, uris): &(String, Vec<String>)) -> String {
    let uris = uris.join(" or ");
    match prefix.is_empty() {
        true => format!("elements without a prefix = {uris}"),
        false => format!("{prefix} = {uris}"),
    }
}
