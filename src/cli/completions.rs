//! `xmlshred completions`: completion scripts for shells.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{console, Call, Cli, CommandError, Execute, ExitStatus};

/// Print a completion script for a shell
#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell to complete in
    shell: Shell,
}

impl Execute for Arguments {
    fn execute(&self, _call: &Call) -> Result<ExitStatus, CommandError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "xmlshred", &mut script);
        console::print(&String::from_utf8_lossy(&script))?;
        Ok(ExitStatus::Success)
    }
}
