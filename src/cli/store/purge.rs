//! `xmlshred purge`: log rows that are old and no longer needed, deleted.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::open;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::console;
use crate::figures::count;
use crate::report::{Align, Format, Table};
use crate::runner::ExitStatus;
use crate::settings::parse_duration;
use crate::store::{PurgeRequest, Purged};

/// Delete superseded attempts, old events and ended sessions from the log
///
/// The last attempt of an application is not deleted, nor is the one that its rows in the target
/// tables are of. Rows are deleted in chunks, so that workers can continue.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Delete what is older than this
    #[arg(long, value_name = "DURATION", default_value = "90days", value_parser = duration)]
    older_than: Duration,

    /// Also delete all attempts of applications whose document no longer exists
    #[arg(long)]
    orphans: bool,

    /// Only count; delete nothing
    #[arg(long)]
    dry_run: bool,

    /// Print a table for people or JSON for programs
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json", hide_possible_values = true)]
    format: Format,
}

/// Rows that are deleted in one transaction.
const CHUNK: u32 = 1_000;

/// A duration as an argument.
pub fn duration(text: &str) -> std::result::Result<Duration, &'static str> {
    parse_duration(text).ok_or("it must be a duration such as 90days or 12h")
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let older_than = self.older_than;
        let request = PurgeRequest {
            older_than,
            chunk: CHUNK,
            orphans: self.orphans,
            execute: !self.dry_run,
        };
        let purged = open::existing(call)?.purge_log(request)?;
        match self.format {
            Format::Table => console::print_table(&table(&purged))?,
            Format::Json => console::print_data(&self.as_json(&purged))?,
        };
        if self.dry_run {
            console::note("these rows would be deleted; nothing was changed\n");
        }
        Ok(ExitStatus::Success)
    }
}

impl Arguments {
    /// The field names do not change.
    fn as_json(&self, purged: &Purged) -> String {
        let object = json!({
            "dry_run": self.dry_run,
            "older_than_seconds": self.older_than.as_secs(),
            "attempts": purged.attempts,
            "events": purged.events,
            "sessions": purged.sessions,
        });
        format!("{object}\n")
    }
}

fn table(purged: &Purged) -> Table {
    let mut table = Table::new(&[("purged", Align::Left), ("rows", Align::Right)]);
    table.row(["superseded attempts", &count(purged.attempts)]);
    table.row(["events", &count(purged.events)]);
    table.row(["ended sessions", &count(purged.sessions)]);
    table
}
