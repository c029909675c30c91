//! The cldr example on all documents of the package, against what xmllint finds in them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use chrono::DateTime;
use xmlshred::contract::Contract;
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::id::AppId;
use xmlshred::outcome::TableRows;
use xmlshred::value::Value;

/// Every table with an XPath of its own for what gives a row.
const ROWS: [(&str, &str); 8] = [
    ("locale", "/ldml"),
    ("language_name", "/ldml/localeDisplayNames/languages/language"),
    ("territory_name", "/ldml/localeDisplayNames/territories/territory"),
    ("script_name", "/ldml/localeDisplayNames/scripts/script"),
    ("currency", "/ldml/numbers/currencies/currency"),
    ("currency_plural_name", "/ldml/numbers/currencies/currency/displayName[@count]"),
    ("month_name", "/ldml/dates/calendars/calendar/months/monthContext/monthWidth/month"),
    ("day_name", "/ldml/dates/calendars/calendar/days/dayContext/dayWidth/day"),
];

/// A value in a table: the column, the row by other columns, and an XPath of its own.
type Sample = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

const SAMPLES: [Sample; 6] = [
    ("locale", "main_letters", &[], "/ldml/characters/exemplarCharacters[not(@type)]"),
    (
        "language_name",
        "name",
        &[("language", "en_GB"), ("alt", "short")],
        "/ldml/localeDisplayNames/languages/language[@type='en_GB'][@alt='short']",
    ),
    (
        "territory_name",
        "name",
        &[("territory", "CI"), ("alt", "standard")],
        "/ldml/localeDisplayNames/territories/territory[@type='CI'][not(@alt)]",
    ),
    (
        "currency",
        "narrow_symbol",
        &[("currency", "JPY")],
        "//currency[@type='JPY']/symbol[@alt='narrow']",
    ),
    (
        "currency_plural_name",
        "name",
        &[("currency", "USD"), ("plural", "other")],
        "//currency[@type='USD']/displayName[@count='other']",
    ),
    (
        "day_name",
        "name",
        &[("calendar", "gregorian"), ("context", "format"), ("width", "wide"), ("day", "thu")],
        "//calendar[@type='gregorian']//dayContext[@type='format']/dayWidth[@type='wide']/day[@type='thu']",
    ),
];

#[test]
#[ignore = "needs XMLSHRED_TEST_CLDR, the folder common/main of package unicode-cldr-core, and xmllint"]
fn every_table_holds_what_xmllint_finds_in_every_document() {
    let files = documents();
    assert_eq!(files.len(), 803, "the package's documents");
    let mut shredder = super::shredder("cldr");
    let contract = shredder.contract().clone();
    let found = xmllint(&files);
    assert_eq!(found.len(), files.len(), "a line for each document");
    for (app_id, (file, theirs)) in (1..).zip(files.iter().zip(found)) {
        let bytes = fs::read(file).expect("a readable document");
        let document = Document { bytes, encoding: DocumentEncoding::Detect };
        let rows = shredder.shred(AppId(app_id), DateTime::UNIX_EPOCH, Some(&document));
        let rows = rows.unwrap_or_else(|failure| panic!("{}: {failure:?}", file.display()));
        assert_eq!(ours(&contract, &rows), theirs, "{}", file.display());
    }
}

#[cfg(feature = "embedded")]
#[test]
#[ignore = "needs XMLSHRED_TEST_CLDR, the folder common/main of package unicode-cldr-core, and xmllint"]
fn the_tables_that_a_run_fills_have_as_many_rows_as_xmllint_counts() {
    let files = documents();
    let mut theirs = [0; ROWS.len()];
    for line in xmllint(&files) {
        let counts = line.split('|').map(|text| text.trim().parse::<f64>());
        for (sum, count) in theirs.iter_mut().zip(counts) {
            *sum += count.expect("a count") as i64;
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for command in ["load", "enqueue", "run"] {
        let mut program = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"));
        program.current_dir(&folder).args([command, "--store", "sqlite:cldr.db", "--contract"]);
        program.arg(root.join("examples/cldr/contract.toml"));
        if command == "load" {
            program.args(&files);
        }
        let output = program.output().expect("the program");
        assert!(output.status.success(), "{command}: {output:?}");
    }
    let store = rusqlite::Connection::open(folder.path().join("cldr.db")).expect("the store");
    let ours = ROWS.map(|(table, _)| {
        let query = format!("SELECT count(*) FROM {table}");
        store.query_row(&query, [], |row| row.get::<_, i64>(0)).expect("a count")
    });
    assert_eq!(ours, theirs);
}

/// The documents in the order of their names.
fn documents() -> Vec<PathBuf> {
    let folder = std::env::var_os("XMLSHRED_TEST_CLDR").expect("XMLSHRED_TEST_CLDR is set");
    let entries = fs::read_dir(&folder).expect("a readable folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a folder entry").path()).collect();
    files.sort();
    files
}

/// One line per document: how many rows every table has, then the samples.
fn xmllint(files: &[PathBuf]) -> Vec<String> {
    let counts = ROWS.map(|(_, path)| format!("count({path})"));
    // Own text without its line breaks, because a line is a document.
    let samples = SAMPLES.map(|(_, _, _, path)| format!("normalize-space({path})"));
    let parts = [&counts[..], &samples[..]].concat();
    let output = Command::new("xmllint")
        .args(["--nonet", "--xpath", &format!("concat({})", parts.join(",'|',"))])
        .args(files)
        .output()
        .expect("xmllint (package libxml2-utils) runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(str::to_owned).collect()
}

/// The same line from our rows.
fn ours(contract: &Contract, rows: &[TableRows]) -> String {
    let counts = ROWS.map(|(table, _)| rows[target(contract, table)].len().to_string());
    let samples = SAMPLES.map(|(table, column, key, _)| {
        let target = target(contract, table);
        let is_sample = |row: &&[Value]| {
            key.iter().all(|(name, text)| text_of(row, contract, target, name) == *text)
        };
        let row = rows[target].iter().find(is_sample);
        let value = row.map(|row| text_of(row, contract, target, column)).unwrap_or_default();
        value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    });
    [&counts[..], &samples[..]].concat().join("|")
}

fn target(contract: &Contract, table: &str) -> usize {
    contract.targets.iter().position(|target| target.name == table).expect("a table of that name")
}

/// The text in a column, empty when it is null.
fn text_of<'r>(row: &'r [Value], contract: &Contract, target: usize, column: &str) -> &'r str {
    let columns = &contract.targets[target].columns;
    let index = columns.iter().position(|c| c.name == column).expect("a column of that name");
    match &row[index] {
        Value::Text(text) => text,
        Value::Null => "",
        other => panic!("{column} is not text: {other:?}"),
    }
}
