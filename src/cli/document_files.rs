//! The documents that `load` and `map` are given: files, and folders of files.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::command_error::CommandError;
use crate::id::AppId;
use crate::offline::Source;

/// The files meant by `arguments`: a folder stands for its `*.xml`, sorted by name, `2` before
/// `10`; all else, also the `-` for stdin, stands for itself, in the order given.
///
/// # Errors
/// Every argument that is not there, cannot be read, or is a folder without XML files.
pub fn expand(arguments: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    for argument in arguments {
        if argument == Path::new("-") {
            files.push(argument.clone());
            continue;
        }
        match files_of(argument) {
            Ok(found) => files.extend(found),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        return Ok(files);
    }
    Err(CommandError::several("not every document can be read", &problems)
        .hint("nothing was done; name XML files, or folders that hold *.xml"))
}

fn files_of(argument: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot = |e| format!("cannot read {}: {e}", argument.display());
    if !std::fs::metadata(argument).map_err(cannot)?.is_dir() {
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
        return Err(format!("the folder {} holds no *.xml", argument.display()));
    }
    files.sort_by_cached_key(|path| (counted(path), path.clone()));
    Ok(files)
}

/// A piece of a name, by which it is sorted.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    /// Digits without leading zeros, by their number first: so they sort as the numbers do.
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

/// The documents meant by `arguments`, with ids in their order, for a look at a contract.
///
/// # Errors
/// As [`expand`].
pub fn samples(arguments: &[PathBuf]) -> Result<Vec<Source>, CommandError> {
    let paths = expand(arguments)?;
    Ok(ids_in_order(paths.len()).zip(paths).map(|(id, path)| Source::file(id, path)).collect())
}

/// The last digits in each file's name, as its application id.
///
/// # Errors
/// Every name without digits, and every id that two files have.
pub fn ids_in_names(files: &[PathBuf]) -> Result<Vec<AppId>, CommandError> {
    let mut ids = Vec::with_capacity(files.len());
    let mut problems = Vec::new();
    let mut holders = HashMap::new();
    for file in files {
        match id_in_name(file) {
            Ok(id) => {
                if let Some(other) = holders.insert(id, file) {
                    let (other, file) = (other.display(), file.display());
                    problems.push(format!("{other} and {file} both mean application {id}"));
                }
                ids.push(id);
            }
            Err(problem) => problems.push(format!("{} {problem}", file.display())),
        }
    }
    if problems.is_empty() {
        return Ok(ids);
    }
    Err(CommandError::several("the file names do not give an id each", &problems)
        .hint("nothing was done; rename them, or use --app-id-from order"))
}

fn id_in_name(file: &Path) -> Result<AppId, String> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let mut runs = stem.rsplit(|c: char| !c.is_ascii_digit());
    let digits = runs.find(|run| !run.is_empty()).ok_or("has no digits for an id")?;
    let too_large = |_| format!("has an id above the largest there is, {}", i64::MAX);
    digits.parse().map(AppId).map_err(too_large)
}

/// Ids for so many documents that are in no store, from 1.
pub fn ids_in_order(count: usize) -> impl Iterator<Item = AppId> {
    (1..).map(AppId).take(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_as_people_count() {
        let sorted = [
            "7.xml",
            "070.xml",
            "b.xml",
            "b1.xml",
            "b1-2.xml",
            "b1-10.xml",
            "b2.xml",
            "b10.xml",
            "b99999999999999999999.xml",
            "b100000000000000000000.xml",
            "c.xml",
        ];
        let mut names: Vec<&str> = sorted.iter().rev().copied().collect();
        names.sort_by_cached_key(|name| counted(Path::new(name)));
        assert_eq!(names, sorted);
    }
}
