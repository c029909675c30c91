//! The application id of each document.

use std::sync::Arc;

use clap::ValueEnum;

use super::distinct::DistinctKeys;
use super::problems::Problems;
use crate::cli::call::Call;
use crate::cli::command_error::{CommandError, Result};
use crate::cli::contract::file as contract_file;
use crate::cli::document_files;
use crate::contract::Contract;
use crate::document::{Document, DocumentEncoding};
use crate::document_file::DocumentFile;
use crate::id::AppId;
use crate::outcome::Failure;
use crate::shred::{Limits, Shredder};
use crate::store::SourceFile;

/// Where ids are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IdFrom {
    Order,
    Digits,
    Key,
}

/// The ids, as far as they are known before the documents are read.
pub enum Ids {
    /// After the highest one in the store.
    Next,
    /// One for each file.
    Named(Vec<AppId>),
    /// In the documents.
    Keyed(Keys),
}

/// What finds keys in documents.
pub struct Keys {
    contract: Arc<Contract>,
    limits: Limits,
}

impl Ids {
    /// # Errors
    /// Names without ids; no contract, or one without a key.
    pub fn new(from: IdFrom, files: &[DocumentFile], call: &Call) -> Result<Self> {
        Ok(match from {
            IdFrom::Order => Self::Next,
            IdFrom::Digits => Self::Named(document_files::ids_in_names(files)?),
            IdFrom::Key => {
                let contract = Arc::new(contract_file::read(&call.settings)?);
                if contract.plan().key.is_none() {
                    let message = format!("the contract {} has no key", contract.name);
                    let hint = "add key = '/path/of/the/id' to its section [document]";
                    return Err(CommandError::usage(message, hint));
                }
                Self::Keyed(Keys { contract, limits: call.settings.limits })
            }
        })
    }

    /// Gives each document its id.
    pub fn reader(&self) -> IdReader<'_> {
        let shredder = match self {
            Self::Keyed(keys) => Some(Shredder::new(keys.contract.clone(), keys.limits)),
            _ => None,
        };
        IdReader { ids: self, shredder }
    }
}

/// Reads the ids of documents.
pub struct IdReader<'i> {
    ids: &'i Ids,
    shredder: Option<Shredder>,
}

/// The id of a document, if it has one of its own, and the document.
pub type Identified = (std::result::Result<Option<AppId>, String>, Vec<u8>);

impl IdReader<'_> {
    /// The id of a document of the file at this position, or why it has none; `None` if the store gives it.
    pub fn id(&mut self, at: usize, bytes: Vec<u8>) -> Identified {
        match self.ids {
            Ids::Next => (Ok(None), bytes),
            Ids::Named(ids) => (Ok(Some(ids[at])), bytes),
            Ids::Keyed(_) => {
                let document = Document { bytes, encoding: DocumentEncoding::Detect };
                (self.key(&document).map(Some), document.bytes)
            }
        }
    }

    fn key(&mut self, document: &Document) -> std::result::Result<AppId, String> {
        let shredder = self.shredder.as_mut().expect("ids in documents have one");
        let contract = Arc::clone(shredder.contract());
        let path = contract.plan().key.as_ref().map_or("", |(_, path)| path);
        let key = shredder.key_text(document).map_err(|failure| {
            let line = failure.line.map_or_else(String::new, |line| format!(", line {line}"));
            format!("cannot be read as far as its key{line}: {}", failure.reason)
        })?;
        let key = key.ok_or_else(|| format!("has no {path}"))?;
        let app_id = key.trim().parse().map(AppId);
        app_id.map_err(|_| {
            let key: String = key.chars().take(Failure::VALUE_CLIP).collect();
            format!("has {key:?} at {path}, not a whole number of 64 bits")
        })
    }
}

/// Whether every document has a key of its own.
#[derive(Default)]
pub struct KeyCheck {
    keys: DistinctKeys,
    problems: Problems,
}

impl KeyCheck {
    /// Notes the key of a document of the file at this position.
    ///
    /// # Errors
    /// The disk is full.
    pub fn note(&mut self, at: usize, source: &SourceFile, key: AppId) -> Result<()> {
        let file = u32::try_from(at).unwrap_or(u32::MAX);
        self.keys.add((key, file, source.record)).map_err(no_room)
    }

    /// Notes that a document has none.
    pub fn refuse(&mut self, source: &SourceFile, problem: &str) {
        self.problems.add(|| format!("{} {problem}", source.path));
    }

    /// # Errors
    /// Every document without an id, or with that of another.
    pub fn finish(self, paths: &[&str]) -> Result<()> {
        let mut problems = self.problems;
        let shown = |file: u32, record: u64| match (paths[file as usize], record) {
            (path, 0) => path.to_owned(),
            (path, record) => format!("{path}#{record}"),
        };
        let duplicates = self.keys.duplicates(|(key, file, record), (_, other, first)| {
            problems.add(|| {
                let (holder, other) = (shown(file, record), shown(other, first));
                format!("{holder} and {other} have the same key {key}")
            });
        });
        duplicates.map_err(no_room)?;
        let hint = "correct the documents, or use --app-id-from order";
        problems.refuse("not every document has its own key", hint)
    }
}

fn no_room(error: std::io::Error) -> CommandError {
    let message =
        format!("the keys cannot be sorted in {}: {error}", std::env::temp_dir().display());
    CommandError::usage(
        message,
        "free space there, or set TMPDIR (TEMP on Windows) to another folder",
    )
}
