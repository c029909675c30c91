//! `xmlshred uninstall`: the objects removed from a SQL Server database.

use clap::Args;

use super::{open, server_install};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::settings::StoreLocation;

/// Remove the objects that `install` created on SQL Server
///
/// Source table, target tables, roles, and objects that others created are never removed.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Arguments {
    /// Remove procedures, views and functions; keep queue and log
    #[arg(long)]
    keep_data: bool,

    /// Also remove queue, log and every other table of the pipeline
    #[arg(long)]
    all: bool,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let StoreLocation::SqlServer(server) = open::location(&call.settings)? else {
            let message = "an embedded store is one file and is not uninstalled";
            return Err(CommandError::usage(message, "delete the file"));
        };
        let done = server_install::installer(server)?.uninstall(self.all)?;
        let left = if self.all { "" } else { "; its tables are kept" };
        let schema = server.settings.schema_name();
        let location = server.settings.location();
        let kept =
            done.kept.iter().map(|object| format!("kept, not created by xmlshred: {object}\n"));
        let restored = done.restored.map(|log| format!("the earlier log is {log} again\n"));
        console::print(&format!(
            "schema {schema} of {location} is uninstalled{left}\n{}{}",
            kept.collect::<String>(),
            restored.unwrap_or_default()
        ))
    }
}
