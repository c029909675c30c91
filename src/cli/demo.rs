//! `xmlshred demo`: the whole pipeline on made-up documents, with a worker killed on the way.

use std::path::PathBuf;

use clap::Args;

use super::{Call, CommandError, Execute, ExitStatus};
use crate::demo::{self, DemoError, DemoOptions};
use crate::runner::Shutdown;

/// Watch it work: thousands of made-up applications, three workers, one of them killed
#[derive(Debug, Args)]
pub struct Arguments {
    /// How many applications to make up
    #[arg(long, value_name = "N", default_value_t = 5000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    apps: u64,

    /// Folder for the store and the logs, which stay [default: a fresh temporary one]
    #[arg(long)]
    dir: Option<PathBuf>,

    /// The same seed makes the same applications
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Execute for Arguments {
    fn execute(&self, _call: &Call) -> Result<ExitStatus, CommandError> {
        let program = std::env::current_exe().map_err(|e| {
            CommandError::new(ExitStatus::Aborted, format!("cannot find this program: {e}"))
        })?;
        let options =
            DemoOptions { dir: self.dir.clone(), apps: self.apps, seed: self.seed, program };
        let shutdown = Shutdown::new();
        shutdown.on_signals(ExitStatus::Interrupted.code().into()).map_err(|e| {
            CommandError::new(ExitStatus::Aborted, format!("cannot listen for Ctrl+C: {e}"))
        })?;
        let proof = demo::run(&options, &shutdown, &mut std::io::stdout().lock())?;
        Ok(match proof.holds() {
            true => ExitStatus::Success,
            false => ExitStatus::Aborted,
        })
    }
}

impl From<DemoError> for CommandError {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::Store(error) => error.into(),
            DemoError::NotFresh(_) => Self::usage(error.to_string()),
            DemoError::System { .. } => Self::new(ExitStatus::Aborted, error.to_string())
                .hint("see who may write the folder and whether the disk is full, or use --dir"),
            DemoError::Interrupted => Self::new(ExitStatus::Interrupted, error.to_string())
                .hint("start again with another --dir, or without"),
            DemoError::Worker { .. } => {
                Self::new(ExitStatus::Aborted, error.to_string()).hint("its log says why it ended")
            }
        }
    }
}
