//! `xmlshred install`: a store prepared for a contract.

use clap::Args;

#[cfg(feature = "embedded")]
use super::embedded_install;
use super::open;
#[cfg(feature = "sqlserver")]
use super::server_install;
use crate::cli::call::{Call, Execute};
#[cfg(feature = "sqlserver")]
use crate::cli::command_error::CommandError;
use crate::cli::command_error::Result;
#[cfg(feature = "sqlserver")]
use crate::runner::ExitStatus;
#[cfg(feature = "sqlserver")]
use crate::settings::ServerLocation;
use crate::settings::StoreLocation;
use crate::store::AlterTables;

/// Create or upgrade the objects in the database, and install the contract
///
/// On SQL Server, also create queue, log, procedures, views and roles, all in one transaction.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only print the script; change nothing
    #[arg(long, conflicts_with = "info")]
    dry_run: bool,

    /// Print the script with sqlcmd's variables, such as $(Schema), instead of names; does not
    /// connect
    #[cfg(feature = "sqlserver")]
    #[arg(long, conflicts_with_all = ["info", "dry_run"])]
    script: bool,

    /// Create the log's tables in this filegroup
    #[cfg(feature = "sqlserver")]
    #[arg(long, value_name = "NAME", default_value = "DEFAULT", conflicts_with = "script")]
    log_filegroup: String,

    /// Create the log's tables with this compression; page saves most space
    #[cfg(feature = "sqlserver")]
    #[arg(long, value_name = "none|row|page", default_value = "none", ignore_case = true)]
    #[arg(value_parser = ["none", "row", "page"], hide_possible_values = true, conflicts_with = "script")]
    log_compression: String,

    /// Also add missing nullable columns to target tables that xmlshred did not create; prints the
    /// statements first
    #[arg(long, conflicts_with = "info")]
    alter_tables: bool,

    /// Name the installed contract or, on SQL Server, list every object as current, missing, older,
    /// edited or foreign; change nothing
    #[arg(long)]
    info: bool,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        #[cfg(feature = "sqlserver")]
        if self.script {
            return server_install::script_for_sqlcmd(call, self.alter());
        }
        match (open::location(&call.settings)?, self.dry_run, self.info) {
            #[cfg(feature = "embedded")]
            (StoreLocation::Sqlite(path), true, _) => {
                embedded_install::dry_run(call, path, self.alter())
            }
            #[cfg(feature = "embedded")]
            (StoreLocation::Sqlite(path), _, true) => embedded_install::info(path),
            #[cfg(feature = "embedded")]
            (StoreLocation::Sqlite(path), ..) => {
                embedded_install::install(call, path, self.alter())
            }
            #[cfg(not(feature = "embedded"))]
            (StoreLocation::Sqlite(_), ..) => unreachable!("open::location refuses it"),
            #[cfg(feature = "sqlserver")]
            (StoreLocation::SqlServer(server), true, _) => {
                server_install::dry_run(call, &self.with_log_storage(server)?, self.alter())
            }
            #[cfg(feature = "sqlserver")]
            (StoreLocation::SqlServer(server), _, true) => server_install::info(server),
            #[cfg(feature = "sqlserver")]
            (StoreLocation::SqlServer(server), ..) => {
                server_install::install(call, &self.with_log_storage(server)?, self.alter())
            }
        }
    }
}

impl Arguments {
    /// The target tables that may be altered.
    fn alter(&self) -> AlterTables {
        match self.alter_tables {
            true => AlterTables::All,
            false => AlterTables::Own,
        }
    }
}

#[cfg(feature = "sqlserver")]
impl Arguments {
    /// The server with the storage of the log that the flags name.
    fn with_log_storage(&self, server: &ServerLocation) -> Result<ServerLocation> {
        let compression = self.log_compression.to_uppercase();
        let names = server.names.clone().log_storage(&self.log_filegroup, &compression);
        let names = names.map_err(|problem| {
            CommandError::new(ExitStatus::Usage, problem, "correct --log-filegroup")
        })?;
        Ok(ServerLocation { names, ..server.clone() })
    }
}
