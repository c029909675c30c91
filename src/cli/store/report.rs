//! `xmlshred report`: one page about a store and its work, for people and programs.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use uuid::Uuid;

use super::open;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::cli::store::purge::duration;
use crate::command::command;
use crate::figures;
use crate::id::SessionId;
use crate::report::{overview_json, overview_page, Overview, ShownSetting};
use crate::runner::ExitStatus;
use crate::settings::{Origin, Resolved};
use crate::store::{CauseQuery, Report, ReportQuery, Store};

/// Write one page about the store and its work, to be mailed: states, causes, workers, times
///
/// The page needs no other file and no network, and has what it shows as JSON inside. It has names of
/// workers and hosts, and values of documents that failed.
#[derive(Debug, Args)]
pub struct Arguments {
    /// File for the page; one of that name is replaced [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Only failures and sessions of this time before now, such as 12h or 7days
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    since: Option<Duration>,

    /// Only this session, and the failures since it started
    #[arg(long, value_name = "ID", conflicts_with = "since")]
    session: Option<Uuid>,

    /// Write the page, or only the JSON that is in it
    #[arg(long, value_enum, default_value_t = Format::Html)]
    #[arg(value_name = "html|json", hide_possible_values = true)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Html,
    Json,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let overview = self.overview(open::existing(call)?.as_mut(), call)?;
        let text = match self.format {
            Format::Html => overview_page(&overview),
            Format::Json => overview_json(&overview) + "\n",
        };
        let Some(path) = &self.out else { return console::print_data(&text) };
        console::write_file(path, &text)?;
        let size = figures::bytes(text.len() as u64);
        console::print(&format!("{}: a report of {size}\n", path.display()))?;
        Ok(ExitStatus::Success)
    }
}

impl Arguments {
    fn overview(&self, store: &mut dyn Store, call: &Call) -> Result<Overview> {
        let query = ReportQuery {
            since: self.since,
            session: self.session.map(SessionId),
            ..ReportQuery::PAGE
        };
        let report = store.get_report(&query)?;
        if let Some(session) = self.session.filter(|_| report.sessions.is_empty()) {
            return Err(CommandError::usage(
                format!("there is no session {session}"),
                format!("{} lists the sessions", command("report --format json")),
            ));
        }
        let causes = CauseQuery { since: self.causes_since(&report), ..CauseQuery::SCREEN };
        Ok(Overview {
            status: store.get_status()?,
            causes: store.list_causes(&causes)?,
            findings: store.health_check()?,
            report,
            settings: call.settings.resolved.iter().map(shown).collect(),
            scope: self.scope(),
        })
    }

    /// Durations before now, because the database's clock decides what now is.
    fn causes_since(&self, report: &Report) -> Option<Duration> {
        match (self.session, report.span) {
            (Some(_), Some((from, _))) => (report.taken_at - from).to_std().ok(),
            _ => self.since,
        }
    }

    fn scope(&self) -> String {
        match (self.session, self.since) {
            (Some(session), _) => format!("session {session}, and the failures since it started"),
            (None, Some(since)) => {
                format!("sessions and failures of the last {}", figures::duration(since))
            }
            (None, None) => "all sessions and failures".to_owned(),
        }
    }
}

fn shown(setting: &Resolved) -> ShownSetting {
    ShownSetting {
        name: setting.key.name.to_owned(),
        value: setting.shown(),
        from: setting.source(),
        is_default: setting.origin == Origin::Default,
    }
}
