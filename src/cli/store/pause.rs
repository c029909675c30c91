//! `xmlshred pause`: no claims until `resume`.

use clap::Args;

use super::{open, requester};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::console;

/// Stop claiming, for all workers, until `resume`; what is claimed is finished
#[derive(Debug, Args)]
pub struct Arguments {
    /// Reason, for people who wonder why nothing is processed
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let pause = open::existing(call)?.pause(&self.reason, &requester::requested_by())?;
        let since = pause.since.format("%Y-%m-%d %H:%M:%S");
        let (by, reason) = (pause.by, pause.reason);
        console::print(&format!("claiming is paused since {since} UTC by {by}: {reason}\n"))
    }
}
