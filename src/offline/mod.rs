//! Documents from files through a contract, without a store: in parallel, in order, and a bad
//! document never stops the rest.

mod json_line;
mod summary;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use rayon::prelude::*;
use rayon::ThreadPool;

use crate::contract::Contract;
use crate::document::{Document, DocumentEncoding};
use crate::outcome::{AppId, Failure, FailureCategory, Outcome};
use crate::shred::{Limits, Shredder};

pub use json_line::JsonLine;
pub use summary::MapSummary;

/// A file to map. The path `-` is stdin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The id it is mapped with, unless the document's own key is asked for and there.
    pub app_id: AppId,
    /// Where it is.
    pub path: PathBuf,
}

/// What is written of each document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFormat {
    /// One line of JSON, a [`JsonLine`].
    Json,
    /// Nothing.
    None,
}

/// What all documents of a call are mapped with.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The contract.
    pub contract: Arc<Contract>,
    /// What a document may have at most.
    pub limits: Limits,
    /// What `NOW_UTC()` gives.
    pub now: DateTime<Utc>,
    /// Take a document's own key for its id, where the contract has a `key` and the document a
    /// whole number there.
    pub id_from_key: bool,
    /// What is written of each document.
    pub format: LineFormat,
}

/// Documents that are mapped before their lines are written, for each thread: enough that the
/// threads seldom wait for the last one of a round.
const ROUND: usize = 32;

impl Mapping {
    /// Maps all files and writes their lines to `out` in the order of the files.
    ///
    /// # Errors
    /// `out` cannot be written. A file that cannot be read is a failed document.
    pub fn map_files(
        &self,
        files: &[SourceFile],
        threads: &ThreadPool,
        out: &mut impl Write,
    ) -> io::Result<MapSummary> {
        let began = Instant::now();
        let mut summary = MapSummary::new(&self.contract);
        let shredder = || Shredder::new(self.contract.clone(), self.limits);
        for round in files.chunks(threads.current_num_threads() * ROUND) {
            let mapped: Vec<Mapped> = threads
                .install(|| round.par_iter().map_init(shredder, |s, f| self.map(s, f)).collect());
            for document in mapped {
                summary.add(document.bytes, &document.rows);
                out.write_all(&document.line)?;
            }
        }
        out.flush()?;
        summary.elapsed = began.elapsed();
        Ok(summary)
    }

    fn map(&self, shredder: &mut Shredder, file: &SourceFile) -> Mapped {
        let mut app_id = file.app_id;
        let (bytes, outcome) = match read(&file.path, self.limits.document_bytes) {
            Ok(bytes) => {
                let document = Document { bytes, encoding: DocumentEncoding::Detect };
                if self.id_from_key {
                    app_id = shredder.key(&document).unwrap_or(app_id);
                }
                let outcome = shredder.shred(app_id, self.now, Some(&document));
                (document.bytes.len() as u64, outcome)
            }
            Err(failure) => (0, Err(failure)),
        };
        let line = self.line(&file.path, app_id, &outcome);
        let rows = outcome
            .map(|tables| tables.iter().map(|rows| rows.len() as u64).collect())
            .map_err(|failure| failure.category);
        Mapped { line, bytes, rows }
    }

    fn line(&self, path: &Path, app_id: AppId, outcome: &Outcome) -> Vec<u8> {
        let mut line = Vec::new();
        if self.format == LineFormat::Json {
            let file = &path.to_string_lossy();
            let json = JsonLine { file, app_id, outcome, contract: &self.contract };
            serde_json::to_writer(&mut line, &json).expect("memory can be written, keys are text");
            line.push(b'\n');
        }
        line
    }
}

/// One mapped document.
struct Mapped {
    line: Vec<u8>,
    bytes: u64,
    rows: Result<Vec<u64>, FailureCategory>,
}

/// A document's bytes, of which no more are read than it takes to know that they are too many.
fn read(path: &Path, most: u64) -> Result<Vec<u8>, Box<Failure>> {
    let read = match path == Path::new("-") {
        true => read_some(io::stdin().lock(), most),
        false => File::open(path).and_then(|file| match file.metadata()?.len() > most {
            true => Ok(None),
            false => read_some(file, most),
        }),
    };
    read.map_err(|e| {
        let reason = format!("the file cannot be read: {e}; see who may read it");
        Box::new(Failure::new(FailureCategory::MissingDocument, reason))
    })?
    .ok_or_else(|| {
        let reason = format!(
            "the document has more than {most} bytes, the limit: raise --max-document-bytes if \
             such documents are right"
        );
        Box::new(Failure::new(FailureCategory::LimitExceeded, reason))
    })
}

/// All bytes, or nothing if there are more than `most`.
fn read_some(reader: impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}
