//! `xmlshred status`: where every application is.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};
use clap::Args;
use crossbeam_channel::RecvTimeoutError;
use serde_json::json;

use super::{failures, open};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::store::failures::csv;
use crate::cli::{console, screens, signals};
use crate::report::{
    render_status, status_cells, status_json, ListFormat, Watched, STATUS_HEADING,
};
use crate::runner::ExitStatus;
use crate::settings::{parse_duration, StoreLocation};
use crate::store::{CauseQuery, Store};

/// Show where every application is, which workers run, and what failed
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print tables for people, JSON for programs, or a line of CSV for each state
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json|csv", hide_possible_values = true)]
    format: ListFormat,

    /// Show it again and again until Ctrl+C, as one screen, or as blocks where the output is not a
    /// terminal; a table is shown every two seconds, or every DURATION, and JSON as a line each
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "2s", value_parser = period)]
    watch: Option<Duration>,
}

fn period(text: &str) -> std::result::Result<Duration, &'static str> {
    parse_duration(text)
        .filter(|period| *period >= Duration::from_millis(100))
        .ok_or("it must be a duration such as 5s, and at least 100ms")
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        match self.watch {
            Some(period) => self.watch(call, period),
            None => self.show(call),
        }
    }
}

impl Arguments {
    fn show(&self, call: &Call) -> Result {
        let status = open::existing(call)?.get_status()?;
        match self.format {
            ListFormat::Table => console::print(&render_status(&status, screens::stdout()))?,
            ListFormat::Json => console::print_data(&format!("{}\n", status_json(&status)))?,
            ListFormat::Csv => console::print_data(&csv(STATUS_HEADING, status_cells(&status)))?,
        };
        if status.failed > 0 {
            failures::note_causes();
        }
        Ok(ExitStatus::Success)
    }

    /// Ctrl+C is the way to end it, and no failure. What the store does not answer after it has once is
    /// shown, and it is asked again: a server that fails over comes back.
    fn watch(&self, call: &Call, period: Duration) -> Result {
        if self.format == ListFormat::Csv {
            let hint = "leave out --format, or use --format json, which prints a line each time";
            return Err(CommandError::usage("--watch has no CSV", hint));
        }
        let shutdown = signals::shutdown()?;
        let location = open::location(&call.settings)?;
        let mut store = open::existing(call)?;
        let mut asked = Instant::now();
        let mut text = self.screen(store.as_mut(), location)?;
        loop {
            self.print(&text)?;
            // What takes the store long is asked for less often.
            let wait = period.max(asked.elapsed().saturating_mul(10));
            if shutdown.requested().recv_timeout(wait) == Err(RecvTimeoutError::Disconnected) {
                return Ok(ExitStatus::Success);
            }
            asked = Instant::now();
            text = match self.screen(store.as_mut(), location) {
                Ok(text) => text,
                Err(error) => {
                    if let Ok(again) = open::existing(call) {
                        store = again;
                    }
                    self.unanswered(&error)
                }
            };
        }
    }

    /// What is shown where the store gives no answer.
    fn unanswered(&self, error: &CommandError) -> String {
        let at = Utc::now();
        match self.format {
            ListFormat::Json => {
                let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
                format!("{}\n", json!({ "taken_at": at, "error": error.message }))
            }
            _ => {
                let at = at.format("%Y-%m-%d %H:%M:%S UTC");
                format!("{at}\n\n{}", error.on(screens::stdout()))
            }
        }
    }

    /// What is shown once.
    fn screen(&self, store: &mut dyn Store, location: &StoreLocation) -> Result<String> {
        let status = store.get_status()?;
        if self.format == ListFormat::Json {
            let mut line = status_json(&status);
            line["taken_at"] = json!(Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true));
            return Ok(format!("{line}\n"));
        }
        // A worker's login may see the status, and not the causes.
        let query = CauseQuery { causes: 10, values: 0, since: None };
        let causes = store.list_causes(&query).unwrap_or_default();
        let name = location.to_string();
        let watched = Watched { store: &name, at: Utc::now(), status: &status, causes: &causes };
        Ok(watched.render(screens::stdout()))
    }

    fn print(&self, text: &str) -> Result {
        match (self.format, io::stdout().is_terminal()) {
            (ListFormat::Json, _) => console::print_data(text),
            (_, true) => {
                ::console::Term::stdout().clear_screen().map_err(|e| console::unwritable(&e))?;
                console::print(text)
            }
            (_, false) => console::print(&format!("{text}\n")),
        }
    }
}
