//! Installing in an embedded store, for `install`.

use std::path::Path;

use crate::cli::contract::file as contract_file;
use crate::cli::{console, Call, CommandError, ExitStatus};
use crate::contract::Contract;
use crate::store::sqlite::{InstallPreview, SqliteStore};
use crate::store::Store;

/// Makes the contract the installed one, and the store where there is none.
pub fn install(call: &Call, path: &Path) -> Result<ExitStatus, CommandError> {
    let contract = contract_file::read(&call.settings)?;
    SqliteStore::open_or_create(path)?.install_contract(&contract)?;
    console::print(&format!(
        "contract {} ({}) is installed: {} target tables\n",
        contract.name,
        contract.hash,
        contract.targets.len()
    ))?;
    Ok(ExitStatus::Success)
}

/// Prints the script.
pub fn dry_run(call: &Call, path: &Path) -> Result<ExitStatus, CommandError> {
    let contract = contract_file::read(&call.settings)?;
    let preview = SqliteStore::preview_install(path, &contract)?;
    console::print(&preview.changes.iter().map(|sql| format!("{sql};\n")).collect::<String>())?;
    console::note(format!("{}; nothing was changed\n", consequence(&contract, &preview)));
    Ok(ExitStatus::Success)
}

fn consequence(contract: &Contract, preview: &InstallPreview) -> String {
    let Contract { name, hash, .. } = contract;
    match preview.replaces {
        None => format!("contract {name} ({hash}) would be installed"),
        Some(installed) if installed == *hash => {
            format!("contract {name} ({hash}) is the installed one")
        }
        Some(installed) => {
            format!("contract {name} ({hash}) would be installed in place of {installed}")
        }
    }
}

/// Names the installed contract.
pub fn info(path: &Path) -> Result<ExitStatus, CommandError> {
    let installation = SqliteStore::open(path)?.installation()?;
    let contract = match installation {
        None => "no contract is installed".to_owned(),
        Some(contract) => format!(
            "contract {} ({}) is installed since {} UTC",
            contract.contract_name,
            contract.contract_hash,
            contract.installed_at.format("%Y-%m-%d %H:%M:%S")
        ),
    };
    let version = SqliteStore::VERSION;
    console::print(&format!("{contract}\nthe store's own tables have version {version}\n"))?;
    Ok(ExitStatus::Success)
}
