//! `xmlshred load`: XML files into the source table of an embedded store.

use std::cell::Cell;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::open;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::interruption::Interruption;
use crate::cli::{console, document_files};
use crate::document_file::{other_kind, DocumentFile};
use crate::figures;
use crate::id::AppId;
use crate::runner::ExitStatus;
use crate::store::sqlite::{Existing, Loader, NewDocument, NewStore, SqliteStore};
use crate::store::StoreError;

/// Load XML files into the source table of the embedded store, all or none
#[derive(Debug, Args)]
pub struct Arguments {
    /// XML files, folders of *.xml, and zip archives, in the order of their names, 2 before 10
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,

    /// Take application ids from the order of the files, after the highest id in the store; or from
    /// the last digits in each file's name
    #[arg(long, value_enum, default_value_t = IdFrom::Order)]
    #[arg(value_name = "order|digits", hide_possible_values = true)]
    app_id_from: IdFrom,

    /// Replace documents with the same ids; requires --app-id-from digits
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum IdFrom {
    Order,
    Digits,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let store = open::embedded(&call.settings)?;
        let loaded = self.load(call, store).map_err(|error| {
            let separator = if error.message.contains('\n') { "\n" } else { "; " };
            let message = format!("{}{separator}nothing was loaded", error.message);
            CommandError { message, ..error }
        })?;
        console::print(&loaded)
    }
}

impl Arguments {
    fn load(&self, call: &Call, store: &Path) -> Result<String> {
        let existing = self.existing()?;
        let interruption = Interruption::on_signals()?;
        let files = document_files::expand(&self.files)?;
        let limit = call.settings.limits.document_bytes;
        check_files(&files, limit)?;
        let ids_in_names = match self.app_id_from {
            IdFrom::Digits => Some(document_files::ids_in_names(&files)?),
            IdFrom::Order => None,
        };
        let load = Load { files, ids_in_names, existing, limit, interruption };
        load.fill_file(store)
    }

    fn existing(&self) -> Result<Existing> {
        match (self.replace, self.app_id_from) {
            (false, _) => Ok(Existing::Refuse),
            (true, IdFrom::Digits) => Ok(Existing::Replace),
            (true, IdFrom::Order) => Err(CommandError::usage(
                "--replace requires ids from the file names",
                "add --app-id-from digits",
            )),
        }
    }
}

/// Files to load, all or none.
struct Load {
    files: Vec<DocumentFile>,
    ids_in_names: Option<Vec<AppId>>,
    existing: Existing,
    /// Largest size of a document in bytes.
    limit: u64,
    interruption: Interruption,
}

impl Load {
    /// Loads into the store at `path`. A missing store is created together with its documents.
    fn fill_file(&self, path: &Path) -> Result<String> {
        if !path.exists() {
            let mut new = NewStore::create(path)?;
            let loaded = self.fill(new.store())?;
            if new.put_in_place().map_err(not_loaded)? {
                return Ok(loaded);
            }
            // Another process created the store meanwhile: this one is discarded.
            self.interruption.reopen();
        }
        self.fill(&mut SqliteStore::open(path)?)
    }

    fn fill(&self, store: &mut SqliteStore) -> Result<String> {
        let stop = || self.interruption.is_requested();
        let warned = Cell::new(false);
        let while_locked = || {
            if !warned.replace(true) {
                tracing::warn!("waiting for the store: another process is writing to it");
            }
            stop()
        };
        let loader = store.loader_unless(self.existing, while_locked).map_err(not_loaded)?;
        let mut loader = loader.ok_or_else(interrupted)?;
        let ids = self.ids(&loader)?;
        let mut bytes = 0;
        for (app_id, file) in ids.iter().zip(&self.files) {
            if stop() {
                return Err(interrupted());
            }
            let document = read(file, self.limit)?;
            bytes += document.len() as u64;
            loader.add(*app_id, NewDocument::Bytes(document)).map_err(not_loaded)?;
        }
        if !self.interruption.decide() {
            return Err(interrupted());
        }
        loader.finish().map_err(not_loaded)?;
        store.check_place().map_err(not_loaded)?;
        Ok(report(&ids, bytes))
    }

    /// An id for each file. No other process can use one of them before the load ends.
    fn ids(&self, loader: &Loader) -> Result<Vec<AppId>> {
        let Some(ids) = &self.ids_in_names else {
            return loader.free_app_ids(self.files.len()).map_err(not_loaded);
        };
        if self.existing == Existing::Refuse {
            check_ids(&loader.existing_app_ids(ids).map_err(not_loaded)?)?;
        }
        Ok(ids.clone())
    }
}

/// The largest value in a row of SQLite.
const LARGEST_VALUE: u64 = 1_000_000_000;

/// Refuses files that cannot be read or never become rows, before a store is opened.
fn check_files(files: &[DocumentFile], limit: u64) -> Result<()> {
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
fn read(file: &DocumentFile, limit: u64) -> Result<Vec<u8>> {
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

/// Refuses ids that the store has already.
fn check_ids(existing: &[AppId]) -> Result<()> {
    if existing.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<String> = existing.iter().take(10).map(AppId::to_string).collect();
    if existing.len() > ids.len() {
        ids.push(format!("{} more", existing.len() - ids.len()));
    }
    let message = format!("the store already has documents with the ids {}", ids.join(", "));
    Err(CommandError::usage(message, "add --replace to replace them"))
}

/// The error of a store that rolled everything back.
fn not_loaded(error: StoreError) -> CommandError {
    let next = match &error {
        StoreError::Refused(_) => "use --app-id-from digits",
        _ => "remove the cause and run again",
    };
    CommandError { hint: next.to_owned(), ..error.into() }
}

fn interrupted() -> CommandError {
    let hint = "run the same command again";
    CommandError::new(ExitStatus::Interrupted, "interrupted", hint)
}

/// `803 documents loaded (4.5 MB), as applications 1 to 803`
fn report(ids: &[AppId], bytes: u64) -> String {
    let (documents, bytes) = (figures::counted(ids.len(), "document"), figures::bytes(bytes));
    format!("{documents} loaded ({bytes}), {}\n", span(ids))
}

/// `as application 7`, `as applications 1 to 803` or, if ids between are missing, `with ids from 5
/// to 12`.
fn span(ids: &[AppId]) -> String {
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else {
        return "as no application".to_owned();
    };
    match last.0.abs_diff(first.0) {
        0 => format!("as application {first}"),
        between if between == ids.len() as u64 - 1 => format!("as applications {first} to {last}"),
        _ => format!("with ids from {first} to {last}"),
    }
}
