//! `xmlshred export-failed`: the documents that failed, for the people who sent them.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{json, Value};

use super::retry::category_names;
use super::{fingerprint, open};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::document::{Document, DocumentEncoding};
use crate::figures::counted;
use crate::files;
use crate::id::AppId;
use crate::outcome::FailureCategory;
use crate::report::failure_json;
use crate::runner::ExitStatus;
use crate::store::{FailurePage, LoggedFailure, Store};

/// Write the documents that failed to files, each with its failure as JSON beside it
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder for APP_ID.xml and APP_ID.json of each application; created if it is missing, and
    /// files of these names are replaced
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Write only those whose last attempt failed with this category
    #[arg(long, value_parser = category_names(), hide_possible_values = true)]
    category: Option<String>,

    /// Write only those whose last attempt failed with this fingerprint, as `failures` lists it
    #[arg(long, value_parser = fingerprint::parse)]
    fingerprint: Option<String>,

    /// Afterwards, delete what an earlier export left in the folder: APP_ID.json with the failure of an
    /// application that was not written now, and its APP_ID.xml
    #[arg(long, conflicts_with_all = ["category", "fingerprint", "limit"])]
    clean: bool,

    /// Write only the first N, lowest ids first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

/// Failures read at a time.
const PAGE: u32 = 1_000;

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let name = open::location(&call.settings)?.to_string();
        let mut store = open::existing(call)?;
        std::fs::create_dir_all(&self.folder).map_err(|e| unwritable(&self.folder, &e))?;
        let mut page = FailurePage {
            category: self.category.as_deref().and_then(FailureCategory::from_name),
            fingerprint: self.fingerprint.clone(),
            since: None,
            after: None,
            size: PAGE,
        };
        let limit = self.limit.unwrap_or(u64::MAX);
        let mut written = BTreeSet::new();
        while (written.len() as u64) < limit {
            page.size = u64::from(PAGE).min(limit - written.len() as u64) as u32;
            let failures = store.list_failures(&page)?;
            let Some(last) = failures.last() else { break };
            page.after = Some(last.app_id);
            for failure in &failures {
                self.export(store.as_mut(), failure, &name)?;
            }
            written.extend(failures.iter().map(|failure| failure.app_id));
        }
        if let (Some(fingerprint), true) = (&self.fingerprint, written.is_empty()) {
            return Err(fingerprint::unknown(fingerprint));
        }
        let documents = counted(written.len(), "failed document");
        let status = console::print(&format!("{documents} written to {}\n", self.folder.display()));
        self.say_what_is_old(&written, &name)?;
        status
    }
}

impl Arguments {
    /// The folder is for those who sent the documents: what has succeeded since is not for them.
    fn say_what_is_old(&self, written: &BTreeSet<AppId>, store: &str) -> Result<()> {
        if self.category.is_some() || self.fingerprint.is_some() || self.limit.is_some() {
            return Ok(());
        }
        let mut old = exported(&self.folder, store).map_err(|e| unwritable(&self.folder, &e))?;
        old.retain(|(app_id, _)| !written.contains(app_id));
        if old.is_empty() {
            return Ok(());
        }
        let failures = counted(old.len(), "failure");
        if !self.clean {
            console::tell(format!(
                "the folder has {failures} of an earlier export: add --clean to delete them\n"
            ));
            return Ok(());
        }
        for (app_id, document) in old {
            for name in document.into_iter().chain([format!("{app_id}.json")]) {
                let path = self.folder.join(name);
                files::remove(&path).map_err(|e| unwritable(&path, &e))?;
            }
        }
        console::note(format!("{failures} of an earlier export deleted\n"));
        Ok(())
    }

    fn export(&self, store: &mut dyn Store, failure: &LoggedFailure, of_store: &str) -> Result<()> {
        let document = store.read_document(failure.app_id)?;
        let name = document.is_some().then(|| format!("{}.xml", failure.app_id));
        if let (Some(name), Some(document)) = (&name, &document) {
            write(&self.folder.join(name), &as_file(document))?;
        }
        let text = format!("{:#}\n", as_json(failure, name.as_deref(), of_store));
        write(&self.folder.join(format!("{}.json", failure.app_id)), text.as_bytes())
    }
}

/// The applications whose failures an export from this store left in a folder, each with the name of its
/// document, if it had one. A file that only has such a name is none of ours.
fn exported(folder: &Path, store: &str) -> io::Result<Vec<(AppId, Option<String>)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let id = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        let (Some(id), true) = (id, path.extension().is_some_and(|e| e == "json")) else {
            continue;
        };
        let text = std::fs::read(&path)?;
        let value: Value = serde_json::from_slice(&text).unwrap_or_default();
        if value["app_id"] == id && value["store"] == store {
            let document = format!("{id}.xml");
            let document = (value["document"] == document.as_str()).then_some(document);
            found.push((AppId(id), document));
        }
    }
    found.sort();
    Ok(found)
}

/// The document as a file that says its encoding: with a byte order mark where only the database
/// knows it.
fn as_file(document: &Document) -> Vec<u8> {
    let mark: &[u8] = match document.encoding {
        DocumentEncoding::Utf16Le => b"\xFF\xFE",
        DocumentEncoding::Utf8 => b"\xEF\xBB\xBF",
        _ => b"",
    };
    match document.bytes.starts_with(mark) {
        true => document.bytes.clone(),
        false => [mark, &document.bytes].concat(),
    }
}

/// The failure, the name of the file that has its document, and the store that both are from.
fn as_json(failure: &LoggedFailure, document: Option<&str>, store: &str) -> Value {
    let mut value = failure_json(failure);
    value["document"] = json!(document);
    value["store"] = json!(store);
    value
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    files::write(path, bytes).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> CommandError {
    let message =
        format!("cannot write {}: {error}; files written before it are kept", path.display());
    let hint = "name a writable folder with enough space, and run again";
    CommandError::new(ExitStatus::Aborted, message, hint)
}
