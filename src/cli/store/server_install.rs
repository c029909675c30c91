//! Installing on SQL Server, for `install` and `uninstall`.

use std::time::{Duration, Instant};

use super::plan;
use crate::cli::call::Call;
use crate::cli::command_error::Result;
use crate::cli::console;
use crate::cli::contract::file as contract_file;
use crate::contract::Contract;
use crate::figures::{count, counted};
use crate::report::Format;
use crate::runner::ExitStatus;
use crate::settings::ServerLocation;
use crate::store::sqlserver::install::{script, Adopted, Adoption, Installer, Names};
use crate::store::{AlterTables, InstallPlan};

/// A connection that installs.
pub fn installer(server: &ServerLocation) -> Result<Installer> {
    Ok(Installer::connect(server.settings.clone(), server.names.clone())?)
}

/// The contract is optional: the objects can be installed without one.
fn contract(call: &Call) -> Result<Option<Contract>> {
    call.settings.contract.as_ref().map(|_| contract_file::read(&call.settings)).transpose()
}

/// Prints the script for sqlcmd, which fills in the variables.
pub fn script_for_sqlcmd(
    call: &Call,
    alter: AlterTables,
    adoption: Option<&Adoption>,
) -> Result<String> {
    Ok(script(&Names::placeholders(), contract(call)?.as_ref(), alter, adoption))
}

/// The script.
pub fn dry_run(
    call: &Call,
    server: &ServerLocation,
    alter: AlterTables,
    adoption: Option<&Adoption>,
) -> Result<String> {
    Ok(script(&server.names, contract(call)?.as_ref(), alter, adoption))
}

/// Installs what is missing, older or edited, and imports what is left of a log that is adopted.
pub fn install(
    call: &Call,
    server: &ServerLocation,
    alter: AlterTables,
    adoption: Option<Adoption>,
) -> Result {
    let contract = contract(call)?;
    let adopts = adoption.is_some();
    let mut installer = installer(server)?.altering(alter).adopting(adoption);
    if let (Some(contract), AlterTables::All) = (&contract, alter) {
        plan::print(&installer.alterations(contract)?)?;
    }
    let plan = installer.install(contract.as_ref())?;
    let done = if plan.is_empty() && !adopts { "up to date" } else { "installed" };
    let (schema, location) = (server.settings.schema_name(), server.settings.location());
    let changes = plan::done(contract.as_ref(), &plan);
    console::print(&format!("schema {schema} of {location} is {done}\n{changes}"))?;
    if let Some(contract) = &contract {
        for index in installer.missing_indexes(contract)? {
            console::warn(format!("completions scan a target table without this index: {index}"));
        }
    }
    import_log(&mut installer)
}

/// Installs objects and contract as [`install`] does. Returns what it did.
pub fn before_a_run(server: &ServerLocation, contract: &Contract) -> Result<InstallPlan> {
    Ok(installer(server)?.install(Some(contract))?)
}

/// How often a long import says how far it is.
const NEWS: Duration = Duration::from_secs(10);

fn import_log(installer: &mut Installer) -> Result {
    let mut last = Instant::now();
    let adopted = installer.import_log(|applications| {
        if last.elapsed() >= NEWS {
            last = Instant::now();
            let applications = counted(applications, "application");
            console::note(format!("importing the earlier log: {applications} so far\n"));
        }
    })?;
    adopted.map_or(Ok(ExitStatus::Success), |adopted| console::print(&shown(&adopted)))
}

fn shown(adopted: &Adopted) -> String {
    let Adopted { log, success, failed, .. } = adopted;
    let applications = counted(success + failed, "application");
    let failed = count(*failed);
    let statuses = adopted.statuses.iter().map(|(status, outcome, rows)| {
        format!("  {} with status \"{status}\": {outcome}\n", counted(*rows, "row"))
    });
    let others = [
        (adopted.rows_superseded, "row", "with a later one of the same application"),
        (adopted.rows_ignored, "row", "with an ignored status"),
        (adopted.apps_ignored, "application", "with no other row, not imported"),
        (adopted.rows_without_id, "row", "without app_id"),
        (adopted.apps_without_source, "application", "without a source row"),
        (adopted.apps_without_time, "application", "without processing_time"),
    ];
    let others = others.iter().filter(|(number, ..)| *number > 0);
    let others =
        others.map(|(number, noun, which)| format!("  {} {which}\n", counted(*number, noun)));
    let details: String = statuses.chain(others).collect();
    format!("log {log} is adopted: {applications}, of which {failed} failed\n{details}")
}

/// Lists what would be done and what refused, object by object.
pub fn plan(call: &Call, server: &ServerLocation, alter: AlterTables, format: Format) -> Result {
    let contract = contract(call)?;
    plan::show(&installer(server)?.altering(alter).plan(contract.as_ref())?, format)
}

/// Lists the objects.
pub fn info(server: &ServerLocation) -> Result {
    let objects = installer(server)?.info()?;
    let row = |(state, file)| format!("{state:<8} {file}\n");
    let rows = objects.iter().map(|object| (object.state.name(), &object.file)).map(row);
    console::print(&rows.collect::<String>())
}
