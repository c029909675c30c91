//! `xmlshred completions`: completion scripts for shells.

use clap::Args;
use clap_complete::Shell;

use super::call::{Call, Execute};
use super::command_error::Result;
use super::console;

/// Print a completion script for a shell
#[derive(Debug, Args)]
pub struct Arguments {
    /// Shell
    shell: Shell,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut call.program.clone(), "xmlshred", &mut script);
        console::print_data(&String::from_utf8_lossy(&script))
    }
}
