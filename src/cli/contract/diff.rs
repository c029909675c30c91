//! `xmlshred contract diff`: what a new contract does differently.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use clap::{Args, ValueEnum};

use super::file;
use crate::cli::map::threads;
use crate::cli::setting_flags::{FlagSet, SettingFlags};
use crate::cli::{console, document_files, Call, CommandError, Execute, ExitStatus};
use crate::contract::Contract;
use crate::offline::diff::{self, ContractDiff};
use crate::offline::Mapping;
use crate::settings::keys::{self, Key};

/// Map samples with two contracts, and show which rows appear, vanish or change
#[derive(Debug, Args)]
pub struct Arguments {
    /// The contract as it was
    #[arg(value_name = "OLD")]
    old: PathBuf,

    /// The contract as it is to be
    #[arg(value_name = "NEW")]
    new: PathBuf,

    /// XML files and folders of *.xml
    #[arg(long, value_name = "FILES", num_args = 1.., required = true)]
    sample: Vec<PathBuf>,

    /// Examples of each kind of difference
    #[arg(long, value_name = "N", default_value_t = 3)]
    show: usize,

    /// For people, or as one JSON document for programs
    #[arg(
        long,
        value_enum,
        default_value_t = Format::Text,
        value_name = "text|json",
        hide_possible_values = true
    )]
    format: Format,

    #[command(flatten)]
    offline: SettingFlags<Comparing>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// What comparing heeds.
#[derive(Debug, Clone)]
struct Comparing;

impl FlagSet for Comparing {
    const KEYS: &'static [&'static Key] = &[
        &keys::WORKERS,
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
        let sources = document_files::samples(&self.sample)?;
        let now = Utc::now();
        let mapping = |contract: Contract| Mapping {
            contract: Arc::new(contract),
            limits: call.settings.limits,
            now,
            id_from_key: true,
        };
        let old = mapping(file::read_file(&self.old)?);
        let new = mapping(file::read_file(&self.new)?);
        let threads = threads(call.settings.workers)?;
        let found = diff::diff(&old, &new, &sources, &threads, self.show);
        let found = found.map_err(|e| console::unwritable(&e))?;
        console::print(&self.shown(&found))?;
        Ok(ExitStatus::Success)
    }
}

impl Arguments {
    fn shown(&self, found: &ContractDiff) -> String {
        match self.format {
            Format::Text => found.to_string(),
            Format::Json => {
                let json = serde_json::to_string_pretty(found);
                json.expect("memory can be written, keys are text") + "\n"
            }
        }
    }
}
