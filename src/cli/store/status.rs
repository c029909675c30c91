//! `xmlshred status`: where every application is.

use clap::Args;

use super::open;
use crate::cli::{console, Call, CommandError, Execute, ExitStatus};
use crate::report::{render_status, Format};

/// Show where every application is, who works, and what failed
#[derive(Debug, Args)]
pub struct Arguments {
    /// Tables for people, or JSON for programs
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "table|json",
        hide_possible_values = true
    )]
    format: Format,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let status = open::existing(&call.settings)?.get_status()?;
        console::print(&render_status(&status, self.format))?;
        Ok(ExitStatus::Success)
    }
}
