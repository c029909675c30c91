//! `xmlshred unload`: documents that were loaded, taken back.

use std::time::Duration;

use clap::Args;
use serde_json::{json, Value};

use super::purge::duration;
use super::{open, requester};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::command::command;
use crate::figures::counted;
use crate::id::AppId;
use crate::report::{Align, Format, Table};
use crate::runner::ExitStatus;
use crate::settings::StoreLocation;
use crate::store::{FilePattern, Stays, UnloadRequest, UnloadSelector, Unloaded};

/// Take documents out of the source table that nothing was made of
///
/// Unloads documents that are not queued, wait in the queue, are quarantined, or failed in all of
/// their attempts, with what queue and log have of them; a load of their files loads them again.
/// Documents that succeeded once or are claimed stay, and are listed.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true))]
pub struct Arguments {
    /// The applications
    #[arg(value_name = "ID", value_delimiter = ',', allow_negative_numbers = true)]
    #[arg(group = "which")]
    app_id: Vec<i64>,

    /// Documents of these files: a path as it was given to `load`, or, without a folder, the last part of
    /// one; * means any characters of one part and ? one character
    #[arg(long, value_name = "PATTERN", num_args = 1.., group = "which")]
    file: Vec<FilePattern>,

    /// Documents of the loads that started this time before now or later, such as 30min
    #[arg(long, value_name = "DURATION", value_parser = duration, group = "which")]
    loaded_since: Option<Duration>,

    /// Only list what would be unloaded; change nothing
    #[arg(long)]
    dry_run: bool,

    /// Print a table for people or JSON for programs
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json", hide_possible_values = true)]
    format: Format,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let request = UnloadRequest {
            selector: self.selector(),
            execute: !self.dry_run,
            requested_by: requester::requested_by(),
        };
        let documents = open::intake(call)?.unload_documents(&request)?;
        let is_server = !matches!(open::location(&call.settings)?, StoreLocation::Sqlite(_));
        let listed = documents.iter().map(|document| Listed {
            document,
            refusal: document.stays.map(|stays| reason(stays, is_server)),
        });
        let listed: Vec<Listed> = listed.collect();
        if documents.is_empty() {
            let hint =
                "name paths as they were given to `load`, their last parts, or a longer time";
            return Err(CommandError::usage("no document in the store was loaded so", hint));
        }
        let stay = listed.iter().filter(|listed| listed.refusal.is_some()).count();
        let unloaded = counted(documents.len() - stay, "document");
        match self.format {
            Format::Json => {
                let lines = listed.iter().map(|listed| as_json(listed, self.dry_run));
                console::print_data(&format!("{}\n", Value::from_iter(lines)))?;
            }
            Format::Table if self.dry_run || stay > 0 => {
                let shown = |listed: &&Listed| self.dry_run || listed.refusal.is_some();
                console::print_table(&table(listed.iter().filter(shown)))?;
            }
            Format::Table => {}
        }
        let stay = match stay {
            0 => String::new(),
            1 => "; 1 stays".to_owned(),
            _ => format!("; {stay} stay"),
        };
        console::note(match self.dry_run {
            true => format!("{unloaded} would be unloaded{stay}; nothing was changed\n"),
            false => format!("{unloaded} unloaded{stay}\n"),
        });
        Ok(if stay.is_empty() { ExitStatus::Success } else { ExitStatus::SomeFailed })
    }
}

impl Arguments {
    fn selector(&self) -> UnloadSelector {
        match self.loaded_since {
            Some(age) => UnloadSelector::LoadedSince(age),
            None if self.app_id.is_empty() => UnloadSelector::Files(self.file.clone()),
            None => UnloadSelector::Apps(self.app_id.iter().copied().map(AppId).collect()),
        }
    }
}

/// A document, and why it stays.
struct Listed<'d> {
    document: &'d Unloaded,
    refusal: Option<String>,
}

fn reason(stays: Stays, is_server: bool) -> String {
    match stays {
        Stays::Absent => "the store has no such document".to_owned(),
        Stays::Written if is_server => format!(
            "rows were made of it: delete it from the source table, then {} erases them",
            command("erase")
        ),
        Stays::Written => {
            format!("rows were made of it: {} erases it with them", command("erase"))
        }
        Stays::Claimed => "a worker has claimed it".to_owned(),
        Stays::Changed => {
            "another program has changed it since: name it by its application".to_owned()
        }
        Stays::Replaced => "the load replaced an earlier document of the application, which does \
                            not come back: name it by its application"
            .to_owned(),
    }
}

fn table<'d>(documents: impl Iterator<Item = &'d Listed<'d>>) -> Table {
    let mut table = Table::new(&[
        ("app_id", Align::Right),
        ("file", Align::Left),
        ("stays because", Align::Left),
    ]);
    for Listed { document, refusal } in documents {
        table.row([
            document.app_id.to_string(),
            document.file_path.clone().unwrap_or_default(),
            refusal.clone().unwrap_or_default(),
        ]);
    }
    table
}

/// The field names do not change.
fn as_json(Listed { document, refusal }: &Listed, dry_run: bool) -> Value {
    json!({
        "app_id": document.app_id.0,
        "file": document.file_path,
        "unloaded": refusal.is_none() && !dry_run,
        "refusal": refusal,
    })
}
