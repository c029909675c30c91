//! The documents that commands read: files, folders of files, and zip archives.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::command_error::{CommandError, Result};
use crate::document_file::{Archive, DocumentFile};
use crate::figures::counted;
use crate::id::AppId;
use crate::offline::Source;

/// The documents that `arguments` name, each argument's sorted by name, `2` before `10`, and these in
/// the order given: a folder means its XML files, a zip archive the XML files in all of its
/// folders, `-` stdin, and anything else itself. XML files end in `.xml` or `.xml.gz`.
///
/// # Errors
/// Every argument that is missing, unreadable, or a folder or archive without XML files.
pub fn expand(arguments: &[PathBuf]) -> Result<Vec<DocumentFile>> {
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
    let hint = "name XML files, folders that contain *.xml, or zip archives of them";
    Err(CommandError::several("not every document can be read", &problems, hint))
}

fn files_of(argument: &Path) -> std::result::Result<Vec<DocumentFile>, String> {
    let cannot = |e| format!("cannot read {}: {e}", argument.display());
    if argument == Path::new("-") {
        return Ok(vec![DocumentFile::Stdin]);
    }
    if std::fs::metadata(argument).map_err(cannot)?.is_dir() {
        return files_in(argument);
    }
    if has_extension(argument, "zip") {
        return members_of(argument);
    }
    Ok(vec![DocumentFile::Path(argument.to_owned())])
}

fn files_in(folder: &Path) -> std::result::Result<Vec<DocumentFile>, String> {
    let cannot = |e| format!("cannot read {}: {e}", folder.display());
    let mut files = Vec::new();
    let mut archives = 0_usize;
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if is_xml(&path) && path.is_file() {
            files.push(path);
        } else if has_extension(&path, "zip") {
            archives += 1;
        }
    }
    if files.is_empty() {
        let archives = match archives {
            0 => String::new(),
            _ => format!(", but {}: name each", counted(archives, "zip archive")),
        };
        return Err(format!("the folder {} contains no *.xml{archives}", folder.display()));
    }
    files.sort_by_cached_key(|path| (pieces(path), path.clone()));
    Ok(files.into_iter().map(DocumentFile::Path).collect())
}

fn members_of(path: &Path) -> std::result::Result<Vec<DocumentFile>, String> {
    let shown = path.display();
    let archive = Archive::open(path).map_err(|e| format!("cannot read {shown}: {e}"))?;
    let mut members = archive.files(|name| {
        let is_of_finder = name.components().any(|part| part.as_os_str() == "__MACOSX");
        is_xml(name) && !is_of_finder
    });
    if members.is_empty() {
        return Err(format!("the archive {shown} contains no *.xml"));
    }
    members.sort_by_cached_key(|(_, name)| {
        let path = Path::new(name);
        (path.parent().map(Path::to_owned), pieces(path), name.clone())
    });
    let archive = Arc::new(archive);
    let positions = members.into_iter().map(|(position, _)| position);
    Ok(positions.map(|at| DocumentFile::Member(Arc::clone(&archive), at)).collect())
}

/// A part of a file's name, in the order of its kind.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    /// Digits without leading zeros, after their count: these sort as the numbers do.
    Number(usize, String),
    Text(String),
}

/// A file's name without its extension, so that numbers in it sort as numbers.
fn pieces(path: &Path) -> Vec<Piece> {
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

/// Whether the name ends in `.xml` or `.xml.gz`.
fn is_xml(path: &Path) -> bool {
    match has_extension(path, "gz") {
        true => path.file_stem().is_some_and(|stem| has_extension(Path::new(stem), "xml")),
        false => has_extension(path, "xml"),
    }
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(|e| e.eq_ignore_ascii_case(wanted))
}

/// The documents that `arguments` name, with ids in their order, as samples for a contract.
///
/// # Errors
/// As [`expand`].
pub fn samples(arguments: &[PathBuf]) -> Result<Vec<Source>> {
    let files = expand(arguments)?;
    Ok(ids_in_order(files.len()).zip(files).map(|(id, file)| Source::file(id, file)).collect())
}

/// The same, with the last digits of their names as ids if each has its own, and whether it has.
///
/// # Errors
/// As [`expand`].
pub fn samples_with_ids(arguments: &[PathBuf]) -> Result<(Vec<Source>, bool)> {
    let files = expand(arguments)?;
    let in_names = ids_in_names(&files).ok();
    let has_ids = in_names.is_some();
    let ids = in_names.unwrap_or_else(|| ids_in_order(files.len()).collect());
    Ok((ids.into_iter().zip(files).map(|(id, file)| Source::file(id, file)).collect(), has_ids))
}

/// The last digits in each file's name, as its application id.
///
/// # Errors
/// Every name without digits, and every duplicate id.
pub fn ids_in_names(files: &[DocumentFile]) -> Result<Vec<AppId>> {
    let mut ids = Vec::with_capacity(files.len());
    let mut problems = Vec::new();
    let mut holders = HashMap::new();
    for file in files {
        match id_in_name(&file.file_name()) {
            Ok(id) => {
                if let Some(other) = holders.insert(id, file) {
                    let (other, file) = (other.name(), file.name());
                    problems.push(format!("{other} and {file} have the same id {id}"));
                }
                ids.push(id);
            }
            Err(problem) => problems.push(format!("{} {problem}", file.name())),
        }
    }
    if problems.is_empty() {
        return Ok(ids);
    }
    let hint = "rename the files, or use --app-id-from order";
    Err(CommandError::several("not every file name has its own id", &problems, hint))
}

fn id_in_name(file_name: &str) -> std::result::Result<AppId, String> {
    let stem = Path::new(file_name).file_stem().unwrap_or_default().to_string_lossy();
    let mut runs = stem.rsplit(|c: char| !c.is_ascii_digit());
    let digits = runs.find(|run| !run.is_empty()).ok_or("has no digits for an id")?;
    let too_large = |_| format!("has an id above the largest possible one, {}", i64::MAX);
    digits.parse().map(AppId).map_err(too_large)
}

/// Ids for documents that are not in a store, from 1.
pub fn ids_in_order(count: usize) -> impl Iterator<Item = AppId> {
    (1..).map(AppId).take(count)
}
