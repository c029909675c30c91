//! `xmlshred map`: documents through the contract, without a database.

use std::io::{self, BufWriter, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use clap::{Args, ValueEnum};
use rayon::ThreadPool;

use super::contract::file as contract_file;
use super::document_files;
use super::setting_flags::{FlagSet, SettingFlags};
use super::store::open;
use super::{console, Call, CommandError, Execute, ExitStatus};
use crate::id::AppId;
use crate::offline::{Content, CsvFolder, MapSummary, Mapping, Source};
use crate::settings::keys::{self, Key};

/// Map documents to rows in parallel, write nothing to a database, and print what became of each
#[derive(Debug, Args)]
pub struct Arguments {
    /// XML files, folders of *.xml, and - for stdin
    #[arg(required_unless_present = "app_id", value_name = "FILES")]
    files: Vec<PathBuf>,

    /// Map this application's document from the store instead of files; may be repeated
    #[arg(long, value_name = "N", conflicts_with_all = ["files", "app_id_from"],
        allow_negative_numbers = true)]
    app_id: Vec<i64>,

    /// One line of JSON per document, in the order given; one CSV file per table; or only the
    /// closing summary
    #[arg(
        long,
        value_enum,
        default_value_t = Format::Json,
        value_name = "json|csv|none",
        hide_possible_values = true
    )]
    format: Format,

    /// Folder for the files of --format csv; what it has of them is replaced
    #[arg(long, value_name = "DIR", required_if_eq("format", "csv"))]
    out: Option<PathBuf>,

    /// Where application ids come from: the contract's `key` in the document, or else the order;
    /// the order of the files, from 1; or the last digits in each file's name
    #[arg(
        long,
        value_enum,
        default_value_t = IdFrom::Key,
        value_name = "key|order|digits",
        hide_possible_values = true
    )]
    app_id_from: IdFrom,

    #[command(flatten)]
    offline: SettingFlags<Offline>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
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

/// What mapping without a database heeds.
#[derive(Debug, Clone)]
pub struct Offline;

impl FlagSet for Offline {
    const KEYS: &'static [&'static Key] = &[
        &keys::WORKERS,
        &keys::FAIL_ON,
        &keys::MAX_DOCUMENT_BYTES,
        &keys::MAX_DEPTH,
        &keys::MAX_ATTRIBUTES,
        &keys::MAX_TEXT_BYTES,
        &keys::MAX_ROWS,
    ];
}

impl Execute for Arguments {
    fn given(&self) -> &[(&'static Key, String)] {
        &self.offline.given
    }

    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        if self.out.is_some() && self.format != Format::Csv {
            return Err(CommandError::usage("--out is for --format csv")
                .hint("lines of JSON go to stdout: redirect them"));
        }
        let sources = self.sources(call)?;
        let mapping = Mapping {
            contract: Arc::new(contract_file::read(&call.settings)?),
            limits: call.settings.limits,
            now: Utc::now(),
            id_from_key: self.app_id.is_empty() && self.app_id_from == IdFrom::Key,
        };
        let threads = threads(call.settings.workers)?;
        let Some(summary) = self.map(&mapping, &sources, &threads)? else {
            return Ok(ExitStatus::Success);
        };
        console::note(&summary);
        Ok(match call.settings.fail_on.is_exceeded(summary.failed(), summary.documents) {
            true => ExitStatus::SomeFailed,
            false => ExitStatus::Success,
        })
    }
}

impl Arguments {
    fn sources(&self, call: &Call) -> Result<Vec<Source>, CommandError> {
        if !self.app_id.is_empty() {
            return self.stored(call);
        }
        let paths = document_files::expand(&self.files)?;
        let ids = match self.app_id_from {
            IdFrom::Key | IdFrom::Order => document_files::ids_in_order(paths.len()).collect(),
            IdFrom::Digits => document_files::ids_in_names(&paths)?,
        };
        Ok(ids.into_iter().zip(paths).map(|(id, path)| Source::file(id, path)).collect())
    }

    /// The documents that `--app-id` names.
    fn stored(&self, call: &Call) -> Result<Vec<Source>, CommandError> {
        let mut store = open::existing(&call.settings)?;
        let mut sources = Vec::new();
        for id in &self.app_id {
            let app_id = AppId(*id);
            let content = Content::Stored(store.read_document(app_id)?);
            sources.push(Source { app_id, name: format!("app_id {id}"), content });
        }
        Ok(sources)
    }

    /// The summary; nothing when the reader of stdout has seen enough.
    fn map(
        &self,
        mapping: &Mapping,
        sources: &[Source],
        threads: &ThreadPool,
    ) -> Result<Option<MapSummary>, CommandError> {
        let mapped = match (self.format, &self.out) {
            (Format::None, _) => mapping.count(sources, threads),
            (Format::Csv, Some(folder)) => {
                return csv(mapping, sources, threads, folder).map(Some);
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

fn csv(
    mapping: &Mapping,
    sources: &[Source],
    threads: &ThreadPool,
    folder: &std::path::Path,
) -> Result<MapSummary, CommandError> {
    let files = CsvFolder::create(folder, &mapping.contract);
    let written = files.and_then(|mut files| mapping.write_csv(sources, threads, &mut files));
    written.map_err(|e| {
        let message = format!("cannot write CSV files to {}: {e}", folder.display());
        CommandError::new(ExitStatus::Aborted, message)
            .hint("see who may write there, and whether another program has a file open")
    })
}

/// The threads that map.
///
/// # Errors
/// The system does not give so many.
pub fn threads(workers: usize) -> Result<ThreadPool, CommandError> {
    rayon::ThreadPoolBuilder::new().num_threads(workers).build().map_err(|e| {
        CommandError::usage(format!("cannot start {workers} threads: {e}"))
            .hint("give a smaller --workers")
    })
}
