//! Documents through a contract without writing to a store: in parallel, in order, and a bad
//! document never stops the rest.

mod csv;
pub mod diff;
mod json_line;
pub mod sample;
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
use crate::id::AppId;
use crate::outcome::{Failure, FailureCategory, Outcome};
use crate::shred::{Limits, Shredder};

pub use csv::CsvFolder;
pub use json_line::JsonLine;
pub use summary::MapSummary;

/// A document to map.
#[derive(Debug, Clone)]
pub struct Source {
    /// The id it is mapped with, unless the document's own key is asked for and there.
    pub app_id: AppId,
    /// What the output calls it.
    pub name: String,
    /// Where it is.
    pub content: Content,
}

/// Where a document is.
#[derive(Debug, Clone)]
pub enum Content {
    /// In a file. The path `-` is stdin.
    File(PathBuf),
    /// Here, from a store; `None` where the store has no such document.
    Stored(Option<Document>),
}

impl Source {
    /// A file, called by its path.
    pub fn file(app_id: AppId, path: PathBuf) -> Self {
        Self { app_id, name: path.to_string_lossy().into_owned(), content: Content::File(path) }
    }
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
}

/// What became of one document.
#[derive(Debug)]
pub struct Mapped {
    /// The id it was mapped with.
    pub app_id: AppId,
    /// Its size, as far as it was read.
    pub bytes: u64,
    /// Its rows, or its failure.
    pub outcome: Outcome,
}

/// Documents that are mapped before anything is written of them, for each thread: enough that
/// the threads seldom wait for the last one of a round.
const ROUND: usize = 32;

/// Does `work` on every item with what `worker` makes for each thread, and hands the results to
/// `take` in the order of the items.
pub(crate) fn in_order<S: Sync, W, T: Send>(
    items: &[S],
    threads: &ThreadPool,
    worker: impl Fn() -> W + Sync + Send,
    work: impl Fn(&mut W, &S) -> T + Sync + Send,
    mut take: impl FnMut(T) -> io::Result<()>,
) -> io::Result<()> {
    for round in items.chunks(threads.current_num_threads() * ROUND) {
        let done: Vec<T> = threads.install(|| {
            round.par_iter().map_init(&worker, |state, item| work(state, item)).collect()
        });
        done.into_iter().try_for_each(&mut take)?;
    }
    Ok(())
}

impl Mapping {
    /// Maps all documents and writes nothing of them.
    ///
    /// # Errors
    /// None that come from documents: what cannot be read is a failed document.
    pub fn count(&self, sources: &[Source], threads: &ThreadPool) -> io::Result<MapSummary> {
        self.each(sources, threads, |_, _| (), |()| Ok(()))
    }

    /// Maps all documents and writes a line of JSON for each, in their order.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn write_json(
        &self,
        sources: &[Source],
        threads: &ThreadPool,
        out: &mut impl Write,
    ) -> io::Result<MapSummary> {
        let line = |source: &Source, mapped: &Mapped| self.line(source, mapped);
        let summary = self.each(sources, threads, line, |line| out.write_all(&line))?;
        out.flush()?;
        Ok(summary)
    }

    /// Maps all documents and appends their rows to the files of the tables, in their order.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write_csv(
        &self,
        sources: &[Source],
        threads: &ThreadPool,
        folder: &mut CsvFolder,
    ) -> io::Result<MapSummary> {
        let rows = |source: &Source, mapped: &Mapped| csv::rows(&self.contract, source, mapped);
        let summary = self.each(sources, threads, rows, |rows| folder.write(&rows))?;
        folder.flush()?;
        Ok(summary)
    }

    /// Maps all documents; `prepare` runs beside the mapping, `take` in the order of `sources`.
    fn each<T: Send>(
        &self,
        sources: &[Source],
        threads: &ThreadPool,
        prepare: impl Fn(&Source, &Mapped) -> T + Sync + Send,
        mut take: impl FnMut(T) -> io::Result<()>,
    ) -> io::Result<MapSummary> {
        let began = Instant::now();
        let mut summary = MapSummary::new(&self.contract);
        let work = |shredder: &mut Shredder, source: &Source| {
            let mapped = self.map(shredder, source);
            let prepared = prepare(source, &mapped);
            (mapped.bytes, counts(&mapped.outcome), prepared)
        };
        in_order(
            sources,
            threads,
            || self.shredder(),
            work,
            |(bytes, rows, prepared)| {
                summary.add(bytes, &rows);
                take(prepared)
            },
        )?;
        summary.elapsed = began.elapsed();
        Ok(summary)
    }

    /// A shredder for a thread of its own.
    pub(crate) fn shredder(&self) -> Shredder {
        Shredder::new(self.contract.clone(), self.limits)
    }

    /// What becomes of one document.
    pub(crate) fn map(&self, shredder: &mut Shredder, source: &Source) -> Mapped {
        match source.read(self.limits.document_bytes) {
            Ok(document) => {
                let own_key = document.as_ref().filter(|_| self.id_from_key);
                let own_key = own_key.and_then(|document| shredder.key(document));
                let app_id = own_key.unwrap_or(source.app_id);
                let outcome = shredder.shred(app_id, self.now, document.as_ref());
                let bytes = document.map_or(0, |document| document.bytes.len() as u64);
                Mapped { app_id, bytes, outcome }
            }
            Err(failure) => Mapped { app_id: source.app_id, bytes: 0, outcome: Err(failure) },
        }
    }

    fn line(&self, source: &Source, mapped: &Mapped) -> Vec<u8> {
        let (app_id, outcome) = (mapped.app_id, &mapped.outcome);
        let json = JsonLine { file: &source.name, app_id, outcome, contract: &self.contract };
        let mut line = serde_json::to_vec(&json).expect("memory can be written, keys are text");
        line.push(b'\n');
        line
    }
}

/// Rows per table, or why there are none.
fn counts(outcome: &Outcome) -> Result<Vec<u64>, FailureCategory> {
    match outcome {
        Ok(tables) => Ok(tables.iter().map(|rows| rows.len() as u64).collect()),
        Err(failure) => Err(failure.category),
    }
}

impl Source {
    /// The document; `None` where a store has none.
    pub(crate) fn read(&self, most: u64) -> Result<Option<Document>, Box<Failure>> {
        match &self.content {
            Content::File(path) => {
                let bytes = read(path, most)?;
                Ok(Some(Document { bytes, encoding: DocumentEncoding::Detect }))
            }
            Content::Stored(document) => Ok(document.clone()),
        }
    }
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
