//! `xmlshred delete-stale-rows`: rows of applications that failed after a success, deleted.

use clap::Args;
use serde_json::{json, Map, Value};

use super::{open, requester};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::console;
use crate::cli::contract::file as contract_file;
use crate::figures::{count, counted};
use crate::id::AppId;
use crate::report::{Align, Format, Table};
use crate::runner::ExitStatus;
use crate::store::{StaleRows, StaleRowsRequest};

/// Delete the rows of applications whose last attempt failed after a success
///
/// A failure deletes nothing: the rows are still those of the last
/// success. Without --execute the command only shows them. Where the
/// failures can be corrected, `xmlshred retry` is better.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only these applications
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
    #[arg(allow_negative_numbers = true)]
    app_id: Vec<i64>,

    /// Only the first N applications, lowest ids first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    canary: Option<u64>,

    /// Delete them; without it nothing is changed
    #[arg(long)]
    execute: bool,

    /// Print a table for people or JSON for programs
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json", hide_possible_values = true)]
    format: Format,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let contract = contract_file::read(&call.settings)?;
        let request = StaleRowsRequest {
            app_ids: (!self.app_id.is_empty())
                .then(|| self.app_id.iter().copied().map(AppId).collect()),
            canary: self.canary,
            execute: self.execute,
            requested_by: requester::requested_by(),
        };
        let stale = open::existing(call)?.delete_stale_rows(&contract, &request)?;
        let (kept, others): (Vec<_>, Vec<_>) = stale.iter().partition(|app| app.refusal.is_some());
        let rows: u64 = others.iter().flat_map(|app| &app.tables).map(|(_, rows)| rows).sum();
        let sum = format!("{} of {}", counted(rows, "row"), counted(others.len(), "application"));
        match (self.format, self.execute) {
            (Format::Json, _) => console::print_data(&as_json(&stale, self.execute))?,
            (Format::Table, true) => console::print(&format!("{sum} deleted\n"))?,
            (Format::Table, false) if stale.is_empty() => ExitStatus::Success,
            (Format::Table, false) => console::print_table(&as_table(&stale))?,
        };
        if !self.execute {
            console::note(format!("{sum} would be deleted; nothing was changed\n"));
            if rows > 0 {
                console::note("add --execute to delete them\n");
            }
        }
        for app in &kept {
            let reason = app.refusal.as_deref().unwrap_or_default();
            console::tell(format!("application {} keeps its rows: {reason}\n", app.app_id));
        }
        Ok(match self.execute && !kept.is_empty() {
            true => ExitStatus::SomeFailed,
            false => ExitStatus::Success,
        })
    }
}

fn as_table(stale: &[StaleRows]) -> Table {
    let mut table = Table::new(&[
        ("app_id", Align::Right),
        ("rows of attempt", Align::Right),
        ("failed attempt", Align::Right),
        ("failure", Align::Left),
        ("table", Align::Left),
        ("rows", Align::Right),
    ]);
    for app in stale {
        let row = |name: &str, rows: &str| {
            [
                app.app_id.to_string(),
                app.attempt.to_string(),
                app.failed_attempt.to_string(),
                app.failure.name().to_owned(),
                name.to_owned(),
                rows.to_owned(),
            ]
        };
        if app.tables.is_empty() {
            table.row(row("", "0"));
        }
        for (name, rows) in &app.tables {
            table.row(row(name, &count(*rows)));
        }
    }
    table
}

/// The field names do not change.
fn as_json(stale: &[StaleRows], executed: bool) -> String {
    let application = |app: &StaleRows| {
        let rows: Map<String, Value> =
            app.tables.iter().map(|(table, rows)| (table.clone(), json!(rows))).collect();
        json!({
            "app_id": app.app_id.0,
            "attempt": app.attempt,
            "failed_attempt": app.failed_attempt,
            "failure": app.failure.name(),
            "rows": rows,
            "refusal": app.refusal,
        })
    };
    let applications: Vec<Value> = stale.iter().map(application).collect();
    format!("{}\n", json!({ "executed": executed, "applications": applications }))
}
