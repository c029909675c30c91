//! `xmlshred demo`: the whole pipeline on generated documents, with a worker that is killed.

use std::path::PathBuf;

use clap::Args;

use super::call::{Call, Execute};
use super::command_error::{CommandError, Result};
use super::{screens, signals};
use crate::demo::{self, DemoError, DemoOptions};
use crate::runner::ExitStatus;
use crate::settings::{keys, Origin, Resolved};

/// Run a demonstration: thousands of generated applications, three workers, one of them killed
#[derive(Debug, Args)]
pub struct Arguments {
    /// Number of applications to generate
    #[arg(long, value_name = "N", default_value_t = 5000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    apps: u64,

    /// Folder for the store and the logs, which are kept [default: a new temporary one]
    #[arg(long)]
    dir: Option<PathBuf>,

    /// Seed of the generator; the same seed generates the same applications
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        refuse_unused(call)?;
        let program = std::env::current_exe().map_err(|e| {
            let message = format!("cannot find the program itself: {e}");
            CommandError::new(ExitStatus::Aborted, message, "start xmlshred by its full path")
        })?;
        let options = DemoOptions {
            dir: self.dir.clone(),
            apps: self.apps,
            seed: self.seed,
            program,
            is_quiet: call.settings.quiet,
            screen: screens::stdout(),
        };
        let proof = demo::run(&options, &signals::shutdown()?, &mut std::io::stdout().lock())?;
        Ok(if proof.holds() { ExitStatus::Success } else { ExitStatus::Aborted })
    }
}

/// The demonstration has its own store and contract.
fn refuse_unused(call: &Call) -> Result<()> {
    let names = [&keys::STORE, &keys::SERVER, &keys::CONNECTION_STRING, &keys::CONTRACT];
    let by_flag = |found: &&Resolved| found.origin == Origin::Flag && names.contains(&found.key);
    match call.settings.resolved.iter().find(by_flag) {
        None => Ok(()),
        Some(found) => Err(CommandError::usage(
            format!("demo has its own store and contract, and does not use --{}", found.key.flag()),
            "leave the flag out; --dir names the folder for the store",
        )),
    }
}

impl From<DemoError> for CommandError {
    fn from(error: DemoError) -> Self {
        let (status, hint) = match error {
            DemoError::Store(error) => return error.into(),
            DemoError::NotFresh(_) | DemoError::Folder { .. } => {
                (ExitStatus::Usage, "name a new folder with --dir, or leave it out")
            }
            DemoError::System { .. } => {
                (ExitStatus::Aborted, "name a folder with --dir that is writable and has space")
            }
            DemoError::Interrupted => {
                (ExitStatus::Interrupted, "start again with another --dir, or without --dir")
            }
            DemoError::Worker { .. } => (ExitStatus::Aborted, "read its log, which has the cause"),
        };
        Self::new(status, error.to_string(), hint)
    }
}
