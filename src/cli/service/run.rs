//! `xmlshred service run`: what a service runs.

use clap::Args;

use super::system;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::logging::Habits;
use crate::cli::run;

/// Run a worker as a service; only the service manager of Windows starts this
///
/// It does what `run --follow` does, with the settings of --config.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Name of the service
    #[arg(long, value_name = "NAME")]
    name: String,
}

impl Execute for Arguments {
    fn habits(&self) -> Habits {
        Habits { console: None, always_logs: true }
    }

    /// The manager waits for an answer of every process that it starts.
    fn not_prepared(&self, error: &CommandError) {
        system::fail(&self.name, error);
    }

    fn execute(&self, call: &Call) -> Result {
        system::run(&self.name, |shutdown| run::follow(call, shutdown))
    }
}
