//! Installing on SQL Server, for `install` and `uninstall`.

use std::fmt::Write;

use crate::cli::contract::file as contract_file;
use crate::cli::{console, Call, CommandError, ExitStatus};
use crate::contract::Contract;
use crate::settings::server::ServerLocation;
use crate::store::sqlserver::install::{script, Installed, Installer, Names};

/// A connection that installs.
pub fn installer(server: &ServerLocation) -> Result<Installer, CommandError> {
    let settings = server.settings().map_err(CommandError::usage)?;
    let names = server.names().map_err(CommandError::usage)?;
    Ok(Installer::connect(settings, names)?)
}

/// `--contract` may be left out: the objects can be there before there is one.
fn contract(call: &Call) -> Result<Option<Contract>, CommandError> {
    call.settings.contract.as_ref().map(|_| contract_file::read(&call.settings)).transpose()
}

/// Prints the script for sqlcmd, which fills in the variables.
pub fn script_for_sqlcmd(call: &Call) -> Result<ExitStatus, CommandError> {
    console::print(&script(&Names::placeholders(), contract(call)?.as_ref()))?;
    Ok(ExitStatus::Success)
}

/// Prints the script.
pub fn dry_run(call: &Call, server: &ServerLocation) -> Result<ExitStatus, CommandError> {
    let names = server.names().map_err(CommandError::usage)?;
    console::print(&script(&names, contract(call)?.as_ref()))?;
    Ok(ExitStatus::Success)
}

/// Installs what is not as it should be.
pub fn install(call: &Call, server: &ServerLocation) -> Result<ExitStatus, CommandError> {
    let contract = contract(call)?;
    let done = installer(server)?.install(contract.as_ref())?;
    let mut said = match done {
        Installed::Changed => format!("schema {} of {server} is installed\n", server.schema),
        Installed::Unchanged => format!("schema {} of {server} is up to date\n", server.schema),
    };
    if let Some(contract) = contract {
        let _ = writeln!(
            said,
            "contract {} ({}) is installed: {} target tables",
            contract.name,
            contract.hash,
            contract.targets.len()
        );
    }
    console::print(&said)?;
    Ok(ExitStatus::Success)
}

/// Lists the objects.
pub fn info(server: &ServerLocation) -> Result<ExitStatus, CommandError> {
    let mut text = String::new();
    for object in installer(server)?.info()? {
        let _ = writeln!(text, "{:<8} {}", object.state.name(), object.file);
    }
    console::print(&text)?;
    Ok(ExitStatus::Success)
}
