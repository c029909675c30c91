//! `xmlshred map`: documents through the contract, without a database.

use std::io::{BufWriter, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use clap::{Args, ValueEnum};

use super::document_files;
use super::setting_flags::{FlagSet, SettingFlags};
use super::{console, contract_file, Call, CommandError, Execute, ExitStatus};
use crate::offline::{LineFormat, MapSummary, Mapping, SourceFile};
use crate::outcome::AppId;
use crate::settings::keys::{self, Key};

/// Map documents to rows without a database, in parallel, and print what became of each
#[derive(Debug, Args)]
pub struct Arguments {
    /// XML files, folders of *.xml, and - for stdin
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,

    /// One line of JSON per document, in the order given; or only the closing summary
    #[arg(
        long,
        value_enum,
        default_value_t = Format::Json,
        value_name = "json|none",
        hide_possible_values = true
    )]
    format: Format,

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
struct Offline;

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
        let files = self.source_files()?;
        let mapping = Mapping {
            contract: Arc::new(contract_file::read(&call.settings)?),
            limits: call.settings.limits,
            now: Utc::now(),
            id_from_key: self.app_id_from == IdFrom::Key,
            format: match self.format {
                Format::Json => LineFormat::Json,
                Format::None => LineFormat::None,
            },
        };
        let Some(summary) = map(&mapping, &files, call.settings.workers)? else {
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
    fn source_files(&self) -> Result<Vec<SourceFile>, CommandError> {
        let paths = document_files::expand(&self.files)?;
        let ids = match self.app_id_from {
            IdFrom::Key | IdFrom::Order => document_files::ids_from(AppId(1), paths.len()),
            IdFrom::Digits => document_files::ids_in_names(&paths)?,
        };
        let files = ids.into_iter().zip(paths);
        Ok(files.map(|(app_id, path)| SourceFile { app_id, path }).collect())
    }
}

/// The summary; nothing when the reader of stdout has seen enough.
fn map(
    mapping: &Mapping,
    files: &[SourceFile],
    workers: usize,
) -> Result<Option<MapSummary>, CommandError> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(workers).build().map_err(|e| {
        CommandError::usage(format!("cannot start {workers} threads: {e}"))
            .hint("give a smaller --workers")
    })?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    match mapping.map_files(files, &threads, &mut out) {
        Ok(summary) => Ok(Some(summary)),
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(None),
        Err(e) => Err(console::unwritable(&e)),
    }
}
