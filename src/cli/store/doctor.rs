//! `xmlshred doctor`: is everything there that a run needs, and is the pipeline well?

use clap::Args;

use super::open;
use crate::cli::contract::file as contract_file;
use crate::cli::{console, Call, CommandError, Execute, ExitStatus};
use crate::contract::Contract;
use crate::figures::counted;
use crate::report::{Align, Table};
use crate::settings::StoreLocation;
use crate::store::{Finding, Store};
#[cfg(feature = "sqlserver")]
use crate::{
    settings::server::ServerLocation,
    store::sqlserver::{ServerFact, SqlServerStore},
};

/// Check settings, contract, connection, installation, permissions and the pipeline's health
#[derive(Debug, Args)]
pub struct Arguments {}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    /// Worth a look; a run would work.
    Warning,
    /// A run would not work, or work stands still.
    Problem,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// What was looked at, and the exit status that a problem with it means for a run.
struct Examination {
    table: Table,
    worst: ExitStatus,
    problems: usize,
}

impl Examination {
    fn new() -> Self {
        let columns = [Align::Left, Align::Left, Align::Left];
        Self { table: Table::without_heading(&columns), worst: ExitStatus::Success, problems: 0 }
    }

    fn note(&mut self, verdict: Verdict, what: &str, text: &str, status: ExitStatus) {
        self.table.row([verdict.name(), what, text]);
        if verdict == Verdict::Problem {
            self.problems += 1;
            if self.worst == ExitStatus::Success {
                self.worst = status;
            }
        }
    }

    fn ok(&mut self, what: &str, text: &str) {
        self.note(Verdict::Ok, what, text, ExitStatus::Success);
    }

    /// Notes an error with its next step.
    fn problem(&mut self, what: &str, error: &CommandError) {
        let hint = error.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
        self.note(Verdict::Problem, what, &format!("{}{hint}", error.message), error.status);
    }
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let mut examination = Examination::new();
        let contract = examine_contract(&mut examination, call);
        match open::location(&call.settings) {
            Err(error) => examination.problem("store", &error),
            Ok(location) => examine_store(&mut examination, location, contract.as_ref()),
        }
        console::print(&examination.table.to_string())?;
        if examination.problems > 0 {
            console::note(format!("{}\n", counted(examination.problems as u64, "problem")));
        }
        Ok(examination.worst)
    }
}

fn examine_contract(examination: &mut Examination, call: &Call) -> Option<Contract> {
    match contract_file::read(&call.settings) {
        Ok(contract) => {
            let tables = contract.targets.len();
            let text = format!("{}, {tables} tables, hash {}", contract.name, contract.hash);
            examination.ok("contract", &text);
            Some(contract)
        }
        Err(error) => {
            examination.problem("contract", &error);
            None
        }
    }
}

fn examine_store(
    examination: &mut Examination,
    location: &StoreLocation,
    contract: Option<&Contract>,
) {
    #[cfg(feature = "sqlserver")]
    if let StoreLocation::SqlServer(server) = location {
        return examine_server(examination, server, contract);
    }
    match open::connect(location) {
        Err(error) => examination.problem("store", &error.into()),
        Ok(mut store) => {
            examination.ok("store", &location.to_string());
            examine_installation(examination, store.as_mut(), contract);
        }
    }
}

#[cfg(feature = "sqlserver")]
fn examine_server(
    examination: &mut Examination,
    server: &ServerLocation,
    contract: Option<&Contract>,
) {
    let connect = || {
        let settings = server.settings().map_err(CommandError::usage)?;
        Ok::<_, CommandError>(SqlServerStore::connect(settings, &server.session)?)
    };
    let mut store = match connect() {
        Ok(store) => store,
        Err(error) => return examination.problem("connection", &error),
    };
    examination.ok("connection", &server.to_string());
    match store.inspect_server(contract) {
        Err(error) => examination.problem("server", &error.into()),
        Ok(facts) => facts.iter().for_each(|fact| examine_fact(examination, fact)),
    }
    examine_installation(examination, &mut store, contract);
}

#[cfg(feature = "sqlserver")]
fn examine_fact(examination: &mut Examination, fact: &ServerFact) {
    let verdict = match fact.verdict {
        None => Verdict::Ok,
        Some(false) => Verdict::Warning,
        Some(true) => Verdict::Problem,
    };
    examination.note(verdict, fact.what, &fact.text, ExitStatus::Store);
}

fn examine_installation(
    examination: &mut Examination,
    store: &mut dyn Store,
    contract: Option<&Contract>,
) {
    match (store.get_contract(), contract) {
        (Err(error), _) => return examination.problem("installation", &error.into()),
        (Ok(installed), Some(contract)) if installed != Some(contract.hash) => {
            let error = crate::store::StoreError::ContractNotInstalled {
                offered: contract.hash,
                installed,
            };
            examination.problem("installed contract", &error.into());
        }
        (Ok(Some(_)), Some(_)) => examination.ok("installed contract", "is this one"),
        (Ok(_), None) | (Ok(None), Some(_)) => {}
    }
    match store.health_check() {
        Err(error) => examination.problem("health", &error.into()),
        Ok(findings) if findings.is_empty() => examination.ok("health", "all is well"),
        Ok(findings) => findings.iter().for_each(|finding| examine_finding(examination, finding)),
    }
}

fn examine_finding(examination: &mut Examination, finding: &Finding) {
    let verdict = if finding.priority == 1 { Verdict::Problem } else { Verdict::Warning };
    let text = format!("{}: {}; {}: {}", finding.finding, finding.detail, finding.why, finding.fix);
    examination.note(verdict, "health", &text, ExitStatus::Aborted);
}
