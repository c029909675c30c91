//! `xmlshred enqueue`: new source applications into the queue.

use clap::Args;

use super::open;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::console;
use crate::cli::contract::file as contract_file;
use crate::figures::counted;
use crate::id::AppId;
use crate::store::{EnqueueMode, Enqueued, Share};

/// Enqueue the applications of the source table that were never enqueued
#[derive(Debug, Args)]
pub struct Arguments {
    /// Compare the whole source table with queue and log, instead of starting at the watermark
    #[arg(long)]
    full: bool,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let mut store = open::existing(call)?;
        if call.settings.contract.is_some() {
            let contract = contract_file::read(&call.settings)?;
            let location = open::location(&call.settings)?;
            open::install_if_none(location, store.as_mut(), &contract)?;
        }
        console::print(&match store.enqueue_apps(mode(self.full, call.settings.run.share))? {
            Enqueued::Added(apps) => format!("{} enqueued\n", counted(apps, "application")),
            Enqueued::Busy => "another session is enqueueing; nothing to do\n".to_owned(),
        })
    }
}

/// A range is compared in full; an end that is not given is open.
fn mode(full: bool, share: Share) -> EnqueueMode {
    match (share.app_id_start, share.app_id_end) {
        (None, None) if full => EnqueueMode::Full,
        (None, None) => EnqueueMode::New,
        (start, end) => EnqueueMode::Range {
            start: start.unwrap_or(AppId(i64::MIN)),
            end: end.unwrap_or(AppId(i64::MAX)),
        },
    }
}
