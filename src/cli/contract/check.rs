//! `xmlshred contract check`: the contract alone, over samples, and against a database.

use std::fmt::Write as _;
use std::path::PathBuf;

use chrono::Utc;
use clap::Args;

use super::file;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::map;
use crate::cli::store::open;
use crate::cli::{console, document_files};
use crate::contract::{Contract, ParsedContract};
use crate::offline::sample::{self, SampleReport};
use crate::offline::Mapping;
use crate::outcome::Failure;
use crate::report::coverage_line;
use crate::runner::ExitStatus;
use crate::settings::StoreLocation;
use crate::store::Difference;

/// Report every mistake in a contract, each with its place and its fix
#[derive(Debug, Args)]
pub struct Arguments {
    /// Contract [default: the one of --contract]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Also shred these XML files and folders of *.xml; warn of paths that no document has, of text
    /// columns that are too narrow, and of offsets that dates lose
    #[arg(long, value_name = "FILES", num_args = 1..)]
    sample: Vec<PathBuf>,

    #[command(flatten)]
    search: document_files::Search,

    /// Also compare the contract with the store's target tables, column by column
    #[arg(long)]
    against_database: bool,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let mut parsed = match &self.file {
            Some(file) => file::parse_file(file)?,
            None => file::parse_file(file::named(&call.settings)?)?,
        };
        let report = match self.sample.as_slice() {
            [] => None,
            samples => Some(shred(&mut parsed, samples, self.search, call)?),
        };
        console::diagnose(&parsed.diagnostics);
        let mut text = description(&parsed.contract);
        let mut status = ExitStatus::Success;
        if let Some(SampleReport { summary, coverage, failures }) = report {
            let _ = write!(text, "\n{summary}");
            if coverage.documents > 0 {
                let _ = writeln!(text, "{}", coverage_line(&coverage));
            }
            for (at, (file, failure)) in failures.iter().enumerate() {
                let gap = if at == 0 { "\n" } else { "" };
                let _ = writeln!(text, "{gap}{file}: {}", sentence(failure));
            }
            status = map::status(call, summary.failed(), summary.documents);
        }
        if self.against_database {
            let differences = compare(call, &parsed.contract)?;
            text += &compared(&differences);
            if differences.iter().any(|difference| difference.refuses) {
                status = ExitStatus::Contract;
            }
        }
        console::print(&text).map(|_| status)
    }
}

fn shred(
    parsed: &mut ParsedContract,
    samples: &[PathBuf],
    search: document_files::Search,
    call: &Call,
) -> Result<SampleReport> {
    let sources = document_files::samples(samples, search)?;
    let threads = map::threads(call)?;
    let mapping = Mapping {
        contract: parsed.contract.clone(),
        limits: call.settings.limits,
        now: Utc::now(),
        id_from_key: true,
    };
    sample::examine(parsed, &mapping, &sources, &threads).map_err(|e| console::unwritable(&e))
}

/// The differences between the tables of the database and the contract's; a server needs no
/// installation for it.
fn compare(call: &Call, contract: &Contract) -> Result<Vec<Difference>> {
    Ok(match open::location(&call.settings)? {
        #[cfg(feature = "sqlserver")]
        StoreLocation::SqlServer(server) => open::catalog(server)?.compare_targets(contract)?,
        StoreLocation::Sqlite(_) => open::existing(call)?.compare_targets(contract)?,
    })
}

/// The differences; first those that may refuse rows.
fn compared(differences: &[Difference]) -> String {
    let mut text = String::new();
    let kinds = [(true, "may refuse or change rows"), (false, "is harmless")];
    for (refuses, title) in kinds {
        let mut of_kind = differences.iter().filter(|d| d.refuses == refuses).peekable();
        if of_kind.peek().is_some() {
            let _ = write!(text, "\ndifference in the database that {title}:\n");
        }
        for difference in of_kind {
            let _ = writeln!(text, "  {difference}");
        }
    }
    if text.is_empty() {
        text.push_str("\nthe tables of the database fit the contract\n");
    }
    text
}

/// Name, hash and tables in load order.
fn description(contract: &Contract) -> String {
    let mut text = format!("contract {} is valid\nhash {}\n", contract.name, contract.hash);
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
