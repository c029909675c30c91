//! Inputs for `fuzz/`, each kept because it once broke something or starts where random input
//! rarely arrives. They run here without a fuzzer.

#[path = "../../fuzz/checks/mod.rs"]
pub mod checks;

use std::fs;
use std::path::Path;

/// Runs a check over the files of its folder, in the order of their names.
fn replay(target: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replays").join(target);
    let entries = fs::read_dir(folder).expect("a readable folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a folder entry").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no inputs for {target}");
    for file in files {
        eprintln!("{}", file.display());
        check(&fs::read(&file).expect("a readable input"));
    }
}

fn text(input: &[u8]) -> &str {
    std::str::from_utf8(input).expect("an input of UTF-8")
}

#[test]
fn no_document_makes_the_shredder_panic() {
    replay("shred", checks::shred::check);
}

#[test]
fn skipping_and_quick_xml_agree_on_what_is_well_formed() {
    replay("skip", |input| checks::skip::check(text(input)));
}

#[test]
fn no_text_makes_the_reader_of_expressions_panic() {
    replay("expression", |input| checks::expression::check(text(input)));
}

#[test]
fn no_text_makes_the_reader_of_contracts_panic() {
    replay("contract", |input| checks::readable(text(input)));
}

#[test]
fn what_is_imported_is_a_contract() {
    replay("import", |input| checks::import::check(text(input)));
}

#[test]
fn paths_find_what_a_tree_finds() {
    replay("paths", |input| {
        checks::paths::check(input);
    });
}

#[test]
fn rows_in_csv_and_json_are_read_back_as_they_were() {
    replay("output", |input| checks::output::check(text(input)));
}

#[cfg(feature = "sqlserver")]
#[test]
fn settings_and_connection_strings_are_read_or_refused_with_a_reason() {
    replay("settings", checks::settings::check);
}
