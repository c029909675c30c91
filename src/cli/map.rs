//! `xmlshred map`: documents through the contract, without a database.

use std::io::{self, BufWriter, ErrorKind, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use clap::{Args, ValueEnum};
use rayon::ThreadPool;

use super::call::{Call, Execute};
use super::command_error::{CommandError, Result};
use super::contract::file as contract_file;
use super::store::open;
use super::{console, document_files, screens};
use crate::files::NewFile;
use crate::id::AppId;
use crate::offline::{Content, CsvFolder, Formulas, MapSummary, Mapping, Source};
use crate::runner::ExitStatus;

/// Shred documents without writing to a database, and print the rows of each
#[derive(Debug, Args)]
pub struct Arguments {
    /// XML files, folders of *.xml, zip archives, and - for stdin
    #[arg(required_unless_present = "app_id", value_name = "FILES")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    search: document_files::Search,

    /// Shred this application's document from the store instead of files (`xmlshred status --help`
    /// has the flags of a server); may be repeated
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(conflicts_with_all = ["files", "app_id_from"])]
    app_id: Vec<i64>,

    /// Print the rows of each document as tables for people; print one line of JSON per document, in
    /// the order given; write one CSV file per table; or print only the summary [default: table on a
    /// terminal, else json]
    #[arg(long, value_enum)]
    #[arg(value_name = "table|json|csv|none", hide_possible_values = true)]
    format: Option<Format>,

    /// Shred only the first N documents, in the order given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    first: Option<u64>,

    /// Folder for the files of --format csv, or file for the lines of --format json; files of the same names
    /// are replaced
    #[arg(long, value_name = "PATH", required_if_eq("format", "csv"))]
    out: Option<PathBuf>,

    /// Write an apostrophe before text that a spreadsheet would run as a formula; without it the
    /// files have the values as they are, for loading them again
    #[arg(long)]
    spreadsheet_safe: bool,

    /// Take application ids from the contract's `key` in the document, or else the order; from the
    /// order of the files, starting at 1; or from the last digits in each file's name
    #[arg(long, value_enum, default_value_t = IdFrom::Key)]
    #[arg(value_name = "key|order|digits", hide_possible_values = true)]
    app_id_from: IdFrom,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum IdFrom {
    Key,
    Order,
    Digits,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        if self.out.is_some() && matches!(self.format, Some(Format::Table | Format::None)) {
            return Err(CommandError::usage(
                "--out requires --format csv or --format json",
                "name one of these formats, or leave --out out",
            ));
        }
        if self.spreadsheet_safe && self.format() != Format::Csv {
            return Err(CommandError::usage(
                "--spreadsheet-safe requires --format csv",
                "add --format csv, or leave it out",
            ));
        }
        let mut sources = self.sources(call)?;
        if let Some(first) = self.first {
            sources.truncate(usize::try_from(first).unwrap_or(usize::MAX));
        }
        let mapping = Mapping {
            contract: Arc::new(contract_file::read(&call.settings)?),
            limits: call.settings.limits,
            now: Utc::now(),
            id_from_key: self.app_id.is_empty() && self.app_id_from == IdFrom::Key,
        };
        let threads = threads(call)?;
        let Some(summary) = self.map(&mapping, &sources, &threads)? else {
            return Ok(ExitStatus::Success);
        };
        console::note(summary.on(screens::stderr()));
        Ok(status(call, summary.failed(), summary.documents))
    }
}

impl Arguments {
    /// On a terminal, people read.
    fn format(&self) -> Format {
        self.format.unwrap_or(match io::stdout().is_terminal() && self.out.is_none() {
            true => Format::Table,
            false => Format::Json,
        })
    }

    fn formulas(&self) -> Formulas {
        match self.spreadsheet_safe {
            true => Formulas::Disarm,
            false => Formulas::Keep,
        }
    }

    fn sources(&self, call: &Call) -> Result<Vec<Source>> {
        if !self.app_id.is_empty() {
            return self.stored(call);
        }
        let files = document_files::expand(&self.files, self.search)?;
        let ids = match self.app_id_from {
            IdFrom::Key | IdFrom::Order => document_files::ids_in_order(files.len()).collect(),
            IdFrom::Digits => document_files::ids_in_names(&files)?,
        };
        Ok(ids.into_iter().zip(files).map(|(id, file)| Source::file(id, file)).collect())
    }

    /// The documents of `--app-id`.
    fn stored(&self, call: &Call) -> Result<Vec<Source>> {
        let mut store = open::existing(call)?;
        let source = |id: &i64| {
            let app_id = AppId(*id);
            let content = Content::Stored(store.read_document(app_id)?);
            Ok(Source { app_id, name: format!("app_id {id}"), content })
        };
        self.app_id.iter().map(source).collect()
    }

    /// The summary; `None` when the reader of stdout stops early.
    fn map(
        &self,
        mapping: &Mapping,
        sources: &[Source],
        threads: &ThreadPool,
    ) -> Result<Option<MapSummary>> {
        let mapped = match (self.format(), &self.out) {
            (Format::None, _) => mapping.count(sources, threads),
            (Format::Csv, Some(folder)) => {
                let files = CsvFolder::create(folder, &mapping.contract, self.formulas());
                let mapped = files.and_then(|to| mapping.write_csv(sources, threads, to));
                return mapped.map(Some).map_err(|e| {
                    let message = format!("cannot write CSV files to {}: {e}", folder.display());
                    let hint = "close the files in other programs, or name a writable folder";
                    CommandError::new(ExitStatus::Aborted, message, hint)
                });
            }
            (Format::Table, _) => {
                let mut out = BufWriter::new(io::stdout().lock());
                mapping.write_tables(sources, threads, screens::stdout(), &mut out)
            }
            (Format::Json, Some(path)) => {
                let written = NewFile::create(path).and_then(|mut out| {
                    let summary = mapping.write_json(sources, threads, &mut out)?;
                    out.put_in_place()?;
                    Ok(summary)
                });
                return written.map(Some).map_err(|e| console::not_written(path, &e));
            }
            (Format::Json | Format::Csv, _) => {
                let mut out = BufWriter::new(io::stdout().lock());
                mapping.write_json(sources, threads, &mut out)
            }
        };
        match mapped {
            Ok(summary) => Ok(Some(summary)),
            Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(None),
            Err(e) => Err(console::unwritable(&e)),
        }
    }
}

/// The threads that shred.
///
/// # Errors
/// The system refuses so many.
pub fn threads(call: &Call) -> Result<ThreadPool> {
    let workers = call.settings.run.workers;
    rayon::ThreadPoolBuilder::new().num_threads(workers).build().map_err(|e| {
        CommandError::usage(format!("cannot start {workers} threads: {e}"), "lower --workers")
    })
}

/// The exit status that `--fail-on` says.
pub fn status(call: &Call, failed: u64, documents: u64) -> ExitStatus {
    match call.settings.run.fail_on.is_exceeded(failed, documents) {
        true => ExitStatus::SomeFailed,
        false => ExitStatus::Success,
    }
}
