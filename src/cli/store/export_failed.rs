//! `xmlshred export-failed`: the documents that failed, for whoever sent them.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::Args;
use serde_json::{json, Value};

use super::open;
use crate::cli::{console, Call, CommandError, Execute, ExitStatus};
use crate::document::{Document, DocumentEncoding};
use crate::figures::counted;
use crate::outcome::FailureCategory;
use crate::store::{FailurePage, LoggedFailure, Store};

/// Write the documents that failed as files, each with its failure as JSON beside it
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder, made if it is not there: APP_ID.xml and APP_ID.json of each; what has these
    /// names is replaced
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Only those whose last attempt failed with this category
    #[arg(long, value_parser = category_names(), hide_possible_values = true)]
    category: Option<String>,

    /// Only those whose last attempt failed with this fingerprint
    #[arg(long)]
    fingerprint: Option<String>,

    /// Only the first N, lowest ids first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

/// Failures read at a time.
const PAGE: u32 = 1_000;

fn category_names() -> PossibleValuesParser {
    PossibleValuesParser::new(FailureCategory::ALL.map(FailureCategory::name))
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let mut store = open::existing(&call.settings)?;
        std::fs::create_dir_all(&self.folder).map_err(|e| unwritable(&self.folder, &e))?;
        let mut page = FailurePage {
            category: self.category.as_deref().and_then(FailureCategory::from_name),
            fingerprint: self.fingerprint.clone(),
            after: None,
            size: PAGE,
        };
        let mut left = self.limit.unwrap_or(u64::MAX);
        let mut written = 0u64;
        while left > 0 {
            page.size = u64::from(PAGE).min(left) as u32;
            let failures = store.list_failures(&page)?;
            let Some(last) = failures.last() else { break };
            page.after = Some(last.app_id);
            for failure in &failures {
                self.export(store.as_mut(), failure)?;
            }
            written += failures.len() as u64;
            left -= failures.len() as u64;
        }
        let folder = self.folder.display();
        let documents = counted(written, "failed document");
        console::print(&format!("{documents} written to {folder}\n"))?;
        Ok(ExitStatus::Success)
    }
}

impl Arguments {
    fn export(&self, store: &mut dyn Store, failure: &LoggedFailure) -> Result<(), CommandError> {
        let document = store.read_document(failure.app_id)?;
        let name = document.is_some().then(|| format!("{}.xml", failure.app_id));
        if let (Some(name), Some(document)) = (&name, &document) {
            write(&self.folder.join(name), &as_file(document))?;
        }
        let json = as_json(failure, name.as_deref());
        let text = format!("{json:#}\n");
        write(&self.folder.join(format!("{}.json", failure.app_id)), text.as_bytes())
    }
}

/// The document as a file that says its own encoding: with a mark where the database told it.
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

/// The field names do not change.
fn as_json(failure: &LoggedFailure, document: Option<&str>) -> Value {
    json!({
        "app_id": failure.app_id.0,
        "document": document,
        "attempt": failure.attempt,
        "category": failure.failure.category.name(),
        "reason": failure.failure.reason,
        "table": failure.failure.table,
        "column": failure.failure.column,
        "path": failure.failure.path,
        "line": failure.failure.line,
        "column_number": failure.failure.column_number,
        "value": failure.failure.value,
        "error_number": failure.error_number,
        "fingerprint": failure.fingerprint,
        "processed_at": failure.processed_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "worker": failure.worker_name,
        "document_bytes": failure.document_bytes,
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    std::fs::write(path, bytes).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::new(ExitStatus::Aborted, format!("cannot write {}: {error}", path.display()))
        .hint(
            "name a folder that this account may write to, on a disk with room; what was written \
             before it stays, and is replaced when this is run again",
        )
}
