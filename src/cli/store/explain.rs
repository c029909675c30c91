//! `xmlshred explain`: the history of one application.

use clap::Args;
use serde_json::{json, Value};

use super::open;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::console;
use crate::id::AppId;
use crate::report::{Align, Format, Table};
use crate::store::LifeEvent;

/// Show the history of one application: every claim, every outcome, and where it is now
#[derive(Debug, Args)]
pub struct Arguments {
    /// Application id
    #[arg(allow_negative_numbers = true)]
    app_id: i64,

    /// Print a table for people or JSON for programs
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json", hide_possible_values = true)]
    format: Format,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let life = open::existing(call)?.explain_app(AppId(self.app_id))?;
        let text = match self.format {
            Format::Table => table(&life),
            Format::Json => format!("{}\n", Value::from_iter(life.iter().map(as_json))),
        };
        console::print_as(self.format, &text)
    }
}

fn table(life: &[LifeEvent]) -> String {
    let mut table = Table::new(&[
        ("when (UTC)", Align::Left),
        ("event", Align::Left),
        ("attempt", Align::Right),
        ("worker", Align::Left),
        ("detail", Align::Left),
    ]);
    for event in life {
        table.row([
            event.at.format("%Y-%m-%d %H:%M:%S").to_string(),
            event.event.clone(),
            event.attempt.map_or_else(String::new, |attempt| attempt.to_string()),
            event.worker_name.clone().unwrap_or_default(),
            event.detail.clone().unwrap_or_default(),
        ]);
    }
    table.to_string()
}

/// The field names do not change.
fn as_json(event: &LifeEvent) -> Value {
    json!({
        "at": event.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "event": event.event,
        "attempt": event.attempt,
        "worker": event.worker_name,
        "host": event.host,
        "detail": event.detail,
        "claim": event.claim.map(|claim| claim.0.to_string()),
    })
}
