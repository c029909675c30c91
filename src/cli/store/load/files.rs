//! The files of a load, and which of them never become rows.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::cli::command_error::{CommandError, Result};
use crate::document_file::{other_kind, DocumentFile};
use crate::store::PlaceId;

/// The largest value in a row of SQLite, and half of the largest one of SQL Server.
pub const LARGEST_VALUE: u64 = 1_000_000_000;

/// A file of a load.
#[derive(Debug)]
pub struct Input {
    file: DocumentFile,
    /// Its path as it was given.
    pub path: String,
    /// The last part of it.
    pub name: String,
    pub place: PlaceId,
    /// Whether nothing says where it is from: a pipe without a name.
    pub is_nameless: bool,
    /// What came from stdin, which can be read once only.
    kept: Option<NamedTempFile>,
}

/// Where what comes from stdin is kept meanwhile, and how much at most.
pub struct Keeping<'k> {
    pub folder: &'k Path,
    pub most: u64,
}

impl Input {
    /// A file; `host` is the machine, where others load into the same store. What comes from stdin has
    /// `stdin_name`, and is not read yet.
    pub fn new(file: DocumentFile, stdin_name: Option<&str>, host: Option<&str>) -> Self {
        let host = host.map_or_else(String::new, |host| format!("{host}:"));
        if matches!(file, DocumentFile::Stdin) {
            let path = stdin_name.unwrap_or("-").to_owned();
            return Self {
                file,
                name: path.rsplit(['/', '\\']).next().unwrap_or(&path).to_owned(),
                place: PlaceId::of(match stdin_name {
                    Some(name) => format!("{host}-{name}"),
                    None => "-".to_owned(),
                }),
                is_nameless: stdin_name.is_none(),
                path,
                kept: None,
            };
        }
        let place = file.place();
        // A share has its machine in its name.
        let place = match place.starts_with(br"\\") && !is_of_this_machine(&place) {
            true => place,
            false => [host.as_bytes(), &place].concat(),
        };
        let (path, name, place) = (file.name(), file.file_name(), PlaceId::of(place));
        Self { file, path, name, place, is_nameless: false, kept: None }
    }

    pub fn is_stdin(&self) -> bool {
        matches!(self.file, DocumentFile::Stdin)
    }

    /// Copies what comes from stdin, so that it can be read more than once.
    ///
    /// # Errors
    /// It cannot be read, or there is no room for it.
    pub fn keep(&mut self, keeping: &Keeping) -> Result<()> {
        let kept = keep_stdin(keeping).map_err(|e| {
            CommandError::usage(
                format!("stdin cannot be kept in {}: {e}", keeping.folder.display()),
                "put it into a file, and load that",
            )
        })?;
        self.file = DocumentFile::Path(kept.path().to_owned());
        self.kept = Some(kept);
        Ok(())
    }

    pub fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Reads its bytes, decompressed, as they come.
    ///
    /// # Errors
    /// It cannot be opened, or `read` fails.
    pub fn content<T>(&self, read: impl FnOnce(&mut dyn Read) -> io::Result<T>) -> io::Result<T> {
        self.file.content(read)
    }

    /// The document, which may have changed since it was checked.
    ///
    /// # Errors
    /// It cannot be read, or is empty or too long.
    pub fn read(&self, limit: u64) -> Result<Vec<u8>> {
        let most = limit.min(LARGEST_VALUE);
        let document = self.file.read(most).map_err(|e| changed(self.unreadable(&e)))?;
        match self.size_problem(document.len() as u64, limit) {
            None => Ok(document),
            Some(problem) => Err(changed(problem)),
        }
    }

    fn problem(&self, limit: Option<u64>) -> Option<String> {
        let looked = self.file.bytes().and_then(|bytes| Ok((bytes, self.file.beginning()?)));
        let (bytes, beginning) = match looked {
            Ok((bytes, beginning)) => (bytes.unwrap_or(1), beginning),
            Err(e) => return Some(self.unreadable(&e)),
        };
        let size = self.size_problem(bytes, limit.unwrap_or(u64::MAX));
        let size = size.filter(|_| bytes == 0 || limit.is_some());
        size.or_else(|| {
            other_kind(&beginning).map(|kind| format!("{} is {kind}, not XML", self.path))
        })
    }

    fn size_problem(&self, bytes: u64, limit: u64) -> Option<String> {
        let shown = &self.path;
        match bytes {
            0 => Some(format!("{shown} is empty")),
            _ if bytes > LARGEST_VALUE => Some(format!(
                "{shown} has {bytes} bytes, and a document in a store has at most {LARGEST_VALUE}"
            )),
            _ if bytes > limit => {
                Some(format!("{shown} has {bytes} bytes, and --max-document-bytes is {limit}"))
            }
            _ => None,
        }
    }

    /// `cannot read FILE: why`
    pub fn unreadable(&self, error: &dyn fmt::Display) -> String {
        format!("cannot read {}: {error}", self.path)
    }
}

/// `\\?\C:\…` is as local as `C:\…`.
fn is_of_this_machine(place: &[u8]) -> bool {
    place.starts_with(br"\\?\") && !place.starts_with(br"\\?\UNC\")
}

fn keep_stdin(keeping: &Keeping) -> io::Result<NamedTempFile> {
    let mut kept = tempfile::Builder::new()
        .prefix(".xmlshred-")
        .suffix(".stdin")
        .tempfile_in(keeping.folder)?;
    io::copy(&mut io::stdin().lock().take(keeping.most.saturating_add(1)), &mut kept)?;
    kept.flush()?;
    Ok(kept)
}

/// Refuses files that cannot be read or never become rows. Without a limit a file may be of any length. Each
/// is opened, so it returns `false` if `stopped` says so before the end.
///
/// # Errors
/// Every one of these.
pub fn check_files<'i>(
    inputs: impl IntoIterator<Item = &'i Input>,
    limit: Option<u64>,
    stopped: &dyn Fn() -> bool,
) -> Result<bool> {
    let looked_at = inputs.into_iter().take_while(|_| !stopped());
    let problems: Vec<String> = looked_at.filter_map(|input| input.problem(limit)).collect();
    if stopped() {
        return Ok(false);
    }
    if problems.is_empty() {
        return Ok(true);
    }
    let hint = "omit the files, correct them, or raise --max-document-bytes";
    Err(CommandError::several("not every document can be loaded", &problems, hint))
}

fn changed(problem: String) -> CommandError {
    let hint = "omit the file, raise --max-document-bytes, or run again when no other program \
                changes it";
    CommandError::usage(problem, hint)
}
