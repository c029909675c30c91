//! `xmlshred run`: claim, shred and complete until nothing is ready.

use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use tracing::level_filters::LevelFilter;

use super::call::{Call, Execute};
use super::command_error::{CommandError, Result};
use super::contract::file as contract_file;
use super::logging::Habits;
use super::store::{failures, install, open};
use super::{console, logging, screens, signals};
use crate::contract::Contract;
use crate::report::{render_summary, render_summary_line, Format, ProgressLine};
use crate::runner::{
    self, stop_event, Connect, ContractShredder, ExitStatus, RunConfig, RunError, RunSummary,
    Shutdown,
};
use crate::settings::LogFormat;
use crate::store::Store;

/// Claim, shred and complete applications until nothing is ready
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print the summary as tables for people or as JSON for programs
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json", hide_possible_values = true)]
    format: Format,

    /// Start although the target tables differ from the contract so that rows may be refused
    #[arg(long)]
    allow_drift: bool,

    /// Install the contract first, as `install` does, where it is not the installed one; on SQL Server
    /// this needs a login that may create objects
    #[arg(long)]
    install: bool,

    /// The SQL Server Agent job that this is a step of, from its token JOBID; stopping the job
    /// then ends the run gracefully
    #[arg(long, value_name = "0x...", requires = "agent_step", value_parser = job_id)]
    #[arg(help_heading = "SQL Server Agent")]
    agent_job: Option<String>,

    /// The step, from Agent's token STEPID
    #[arg(long, value_name = "N", requires = "agent_job", help_heading = "SQL Server Agent")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    agent_step: Option<u32>,
}

/// `0x` and 32 hexadecimal digits.
fn job_id(text: &str) -> std::result::Result<String, &'static str> {
    let digits = text.strip_prefix("0x").unwrap_or("");
    match digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(text.to_owned()),
        false => Err("a job id is 0x and 32 hexadecimal digits, as $(ESCAPE_NONE(JOBID)) in a \
                      job step"),
    }
}

impl Execute for Arguments {
    /// Job history keeps the start of a step's output: the summary belongs there.
    fn habits(&self) -> Habits {
        let console = self.agent_job.as_ref().map(|_| LevelFilter::WARN);
        Habits { console, always_logs: true }
    }

    fn execute(&self, call: &Call) -> Result {
        let shutdown = signals::shutdown()?;
        if let (Some(job), Some(step)) = (&self.agent_job, self.agent_step) {
            stop_event::drain_on(&shutdown, job, step);
        }
        self.run(call, &shutdown, call.settings.run.follow)
    }
}

/// Runs a worker that follows the queue until it is asked to stop.
///
/// # Errors
/// What stops it before the first claim.
pub fn follow(call: &Call, shutdown: &Shutdown) -> Result {
    let plain = Arguments {
        format: Format::Table,
        allow_drift: false,
        install: false,
        agent_job: None,
        agent_step: None,
    };
    plain.run(call, shutdown, true)
}

impl Arguments {
    fn run(&self, call: &Call, shutdown: &Shutdown, follow: bool) -> Result {
        let contract = Arc::new(contract_file::read(&call.settings)?);
        let location = open::location(&call.settings)?.clone();
        if self.install {
            install::before_a_run(call, &location, &contract)?;
        }
        let config = RunConfig {
            session: call.session,
            store_name: location.to_string(),
            agent_job: self.agent_job.clone(),
            agent_step: self.agent_step.map(|step| step.to_string()),
            follow,
            document_timeout: call.settings.limits.time,
            incomplete_log: logging::incomplete,
            ..call.settings.run.clone()
        };
        let (at, installed, allow_drift) = (location.clone(), contract.clone(), self.allow_drift);
        let session = call.session;
        let opened = runner::unless_stopped(shutdown, &config.store_name, move || {
            let mut store = open::connect_for(&at, session, &installed)?;
            open::install_if_none(&at, store.as_mut(), &installed)?;
            refuse_drift(store.as_mut(), &installed, allow_drift)?;
            Ok::<_, CommandError>(store)
        })??;
        let limits = call.settings.limits.within_flight(config.max_bytes_in_flight);
        let shredder = Arc::new(ContractShredder::new(contract.clone(), limits));
        // The first session is there already.
        let opened = Mutex::new(Some(opened));
        let connect: Connect = Arc::new(move |_role| {
            let first = opened.lock().unwrap_or_else(PoisonError::into_inner).take();
            first.map_or_else(|| open::connect(&location, session), Ok)
        });
        log_start(&config, &contract);
        let for_people = call.settings.log.format == LogFormat::Text;
        let mut progress = ProgressLine::new(config.limit, for_people && !call.settings.quiet);
        let summary = runner::run(config, contract, connect, shredder, shutdown, &mut progress)?;
        drop(progress);
        log_end(&summary);
        if self.agent_job.is_some() && self.format == Format::Table {
            console::print_or_give_up(Format::Table, &render_summary_line(&summary))?;
        }
        console::print_or_give_up(
            self.format,
            &render_summary(&summary, self.format, screens::stdout()),
        )?;
        if summary.failed > 0 {
            failures::note_causes();
        }
        Ok(summary.end.exit_status())
    }
}

/// Stops before the first row where the existing tables do not fit the contract.
fn refuse_drift(store: &mut dyn Store, contract: &Contract, allow_drift: bool) -> Result<()> {
    let mut drift = store.opened_with_targets(contract)?;
    drift.retain(|difference| difference.refuses);
    if allow_drift {
        drift.iter().for_each(|difference| tracing::warn!("{difference}"));
    }
    if drift.is_empty() || allow_drift {
        return Ok(());
    }
    let problems: Vec<String> = drift.iter().map(ToString::to_string).collect();
    let message = format!(
        "the target tables do not fit the contract; nothing was claimed\n  {}",
        problems.join("\n  ")
    );
    let hint = "change the contract or the tables, or add --allow-drift";
    Err(CommandError::new(ExitStatus::Contract, message, hint))
}

fn log_start(config: &RunConfig, contract: &Contract) {
    tracing::info!(
        worker = config.worker_name,
        session = %config.session.0,
        store = config.store_name,
        contract = contract.name,
        contract_hash = %contract.hash,
        workers = config.workers,
        batch_size = config.batch_size,
        version = env!("CARGO_PKG_VERSION"),
        "run starts"
    );
}

fn log_end(summary: &RunSummary) {
    tracing::info!(
        exit_status = summary.exit_status,
        claimed = summary.claimed,
        success = summary.success,
        failed = summary.failed,
        released = summary.released,
        abandoned = summary.abandoned,
        seconds = summary.wall_seconds,
        "run ended: {}",
        summary.end.sentence()
    );
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Store(error) => error.into(),
            RunError::Threads { .. } => Self::usage(error.to_string(), "lower --workers"),
            RunError::Defect => Self::new(
                ExitStatus::Aborted,
                error.to_string(),
                "report it with the message above",
            ),
            RunError::Stopped => {
                Self::new(ExitStatus::Interrupted, error.to_string(), "run again to continue")
            }
        }
    }
}
