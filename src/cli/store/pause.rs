//! `xmlshred pause`: nothing is handed out until somebody resumes.

use clap::Args;

use super::open;
use super::redriven_rows;
use crate::cli::{console, Call, CommandError, Execute, ExitStatus};

/// Hand out no more work, to any worker, until `resume`; what is claimed is finished
#[derive(Debug, Args)]
pub struct Arguments {
    /// Why, for whoever finds nothing being processed
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let by = redriven_rows::requested_by();
        let pause = open::existing(&call.settings)?.pause(&self.reason, &by)?;
        let since = pause.since.format("%Y-%m-%d %H:%M:%S");
        console::print(&format!(
            "claiming is paused since {since} UTC by {}: {}\n",
            pause.by, pause.reason
        ))?;
        Ok(ExitStatus::Success)
    }
}
