//! Rows as CSV, one file per table.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::mapping::Mapped;
use super::source::Source;
use crate::contract::Contract;
use crate::outcome::{Failure, TableRows};
use crate::value::{to_text, Value};

/// A folder with one file per target table, and one for the documents that failed.
///
/// The files are as RFC 4180 says: UTF-8, a first line with the columns' names, fields in quotes
/// where they need them, lines that end with CR LF. Null is nothing, empty text is `""`.
#[derive(Debug)]
pub struct CsvFolder {
    /// The tables in load order, then the failures.
    files: Vec<BufWriter<File>>,
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
    /// Creates the folder if it is missing, and the files in it; existing files are replaced.
    ///
    /// # Errors
    /// The folder or a file cannot be created.
    pub fn create(folder: &Path, contract: &Contract) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut names = HashSet::new();
        let mut files = Vec::new();
        for table in &contract.targets {
            let file = File::create(folder.join(file_name(&table.name, &mut names)))?;
            let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
            files.push(with_heading(file, &columns)?);
        }
        let failures = File::create(folder.join(FAILURES))?;
        files.push(with_heading(failures, &FAILURE_COLUMNS)?);
        Ok(Self { files })
    }

    pub(super) fn write(&mut self, lines: &[Vec<u8>]) -> io::Result<()> {
        self.files.iter_mut().zip(lines).try_for_each(|(file, lines)| file.write_all(lines))
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.files.iter_mut().try_for_each(BufWriter::flush)
    }
}

/// A name that every file system accepts, different from that of every other table.
fn file_name(table: &str, names: &mut HashSet<String>) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut name: String = table.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    if name.starts_with('_') {
        name.insert(0, '-');
    }
    while !names.insert(name.to_lowercase()) {
        name.push('-');
    }
    name + ".csv"
}

fn with_heading(file: File, columns: &[&str]) -> io::Result<BufWriter<File>> {
    let mut line = Vec::new();
    put_line(&mut line, columns.iter().map(|name| Some(*name)));
    let mut file = BufWriter::new(file);
    file.write_all(&line)?;
    Ok(file)
}

/// The lines of a document for each file.
pub(super) fn rows(contract: &Contract, source: &Source, mapped: &Mapped) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new(); contract.targets.len() + 1];
    match &mapped.outcome {
        Ok(tables) => {
            for ((target, rows), lines) in contract.targets.iter().zip(tables).zip(&mut lines) {
                table_lines(target, rows, lines);
            }
        }
        Err(failure) => {
            let line = lines.last_mut().expect("the failures have a file");
            failure_line(source, mapped, failure, line);
        }
    }
    lines
}

fn table_lines(target: &crate::contract::TargetTable, rows: &TableRows, lines: &mut Vec<u8>) {
    for row in rows.iter() {
        let cell = |(value, column): (&Value, &crate::contract::TargetColumn)| {
            to_text(value, column.sql_type)
        };
        let cells: Vec<_> = row.iter().zip(&target.columns).map(cell).collect();
        put_line(lines, cells.iter().map(|cell| cell.as_deref()));
    }
}

fn failure_line(source: &Source, mapped: &Mapped, failure: &Failure, line: &mut Vec<u8>) {
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let (app_id, at) = (mapped.app_id.to_string(), number(failure.line));
    let column_number = number(failure.column_number);
    put_line(
        line,
        [
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
        ],
    );
}

/// Appends one line.
fn put_line<'c>(line: &mut Vec<u8>, cells: impl IntoIterator<Item = Option<&'c str>>) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        match cell {
            Some(text) if needs_quotes(text) => {
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
