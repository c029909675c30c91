//! `xmlshred install`: a store prepared for a contract.

use std::path::PathBuf;

use clap::Args;

#[cfg(feature = "embedded")]
use super::embedded_install;
#[cfg(feature = "sqlserver")]
use super::server_install;
use super::{open, plan};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
#[cfg(feature = "sqlserver")]
use crate::cli::console;
use crate::contract::Contract;
use crate::report::Format;
#[cfg(feature = "sqlserver")]
use crate::runner::ExitStatus;
#[cfg(feature = "sqlserver")]
use crate::settings::ServerLocation;
use crate::settings::StoreLocation;
#[cfg(feature = "sqlserver")]
use crate::store::sqlserver::install::Adoption;
use crate::store::AlterTables;

/// Create or upgrade the objects in the database, and install the contract
///
/// On SQL Server, also create queue, log, procedures, views and roles, all in one transaction.
#[derive(Debug, Args)]
pub struct Arguments {
    /// List what would be created, added, widened, replaced and refused, and why; change nothing. Exit
    /// status: 0 nothing to do, 1 something would change, 3 something is refused
    #[arg(long, conflicts_with_all = ["info", "dry_run"])]
    plan: bool,

    /// With --plan: print a table for people or JSON for programs
    #[arg(long, value_enum, default_value_t, requires = "plan")]
    #[arg(value_name = "table|json", hide_possible_values = true)]
    format: Format,

    /// Only print the script; change nothing
    #[arg(long, conflicts_with = "info", group = "printed")]
    dry_run: bool,

    /// Print the script with sqlcmd's variables, such as $(Schema), instead of names; does not
    /// connect
    #[cfg(feature = "sqlserver")]
    #[arg(long, conflicts_with_all = ["info", "dry_run", "plan"], group = "printed")]
    script: bool,

    /// Write the script to this file, in UTF-8 with the mark that sqlcmd and SSMS need for letters that are
    /// not ASCII
    #[arg(long, value_name = "FILE", requires = "printed")]
    out: Option<PathBuf>,

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

    /// Take over the log of an earlier system: rename the processing_log that is in the schema, or read
    /// SCHEMA.TABLE, and import its outcomes; continues one that was stopped
    #[cfg(feature = "sqlserver")]
    #[arg(long, value_name = "SCHEMA.TABLE", num_args = 0..=1)]
    #[arg(conflicts_with_all = ["info", "plan"])]
    adopt_log: Option<Option<String>>,

    /// What a status of that log means: success, failed, or ignore (as if the row did not exist)
    #[cfg(feature = "sqlserver")]
    #[arg(long, value_name = "STATUS=OUTCOME", requires = "adopt_log")]
    adopt_status: Vec<String>,

    /// Name the installed contract or, on SQL Server, list every object as current, missing, older,
    /// edited or foreign; change nothing
    #[arg(long)]
    info: bool,
}

impl Execute for Arguments {
    #[cfg(feature = "sqlserver")]
    fn connects(&self) -> bool {
        !self.script
    }

    fn execute(&self, call: &Call) -> Result {
        #[cfg(feature = "sqlserver")]
        let adoption = self.adoption()?;
        #[cfg(feature = "sqlserver")]
        if self.script {
            let script = server_install::script_for_sqlcmd(call, self.alter(), adoption.as_ref())?;
            return console::print_script(self.out.as_deref(), &script);
        }
        if self.format == Format::Json && !self.plan {
            return Err(CommandError::usage(
                "--json is the format of a plan",
                "add --plan, or leave --json out",
            ));
        }
        match (open::location(&call.settings)?, self.dry_run, self.info) {
            #[cfg(feature = "embedded")]
            (StoreLocation::Sqlite(path), ..) if self.plan => {
                embedded_install::plan(call, path, self.alter(), self.format)
            }
            #[cfg(feature = "sqlserver")]
            (StoreLocation::SqlServer(server), ..) if self.plan => {
                server_install::plan(call, server, self.alter(), self.format)
            }
            #[cfg(all(feature = "embedded", feature = "sqlserver"))]
            (StoreLocation::Sqlite(_), ..) if adoption.is_some() => Err(CommandError::usage(
                "--adopt-log takes over a log in SQL Server, and the store is an embedded one",
                "name the server with --server and --database, or leave --adopt-log out",
            )),
            #[cfg(feature = "embedded")]
            (StoreLocation::Sqlite(path), true, _) => {
                embedded_install::dry_run(call, path, self.alter(), self.out.as_deref())
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
                let server = self.with_log_storage(server)?;
                let script =
                    server_install::dry_run(call, &server, self.alter(), adoption.as_ref())?;
                console::print_script(self.out.as_deref(), &script)
            }
            #[cfg(feature = "sqlserver")]
            (StoreLocation::SqlServer(server), _, true) => server_install::info(server),
            #[cfg(feature = "sqlserver")]
            (StoreLocation::SqlServer(server), ..) => server_install::install(
                call,
                &self.with_log_storage(server)?,
                self.alter(),
                adoption,
            ),
        }
    }
}

/// Installs the contract before a run, as `install` does, and says what that changed. Nothing is said of an
/// installation that was current. A log in JSON has it as a line.
pub fn before_a_run(call: &Call, location: &StoreLocation, contract: &Contract) -> Result<()> {
    let done = match location {
        #[cfg(feature = "embedded")]
        StoreLocation::Sqlite(path) => embedded_install::before_a_run(path, contract)?,
        #[cfg(not(feature = "embedded"))]
        StoreLocation::Sqlite(_) => unreachable!("open::location refuses it"),
        #[cfg(feature = "sqlserver")]
        StoreLocation::SqlServer(server) => server_install::before_a_run(server, contract)?,
    };
    if !done.is_empty() {
        plan::log(call, contract, &done);
    }
    Ok(())
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
    /// The log to take over.
    fn adoption(&self) -> Result<Option<Adoption>> {
        let Some(log) = &self.adopt_log else { return Ok(None) };
        let wrong = |problem| CommandError::usage(problem, "correct --adopt-log or --adopt-status");
        let adoption = Adoption::of(log.as_deref()).map_err(wrong)?;
        let statuses = self.adopt_status.iter();
        let adoption = statuses.map(String::as_str).try_fold(adoption, Adoption::answer);
        adoption.map(Some).map_err(wrong)
    }

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
