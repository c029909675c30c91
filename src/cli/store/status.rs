//! `xmlshred status`: where every application is.

use clap::Args;

use super::{failures, open};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::console;
use crate::report::{render_status, Format};
use crate::runner::ExitStatus;

/// Show where every application is, which workers run, and what failed
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print tables for people or JSON for programs
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json", hide_possible_values = true)]
    format: Format,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let status = open::existing(call)?.get_status()?;
        console::print_as(self.format, &render_status(&status, self.format))?;
        if status.failed > 0 {
            failures::note_causes(call);
        }
        Ok(ExitStatus::Success)
    }
}
