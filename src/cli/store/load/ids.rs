//! The application id of each file.

use std::collections::HashMap;
use std::sync::Arc;

use clap::ValueEnum;

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
        IdReader { ids: self, shredder, holders: HashMap::new(), problems: Vec::new() }
    }
}

/// The ids of the documents that were read, and what is wrong with others.
pub struct IdReader<'i> {
    ids: &'i Ids,
    shredder: Option<Shredder>,
    /// The file of each key.
    holders: HashMap<AppId, String>,
    problems: Vec<String>,
}

impl IdReader<'_> {
    /// The id of the file at this position, and its document; `None` if it has no id.
    pub fn id(
        &mut self,
        at: usize,
        file: &DocumentFile,
        bytes: Vec<u8>,
    ) -> Option<(AppId, Vec<u8>)> {
        match self.ids {
            Ids::Named(ids) => Some((ids[at], bytes)),
            _ => {
                let document = Document { bytes, encoding: DocumentEncoding::Detect };
                match self.key(file, &document) {
                    Ok(app_id) => Some((app_id, document.bytes)),
                    Err(problem) => {
                        self.problems.push(format!("{} {problem}", file.name()));
                        None
                    }
                }
            }
        }
    }

    fn key(
        &mut self,
        file: &DocumentFile,
        document: &Document,
    ) -> std::result::Result<AppId, String> {
        let shredder = self.shredder.as_mut().expect("ids in documents have one");
        let contract = Arc::clone(shredder.contract());
        let path = contract.plan().key.as_ref().map_or("", |(_, path)| path);
        let key = shredder.key_text(document).map_err(|failure| {
            let line = failure.line.map_or_else(String::new, |line| format!(", line {line}"));
            format!("cannot be read as far as its key{line}: {}", failure.reason)
        })?;
        let key = key.ok_or_else(|| format!("has no {path}"))?;
        let app_id = key.trim().parse().map(AppId);
        let app_id = app_id.map_err(|_| {
            let key: String = key.chars().take(Failure::VALUE_CLIP).collect();
            format!("has {key:?} at {path}, not a whole number of 64 bits")
        })?;
        match self.holders.insert(app_id, file.name()) {
            None => Ok(app_id),
            Some(other) => Err(format!("and {other} have the same key {app_id}")),
        }
    }

    /// # Errors
    /// Every document without an id, or with that of another.
    pub fn check(self) -> Result<()> {
        match self.problems.is_empty() {
            true => Ok(()),
            false => {
                let hint = "correct the documents, or use --app-id-from order";
                Err(CommandError::several(
                    "not every document has its own key",
                    &self.problems,
                    hint,
                ))
            }
        }
    }
}
