//! What is replayed, with random damage: each check of `fuzz/` holds for it too.

use std::panic::RefUnwindSafe;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

use super::{checks, inputs};

/// Text that means something in one of the languages.
const PIECES: [&str; 40] = [
    "\"",
    "'",
    "\"\"\"",
    "<",
    "</",
    "/>",
    ">",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE",
    "<?",
    "&",
    "&#x0;",
    "xmlns=\"\"",
    "xml:lang=\"\"",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "=",
    ",",
    "\\",
    "\r\n",
    "\0",
    "é",
    "\u{feff}",
    "//",
    "..",
    "@",
    "*",
    "-1",
    "99999999999999999999",
    "1E400",
    "0001-01-01",
    " NULL ",
    ";",
];

/// Some damage, and where.
#[derive(Debug, Clone)]
enum Damage {
    /// Another byte.
    Change(Index, u8),
    Insert(Index, Index),
    /// At most so many bytes away.
    Remove(Index, usize),
    /// At most so many bytes somewhere else, too.
    Copy(Index, Index, usize),
    /// The rest is that of another input.
    Splice(Index, Index, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Change(at, byte)),
        (at(), at()).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        (at(), 1..40_usize).prop_map(|(at, length)| Damage::Remove(at, length)),
        (at(), at(), 1..80_usize).prop_map(|(from, to, length)| Damage::Copy(from, to, length)),
        (at(), at(), at()).prop_map(|(at, other, from)| Damage::Splice(at, other, from)),
    ]
}

impl Damage {
    fn done(&self, bytes: &mut Vec<u8>, inputs: &[Vec<u8>]) {
        let place = |at: &Index| at.index(bytes.len() + 1);
        match self {
            Self::Change(at, byte) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::Change(..) => {}
            Self::Insert(at, piece) => {
                let at = place(at);
                let piece = PIECES[piece.index(PIECES.len())].bytes();
                bytes.splice(at..at, piece);
            }
            Self::Remove(at, length) => {
                let at = place(at);
                let end = bytes.len().min(at + length);
                bytes.drain(at..end);
            }
            Self::Copy(from, to, length) => {
                let (from, to) = (place(from), place(to));
                let piece = bytes[from..bytes.len().min(from + length)].to_vec();
                bytes.splice(to..to, piece);
            }
            Self::Splice(at, other, from) => {
                let at = place(at);
                bytes.truncate(at);
                let other = &inputs[other.index(inputs.len())];
                bytes.extend_from_slice(&other[from.index(other.len() + 1)..]);
            }
        }
    }
}

/// Runs a check over damaged inputs of its folder and its corpus, as many as `PROPTEST_CASES` says.
fn mutate(target: &str, check: impl Fn(&[u8]) + RefUnwindSafe) {
    let inputs = inputs(target);
    let few = ProptestConfig { cases: 64, ..ProptestConfig::default() };
    let config =
        if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default() } else { few };
    let config = ProptestConfig { failure_persistence: None, ..config };
    let strategy = (any::<Index>(), prop::collection::vec(damage(), 1..6));
    let outcome = TestRunner::new(config).run(&strategy, |(input, damages)| {
        let mut bytes = inputs[input.index(inputs.len())].clone();
        damages.iter().for_each(|damage| damage.done(&mut bytes, &inputs));
        let checked = std::panic::catch_unwind(|| check(&bytes));
        let input = String::from_utf8_lossy(&bytes);
        prop_assert!(checked.is_ok(), "{}: {:?}", target, input);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

fn mutate_text(target: &str, check: impl Fn(&str) + RefUnwindSafe) {
    mutate(target, |bytes| check(&String::from_utf8_lossy(bytes)));
}

#[test]
fn damaged_documents_are_shredded_or_refused() {
    mutate("shred", checks::shred::check);
    mutate_text("skip", checks::skip::check);
    mutate_text("output", checks::output::check);
    mutate("paths", |bytes| {
        checks::paths::check(bytes);
    });
}

#[test]
fn damaged_contracts_are_read_or_refused() {
    mutate_text("contract", checks::readable);
    mutate_text("expression", checks::expression::check);
    mutate_text("import", checks::import::check);
}

#[cfg(feature = "sqlserver")]
#[test]
fn damaged_settings_are_read_or_refused() {
    mutate("settings", checks::settings::check);
}

#[test]
fn damaged_schemas_scripts_and_samples_are_drafted_from_or_refused() {
    mutate_text("schema", checks::drafting::schema);
    mutate_text("script", checks::drafting::script);
    mutate_text("documents", checks::drafting::documents);
    mutate_text("statistics", checks::drafting::statistics);
}
