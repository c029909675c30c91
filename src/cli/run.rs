//! `xmlshred run`: claim, shred and complete until nothing is ready.

use std::sync::Arc;

use clap::Args;
use tracing::level_filters::LevelFilter;

use super::contract::file as contract_file;
use super::logging::Habits;
use super::setting_flags::{Pipeline, SettingFlags};
use super::store::open;
use super::{console, Call, CommandError, Execute, ExitStatus};
use crate::contract::Contract;
use crate::report::{render_summary, render_summary_line, Format, ProgressLine};
use crate::runner::{
    self, stop_event, Connect, ContractShredder, RunConfig, RunError, RunSummary, Shutdown,
};
use crate::settings::keys::Key;
use crate::settings::{LogFormat, StoreLocation};
use crate::store::Store;

/// Claim, shred and complete applications until nothing is ready
#[derive(Debug, Args)]
pub struct Arguments {
    /// The closing summary as tables for people, or as JSON for programs
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "table|json",
        hide_possible_values = true
    )]
    format: Format,

    /// Start although the target tables differ from the contract's in a way that may refuse rows
    #[arg(long)]
    allow_drift: bool,

    /// The job of SQL Server Agent that this is a step of, as its token JOBID says it; stopping the
    /// job then drains
    #[arg(long, value_name = "0x...", requires = "agent_step", help_heading = "SQL Server Agent", value_parser = job_id)]
    agent_job: Option<String>,

    /// The step, as Agent's token STEPID says it
    #[arg(long, value_name = "N", requires = "agent_job", help_heading = "SQL Server Agent", value_parser = clap::value_parser!(u32).range(1..))]
    agent_step: Option<u32>,

    #[command(flatten)]
    pipeline: SettingFlags<Pipeline>,
}

/// `0x` and 32 hexadecimal digits.
fn job_id(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix("0x").unwrap_or("");
    match digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(text.to_owned()),
        false => Err("a job's id is 0x and 32 hexadecimal digits, as $(ESCAPE_NONE(JOBID)) \
                      gives it in a job step"
            .to_owned()),
    }
}

impl Execute for Arguments {
    fn given(&self) -> &[(&'static Key, String)] {
        &self.pipeline.given
    }

    /// Job history keeps the beginning of what a step prints: that is to be the summary.
    fn habits(&self) -> Habits {
        let console = self.agent_job.as_ref().map(|_| LevelFilter::WARN);
        Habits { console, always_logs: true }
    }

    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let shutdown = Shutdown::new();
        if let (Some(job), Some(step)) = (&self.agent_job, self.agent_step) {
            stop_event::drain_on(&shutdown, job, step);
        }
        shutdown.on_signals(ExitStatus::Interrupted.code().into()).map_err(|e| {
            CommandError::new(ExitStatus::Aborted, format!("cannot listen for Ctrl+C: {e}"))
        })?;
        let contract = Arc::new(contract_file::read(&call.settings)?);
        let location = open::location(&call.settings)?.clone();
        let (at, installed, allow_drift) = (location.clone(), contract.clone(), self.allow_drift);
        runner::unless_stopped(&shutdown, &location.to_string(), move || {
            let mut store = open::connect(&at)?;
            open::install_if_none(&at, store.as_mut(), &installed)?;
            refuse_drift(store.as_mut(), &installed, allow_drift)
        })??;
        let shredder = Arc::new(ContractShredder::new(contract.clone(), call.settings.limits));
        let config = self.config(call, &location);
        log_start(&config, &contract, &location);
        let connect: Connect = Arc::new(move |_role| open::connect(&location));
        let mut progress =
            ProgressLine::new(call.settings.limit, call.settings.log.format == LogFormat::Text);
        let summary = runner::run(config, contract, connect, shredder, &shutdown, &mut progress)?;
        drop(progress);
        log_end(&summary);
        if self.agent_job.is_some() && self.format == Format::Table {
            console::print(&render_summary_line(&summary))?;
        }
        console::print(&render_summary(&summary, self.format))?;
        Ok(summary.end.exit_status())
    }
}

impl Arguments {
    fn config(&self, call: &Call, location: &StoreLocation) -> RunConfig {
        RunConfig {
            store_name: location.to_string(),
            agent_job: self.agent_job.clone(),
            agent_step: self.agent_step.map(|step| step.to_string()),
            ..config(call)
        }
    }
}

/// Stops before the first row where the tables that are there are not the contract's.
fn refuse_drift(
    store: &mut dyn Store,
    contract: &Contract,
    allow_drift: bool,
) -> Result<(), CommandError> {
    let mut drift = store.compare_targets(contract)?;
    drift.retain(|difference| difference.refuses);
    if drift.is_empty() {
        return Ok(());
    }
    if allow_drift {
        drift.iter().for_each(|difference| tracing::warn!("{difference}"));
        return Ok(());
    }
    let problems: Vec<String> = drift.iter().map(ToString::to_string).collect();
    let message = format!("the target tables are not the contract's\n  {}", problems.join("\n  "));
    Err(CommandError::new(ExitStatus::Contract, message).hint(
        "nothing was claimed; change the contract or the tables, or start with --allow-drift",
    ))
}

fn log_start(config: &RunConfig, contract: &Contract, location: &StoreLocation) {
    tracing::info!(
        worker = config.worker_name,
        session = %config.session.0,
        store = %location,
        contract = contract.name,
        contract_hash = %contract.hash,
        workers = config.workers,
        batch_size = config.batch_size,
        version = env!("CARGO_PKG_VERSION"),
        "run begins"
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

fn config(call: &Call) -> RunConfig {
    let settings = &call.settings;
    let default = RunConfig::default();
    RunConfig {
        session: call.session,
        store_name: default.store_name,
        worker_name: settings.worker_name.clone().unwrap_or(default.worker_name),
        agent_job: None,
        agent_step: None,
        workers: settings.workers,
        batch_size: settings.batch_size,
        limit: settings.limit,
        share: settings.share,
        lease: settings.lease,
        follow: settings.follow,
        poll: settings.poll,
        max_bytes_in_flight: settings.max_bytes_in_flight,
        fail_on: settings.fail_on,
        max_reaps: settings.max_reaps,
        store_patience: default.store_patience,
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Store(error) => error.into(),
            RunError::Threads { .. } => Self::usage(error.to_string()),
            RunError::Stopped => Self::new(ExitStatus::Interrupted, error.to_string())
                .hint("see who holds the store if it had to wait; run it again to continue"),
        }
    }
}
