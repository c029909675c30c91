//! `xmlshred doctor`: whether a run would work, and whether the pipeline is healthy.

#[cfg(feature = "embedded")]
use std::path::Path;

use clap::Args;
use serde::Serialize;
use serde_json::{json, Value};

use super::open;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::cli::contract::file as contract_file;
use crate::command::command;
use crate::contract::Contract;
use crate::figures::counted;
use crate::report::{Align, Cell, Format, Table};
use crate::runner::ExitStatus;
use crate::screen::Ink;
use crate::settings::StoreLocation;
#[cfg(feature = "embedded")]
use crate::store::sqlite::SqliteStore;
use crate::store::{CauseQuery, Store, StoreError};
#[cfg(feature = "sqlserver")]
use crate::{settings::ServerLocation, store::sqlserver::SqlServerStore};

/// Check settings, contract, connection, installation, permissions and health
///
/// The exit status is the one that a run would have for the first problem, and 0 if there is none.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print a table for people or JSON for programs
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json", hide_possible_values = true)]
    format: Format,
}

const OK: &str = "ok";
/// Worth a look; a run would work.
const WARNING: &str = "warning";
/// A run would not work, or nothing is processed.
const PROBLEM: &str = "problem";

/// The checks so far, and the exit status that a run would have.
struct Checks {
    list: Vec<Check>,
    status: ExitStatus,
    problems: usize,
}

/// The field names do not change.
#[derive(Serialize)]
struct Check {
    verdict: &'static str,
    subject: String,
    text: String,
}

impl Checks {
    /// Adds a check; the first problem decides the exit status.
    fn add(&mut self, verdict: &'static str, subject: &str, text: &str, status: ExitStatus) {
        self.list.push(Check { verdict, subject: subject.to_owned(), text: text.to_owned() });
        if verdict == PROBLEM {
            self.problems += 1;
            if self.status == ExitStatus::Success {
                self.status = status;
            }
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::without_heading(&[Align::Left, Align::Left, Align::Left]);
        for check in &self.list {
            let ink = match check.verdict {
                OK => Ink::Good,
                WARNING => Ink::Doubtful,
                _ => Ink::Bad,
            };
            table.row([
                Cell::inked(check.verdict, ink),
                (&check.subject).into(),
                (&check.text).into(),
            ]);
        }
        table
    }

    fn json(&self) -> Value {
        let exit_status = self.status.code();
        json!({ "exit_status": exit_status, "problems": self.problems, "checks": self.list })
    }

    fn ok(&mut self, subject: &str, text: &str) {
        self.add(OK, subject, text, ExitStatus::Success);
    }

    fn problem(&mut self, subject: &str, error: impl Into<CommandError>) {
        let error = error.into();
        let text = format!("{}; {}", error.message, error.hint);
        self.add(PROBLEM, subject, &text, error.status);
    }
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let mut checks = Checks { list: Vec::new(), status: ExitStatus::Success, problems: 0 };
        let contract = contract_file::read(&call.settings);
        match &contract {
            Ok(Contract { name, hash, targets, .. }) => {
                let tables = counted(targets.len(), "table");
                checks.ok("contract", &format!("{name}, {tables}, hash {hash}"));
            }
            Err(error) => checks.problem("contract", error.clone()),
        }
        check_store(&mut checks, call, contract.ok().as_ref());
        match self.format {
            Format::Table => console::print_table(&checks.table())?,
            Format::Json => console::print_data(&format!("{}\n", checks.json()))?,
        };
        if checks.problems > 0 {
            console::note(format!("{}\n", counted(checks.problems, "problem")));
        }
        Ok(checks.status)
    }
}

fn check_store(checks: &mut Checks, call: &Call, contract: Option<&Contract>) {
    let location = match open::location(&call.settings) {
        Ok(location) => location,
        Err(error) => return checks.problem("store", error),
    };
    match location {
        #[cfg(feature = "sqlserver")]
        StoreLocation::SqlServer(server) => check_server(checks, call, server, contract),
        #[cfg(feature = "embedded")]
        StoreLocation::Sqlite(path) => check_file(checks, path, contract),
        // This build has no embedded store, and the error says so.
        #[cfg(not(feature = "embedded"))]
        StoreLocation::Sqlite(_) => {
            if let Err(error) = open::connect(location, call.session) {
                checks.problem("store", error);
            }
        }
    }
}

