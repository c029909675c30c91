//! `xmlshred contract check`: the contract alone, over samples, and against a database.

use std::fmt::Write as _;
use std::path::PathBuf;

use chrono::Utc;
use clap::Args;

use super::file;
use crate::cli::map::{threads, Offline};
use crate::cli::setting_flags::SettingFlags;
use crate::cli::store::open;
use crate::cli::{console, document_files, Call, CommandError, Execute, ExitStatus};
use crate::contract::{Contract, ParsedContract};
use crate::offline::sample::{self, SampleReport};
use crate::offline::Mapping;
use crate::outcome::Failure;
use crate::settings::keys::Key;
use crate::store::Difference;

/// Report every mistake in a contract, each with its place and what to do
#[derive(Debug, Args)]
pub struct Arguments {
    /// The contract [default: the one that --contract names]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// XML files and folders of *.xml: also warn of paths that none of them has, and of text
    /// columns that are narrower than what they hold
    #[arg(long, value_name = "FILES", num_args = 1..)]
    sample: Vec<PathBuf>,

    /// Also compare the store's target tables with the contract's, column by column
    #[arg(long)]
    against_database: bool,

    #[command(flatten)]
    offline: SettingFlags<Offline>,
}

impl Execute for Arguments {
    fn given(&self) -> &[(&'static Key, String)] {
        &self.offline.given
    }

    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let mut parsed = match &self.file {
            Some(file) => file::parse_file(file)?,
            None => file::parse_file(file::named(&call.settings)?)?,
        };
        let report = match self.sample.as_slice() {
            [] => None,
            samples => Some(examine(&mut parsed, samples, call)?),
        };
        console::diagnose(&parsed.diagnostics);
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
        if self.against_database {
            let differences = open::existing(&call.settings)?
                .compare_targets(&parsed.contract)
                .map_err(CommandError::from)?;
            text += &compared(&differences);
            if differences.iter().any(|difference| difference.refuses) {
                status = ExitStatus::Contract;
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

/// The differences, those first that may refuse rows.
fn compared(differences: &[Difference]) -> String {
    let mut text = String::new();
    let kinds = [(true, "may refuse rows or change them"), (false, "does no harm")];
    for (refuses, title) in kinds {
        let mut of_kind = differences.iter().filter(|d| d.refuses == refuses).peekable();
        if of_kind.peek().is_some() {
            let _ = write!(text, "\nin the database, what {title}:\n");
        }
        for difference in of_kind {
            let _ = writeln!(text, "  {difference}");
        }
    }
    if text.is_empty() {
        text.push_str("\nthe tables of the database are the contract's\n");
    }
    text
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
