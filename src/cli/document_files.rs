//! The documents that `load` and `map` read: files, and folders of files.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::command_error::{CommandError, Result};
use crate::id::AppId;
use crate::offline::Source;

/// The files that `arguments` name: a folder means its `*.xml`, sorted by name, `2` before `10`;
/// anything else, also the `-` for stdin, means itself, in the order given.
///
/// # Errors
/// Every argument that is missing, unreadable, or a folder without XML files.
pub fn expand(arguments: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    for argument in arguments {
        match files_of(argument) {
            Ok(found) => files.extend(found),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        return Ok(files);
    }
    let hint = "name XML files, or folders that contain *.xml";
    Err(CommandError::several("not every document can be read", &problems, hint))
}

fn files_of(argument: &Path) -> std::result::Result<Vec<PathBuf>, String> {
    let cannot = |e| format!("cannot read {}: {e}", argument.display());
    if argument == Path::new("-") || !std::fs::metadata(argument).map_err(cannot)?.is_dir() {
        return Ok(vec![argument.to_owned()]);
    }
    let entries = std::fs::read_dir(argument).map_err(cannot)?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(cannot)?.path();
        if is_xml(&path) && path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(format!("the folder {} contains no *.xml", argument.display()));
    }
    files.sort_by_cached_key(|path| (counted(path), path.clone()));
    Ok(files)
}

/// A part of a file's name, in the order of its kind.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    /// Digits without leading zeros, after their count: these sort as the numbers do.
    Number(usize, String),
    Text(String),
}

/// A file's name without its extension, so that numbers in it sort as numbers.
fn counted(path: &Path) -> Vec<Piece> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_digit = |c: &char| c.is_ascii_digit();
    let mut characters = stem.chars().peekable();
    let mut pieces = Vec::new();
    while let Some(first) = characters.peek().map(is_digit) {
        let piece: String =
            std::iter::from_fn(|| characters.next_if(|c| is_digit(c) == first)).collect();
        let digits = piece.trim_start_matches('0');
        pieces.push(match first {
            true => Piece::Number(digits.len(), digits.to_owned()),
            false => Piece::Text(piece),
        });
    }
    pieces
}

fn is_xml(path: &Path) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(|e| e.eq_ignore_ascii_case("xml"))
}

/// The documents that `arguments` name, with ids in their order, as samples for a contract.
///
/// # Errors
/// As [`expand`].
pub fn samples(arguments: &[PathBuf]) -> Result<Vec<Source>> {
    let paths = expand(arguments)?;
    Ok(ids_in_order(paths.len()).zip(paths).map(|(id, path)| Source::file(id, path)).collect())
}

/// The same, with the last digits of their names as ids if each has its own, and whether it has.
///
/// # Errors
/// As [`expand`].
pub fn samples_with_ids(arguments: &[PathBuf]) -> Result<(Vec<Source>, bool)> {
    let paths = expand(arguments)?;
    let in_names = ids_in_names(&paths).ok();
    let has_ids = in_names.is_some();
    let ids = in_names.unwrap_or_else(|| ids_in_order(paths.len()).collect());
    Ok((ids.into_iter().zip(paths).map(|(id, path)| Source::file(id, path)).collect(), has_ids))
}

/// The last digits in each file's name, as its application id.
///
/// # Errors
/// Every name without digits, and every duplicate id.
pub fn ids_in_names(files: &[PathBuf]) -> Result<Vec<AppId>> {
    let mut ids = Vec::with_capacity(files.len());
    let mut problems = Vec::new();
    let mut holders = HashMap::new();
    for file in files {
        match id_in_name(file) {
            Ok(id) => {
                if let Some(other) = holders.insert(id, file) {
                    let (other, file) = (other.display(), file.display());
                    problems.push(format!("{other} and {file} have the same id {id}"));
                }
                ids.push(id);
            }
            Err(problem) => problems.push(format!("{} {problem}", file.display())),
        }
    }
    if problems.is_empty() {
        return Ok(ids);
    }
    let hint = "rename the files, or use --app-id-from order";
    Err(CommandError::several("not every file name has its own id", &problems, hint))
}

fn id_in_name(file: &Path) -> std::result::Result<AppId, String> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let mut runs = stem.rsplit(|c: char| !c.is_ascii_digit());
    let digits = runs.find(|run| !run.is_empty()).ok_or("has no digits for an id")?;
    let too_large = |_| format!("has an id above the largest possible one, {}", i64::MAX);
    digits.parse().map(AppId).map_err(too_large)
}

/// Ids for documents that are not in a store, from 1.
pub fn ids_in_order(count: usize) -> impl Iterator<Item = AppId> {
    (1..).map(AppId).take(count)
}
