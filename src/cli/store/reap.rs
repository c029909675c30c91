//! `xmlshred reap`: claims whose lease has passed, back into the queue.

use clap::Args;

use super::open;
use crate::cli::setting_flags::{FlagSet, SettingFlags};
use crate::cli::{console, Call, CommandError, Execute, ExitStatus};
use crate::figures::counted;
use crate::settings::keys::{self, Key};
use crate::store::ReapRequest;

/// Take back claims whose lease has passed; safe at any time
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    reaping: SettingFlags<Reaping>,
}

/// What reaping heeds.
#[derive(Debug, Clone)]
struct Reaping;

impl FlagSet for Reaping {
    const KEYS: &'static [&'static Key] = &[&keys::MAX_REAPS];
}

impl Execute for Arguments {
    fn given(&self) -> &[(&'static Key, String)] {
        &self.reaping.given
    }

    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let mut store = open::existing(&call.settings)?;
        let max_reaps = call.settings.max_reaps;
        let reaped = store.reap_expired(ReapRequest { max_reaps, ..ReapRequest::default() })?;
        console::print(&format!(
            "{} taken back: {} ready again, {} quarantined\n",
            counted(reaped.claims, "expired claim"),
            counted(reaped.apps, "application"),
            reaped.quarantined
        ))?;
        Ok(ExitStatus::Success)
    }
}
