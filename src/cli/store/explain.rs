//! `xmlshred explain`: one application's whole life.

use clap::Args;
use serde_json::{json, Value};

use super::open;
use crate::cli::{console, Call, CommandError, Execute, ExitStatus};
use crate::id::AppId;
use crate::report::{Align, Format, Table};
use crate::store::LifeEvent;

/// Tell one application's whole life: every claim, every outcome, and where it is now
#[derive(Debug, Args)]
pub struct Arguments {
    /// The application
    #[arg(allow_negative_numbers = true)]
    app_id: i64,

    /// A table for people, or JSON for programs
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "table|json",
        hide_possible_values = true
    )]
    format: Format,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let life = open::existing(&call.settings)?.explain_app(AppId(self.app_id))?;
        console::print(&match self.format {
            Format::Table => table(&life),
            Format::Json => as_json(&life).to_string() + "\n",
        })?;
        Ok(ExitStatus::Success)
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
fn as_json(life: &[LifeEvent]) -> Value {
    let events = life.iter().map(|event| {
        json!({
            "at": event.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            "event": event.event,
            "attempt": event.attempt,
            "worker": event.worker_name,
            "host": event.host,
            "detail": event.detail,
            "claim": event.claim.map(|claim| claim.0.to_string()),
        })
    });
    Value::Array(events.collect())
}
