//! `xmlshred unprocessed`: source rows that nobody will process, and why.

use clap::Args;
use serde_json::json;

use super::open;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::console;
use crate::figures::{count, counted};
use crate::report::{Align, Format, Table};
use crate::runner::ExitStatus;
use crate::store::{Unprocessed, UnprocessedPage};

/// Rows that are read together.
const PAGE_SIZE: u32 = 1000;

/// List source rows that are neither queued nor logged, and why
///
/// They are not processed until they are enqueued. On SQL Server this reads the ids of the source
/// table up to the last row that is listed.
#[derive(Debug, Args)]
pub struct Arguments {
    /// At most this many, lowest ids first
    #[arg(long, value_name = "N", default_value_t = 1000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    first: u64,

    /// Print a table for people, or a line of JSON for each row
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json", hide_possible_values = true)]
    format: Format,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let mut store = open::existing(call)?;
        let mut all: Vec<Unprocessed> = Vec::new();
        let mut after = None;
        while (all.len() as u64) < self.first {
            let size = u64::from(PAGE_SIZE).min(self.first - all.len() as u64) as u32;
            let page = store.list_unprocessed(&UnprocessedPage { after, size })?;
            let Some(last) = page.last() else { break };
            after = Some(last.app_id);
            all.extend(page);
        }
        match self.format {
            Format::Json => {
                let lines: String = all.iter().map(as_json).collect();
                console::print_data(&lines)?;
            }
            Format::Table if !all.is_empty() => {
                console::print_table(&as_table(&all))?;
            }
            Format::Table => {}
        }
        let more =
            if all.len() as u64 == self.first { ", and perhaps more: add --first N" } else { "" };
        let rows = counted(all.len(), "unprocessed source row");
        console::note(format!("{rows}{more}\n"));
        Ok(ExitStatus::Success)
    }
}

fn as_table(all: &[Unprocessed]) -> Table {
    let columns = [("app_id", Align::Right), ("bytes", Align::Right), ("why", Align::Left)];
    let mut table = Table::new(&columns);
    for row in all {
        table.row([row.app_id.to_string(), count(row.document_bytes), row.reason.clone()]);
    }
    table
}

/// The field names do not change.
fn as_json(row: &Unprocessed) -> String {
    let Unprocessed { app_id, document_bytes, reason } = row;
    let line = json!({ "app_id": app_id.0, "document_bytes": document_bytes, "reason": reason });
    format!("{line}\n")
}
