//! `xmlshred contract check`: the contract alone, over samples, and against a database.

use std::fmt::Write as _;
use std::path::PathBuf;

use chrono::Utc;
use clap::Args;

use super::map::{threads, Offline};
use super::setting_flags::SettingFlags;
use super::{console, contract_file, document_files, Call, CommandError, Execute, ExitStatus};
use crate::contract::{Contract, ParsedContract};
use crate::offline::sample::{self, SampleReport};
use crate::offline::Mapping;
use crate::outcome::Failure;
use crate::settings::keys::Key;

/// Report every mistake in a contract, each with its place and what to do
#[derive(Debug, Args)]
pub struct Arguments {
    /// The contract
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// XML files and folders of *.xml: also warn of paths that none of them has, and of text
    /// columns that are narrower than what they hold
    #[arg(long, value_name = "FILES", num_args = 1..)]
    sample: Vec<PathBuf>,

    #[command(flatten)]
    offline: SettingFlags<Offline>,
}

impl Execute for Arguments {
    fn given(&self) -> &[(&'static Key, String)] {
        &self.offline.given
    }

    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let mut parsed = contract_file::parse_file(&self.file)?;
        let report = match self.sample.as_slice() {
            [] => None,
            samples => Some(examine(&mut parsed, samples, call)?),
        };
        console::note(&parsed.diagnostics);
        let mut text = description(&parsed.contract);
        let mut status = ExitStatus::Success;
        if let Some(SampleReport { summary, failures }) = report {
            let _ = write!(text, "\n{summary}");
            for (at, (file, failure)) in failures.iter().enumerate() {
                let gap = if at == 0 { "\n" } else { "" };
                let _ = writeln!(text, "{gap}{file}: {}", sentence(failure));
            }
            if call.settings.fail_on.is_exceeded(summary.failed(), summary.documents) {
                status = ExitStatus::SomeFailed;
            }
        }
        console::print(&text)?;
        Ok(status)
    }
}

fn examine(
    parsed: &mut ParsedContract,
    samples: &[PathBuf],
    call: &Call,
) -> Result<SampleReport, CommandError> {
    let sources = document_files::samples(samples)?;
    let threads = threads(call.settings.workers)?;
    let mapping = Mapping {
        contract: parsed.contract.clone(),
        limits: call.settings.limits,
        now: Utc::now(),
        id_from_key: true,
    };
    sample::examine(parsed, &mapping, &sources, &threads).map_err(|e| console::unwritable(&e))
}

/// Name, hash and tables in load order.
fn description(contract: &Contract) -> String {
    let mut text = format!("contract {} is sound\nhash {}\n", contract.name, contract.hash);
    for target in &contract.targets {
        let columns = target.columns.len();
        let _ = write!(text, "table {} ({columns} columns)", target.name);
        if let Some(parent) = &target.foreign_key {
            let _ = write!(text, ", child of {}", parent.references);
        }
        text.push('\n');
    }
    text
}

/// A failure in one line.
fn sentence(failure: &Failure) -> String {
    let mut text = failure.category.name().to_owned();
    if let (Some(table), Some(column)) = (&failure.table, &failure.column) {
        let _ = write!(text, " {table}.{column}");
    }
    if let Some(line) = failure.line {
        let _ = write!(text, " line {line}");
    }
    if let Some(path) = &failure.path {
        let _ = write!(text, " {path}");
    }
    format!("{text}: {}", failure.reason)
}