#[cfg(feature = "embedded")]
fn check_file(checks: &mut Checks, path: &Path, contract: Option<&Contract>) {
    let mut store = match SqliteStore::open(path) {
        Ok(store) => store,
        Err(error) => return checks.problem("store", error),
    };
    checks.ok("store", &StoreLocation::Sqlite(path.to_owned()).to_string());
    match store.check_integrity() {
        Err(error) => checks.problem("integrity", error),
        Ok(orphans) if orphans.is_empty() => checks.ok("integrity", "the whole file can be read"),
        Ok(orphans) => {
            for orphan in orphans {
                let text = format!("{orphan}; find out which program changed the table");
                checks.add(PROBLEM, "foreign keys", &text, ExitStatus::Store);
            }
        }
    }
    check_installation(checks, &mut store, contract);
}

#[cfg(feature = "sqlserver")]
fn check_server(
    checks: &mut Checks,
    call: &Call,
    server: &ServerLocation,
    contract: Option<&Contract>,
) {
    let workstation = open::workstation(call.session);
    let mut store = match SqlServerStore::connect(server.settings.clone(), &workstation) {
        Ok(store) => store,
        Err(error) => return checks.problem("connection", error),
    };
    checks.ok("connection", server.settings.location());
    match store.inspect_server(contract) {
        Err(error) => checks.problem("server", error),
        Ok(facts) => {
            for fact in facts {
                let verdict = match fact.verdict {
                    None => OK,
                    Some(false) => WARNING,
                    Some(true) => PROBLEM,
                };
                checks.add(verdict, fact.what, &fact.text, ExitStatus::Store);
            }
        }
    }
    check_installation(checks, &mut store, contract);
}

/// What has failed now, which a finding says only of the last hour.
fn check_applications(checks: &mut Checks, store: &mut dyn Store) {
    let causes = CauseQuery { causes: 1, values: 0, since: None };
    let found = match store.list_causes(&causes) {
        Ok(found) => found,
        // A run would not need it.
        Err(error) => {
            let text = error.to_string();
            return checks.add(WARNING, "applications", &text, ExitStatus::Success);
        }
    };
    let failed = counted(found.all_applications, "application");
    match found.all_causes {
        0 => checks.ok("applications", "none has failed"),
        of => {
            let causes = counted(of, "cause");
            let text =
                format!("{failed} failed, for {causes}; {} lists the causes", command("failures"));
            checks.add(WARNING, "applications", &text, ExitStatus::Success);
        }
    }
}

fn check_installation(checks: &mut Checks, store: &mut dyn Store, contract: Option<&Contract>) {
    match (store.get_contract(), contract) {
        (Err(error), _) => return checks.problem("installation", error),
        (Ok(installed), Some(contract)) if installed != Some(contract.hash) => {
            let offered = contract.hash;
            let error = StoreError::ContractNotInstalled { offered, installed };
            checks.problem("installed contract", error);
        }
        (Ok(Some(_)), Some(_)) => checks.ok("installed contract", "is this one"),
        (Ok(_), None) | (Ok(None), Some(_)) => {}
    }
    check_applications(checks, store);
    match store.health_check() {
        Err(error) => checks.problem("health", error),
        Ok(findings) if findings.is_empty() => checks.ok("health", "no findings"),
        Ok(findings) => {
            for finding in findings {
                let verdict = if finding.priority == 1 { PROBLEM } else { WARNING };
                let crate::store::Finding { finding, detail, why, fix, .. } = finding;
                let text = format!("{finding}: {detail}; {why}: {fix}");
                checks.add(verdict, "health", &text, ExitStatus::Aborted);
            }
        }
    }
}
