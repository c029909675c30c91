//! `xmlshred install`: a store made ready for a contract.

use clap::Args;

use super::{console, contract_file, open_store, Call, CommandError, Execute, ExitStatus};

/// Create the target tables of a contract and make it the installed one
#[derive(Debug, Args)]
pub struct Arguments {}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let contract = contract_file::read(&call.settings)?;
        let mut store = open_store::existing_or_new(&call.settings)?;
        store.install_contract(&contract)?;
        console::print(&format!(
            "contract {} ({}) is installed: {} target tables\n",
            contract.name,
            contract.hash,
            contract.targets.len()
        ))?;
        Ok(ExitStatus::Success)
    }
}
