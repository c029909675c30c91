//! `xmlshred explain`: the history of one application.

use clap::Args;
use serde_json::{json, Value};

use super::open;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::id::AppId;
use crate::report::{Align, Cell, Format, Table};
use crate::screen::Ink;
use crate::store::{Intake, LifeEvent};

/// Show the history of one application: every claim, every outcome, and where it is now
#[derive(Debug, Args)]
pub struct Arguments {
    /// Application id, or the file that it was loaded from: the path that was given to `load`, or its last
    /// part
    #[arg(value_name = "ID|FILE", allow_negative_numbers = true)]
    app: String,

    /// Print a table for people or JSON for programs
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json", hide_possible_values = true)]
    format: Format,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let mut store = open::intake(call)?;
        let app_id = match self.app.parse() {
            Ok(id) => AppId(id),
            Err(_) => app_of_file(&mut *store, &self.app)?,
        };
        let life = store.explain_app(app_id)?;
        match self.format {
            Format::Table => console::print_table(&table(&life)),
            Format::Json => {
                console::print_data(&format!("{}\n", Value::from_iter(life.iter().map(as_json))))
            }
        }
    }
}

/// The last application that was loaded from this file.
fn app_of_file(store: &mut dyn Intake, file: &str) -> Result<AppId> {
    let last = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let mut apps = apps_of(store, file, last)?;
    // A name may have a !, too.
    if let (true, Some((_, member))) = (apps.is_empty(), last.rsplit_once('!')) {
        apps = apps_of(store, file, member)?;
    }
    let Some((app_id, path)) = apps.last() else {
        let message = format!("no document was loaded from {file}");
        let hint = "name the path that was given to `load`, or its last part alone";
        return Err(CommandError::usage(message, hint));
    };
    let mut ids = apps.iter().map(|(id, path)| format!("{id} from {path}"));
    if apps.iter().any(|(_, other)| other != path) {
        let message = format!("several files have the name {file}: {}", some(&mut ids));
        return Err(CommandError::usage(message, "name one by its path or its application"));
    }
    let is_last = format!("application {app_id} is the last one of {path}");
    console::note(match apps.len() {
        1 => format!("application {app_id}, from {path}\n"),
        _ => format!("{is_last}; all: {}\n", some(&mut apps.iter().map(|(id, _)| id.to_string()))),
    });
    Ok(*app_id)
}

/// The applications of the files with this name whose path is the file.
fn apps_of(store: &mut dyn Intake, file: &str, name: &str) -> Result<Vec<(AppId, String)>> {
    let mut apps = store.list_apps_of_file(name)?;
    let exact = apps.iter().any(|(_, path)| path == file);
    // Another path to a file of this name is not the same file, but no path is any.
    apps.retain(|(_, path)| if exact { path == file } else { name == file });
    Ok(apps)
}

/// The first ten of these, and whether there are more.
fn some(texts: &mut dyn Iterator<Item = String>) -> String {
    let mut first: Vec<String> = texts.take(10).collect();
    if texts.next().is_some() {
        first.push("...".to_owned());
    }
    first.join(", ")
}

fn table(life: &[LifeEvent]) -> Table {
    let mut table = Table::new(&[
        ("when (UTC)", Align::Left),
        ("event", Align::Left),
        ("attempt", Align::Right),
        ("worker", Align::Left),
        ("detail", Align::Left),
    ]);
    for event in life {
        let ink = match &*event.event {
            "success" => Some(Ink::Good),
            "failed" | "quarantined" => Some(Ink::Bad),
            "reaped" | "refused" => Some(Ink::Doubtful),
            _ => None,
        };
        let detail = event.detail.as_deref().unwrap_or_default();
        table.row::<Cell>([
            event.at.format("%Y-%m-%d %H:%M:%S").to_string().into(),
            Cell::inked(&event.event, ink),
            event.attempt.map_or_else(String::new, |attempt| attempt.to_string()).into(),
            event.worker_name.as_deref().unwrap_or_default().into(),
            detail.into(),
        ]);
    }
    table
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
