//! `xmlshred service`: a worker as a service of Windows, where SQL Server has no Agent.

mod command_line;
mod definition;
#[cfg(not(windows))]
mod elsewhere;
mod install;
mod remove;
mod run;
mod system;
#[cfg(windows)]
mod windows;

use clap::Args;

use super::call::{commands, Call, Execute};
use super::command_error::{CommandError, Result};
use super::logging::Habits;

/// Create, remove or be a Windows service that runs a worker, where SQL Server has no Agent
///
/// On Windows only; elsewhere systemd or a container does this. The service does what `run --follow` does.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: ServiceCommand,
}

commands!(ServiceCommand {
    Install(install::Arguments),
    Remove(remove::Arguments),
    Run(run::Arguments),
});

impl Execute for Arguments {
    fn habits(&self) -> Habits {
        self.command.chosen().habits()
    }

    fn connects(&self) -> bool {
        self.command.chosen().connects()
    }

    fn not_prepared(&self, error: &CommandError) {
        self.command.chosen().not_prepared(error);
    }

    fn execute(&self, call: &Call) -> Result {
        self.command.chosen().execute(call)
    }
}
