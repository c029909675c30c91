//! Inputs for `fuzz/`, each kept because it once broke something or starts where random input
//! rarely arrives; and in `corpora/`, an input per line, the shortest ones that reach what hours of
//! random input have reached (`fuzz/run`). They run here without a fuzzer.

#[path = "../../fuzz/checks/mod.rs"]
pub mod checks;
mod mutations;

use std::fs;
use std::path::Path;

/// Runs a check over the inputs of a target.
fn replay(target: &str, check: impl Fn(&[u8])) {
    for input in inputs(target) {
        eprintln!("{:?}", String::from_utf8_lossy(&input));
        check(&input);
    }
}

/// The files of a target's folder, in the order of their names, and its corpus if there is one.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let replays = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replays");
    let folder = replays.join(target);
    let entries = fs::read_dir(folder).expect("a readable folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a folder entry").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no inputs for {target}");
    let mut inputs: Vec<Vec<u8>> =
        files.iter().map(|file| fs::read(file).expect("a readable input")).collect();
    let corpus = replays.join("corpora").join(target);
    if corpus.exists() {
        let corpus = fs::read_to_string(corpus).expect("a corpus");
        assert!(corpus.lines().count() > 10, "no corpus for {target}");
        inputs.extend(corpus.lines().map(unescaped));
    }
    inputs
}

/// The bytes of a line in which every byte that is not a printed one of ASCII, and each backslash, is
/// written `\x5c`.
fn unescaped(line: &str) -> Vec<u8> {
    let mut parts = line.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}

/// [`replay`] of a check of text, which the fuzzer gives no other bytes.
fn replay_text(target: &str, check: impl Fn(&str)) {
    replay(target, |input| {
        if let Ok(text) = std::str::from_utf8(input) {
            check(text);
        }
    });
}

#[test]
fn no_document_makes_the_shredder_panic() {
    replay("shred", checks::shred::check);
}

#[test]
fn skipping_and_quick_xml_agree_on_what_is_well_formed() {
    replay_text("skip", checks::skip::check);
}

#[test]
fn no_text_makes_the_reader_of_expressions_panic() {
    replay_text("expression", checks::expression::check);
}

#[test]
fn no_text_makes_the_reader_of_contracts_panic() {
    replay_text("contract", checks::readable);
}

#[test]
fn what_is_imported_is_a_contract() {
    replay_text("import", checks::import::check);
}

#[test]
fn paths_find_what_a_tree_finds() {
    replay("paths", |input| {
        checks::paths::check(input);
    });
}

#[test]
fn rows_in_csv_and_json_are_read_back_as_they_were() {
    replay_text("output", checks::output::check);
}

#[cfg(feature = "sqlserver")]
#[test]
fn settings_and_connection_strings_are_read_or_refused_with_a_reason() {
    replay("settings", checks::settings::check);
}

#[test]
fn what_is_drafted_is_a_contract() {
    replay_text("schema", checks::drafting::schema);
    replay_text("script", checks::drafting::script);
    replay_text("documents", checks::drafting::documents);
    replay_text("statistics", checks::drafting::statistics);
}
