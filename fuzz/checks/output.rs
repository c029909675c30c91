//! Rows as CSV and JSON, read back by readers that others wrote.

use std::cell::RefCell;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use chrono::DateTime;
use serde_json::Value as Json;
use xmlshred::contract::Contract;
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::id::AppId;
use xmlshred::offline::{Content, CsvFolder, Formulas, Mapping, Source};
use xmlshred::outcome::Outcome;
use xmlshred::shred::Limits;
use xmlshred::value::{to_text, SqlType, Value};

use super::{contract, outcome_of};

/// A cell as text; `None` is null.
type Row = Vec<Option<String>>;

/// The rows of any document are in CSV and JSON what they are; the first byte says whether formulas
/// are disarmed.
pub fn check(data: &str) {
    static CONTRACT: OnceLock<Arc<Contract>> = OnceLock::new();
    let contract = CONTRACT.get_or_init(|| contract(include_str!("../contract.toml")));
    let mut characters = data.chars();
    let Some(choice) = characters.next() else { return };
    let text = characters.as_str();
    let formulas = if choice.is_ascii_digit() { Formulas::Disarm } else { Formulas::Keep };
    let outcome = outcome_of(contract, text.as_bytes(), DocumentEncoding::Utf8);
    let bytes = text.as_bytes().to_vec();
    let document = Document { bytes, encoding: DocumentEncoding::Utf8 };
    let content = Content::Stored(Some(document));
    let sources = [Source { app_id: AppId(1), name: "=a,\"b\"\r\n".to_owned(), content }];
    let mapping = Mapping {
        contract: contract.clone(),
        limits: Limits { depth: 64, rows: 10_000, ..Limits::default() },
        now: DateTime::UNIX_EPOCH,
        id_from_key: false,
    };
    json(&mapping, &sources, &outcome);
    csv(&mapping, &sources, &outcome, formulas);
}

thread_local! {
    // No other thread is waited for.
    static THREADS: rayon::ThreadPool =
        rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().expect("a pool");
    static FOLDER: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
}

fn json(mapping: &Mapping, sources: &[Source], outcome: &Outcome) {
    let mut line = Vec::new();
    THREADS.with(|threads| mapping.write_json(sources, threads, &mut line)).expect("memory");
    let read: Json = serde_json::from_slice(&line).expect("a line of JSON");
    assert_eq!(read["ok"], outcome.is_ok());
    assert_eq!(read["file"], sources[0].name.as_str());
    match outcome {
        Err(failure) => {
            assert_eq!(read["failure"]["message"], failure.reason.as_str());
            let value = failure.value.as_deref();
            assert_eq!(read["failure"]["value"].as_str(), value);
        }
        Ok(tables) => {
            for (target, rows) in mapping.contract.targets.iter().zip(tables) {
                let found = read["tables"][&target.name].as_array().expect("the rows");
                assert_eq!(found.len(), rows.len());
                for (found, row) in found.iter().zip(rows.iter()) {
                    for (column, value) in target.columns.iter().zip(row) {
                        let cell = &found[&column.name];
                        let same = match value {
                            Value::Null => cell.is_null(),
                            Value::Bit(bit) => cell.as_bool() == Some(*bit),
                            Value::Int(number) => cell.as_i64() == Some(*number),
                            Value::Float(number) => cell.as_f64() == Some(*number),
                            other => cell.as_str() == to_text(other, column.sql_type).as_deref(),
                        };
                        assert!(same, "{}: {value:?} is {cell}", column.name);
                    }
                }
            }
        }
    }
}

fn csv(mapping: &Mapping, sources: &[Source], outcome: &Outcome, formulas: Formulas) {
    FOLDER.with_borrow_mut(|folder| {
        let folder = folder.get_or_insert_with(|| temporary_folder().expect("a folder")).path();
        let files = CsvFolder::create(folder, &mapping.contract, formulas).expect("files");
        THREADS.with(|threads| mapping.write_csv(sources, threads, files)).expect("written");
        for (at, target) in mapping.contract.targets.iter().enumerate() {
            let text = |(value, column): (&Value, &xmlshred::contract::TargetColumn)| {
                let text = to_text(value, column.sql_type).map(|text| text.to_string());
                let is_text = column.sql_type.is_character() || column.sql_type == SqlType::Xml;
                text.map(|text| if is_text { disarmed(text, formulas) } else { text })
            };
            let rows = outcome.iter().flatten().nth(at);
            let expected: Vec<Row> = rows.map_or(Vec::new(), |rows| {
                let row = |row: &[Value]| row.iter().zip(&target.columns).map(text).collect();
                rows.iter().map(row).collect()
            });
            assert_eq!(read(&folder.join(format!("{}.csv", target.name))), expected);
        }
        let failures = read(&folder.join("_failures.csv"));
        match outcome {
            Ok(_) => assert!(failures.is_empty()),
            Err(failure) => {
                assert_eq!(failures.len(), 1);
                let text = |text: &str| Some(disarmed(text.to_owned(), formulas));
                assert_eq!(failures[0][0], text(&sources[0].name));
                assert_eq!(failures[0][8], failure.value.as_deref().and_then(text));
                assert_eq!(failures[0][9], text(&failure.reason));
            }
        }
    });
}

/// In memory where the system has such folders: a check writes a file for each table.
fn temporary_folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

fn disarmed(text: String, formulas: Formulas) -> String {
    let begins = "=+-@\t\r\n\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}";
    let is_formula = text.chars().next().is_some_and(|first| begins.contains(first));
    match is_formula && formulas == Formulas::Disarm {
        true => format!("'{text}"),
        false => text,
    }
}

/// The rows of a file without its heading: read by the crate csv for their texts, and character by
/// character for what it does not tell apart, null and empty text.
fn read(path: &Path) -> Vec<Row> {
    let text = std::fs::read_to_string(path).expect("the file");
    let mut rows = vec![Row::new()];
    let mut cell: Option<String> = None;
    let mut characters = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = characters.next() {
        match (quoted, c) {
            (true, '"') if characters.peek() == Some(&'"') => {
                characters.next();
                cell.get_or_insert_default().push('"');
            }
            (true, '"') => quoted = false,
            (false, '"') => {
                quoted = true;
                cell.get_or_insert_default();
            }
            (false, ',') => rows.last_mut().expect("a row").push(cell.take()),
            (false, '\r') => {
                assert_eq!(characters.next(), Some('\n'), "a line ends with CR LF");
                rows.last_mut().expect("a row").push(cell.take());
                rows.push(Row::new());
            }
            (_, other) => cell.get_or_insert_default().push(other),
        }
    }
    assert_eq!(rows.pop(), Some(Row::new()), "the last line ends");
    rows.remove(0);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let texts: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!(texts.len(), rows.len());
    for (row, texts) in rows.iter().zip(&texts) {
        let row: Vec<&str> = row.iter().map(|cell| cell.as_deref().unwrap_or_default()).collect();
        assert_eq!(row, texts.iter().collect::<Vec<_>>());
    }
    rows
}
