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
use crate::store::{AlterTables, Store};

/// Makes the contract the installed one, and creates the store if it is missing. Without a contract, a store
/// of an earlier version is upgraded, and the installed one stays.
pub fn install(call: &Call, path: &Path, alter: AlterTables) -> Result {
    if call.settings.contract.is_none() && upgrade(path)? {
        return Ok(ExitStatus::Success);
    }
    let contract = contract_file::read(&call.settings)?;
    upgrade(path)?;
    let mut store = SqliteStore::open_or_create(path)?;
    if alter == AlterTables::All {
        let statements = SqliteStore::preview_install(path, &contract, alter)?.alterations;
        plan::print(&statements.iter().map(|sql| format!("{sql};")).collect::<Vec<_>>())?;
    }
    let done = SqliteStore::plan_install(path, &contract, alter)?;
    store.install_contract_altering(&contract, alter)?;
    console::print(&(contract_file::installed(&contract) + &plan::done(&done)))
}

/// Upgrades an existing store that an earlier version of the program created. Returns whether it did.
fn upgrade(path: &Path) -> Result<bool> {
    let found = match path.exists() {
        true => SqliteStore::upgrade(path)?,
        false => None,
    };
    if let Some(found) = found {
        let version = SqliteStore::VERSION;
        let line =
            format!("the store's own tables are upgraded from version {found} to {version}\n");
        console::print(&line)?;
    }
    Ok(found.is_some())
}

/// Installs the contract unless it is the installed one. Returns whether it did.
pub fn install_if_other(path: &Path, contract: &Contract) -> Result<bool> {
    let mut store = SqliteStore::open_or_create(path)?;
    let is_other = store.get_contract()? != Some(contract.hash);
    if is_other {
        store.install_contract(contract)?;
    }
    Ok(is_other)
}

/// Prints the script.
pub fn dry_run(call: &Call, path: &Path, alter: AlterTables, out: Option<&Path>) -> Result {
    let contract = contract_file::read(&call.settings)?;
    let preview = SqliteStore::preview_install(path, &contract, alter)?;
    console::print_to(
        out,
        &preview.changes.iter().map(|sql| format!("{sql};\n")).collect::<String>(),
    )?;
    let Contract { name, hash, .. } = contract;
    let consequence = match preview.replaces {
        None => "would be installed".to_owned(),
        Some(installed) if installed == hash => "is the installed one".to_owned(),
        Some(installed) => format!("would be installed in place of {installed}"),
    };
    console::note(format!("contract {name} ({hash}) {consequence}; nothing was changed\n"));
    Ok(ExitStatus::Success)
}

/// Lists what would be done and what refused, object by object.
pub fn plan(call: &Call, path: &Path, alter: AlterTables, format: Format) -> Result {
    let contract = contract_file::read(&call.settings)?;
    plan::show(&SqliteStore::plan_install(path, &contract, alter)?, format)
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
