//! `xmlshred reap`: expired claims back into the queue.

use clap::Args;

use super::open;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::console;
use crate::figures::counted;
use crate::store::ReapRequest;

/// Return the applications of expired claims to the queue; safe at any time
#[derive(Debug, Args)]
pub struct Arguments {}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let max_reaps = call.settings.run.max_reaps;
        let request = ReapRequest { max_reaps, ..ReapRequest::default() };
        let reaped = open::existing(call)?.reap_expired(request)?;
        console::print(&format!(
            "{} reaped: {} ready again, {} quarantined\n",
            counted(reaped.claims, "expired claim"),
            counted(reaped.apps, "application"),
            reaped.quarantined
        ))
    }
}
