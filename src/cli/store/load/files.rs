//! The files of a load, and which of them never become rows.

use std::fmt;

use crate::cli::command_error::{CommandError, Result};
use crate::document_file::{other_kind, DocumentFile};

/// The largest value in a row of SQLite.
const LARGEST_VALUE: u64 = 1_000_000_000;

/// Refuses files that cannot be read or never become rows, before a store is opened.
pub fn check_files(files: &[DocumentFile], limit: u64) -> Result<()> {
    let problems: Vec<String> = files.iter().filter_map(|file| problem(file, limit)).collect();
    if problems.is_empty() {
        return Ok(());
    }
    let hint = "omit the files, correct them, or raise --max-document-bytes";
    Err(CommandError::several("not every document can be loaded", &problems, hint))
}

fn problem(file: &DocumentFile, limit: u64) -> Option<String> {
    let looked = file.bytes().and_then(|bytes| Ok((bytes, file.beginning()?)));
    match looked {
        Ok((Some(bytes), _)) if size_problem(file, bytes, limit).is_some() => {
            size_problem(file, bytes, limit)
        }
        Ok((_, beginning)) => {
            other_kind(&beginning).map(|kind| format!("{} is {kind}, not XML", file.name()))
        }
        Err(e) => Some(unreadable(file, &e)),
    }
}

fn size_problem(file: &DocumentFile, bytes: u64, limit: u64) -> Option<String> {
    let shown = file.name();
    match bytes {
        0 => Some(format!("{shown} is empty")),
        _ if bytes > LARGEST_VALUE => Some(format!(
            "{shown} has {bytes} bytes, and a document in the embedded store has at most \
             {LARGEST_VALUE}"
        )),
        _ if bytes > limit => {
            Some(format!("{shown} has {bytes} bytes, and --max-document-bytes is {limit}"))
        }
        _ => None,
    }
}

/// A document, which may have changed since it was checked.
pub fn read(file: &DocumentFile, limit: u64) -> Result<Vec<u8>> {
    let changed = |problem: String| {
        let hint = "omit the file, raise --max-document-bytes, or run again when no other program \
                    changes it";
        CommandError::usage(problem, hint)
    };
    let document =
        file.read(limit.min(LARGEST_VALUE)).map_err(|e| changed(unreadable(file, &e)))?;
    match size_problem(file, document.len() as u64, limit) {
        None => Ok(document),
        Some(problem) => Err(changed(problem)),
    }
}

fn unreadable(file: &DocumentFile, error: &dyn fmt::Display) -> String {
    format!("cannot read {}: {error}", file.name())
}
