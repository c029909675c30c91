//! `xmlshred export-failed`: the documents that failed, for the people who sent them.

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

    /// Write only the first N, lowest ids first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

/// Failures read at a time.
const PAGE: u32 = 1_000;

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
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
        let mut written = 0;
        while written < limit {
            page.size = u64::from(PAGE).min(limit - written) as u32;
            let failures = store.list_failures(&page)?;
            let Some(last) = failures.last() else { break };
            page.after = Some(last.app_id);
            for failure in &failures {
                self.export(store.as_mut(), failure)?;
            }
            written += failures.len() as u64;
        }
        if let (Some(fingerprint), 0) = (&self.fingerprint, written) {
            return Err(fingerprint::unknown(fingerprint));
        }
        let documents = counted(written, "failed document");
        console::print(&format!("{documents} written to {}\n", self.folder.display()))
    }
}

impl Arguments {
    fn export(&self, store: &mut dyn Store, failure: &LoggedFailure) -> Result<()> {
        let document = store.read_document(failure.app_id)?;
        let name = document.is_some().then(|| format!("{}.xml", failure.app_id));
        if let (Some(name), Some(document)) = (&name, &document) {
            write(&self.folder.join(name), &as_file(document))?;
        }
        let text = format!("{:#}\n", as_json(failure, name.as_deref()));
        write(&self.folder.join(format!("{}.json", failure.app_id)), text.as_bytes())
    }
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

/// The failure, and the name of the file that has its document.
fn as_json(failure: &LoggedFailure, document: Option<&str>) -> Value {
    let mut value = failure_json(failure);
    value["document"] = json!(document);
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
