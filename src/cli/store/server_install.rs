//! Installing on SQL Server, for `install` and `uninstall`.

use super::plan;
use crate::cli::call::Call;
use crate::cli::command_error::Result;
use crate::cli::console;
use crate::cli::contract::file as contract_file;
use crate::contract::Contract;
use crate::runner::ExitStatus;
use crate::settings::ServerLocation;
use crate::store::sqlserver::install::{script, Installed, Installer, Names};
use crate::store::AlterTables;

/// A connection that installs.
pub fn installer(server: &ServerLocation) -> Result<Installer> {
    Ok(Installer::connect(server.settings.clone(), server.names.clone())?)
}

/// The contract is optional: the objects can be installed without one.
fn contract(call: &Call) -> Result<Option<Contract>> {
    call.settings.contract.as_ref().map(|_| contract_file::read(&call.settings)).transpose()
}

/// Prints the script for sqlcmd, which fills in the variables.
pub fn script_for_sqlcmd(call: &Call, alter: AlterTables) -> Result {
    console::print_data(&script(&Names::placeholders(), contract(call)?.as_ref(), alter))
}

/// Prints the script.
pub fn dry_run(call: &Call, server: &ServerLocation, alter: AlterTables) -> Result {
    console::print_data(&script(&server.names, contract(call)?.as_ref(), alter))
}

/// Installs what is missing, older or edited.
pub fn install(call: &Call, server: &ServerLocation, alter: AlterTables) -> Result {
    let contract = contract(call)?;
    let mut installer = installer(server)?.altering(alter);
    if let (Some(contract), AlterTables::All) = (&contract, alter) {
        plan::print(&installer.alterations(contract)?)?;
    }
    let done = match installer.install(contract.as_ref())? {
        Installed::Changed => "installed",
        Installed::Unchanged => "up to date",
    };
    let (schema, location) = (server.settings.schema_name(), server.settings.location());
    let installed = contract.as_ref().map(contract_file::installed).unwrap_or_default();
    console::print(&format!("schema {schema} of {location} is {done}\n{installed}"))?;
    if let Some(contract) = &contract {
        for index in installer.missing_indexes(contract)? {
            console::note(format!(
                "warning: completions scan a target table without this index: {index}\n"
            ));
        }
    }
    Ok(ExitStatus::Success)
}

/// Lists the objects.
pub fn info(server: &ServerLocation) -> Result {
    let objects = installer(server)?.info()?;
    let row = |(state, file)| format!("{state:<8} {file}\n");
    let rows = objects.iter().map(|object| (object.state.name(), &object.file)).map(row);
    console::print(&rows.collect::<String>())
}
