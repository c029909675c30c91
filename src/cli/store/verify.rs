//! `xmlshred verify`: documents shredded again and compared with the rows in the target tables.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use uuid::Uuid;

use super::open;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::contract::file as contract_file;
use crate::cli::{console, signals};
use crate::contract::Contract;
use crate::id::AppId;
use crate::offline::put_line;
use crate::report::{render_verification, verification_line, Format, ListFormat};
use crate::runner::ExitStatus;
use crate::store::StoreError;
use crate::verify::{verify, Example, Report, Selection, Verdict, Verification, Verified};

/// Shred documents again and compare the result with the rows in the target tables
///
/// Nothing is written. Exit status 1 says that something differs. A document
/// that was changed after its rows were written, that cannot be shredded, or
/// that is gone is counted, and is not a difference.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("selection").required(true))]
pub struct Arguments {
    /// Verify every application with a source row and rows in the target tables
    #[arg(long, group = "selection")]
    all: bool,

    /// Verify N applications that the log knows as finished, drawn at random
    #[arg(long, value_name = "N", group = "selection")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    sample: Option<u32>,

    /// Verify these applications
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', group = "selection")]
    #[arg(allow_negative_numbers = true)]
    app_id: Vec<i64>,

    /// Draw the same sample as another call did
    #[arg(long, value_name = "SEED", requires = "sample", value_parser = clap::value_parser!(u32))]
    seed: Option<u32>,

    /// Verify only ids above this one, to go on after an interruption
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    after: Option<i64>,

    /// Show at most N examples of each kind of difference in each column
    #[arg(long, value_name = "N", default_value_t = 3)]
    examples: usize,

    /// Print tables for people, JSON for programs, or a line of CSV for each example
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json|csv", hide_possible_values = true)]
    format: ListFormat,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let shutdown = signals::shutdown()?;
        let contract = Arc::new(contract_file::read(&call.settings)?);
        let location = open::location(&call.settings)?;
        let masked = masked_if_installed(call, &contract)?;
        let seed = self.sample.map(|_| self.seed.unwrap_or_else(any_seed));
        if let Some(seed) = seed {
            console::note(format!("the sample is drawn with --seed {seed}\n"));
        }
        let verification = Verification {
            contract,
            masked,
            limits: call.settings.limits,
            selection: self.selection(seed),
            after: self.after.map(AppId),
            threads: call.settings.run.workers,
            examples: self.examples,
        };
        let connect = || open::connect(location, call.session);
        let stop = || shutdown.is_requested();
        let mut log = ProgressLog::new();
        let verified = verify(&verification, &connect, &stop, |report| log.progress(report));
        // An error before anything was found has nothing to show.
        if verified.error.is_none() || verified.report.apps.iter().any(|apps| *apps > 0) {
            self.print(&verified.report, seed)?;
        }
        self.end(verified, seed)
    }
}

impl Arguments {
    fn selection(&self, seed: Option<u32>) -> Selection {
        match (self.sample, seed) {
            (Some(size), Some(seed)) => {
                Selection::Sample { size: size as usize, seed: seed.into() }
            }
            _ if self.all => Selection::All,
            _ => Selection::Apps(self.app_id.iter().copied().map(AppId).collect()),
        }
    }

    fn print(&self, report: &Report, seed: Option<u32>) -> Result {
        let seed = seed.map(u64::from);
        match self.format {
            ListFormat::Table => console::print(&render_verification(report, seed, Format::Table)),
            ListFormat::Json => {
                console::print_data(&render_verification(report, seed, Format::Json))
            }
            ListFormat::Csv => console::print_data(&as_csv(report)),
        }
    }

    /// What is left to say, and the exit status.
    fn end(&self, verified: Verified, seed: Option<u32>) -> Result {
        let Verified { report, error } = verified;
        tracing::info!(
            equal = report.count(Verdict::Equal),
            different = report.count(Verdict::Different),
            complete = report.is_complete,
            "verified"
        );
        if let Some(error) = error {
            if report.apps.iter().any(|apps| *apps > 0) {
                console::tell(self.how_to_go_on(&report, seed));
            }
            return Err(error.into());
        }
        if !report.is_complete {
            console::tell(format!("interrupted: {}", self.how_to_go_on(&report, seed)));
            return Ok(ExitStatus::Interrupted);
        }
        match report.count(Verdict::Different) {
            0 => Ok(ExitStatus::Success),
            _ => Ok(ExitStatus::SomeFailed),
        }
    }

    fn how_to_go_on(&self, report: &Report, seed: Option<u32>) -> String {
        let seed = match (seed, self.seed) {
            (Some(seed), None) => format!("--seed {seed}"),
            _ => String::new(),
        };
        let after = report.after.map(|app_id| format!("--after {app_id}"));
        let flags: Vec<String> =
            [seed, after.unwrap_or_default()].into_iter().filter(|flag| !flag.is_empty()).collect();
        match flags.is_empty() {
            true => "run the same command again\n".to_owned(),
            false => format!("add {} to the command to go on\n", flags.join(" ")),
        }
    }
}

/// The columns that this login sees masked. Rows are compared with what the installed contract makes of the
/// documents.
fn masked_if_installed(call: &Call, contract: &Contract) -> Result<Vec<(usize, usize)>> {
    let mut store = open::existing(call)?;
    let installed = store.get_contract()?;
    match installed == Some(contract.hash) {
        true => Ok(store.masked_columns(contract)?),
        false => Err(StoreError::ContractNotInstalled { offered: contract.hash, installed }.into()),
    }
}

fn any_seed() -> u32 {
    Uuid::new_v4().as_u128() as u32
}

/// A line in the log now and then.
struct ProgressLog {
    last: Instant,
}

impl ProgressLog {
    const PAUSE: Duration = Duration::from_secs(30);

    fn new() -> Self {
        Self { last: Instant::now() }
    }

    fn progress(&mut self, report: &Report) {
        if self.last.elapsed() >= Self::PAUSE {
            self.last = Instant::now();
            let verified_to = report.after.map(|app_id| app_id.0);
            tracing::info!(verified_to, "{}", verification_line(report));
        }
    }
}

const COLUMNS: [&str; 7] = ["app_id", "table", "column", "difference", "row", "expected", "found"];

/// A line for each example, and for each application that was not compared.
fn as_csv(report: &Report) -> String {
    let mut text = Vec::new();
    put_line(&mut text, COLUMNS.map(|name| Some(name.into())));
    for example in &report.examples {
        put_line(&mut text, cells(report, example));
    }
    for app in &report.not_compared {
        let (id, name) = (app.app_id.to_string(), app.verdict.name());
        let reason = app.reason.as_deref().map(Cow::from);
        put_line(&mut text, [Some(id.into()), None, None, Some(name.into()), None, None, reason]);
    }
    String::from_utf8(text).expect("made of texts")
}

fn cells<'r>(report: &'r Report, example: &'r Example) -> [Option<Cow<'r, str>>; 7] {
    let table = &report.tables[example.table];
    let column = example.column.map(|at| Cow::from(&*table.columns[at].name));
    [
        Some(example.app_id.to_string().into()),
        Some(Cow::from(&*table.name)),
        column,
        Some(example.difference.name().into()),
        Some(Cow::from(&example.key)),
        example.expected.as_deref().map(Cow::from),
        example.found.as_deref().map(Cow::from),
    ]
}
