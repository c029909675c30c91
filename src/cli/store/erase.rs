//! `xmlshred erase`: applications whose documents were withdrawn, with all their rows.

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
use crate::store::{EraseRequest, Erased};

/// Erase applications: their rows in all target tables, in queue, log and events
///
/// For a document that was withdrawn, or a person who asks to be forgotten. Rows that other programs
/// wrote for these applications are erased too. Delete the document in the source table first; in an
/// embedded store it is erased as well. One event stays, which says who erased how much. Without
/// --execute the command only counts.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The applications
    #[arg(
        value_name = "ID",
        required = true,
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    app_id: Vec<i64>,

    /// Erase them; without it nothing is changed
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
        let request = EraseRequest {
            app_ids: self.app_id.iter().copied().map(AppId).collect(),
            execute: self.execute,
            requested_by: requester::requested_by(),
        };
        let apps = open::existing(call)?.erase_apps(&contract, &request)?;
        let (kept, erased): (Vec<_>, Vec<_>) = apps.iter().partition(|app| app.refusal.is_some());
        match self.format {
            Format::Json => console::print_data(&as_json(&apps, self.execute))?,
            Format::Table => console::print_table(&as_table(&apps))?,
        };
        let rows: u64 = erased.iter().flat_map(|app| &app.tables).map(|(_, rows)| rows).sum();
        let sum = format!("{} of {}", counted(rows, "row"), counted(erased.len(), "application"));
        console::note(match self.execute {
            true => format!("{sum} erased\n"),
            false => format!("{sum} would be erased; nothing was changed\n"),
        });
        if !self.execute && !erased.is_empty() {
            console::note("add --execute to erase them\n");
        }
        for app in &kept {
            let reason = app.refusal.as_deref().unwrap_or_default();
            console::tell(format!("application {} is not erased: {reason}\n", app.app_id));
        }
        Ok(if kept.is_empty() { ExitStatus::Success } else { ExitStatus::SomeFailed })
    }
}

fn as_table(apps: &[Erased]) -> Table {
    let mut table = Table::new(&[
        ("app_id", Align::Right),
        ("attempts", Align::Right),
        ("table", Align::Left),
        ("rows", Align::Right),
    ]);
    for app in apps {
        let row = |name: &str, rows: u64| {
            [app.app_id.to_string(), count(app.attempts), name.to_owned(), count(rows)]
        };
        if app.tables.is_empty() {
            table.row(row("", 0));
        }
        for (name, rows) in &app.tables {
            table.row(row(name, *rows));
        }
    }
    table
}

/// The field names do not change.
fn as_json(apps: &[Erased], executed: bool) -> String {
    let application = |app: &Erased| {
        let rows: Map<String, Value> =
            app.tables.iter().map(|(table, rows)| (table.clone(), json!(rows))).collect();
        json!({
            "app_id": app.app_id.0,
            "attempts": app.attempts,
            "rows": rows,
            "refusal": app.refusal,
        })
    };
    let applications: Vec<Value> = apps.iter().map(application).collect();
    format!("{}\n", json!({ "executed": executed, "applications": applications }))
}
