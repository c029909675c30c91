//! `xmlshred failures`: what failed, by cause.

use std::time::Duration;

use clap::Args;

use super::{fingerprint, open};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::store::purge::duration;
use crate::cli::{console, screens};
use crate::command::command;
use crate::figures::counted;
use crate::offline::put_line;
use crate::report::{
    cause_cells, causes_json, failure_cells, failure_json, render_causes, render_failures,
    ListFormat, CAUSE_HEADING, FAILURE_HEADING,
};
use crate::runner::ExitStatus;
use crate::store::{CauseQuery, FailurePage, LoggedFailure, Store};

/// List the causes of failure, the most frequent first, with the commands that go on from each
///
/// Counts the applications whose last attempt failed and that were not retried or requeued.
#[derive(Debug, Args)]
pub struct Arguments {
    /// At most this many causes, or applications with --ids
    #[arg(long, value_name = "N", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    first: u32,

    /// At most this many values of each cause (0 to 100)
    #[arg(long, value_name = "N", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u32).range(..=100))]
    values: u32,

    /// Only failures of this time before now, such as 12h or 7days
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    since: Option<Duration>,

    /// List the applications, lowest ids first, instead of the causes
    #[arg(long)]
    ids: bool,

    /// With --ids: only the applications of this cause
    #[arg(long, requires = "ids", value_parser = fingerprint::parse)]
    fingerprint: Option<String>,

    /// Print text for people, JSON, or a line of CSV for each cause or application; JSON with --ids is a
    /// line for each application
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json|csv", hide_possible_values = true)]
    format: ListFormat,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let mut store = open::existing(call)?;
        match self.ids {
            true => self.list_applications(store.as_mut()),
            false => self.list_causes(store.as_mut()),
        }
    }
}

impl Arguments {
    fn list_causes(&self, store: &mut dyn Store) -> Result {
        let query = CauseQuery { since: self.since, causes: self.first, values: self.values };
        let found = store.list_causes(&query)?;
        match self.format {
            ListFormat::Table => {
                let screen = screens::stdout();
                console::print(&render_causes(&found, screen))
            }
            ListFormat::Json => console::print_data(&format!("{}\n", causes_json(&found))),
            ListFormat::Csv => {
                console::print_data(&csv(CAUSE_HEADING, found.causes.iter().map(cause_cells)))
            }
        }
    }

    fn list_applications(&self, store: &mut dyn Store) -> Result {
        let mut page =
            FailurePage { fingerprint: self.fingerprint.clone(), since: self.since, ..PAGE };
        let mut listed: u32 = 0;
        if self.format == ListFormat::Csv {
            console::print_data(&csv(FAILURE_HEADING, []))?;
        }
        let mut all: Vec<LoggedFailure> = Vec::new();
        while listed < self.first {
            page.size = PAGE.size.min(self.first - listed);
            let failures = store.list_failures(&page)?;
            let Some(last) = failures.last() else { break };
            page.after = Some(last.app_id);
            listed += failures.len() as u32;
            match self.format {
                ListFormat::Table => all.extend(failures),
                ListFormat::Json => {
                    let line = |failure| format!("{}\n", failure_json(failure));
                    console::print_data(&failures.iter().map(line).collect::<String>())?;
                }
                ListFormat::Csv => {
                    console::print_data(&lines(failures.iter().map(failure_cells)))?;
                }
            }
        }
        if listed == 0 {
            if let Some(fingerprint) = &self.fingerprint {
                return Err(fingerprint::unknown(fingerprint));
            }
        }
        if !all.is_empty() {
            console::print_table(&render_failures(&all))?;
        }
        let more = if listed == self.first { ", and perhaps more: add --first N" } else { "" };
        console::note(format!("{}{more}\n", counted(listed, "failed application")));
        Ok(ExitStatus::Success)
    }
}

/// The first page of all failures.
const PAGE: FailurePage =
    FailurePage { category: None, fingerprint: None, since: None, after: None, size: 1_000 };

/// Lines of CSV with a heading.
pub fn csv<const N: usize>(
    heading: [&str; N],
    cells: impl IntoIterator<Item = [Option<String>; N]>,
) -> String {
    lines([heading.map(|name| Some(name.to_owned()))].into_iter().chain(cells))
}

fn lines<const N: usize>(cells: impl IntoIterator<Item = [Option<String>; N]>) -> String {
    let mut text = Vec::new();
    for line in cells {
        put_line(&mut text, line.map(|cell| cell.map(Into::into)));
    }
    String::from_utf8(text).expect("made of text")
}

/// Names the command, after a report that counts failures.
pub fn note_causes() {
    console::note(format!("{} lists the causes\n", command("failures")));
}
