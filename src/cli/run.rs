//! `xmlshred run`: claim, shred and complete until nothing is ready.

use std::sync::Arc;

use clap::Args;

use super::setting_flags::{Pipeline, SettingFlags};
use super::{console, contract_file, open_store, Call, CommandError, Execute, ExitStatus};
use crate::contract::Contract;
use crate::report::{render_summary, Format, ProgressLine};
use crate::runner::{
    self, Connect, ContractShredder, RunConfig, RunEnd, RunError, RunSummary, Shutdown,
};
use crate::settings::keys::Key;
use crate::settings::StoreLocation;
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

    #[command(flatten)]
    pipeline: SettingFlags<Pipeline>,
}

impl Execute for Arguments {
    fn given(&self) -> &[(&'static Key, String)] {
        &self.pipeline.given
    }

    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let shutdown = Shutdown::new();
        shutdown.on_signals(ExitStatus::Interrupted.code().into()).map_err(|e| {
            CommandError::new(ExitStatus::Aborted, format!("cannot listen for Ctrl+C: {e}"))
        })?;
        let contract = Arc::new(contract_file::read(&call.settings)?);
        let location = open_store::location(&call.settings)?.clone();
        let mut store = open_store::connect(&location)?;
        open_store::install_if_none(&location, store.as_mut(), &contract)?;
        self.refuse_drift(store.as_mut(), &contract)?;
        drop(store);
        let shredder = Arc::new(ContractShredder::new(contract.clone(), call.settings.limits));
        let config = config(call);
        log_start(&config, &contract, &location);
        let connect: Connect = Arc::new(move |_role| open_store::connect(&location));
        let mut progress = ProgressLine::new(call.settings.limit);
        let summary = runner::run(config, contract, connect, shredder, &shutdown, &mut progress)?;
        drop(progress);
        log_end(&summary);
        console::print(&render_summary(&summary, self.format))?;
        Ok(summary.end.into())
    }
}

impl Arguments {
    /// Stops before the first row where the tables that are there are not the contract's.
    fn refuse_drift(&self, store: &mut dyn Store, contract: &Contract) -> Result<(), CommandError> {
        let mut drift = store.compare_targets(contract)?;
        drift.retain(|difference| difference.refuses);
        if drift.is_empty() {
            return Ok(());
        }
        if self.allow_drift {
            drift.iter().for_each(|difference| tracing::warn!("{difference}"));
            return Ok(());
        }
        let problems: Vec<String> = drift.iter().map(ToString::to_string).collect();
        let message =
            format!("the target tables are not the contract's\n  {}", problems.join("\n  "));
        Err(CommandError::new(ExitStatus::Contract, message).hint(
            "nothing was claimed; change the contract or the tables, or start with --allow-drift",
        ))
    }
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

impl From<RunEnd> for ExitStatus {
    fn from(end: RunEnd) -> Self {
        match end {
            RunEnd::Done => Self::Success,
            RunEnd::SomeFailed => Self::SomeFailed,
            RunEnd::ContractRefused => Self::Contract,
            RunEnd::StoreUnreachable => Self::Store,
            RunEnd::Lost => Self::Aborted,
            RunEnd::Interrupted => Self::Interrupted,
        }
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Store(error) => error.into(),
            RunError::Threads { .. } => Self::usage(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_and_the_process_say_the_same_exit_status() {
        use RunEnd::*;
        for end in [Done, SomeFailed, ContractRefused, StoreUnreachable, Lost, Interrupted] {
            assert_eq!(ExitStatus::from(end).code(), end.exit_status());
        }
    }
}
