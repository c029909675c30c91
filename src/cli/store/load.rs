//! `xmlshred load`: XML files into the source table of an embedded store.

use std::cell::Cell;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::open;
use crate::cli::document_files;
use crate::cli::interruption::Interruption;
use crate::cli::setting_flags::{FlagSet, SettingFlags};
use crate::cli::{console, Call, CommandError, Execute, ExitStatus};
use crate::figures;
use crate::id::AppId;
use crate::settings::keys::{self, Key};
use crate::store::sqlite::{Existing, Loader, NewDocument, NewStore, SqliteStore};
use crate::store::StoreError;

/// Load XML files, all or none, into the embedded store as its source documents
#[derive(Debug, Args)]
pub struct Arguments {
    /// XML files, and folders of *.xml, taken by name, 2 before 10
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,

    /// Where application ids come from: the order of the files, on from the highest id there is;
    /// or the last digits in each file's name
    #[arg(long, value_enum, default_value_t = IdFrom::Order, value_name = "order|digits", hide_possible_values = true)]
    app_id_from: IdFrom,

    /// Put a document in the place of the one that has its id already; with ids from the names
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    loading: SettingFlags<Loading>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum IdFrom {
    Order,
    Digits,
}

/// What loading heeds.
#[derive(Debug, Clone)]
struct Loading;

impl FlagSet for Loading {
    const KEYS: &'static [&'static Key] = &[&keys::MAX_DOCUMENT_BYTES];
}

impl Execute for Arguments {
    fn given(&self) -> &[(&'static Key, String)] {
        &self.loading.given
    }

    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let store = open::embedded(&call.settings)?;
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
        let loaded = load.fill_file(store)?;
        console::print(&format!("{loaded}\n"))?;
        Ok(ExitStatus::Success)
    }
}

impl Arguments {
    fn existing(&self) -> Result<Existing, CommandError> {
        match (self.replace, self.app_id_from) {
            (false, _) => Ok(Existing::Refuse),
            (true, IdFrom::Digits) => Ok(Existing::Replace),
            (true, IdFrom::Order) => Err(CommandError::usage(
                "--replace would replace nothing: without ids in the files' names every document \
                 gets a new one",
            )
            .hint("nothing was loaded; add --app-id-from digits")),
        }
    }
}

/// What is to be loaded, all of it or nothing.
struct Load {
    files: Vec<PathBuf>,
    ids_in_names: Option<Vec<AppId>>,
    existing: Existing,
    /// Bytes that a document may have.
    limit: u64,
    interruption: Interruption,
}

/// What was loaded.
struct Loaded {
    ids: Vec<AppId>,
    bytes: u64,
}

impl Load {
    /// Loads into the store at `path`, which is made, with the documents in it, where there is
    /// none.
    fn fill_file(&self, path: &Path) -> Result<Loaded, CommandError> {
        if !path.exists() {
            let mut new = NewStore::create(path)?;
            let loaded = self.fill(new.store())?;
            if new.put_in_place().map_err(not_loaded)? {
                return Ok(loaded);
            }
            // Somebody else made a store meanwhile, so this one is thrown away.
            self.interruption.reopen();
        }
        self.fill(&mut SqliteStore::open(path)?)
    }

    fn fill(&self, store: &mut SqliteStore) -> Result<Loaded, CommandError> {
        let stop = || self.interruption.is_requested();
        let told = Cell::new(false);
        let while_locked = || {
            if !told.replace(true) {
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
        Ok(Loaded { ids, bytes })
    }

    /// An id for each file. Nobody else takes one of them before the load ends.
    fn ids(&self, loader: &Loader) -> Result<Vec<AppId>, CommandError> {
        let Some(ids) = &self.ids_in_names else {
            return loader.free_app_ids(self.files.len()).map_err(not_loaded);
        };
        if self.existing == Existing::Refuse {
            check_ids(&loader.existing_app_ids(ids).map_err(not_loaded)?)?;
        }
        Ok(ids.clone())
    }
}

/// The largest value SQLite keeps in a row.
const LARGEST_VALUE: u64 = 1_000_000_000;

/// Refuses what cannot be read and what could never become rows, before a store is touched.
fn check_files(files: &[PathBuf], limit: u64) -> Result<(), CommandError> {
    let problems: Vec<String> = files.iter().filter_map(|file| problem(file, limit)).collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(CommandError::several("not every document can be loaded", &problems)
        .hint("nothing was loaded; leave these files out, or mend them"))
}

fn problem(file: &Path, limit: u64) -> Option<String> {
    // Opened last, because opening what is no file, such as a pipe, may wait for ever.
    let bytes = match fs::metadata(file) {
        Ok(metadata) if !metadata.is_file() => {
            return Some(format!("{} is not a file", file.display()))
        }
        Ok(metadata) => File::open(file).map(|_| metadata.len()),
        Err(e) => Err(e),
    };
    match bytes {
        Ok(bytes) => size_problem(file, bytes, limit),
        Err(e) => Some(unreadable(file, &e)),
    }
}

fn size_problem(file: &Path, bytes: u64, limit: u64) -> Option<String> {
    let shown = file.display();
    match bytes {
        0 => Some(format!("{shown} is empty")),
        _ if bytes > LARGEST_VALUE => Some(format!(
            "{shown} has {bytes} bytes, and the embedded store holds at most {LARGEST_VALUE} in a \
             document"
        )),
        _ if bytes > limit => Some(format!(
            "{shown} has {bytes} bytes, and the limit is {limit}: raise --max-document-bytes if \
             such documents are right"
        )),
        _ => None,
    }
}

/// A document, which may have changed since it was looked at.
fn read(file: &Path, limit: u64) -> Result<Vec<u8>, CommandError> {
    let document = fs::read(file).map_err(|e| unreadable(file, &e));
    let changed = |problem: String| {
        CommandError::usage(problem)
            .hint("nothing was loaded; see who changes the files, and run again when they rest")
    };
    let document = document.map_err(changed)?;
    match size_problem(file, document.len() as u64, limit) {
        None => Ok(document),
        Some(problem) => Err(changed(problem)),
    }
}

fn unreadable(file: &Path, error: &io::Error) -> String {
    format!("cannot read {}: {error}", file.display())
}

/// Refuses to load when applications of these ids are there already.
fn check_ids(existing: &[AppId]) -> Result<(), CommandError> {
    if existing.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<String> = existing.iter().take(10).map(AppId::to_string).collect();
    if existing.len() > ids.len() {
        ids.push(format!("{} more", existing.len() - ids.len()));
    }
    let message = format!("the store has documents with these ids already: {}", ids.join(", "));
    Err(CommandError::usage(message)
        .hint("nothing was loaded; add --replace to put these documents in their place"))
}

/// What the store did not do, of all of which nothing is left.
fn not_loaded(error: StoreError) -> CommandError {
    let next = match &error {
        StoreError::Refused(_) => "give the documents ids of their own with --app-id-from digits",
        _ => "run again once the cause is gone",
    };
    CommandError::from(error).hint(format!("nothing was loaded; {next}"))
}

fn interrupted() -> CommandError {
    CommandError::new(ExitStatus::Interrupted, "interrupted")
        .hint("nothing was loaded; the same command begins anew")
}

impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let documents = match self.ids.len() {
            1 => "1 document".to_owned(),
            many => format!("{} documents", figures::count(many as u64)),
        };
        write!(f, "{documents} loaded ({}), {}", figures::bytes(self.bytes), span(&self.ids))
    }
}

/// `as application 7`, `as applications 1 to 803` or, where ids between are not among them,
/// `with ids from 5 to 12`.
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
