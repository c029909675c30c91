//! `xmlshred load`: XML files into the source table of an embedded store.

mod files;
mod ids;
mod report;

use std::cell::Cell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest, Sha256};

use self::files::{check_files, read};
use self::ids::{IdFrom, Ids};
use self::report::Loaded;
use super::open;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::interruption::Interruption;
use crate::cli::{console, document_files};
use crate::document_file::DocumentFile;
use crate::id::{AppId, SourceHash};
use crate::runner::ExitStatus;
use crate::store::sqlite::{Existing, Loader, NewStore, SourceFile, SqliteStore};
use crate::store::StoreError;

/// Load XML files into the source table of the embedded store, all or none
///
/// A file whose name and content were loaded before, from any folder, is skipped and counted. With --app-id-from digits or key, so is one whose application has this content.
#[derive(Debug, Args)]
pub struct Arguments {
    /// XML files, folders of *.xml, and zip archives, in the order of their names, 2 before 10
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    search: document_files::Search,

    /// Take application ids from the order of the files, after the highest id in the store; from the
    /// last digits in each file's name; or from the contract's `key` in each document
    #[arg(long, value_enum, default_value_t = IdFrom::Order)]
    #[arg(value_name = "order|digits|key", hide_possible_values = true)]
    app_id_from: IdFrom,

    /// Replace documents with the same ids; requires --app-id-from digits or key
    #[arg(long)]
    replace: bool,

    /// Load also the files that were loaded before
    #[arg(long)]
    again: bool,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let store = open::embedded(&call.settings)?;
        let loaded = self.load(call, store).map_err(|error| {
            let separator = if error.message.contains('\n') { "\n" } else { "; " };
            let message = format!("{}{separator}nothing was loaded", error.message);
            CommandError { message, ..error }
        })?;
        console::note(loaded.notes());
        let again = match self.app_id_from {
            IdFrom::Order => " (add --again to load them once more)",
            IdFrom::Digits | IdFrom::Key => "",
        };
        console::print(&loaded.line(again))
    }
}

impl Arguments {
    fn load(&self, call: &Call, store: &Path) -> Result<Loaded> {
        let existing = self.existing()?;
        let interruption = Interruption::on_signals()?;
        let files = document_files::expand(&self.files, self.search)?;
        let limit = call.settings.limits.document_bytes;
        check_files(&files, limit)?;
        let ids = Ids::new(self.app_id_from, &files, call)?;
        let again = self.again;
        let load = Load { files, ids, existing, again, limit, interruption };
        load.fill_file(store)
    }

    fn existing(&self) -> Result<Existing> {
        match (self.replace, self.app_id_from) {
            (false, _) => Ok(Existing::Refuse),
            (true, IdFrom::Digits | IdFrom::Key) => Ok(Existing::Replace),
            (true, IdFrom::Order) => Err(CommandError::usage(
                "--replace requires ids from the file names or the documents",
                "add --app-id-from digits, or --app-id-from key",
            )),
        }
    }
}

/// Files to load, all or none.
struct Load {
    files: Vec<DocumentFile>,
    ids: Ids,
    existing: Existing,
    /// Whether files are loaded that were loaded before.
    again: bool,
    /// Largest size of a document in bytes.
    limit: u64,
    interruption: Interruption,
}

impl Load {
    /// Loads into the store at `path`. A missing store is created together with its documents.
    fn fill_file(&self, path: &Path) -> Result<Loaded> {
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

    fn fill(&self, store: &mut SqliteStore) -> Result<Loaded> {
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
        let loaded = match &self.ids {
            Ids::Next => self.add_in_order(&mut loader)?,
            _ => self.add_with_ids(&mut loader)?,
        };
        if !self.interruption.decide() {
            return Err(interrupted());
        }
        loader.finish().map_err(not_loaded)?;
        store.check_place().map_err(not_loaded)?;
        Ok(loaded)
    }

    /// Adds the files with ids after the highest one. No other process can use one of them before
    /// the load ends.
    fn add_in_order(&self, loader: &mut Loader) -> Result<Loaded> {
        let mut ids = loader.free_app_ids(self.files.len()).map_err(not_loaded)?.into_iter();
        let mut loaded = Loaded::default();
        let mut seen = HashMap::new();
        for file in &self.files {
            let (source, document) = self.read(file)?;
            if !self.again && loader.is_loaded(&source).map_err(not_loaded)? {
                loaded.already += 1;
                continue;
            }
            let before = loader.last_of_file(&source).map_err(not_loaded)?;
            if let Some(before) = before.filter(|_| !self.again) {
                loaded.changed.push((source.path.clone(), before));
            }
            match seen.get(&source.hash) {
                Some(other) => loaded.same.push((source.path.clone(), String::clone(other))),
                None => drop(seen.insert(source.hash, source.path.clone())),
            }
            let app_id = ids.next().expect("there is an id for each file");
            loader.add_file(app_id, &source, document).map_err(not_loaded)?;
            loaded.count(app_id, &source);
        }
        Ok(loaded)
    }

    /// Adds the files with the ids that they have.
    fn add_with_ids(&self, loader: &mut Loader) -> Result<Loaded> {
        let mut loaded = Loaded::default();
        let mut refused = Vec::new();
        let mut ids = self.ids.reader();
        for (at, file) in self.files.iter().enumerate() {
            let (source, document) = self.read(file)?;
            let Some((app_id, document)) = ids.id(at, file, document) else { continue };
            if !loader.existing_app_ids(&[app_id]).map_err(not_loaded)?.is_empty() {
                let same = loader.has_content(app_id, &source.hash).map_err(not_loaded)?;
                if same && !self.again {
                    loaded.already += 1;
                    continue;
                }
                if self.existing == Existing::Refuse {
                    refused.push(app_id);
                    continue;
                }
            }
            loader.add_file(app_id, &source, document).map_err(not_loaded)?;
            loaded.count(app_id, &source);
        }
        ids.check()?;
        check_ids(&refused).map(|()| loaded)
    }

    /// A document, and what is kept of its file.
    fn read(&self, file: &DocumentFile) -> Result<(SourceFile, Vec<u8>)> {
        if self.interruption.is_requested() {
            return Err(interrupted());
        }
        let document = read(file, self.limit)?;
        let source = SourceFile {
            path: file.name(),
            name: file.file_name(),
            bytes: document.len() as u64,
            hash: SourceHash(Sha256::digest(&document).into()),
        };
        Ok((source, document))
    }
}

/// Refuses ids that the store has with other documents.
fn check_ids(existing: &[AppId]) -> Result<()> {
    if existing.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<String> = existing.iter().take(10).map(AppId::to_string).collect();
    if existing.len() > ids.len() {
        ids.push(format!("{} more", existing.len() - ids.len()));
    }
    let message = format!("the store already has other documents with the ids {}", ids.join(", "));
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
