//! `xmlshred backfill`: what finished applications lack in the target tables.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{ArgGroup, Args};
use serde_json::{json, Value};

use super::{open, requester};
use crate::backfill::{Backfill, Done, Report, Selection, Skipped, Unwanted, Wanted, Why};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::contract::file as contract_file;
use crate::cli::{console, signals};
use crate::contract::Contract;
use crate::figures::{count, counted};
use crate::id::AppId;
use crate::report::{Align, Format, Table};
use crate::runner::ExitStatus;
use crate::store::StoreError;

/// Give finished applications the rows and columns that they lack in the target tables
///
/// For a contract that has learned a table or a column, and for rows that were
/// lost. Documents are shredded again. Rows whose key the application does not
/// have are inserted, and columns that are NULL in its rows are filled.
/// Existing values stay as they are. Repeating the command adds nothing twice.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true))]
pub struct Arguments {
    /// Backfill these target tables
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', required = true)]
    table: Vec<String>,

    /// Only fill these columns of them, and insert no rows
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    column: Vec<String>,

    /// Backfill every finished application
    #[arg(long, group = "which")]
    all: bool,

    /// Backfill these applications
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', group = "which")]
    #[arg(allow_negative_numbers = true)]
    app_id: Vec<i64>,

    /// Backfill those that have failed with this fingerprint before they succeeded
    #[arg(long, group = "which")]
    fingerprint: Option<String>,

    /// Backfill only ids above this one, to go on after an interruption
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    after: Option<i64>,

    /// Only count what is missing; change nothing
    #[arg(long)]
    dry_run: bool,

    /// Print a table for people or JSON for programs
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json", hide_possible_values = true)]
    format: Format,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let shutdown = signals::shutdown()?;
        let contract = Arc::new(contract_file::read(&call.settings)?);
        let wanted = Wanted::new(&contract, &self.table, &self.column)
            .map_err(|unwanted| not_in_contract(&contract, unwanted))?;
        let mut store = open::existing(call)?;
        let installed = store.get_contract()?;
        if installed != Some(contract.hash) {
            return Err(
                StoreError::ContractNotInstalled { offered: contract.hash, installed }.into()
            );
        }
        for table in &wanted.keyless {
            console::note(format!(
                "table {table} has no key that the documents decide: only an application without a row in it gets \
                 rows\n"
            ));
        }
        let backfill = Backfill {
            contract,
            limits: call.settings.limits,
            wanted,
            selection: self.selection(),
            after: self.after.map(AppId),
            execute: !self.dry_run,
            requested_by: requester::requested_by(),
        };
        let mut logged = Instant::now();
        let done = backfill.run(store.as_mut(), &|| shutdown.is_requested(), |report| {
            if logged.elapsed() >= Duration::from_secs(30) {
                logged = Instant::now();
                let to = report.after.map(|app_id| app_id.0);
                tracing::info!(backfilled_to = to, "{}", self.summary(report));
            }
        });
        self.end(done)
    }
}

impl Arguments {
    fn selection(&self) -> Selection {
        match &self.fingerprint {
            Some(fingerprint) => Selection::Fingerprint(fingerprint.clone()),
            None if self.all => Selection::All,
            None => Selection::Apps(self.app_id.iter().copied().map(AppId).collect()),
        }
    }

    fn summary(&self, report: &Report) -> String {
        let what = format!(
            "{} and {} of {}",
            counted(report.rows(), "row"),
            counted(report.values(), "value"),
            counted(report.backfilled, "application"),
        );
        match self.dry_run {
            true => format!("{what} are missing; nothing was changed"),
            false => format!("{what} were missing and are added"),
        }
    }

    fn end(&self, done: Done) -> Result {
        let Done { report, error } = done;
        let report = &report;
        // An error before anything was looked at has nothing to show.
        let error = match error {
            Some(error) if report.is_blank() => return Err(error.into()),
            error => error,
        };
        match self.format {
            Format::Json => console::print_data(&as_json(report, self.dry_run))?,
            Format::Table if report.missing.is_empty() => ExitStatus::Success,
            Format::Table => console::print_table(&as_table(report))?,
        };
        console::note(format!(
            "{}; {} nothing\n",
            self.summary(report),
            match report.complete {
                1 => "1 application lacks".to_owned(),
                many => format!("{} applications lack", count(many)),
            }
        ));
        for Skipped { app_id, why, reason } in &report.examples {
            let reason = reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
            console::tell(format!("application {app_id} is left out, {}{reason}\n", why.name()));
        }
        for (why, number) in &report.skipped {
            let number = counted(*number, "application");
            console::tell(format!("{number} left out, {}: {}\n", why.name(), why.next_step()));
        }
        let go_on = match report.after {
            Some(AppId(after)) => format!("add --after {after} to the command to go on\n"),
            None => "run the same command again\n".to_owned(),
        };
        if let Some(error) = error {
            console::tell(go_on);
            return Err(error.into());
        }
        if !report.is_complete {
            console::tell(format!("interrupted: {go_on}"));
            return Ok(ExitStatus::Interrupted);
        }
        match report.skipped.is_empty() {
            true => Ok(ExitStatus::Success),
            false => Ok(ExitStatus::SomeFailed),
        }
    }
}

fn not_in_contract(contract: &Contract, unwanted: Unwanted) -> CommandError {
    let tables: Vec<&str> = contract.targets.iter().map(|table| table.name.as_str()).collect();
    match unwanted {
        Unwanted::Table(name) => CommandError::usage(
            format!("the contract has no target table {name}"),
            format!("its tables are {}", tables.join(", ")),
        ),
        Unwanted::Column(name) => CommandError::usage(
            format!("none of the tables has a column {name} that can be filled"),
            "name a nullable column that is not part of a key, of a table with a primary key",
        ),
    }
}

fn as_table(report: &Report) -> Table {
    let mut table = Table::new(&[
        ("table", Align::Left),
        ("column", Align::Left),
        ("rows", Align::Right),
        ("values", Align::Right),
    ]);
    for ((name, column), number) in &report.missing {
        match column {
            None => table.row([name.as_str(), "", &count(*number), ""]),
            Some(column) => table.row([name.as_str(), column, "", &count(*number)]),
        }
    }
    table
}

/// The field names do not change.
fn as_json(report: &Report, dry_run: bool) -> String {
    let missing: Vec<Value> = report
        .missing
        .iter()
        .map(|((table, column), count)| json!({"table": table, "column": column, "count": count}))
        .collect();
    let skipped: Vec<Value> = report
        .examples
        .iter()
        .map(|app| json!({"app_id": app.app_id.0, "why": app.why.name(), "reason": app.reason}))
        .collect();
    let counts = |why: &Why| report.skipped.get(why).copied().unwrap_or(0);
    let all = [Why::NotFinished, Why::NoDocument, Why::Changed, Why::NotShredded, Why::Refused];
    let counts: serde_json::Map<String, Value> =
        all.iter().map(|why| (why.name().to_owned(), counts(why).into())).collect();
    let object = json!({
        "executed": !dry_run,
        "complete": report.is_complete,
        "after": report.after.map(|app_id| app_id.0),
        "applications_backfilled": report.backfilled,
        "applications_lacking_nothing": report.complete,
        "missing": missing,
        "left_out": counts,
        "examples": skipped,
    });
    format!("{object}\n")
}
