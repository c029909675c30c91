//! Installing in an embedded store, for `install`.

use std::path::Path;

use super::plan;
use crate::cli::call::Call;
use crate::cli::command_error::Result;
use crate::cli::console;
use crate::cli::contract::file as contract_file;
use crate::contract::Contract;
use crate::report::Format;
use crate::runner::ExitStatus;
use crate::store::sqlite::SqliteStore;
use crate::store::{AlterTables, InstallPlan};

/// The contract to install. A store of an earlier version is upgraded without one, too.
fn contract(call: &Call, path: &Path) -> Result<Option<Contract>> {
    let is_named = call.settings.contract.is_some();
    match !is_named && path.exists() && SqliteStore::is_of_earlier_version(path)? {
        true => Ok(None),
        false => contract_file::read(&call.settings).map(Some),
    }
}

/// Makes the contract the installed one, and creates or upgrades the store.
pub fn install(call: &Call, path: &Path, alter: AlterTables) -> Result {
    let contract = contract(call, path)?;
    if alter == AlterTables::All {
        let plan = SqliteStore::plan_install(path, contract.as_ref(), alter)?;
        let statements = plan.alterations().into_iter().map(|sql| format!("{sql};"));
        plan::print(&statements.collect::<Vec<_>>())?;
    }
    let done = SqliteStore::install(path, contract.as_ref(), alter)?;
    console::print(&plan::done(contract.as_ref(), &done))
}

/// Installs the contract as [`install`] does. Returns what it did.
pub fn before_a_run(path: &Path, contract: &Contract) -> Result<InstallPlan> {
    Ok(SqliteStore::install(path, Some(contract), AlterTables::Own)?)
}

/// Prints the script.
pub fn dry_run(call: &Call, path: &Path, alter: AlterTables, out: Option<&Path>) -> Result {
    let contract = contract(call, path)?;
    let (statements, installed) = SqliteStore::preview_install(path, contract.as_ref(), alter)?;
    console::print_to(out, &statements.iter().map(|sql| format!("{sql};\n")).collect::<String>())?;
    let Some(Contract { name, hash, .. }) = contract else {
        console::note("nothing was changed\n");
        return Ok(ExitStatus::Success);
    };
    let consequence = match installed {
        None => "would be installed".to_owned(),
        Some(installed) if installed == hash => "is the installed one".to_owned(),
        Some(installed) => format!("would be installed in place of {installed}"),
    };
    console::note(format!("contract {name} ({hash}) {consequence}; nothing was changed\n"));
    Ok(ExitStatus::Success)
}

/// Lists what would be done and what refused, object by object.
pub fn plan(call: &Call, path: &Path, alter: AlterTables, format: Format) -> Result {
    let contract = contract(call, path)?;
    plan::show(&SqliteStore::plan_install(path, contract.as_ref(), alter)?, format)
}

/// Names the installed contract.
pub fn info(path: &Path) -> Result {
    let contract = match SqliteStore::open(path)?.installation()? {
        None => "no contract is installed".to_owned(),
        Some(contract) => format!(
            "contract {} ({}) is installed since {} UTC",
            contract.contract_name,
            contract.contract_hash,
            contract.installed_at.format("%Y-%m-%d %H:%M:%S")
        ),
    };
    let version = SqliteStore::VERSION;
    console::print(&format!("{contract}\nthe store's own tables have version {version}\n"))
}
