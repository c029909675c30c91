//! `xmlshred enqueue`: new source applications into the queue.

use clap::Args;

use super::open;
use crate::cli::contract::file as contract_file;
use crate::cli::setting_flags::{FlagSet, SettingFlags};
use crate::cli::{console, Call, CommandError, Execute, ExitStatus};
use crate::id::AppId;
use crate::settings::keys::{self, Key};
use crate::store::{EnqueueMode, Enqueued, Share};

/// Add source applications that are neither queued nor logged to the queue
#[derive(Debug, Args)]
pub struct Arguments {
    /// Compare the whole source with queue and log, instead of looking from the highest id seen
    #[arg(long)]
    full: bool,

    #[command(flatten)]
    range: SettingFlags<Range>,
}

/// A range of application ids.
#[derive(Debug, Clone)]
struct Range;

impl FlagSet for Range {
    const KEYS: &'static [&'static Key] = &[&keys::APP_ID_START, &keys::APP_ID_END];
}

impl Execute for Arguments {
    fn given(&self) -> &[(&'static Key, String)] {
        &self.range.given
    }

    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let mut store = open::existing(&call.settings)?;
        if call.settings.contract.is_some() {
            let contract = contract_file::read(&call.settings)?;
            let location = open::location(&call.settings)?;
            open::install_if_none(location, store.as_mut(), &contract)?;
        }
        let said = match store.enqueue_apps(mode(self.full, call.settings.share))? {
            Enqueued::Added(1) => "1 application is new in the queue\n".to_owned(),
            Enqueued::Added(count) => format!("{count} applications are new in the queue\n"),
            Enqueued::Busy => "another session is enqueueing; nothing to do here\n".to_owned(),
        };
        console::print(&said)?;
        Ok(ExitStatus::Success)
    }
}

/// A range is compared in full; an end that was not given is open.
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
