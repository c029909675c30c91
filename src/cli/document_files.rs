//! The documents that `load` and `map` are given: files, and folders of files.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::command_error::CommandError;
use crate::offline::Source;
use crate::outcome::AppId;

/// The files meant by `arguments`: a folder stands for its `*.xml`, sorted by name; all else, also
/// the `-` for stdin, stands for itself, in the order given.
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
    files.sort();
    Ok(files)
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
    let ids = ids_from(AppId(1), paths.len());
    Ok(ids.into_iter().zip(paths).map(|(id, path)| Source::file(id, path)).collect())
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
            Some(id) => {
                if let Some(other) = holders.insert(id, file) {
                    let (other, file) = (other.display(), file.display());
                    problems.push(format!("{other} and {file} both mean application {id}"));
                }
                ids.push(id);
            }
            None => problems.push(format!("{} has no digits for an id", file.display())),
        }
    }
    if problems.is_empty() {
        return Ok(ids);
    }
    Err(CommandError::several("the file names do not give an id each", &problems)
        .hint("nothing was done; rename them, or use --app-id-from order"))
}

fn id_in_name(file: &Path) -> Option<AppId> {
    let stem = file.file_stem()?.to_str()?;
    let digits = stem.rsplit(|c: char| !c.is_ascii_digit()).find(|run| !run.is_empty())?;
    digits.parse().ok().map(AppId)
}

/// Ids for so many documents, `first` and up.
pub fn ids_from(first: AppId, count: usize) -> Vec<AppId> {
    (0..count as i64).map(|n| AppId(first.0 + n)).collect()
}
