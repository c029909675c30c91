//! `xmlshred resume`: the end of a pause.

use clap::Args;

use super::open;
use super::redriven_rows;
use crate::cli::{console, Call, CommandError, Execute, ExitStatus};

/// End a pause: work is handed out again
#[derive(Debug, Args)]
pub struct Arguments {}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let by = redriven_rows::requested_by();
        let ended = open::existing(&call.settings)?.resume(&by)?;
        console::print(&match ended {
            Some(pause) => {
                format!("the pause by {} is over; its reason was: {}\n", pause.by, pause.reason)
            }
            None => "claiming was not paused\n".to_owned(),
        })?;
        Ok(ExitStatus::Success)
    }
}
