//! `xmlshred install`: a store prepared for a contract.

use clap::Args;

#[cfg(feature = "embedded")]
use super::embedded_install;
use super::open;
#[cfg(feature = "sqlserver")]
use super::server_install;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::settings::StoreLocation;

/// Create or upgrade the objects in the database, and install the contract
///
/// On SQL Server, also create queue, log, procedures, views and roles, all in one transaction.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only print the script; change nothing
    #[arg(long, conflicts_with = "info")]
    dry_run: bool,

    /// Print the script with sqlcmd's variables $(Schema), $(SourceSchema) and $(SourceTable)
    /// instead of names; does not connect
    #[cfg(feature = "sqlserver")]
    #[arg(long, conflicts_with_all = ["info", "dry_run"])]
    script: bool,

    /// Name the installed contract or, on SQL Server, list every object as current, missing, older
    /// or edited; change nothing
    #[arg(long)]
    info: bool,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        #[cfg(feature = "sqlserver")]
        if self.script {
            return server_install::script_for_sqlcmd(call);
        }
        match (open::location(&call.settings)?, self.dry_run, self.info) {
            #[cfg(feature = "embedded")]
            (StoreLocation::Sqlite(path), true, _) => embedded_install::dry_run(call, path),
            #[cfg(feature = "embedded")]
            (StoreLocation::Sqlite(path), _, true) => embedded_install::info(path),
            #[cfg(feature = "embedded")]
            (StoreLocation::Sqlite(path), ..) => embedded_install::install(call, path),
            #[cfg(not(feature = "embedded"))]
            (StoreLocation::Sqlite(_), ..) => unreachable!("open::location refuses it"),
            #[cfg(feature = "sqlserver")]
            (StoreLocation::SqlServer(server), true, _) => server_install::dry_run(call, server),
            #[cfg(feature = "sqlserver")]
            (StoreLocation::SqlServer(server), _, true) => server_install::info(server),
            #[cfg(feature = "sqlserver")]
            (StoreLocation::SqlServer(server), ..) => server_install::install(call, server),
        }
    }
}
