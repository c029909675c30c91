//! Rows as CSV, one file per table.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::mapping::Mapped;
use super::source::Source;
use crate::contract::{Contract, TargetColumn, TargetTable};
use crate::files::{check_replaceable, NewFile};
use crate::outcome::{Failure, TableRows};
use crate::value::{to_text, SqlType, Value};

/// A folder with one file per target table, and one for the documents that failed.
///
/// The files are as RFC 4180 says: UTF-8, a first line with the columns' names, fields in quotes
/// where they need them, lines that end with CR LF. Null is nothing, empty text is `""`.
#[derive(Debug)]
pub struct CsvFolder {
    /// The tables in load order, then the failures.
    files: Vec<NewFile>,
    formulas: Formulas,
}

/// What happens to text that a spreadsheet would take for a formula, such as `=cmd|' /C calc'!A0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Formulas {
    /// It is written as it is: a file that is loaded again has the values of the documents.
    #[default]
    Keep,
    /// An apostrophe is written before it, which makes it text in a spreadsheet.
    Disarm,
}

/// The file of the failures; no file of a table begins with `_`.
pub const FAILURES: &str = "_failures.csv";

const FAILURE_COLUMNS: [&str; 10] = [
    "file",
    "app_id",
    "category",
    "table",
    "column",
    "path",
    "line",
    "column_number",
    "value",
    "message",
];

impl CsvFolder {
    /// Creates the folder if it is missing, and starts the files in it. They get their names, and
    /// replace existing files, only in `put_in_place`.
    ///
    /// # Errors
    /// The folder or a file cannot be created.
    pub fn create(folder: &Path, contract: &Contract, formulas: Formulas) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut names = HashSet::new();
        let mut files = Vec::new();
        for table in &contract.targets {
            let file = NewFile::create(&folder.join(file_name(&table.name, &mut names)))?;
            let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
            files.push(with_heading(file, &columns, formulas)?);
        }
        let failures = NewFile::create(&folder.join(FAILURES))?;
        files.push(with_heading(failures, &FAILURE_COLUMNS, formulas)?);
        Ok(Self { files, formulas })
    }

    /// What happens to formulas.
    pub(super) fn formulas(&self) -> Formulas {
        self.formulas
    }

    pub(super) fn write(&mut self, lines: &[Vec<u8>]) -> io::Result<()> {
        self.files.iter_mut().zip(lines).try_for_each(|(file, lines)| file.write_all(lines))
    }

    /// Puts the files in their places, or none where one could not be replaced.
    ///
    /// # Errors
    /// A file cannot be written, or another program holds the one it replaces; the error names it.
    pub(super) fn put_in_place(self) -> io::Result<()> {
        let of = |path: &Path, error: io::Error| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            io::Error::new(error.kind(), format!("{name}: {error}"))
        };
        for file in &self.files {
            check_replaceable(file.path()).map_err(|error| of(file.path(), error))?;
        }
        self.files.into_iter().try_for_each(|file| {
            let path = file.path().to_owned();
            file.put_in_place().map_err(|error| of(&path, error))
        })
    }
}

/// A name that every file system accepts, different from that of every other table.
fn file_name(table: &str, names: &mut HashSet<String>) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut name: String = table.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    if name.starts_with('_') {
        name.insert(0, '-');
    }
    if is_device(&name) {
        name.push('-');
    }
    while !names.insert(name.to_lowercase()) {
        name.push('-');
    }
    name + ".csv"
}

/// Whether Windows takes a file of this name, with any extension, for a device: what is written to `nul`
/// is lost.
fn is_device(name: &str) -> bool {
    let name = name.to_lowercase();
    let port = name.strip_prefix("com").or_else(|| name.strip_prefix("lpt"));
    let digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "\u{b9}", "\u{b2}", "\u{b3}"];
    matches!(&*name, "con" | "prn" | "aux" | "nul") || port.is_some_and(|n| digits.contains(&n))
}

fn with_heading(mut file: NewFile, columns: &[&str], formulas: Formulas) -> io::Result<NewFile> {
    let mut line = Vec::new();
    put_line(&mut line, columns.iter().map(|name| Some(formulas.text((*name).into()))));
    file.write_all(&line)?;
    Ok(file)
}

/// The lines of a document for each file.
pub(super) fn rows(
    contract: &Contract,
    source: &Source,
    mapped: &Mapped,
    formulas: Formulas,
) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new(); contract.targets.len() + 1];
    match &mapped.outcome {
        Ok(tables) => {
            for ((target, rows), lines) in contract.targets.iter().zip(tables).zip(&mut lines) {
                table_lines(target, rows, formulas, lines);
            }
        }
        Err(failure) => {
            let line = lines.last_mut().expect("the failures have a file");
            failure_line(source, mapped, failure, formulas, line);
        }
    }
    lines
}

fn table_lines(target: &TargetTable, rows: &TableRows, formulas: Formulas, lines: &mut Vec<u8>) {
    for row in rows.iter() {
        let cell = |(value, column): (&Value, &TargetColumn)| {
            let text = Cow::Owned(to_text(value, column.sql_type)?.into());
            // A negative number is one in a spreadsheet, too.
            let is_text = column.sql_type.is_character() || column.sql_type == SqlType::Xml;
            Some(if is_text { formulas.text(text) } else { text })
        };
        put_line(lines, row.iter().zip(&target.columns).map(cell));
    }
}

fn failure_line(
    source: &Source,
    mapped: &Mapped,
    failure: &Failure,
    formulas: Formulas,
    line: &mut Vec<u8>,
) {
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let (app_id, at) = (mapped.app_id.to_string(), number(failure.line));
    let column_number = number(failure.column_number);
    let cells = [
        Some(source.name.as_str()),
        Some(&app_id),
        Some(failure.category.name()),
        failure.table.as_deref(),
        failure.column.as_deref(),
        failure.path.as_deref(),
        at.as_deref(),
        column_number.as_deref(),
        failure.value.as_deref(),
        Some(&failure.reason),
    ];
    put_line(line, cells.map(|cell| Some(formulas.text(cell?.into()))));
}

impl Formulas {
    /// The text, with an apostrophe before a formula that is to be disarmed.
    pub fn text(self, text: Cow<'_, str>) -> Cow<'_, str> {
        match self == Self::Disarm && text.starts_with(FORMULA) {
            true => Cow::Owned(format!("'{text}")),
            false => text,
        }
    }
}

/// What a formula begins with in one spreadsheet or another; some read wide letters, too, and some
/// begin a cell after white space.
const FORMULA: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// Appends one line: null is nothing, empty text is `""`.
pub fn put_line<'c>(line: &mut Vec<u8>, cells: impl IntoIterator<Item = Option<Cow<'c, str>>>) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        match cell {
            Some(text) if needs_quotes(&text) => {
                line.push(b'"');
                line.extend(text.replace('"', "\"\"").bytes());
                line.push(b'"');
            }
            Some(text) => line.extend(text.bytes()),
            None => {}
        }
    }
    line.extend(b"\r\n");
}

fn needs_quotes(text: &str) -> bool {
    text.is_empty()
        || text.starts_with(' ')
        || text.ends_with(' ')
        || text.contains([',', '"', '\r', '\n'])
}
