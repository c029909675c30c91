//! `xmlshred demo`: the whole pipeline on made-up documents, with a worker killed on the way.

use std::path::PathBuf;

use clap::Args;

use super::{Call, CommandError, Execute, ExitStatus};
use crate::demo::{self, DemoError, DemoOptions};
use crate::runner::Shutdown;
use crate::settings::{keys, Origin, Resolved};

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
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        refuse_unheeded(call)?;
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

/// The demonstration has a store and a contract of its own.
fn refuse_unheeded(call: &Call) -> Result<(), CommandError> {
    let names = [&keys::STORE, &keys::SERVER, &keys::CONNECTION_STRING, &keys::CONTRACT];
    let by_flag = |found: &&Resolved| found.origin == Origin::Flag && names.contains(&found.key);
    match call.settings.resolved.iter().find(by_flag) {
        None => Ok(()),
        Some(found) => {
            let message = format!("demo takes no --{}", found.key.flag());
            Err(CommandError::usage(message)
                .hint("it has a store and a contract of its own; --dir says where it puts them"))
        }
    }
}

impl From<DemoError> for CommandError {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::Store(error) => error.into(),
            DemoError::NotFresh(_) => Self::usage(error.to_string()),
            DemoError::Folder { .. } => Self::usage(error.to_string())
                .hint("name a folder that can be made with --dir, or leave it out"),
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
