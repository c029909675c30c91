//! `xmlshred install`: a store made ready for a contract.

use clap::Args;

#[cfg(feature = "sqlserver")]
use super::server_install;
use super::{console, contract_file, open_store, Call, CommandError, Execute, ExitStatus};
#[cfg(feature = "sqlserver")]
use crate::settings::StoreLocation;

/// Create the target tables of a contract and make it the installed one
///
/// On SQL Server, also the queue, the log, the procedures, views and roles, in one transaction.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print the script that would run on SQL Server, and run nothing
    #[cfg(feature = "sqlserver")]
    #[arg(long, conflicts_with = "info")]
    dry_run: bool,

    /// Print the script with sqlcmd's variables $(Schema), $(SourceSchema) and $(SourceTable)
    /// instead of names, and run nothing; needs no server
    #[cfg(feature = "sqlserver")]
    #[arg(long, conflicts_with_all = ["info", "dry_run"])]
    script: bool,

    /// List every object on SQL Server as current, missing, older or edited, and change nothing
    #[cfg(feature = "sqlserver")]
    #[arg(long)]
    info: bool,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        #[cfg(feature = "sqlserver")]
        if self.script {
            return server_install::script_for_sqlcmd(call);
        }
        #[cfg(feature = "sqlserver")]
        if let StoreLocation::SqlServer(server) = open_store::location(&call.settings)? {
            return match (self.dry_run, self.info) {
                (true, _) => server_install::dry_run(call, server),
                (_, true) => server_install::info(server),
                _ => server_install::install(call, server),
            };
        }
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
