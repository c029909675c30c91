//! `xmlshred uninstall`: the objects taken out of a SQL Server database.

use clap::Args;

use super::open;
use super::server_install;
use crate::cli::{console, Call, CommandError, Execute, ExitStatus};
use crate::settings::StoreLocation;

/// Remove what `install` made on SQL Server
///
/// Source and target tables are never touched, and neither are the roles.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Arguments {
    /// Remove procedures, views and functions; queue and log stay
    #[arg(long)]
    keep_data: bool,

    /// Remove queue, log and every other table of the pipeline too
    #[arg(long)]
    all: bool,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let StoreLocation::SqlServer(server) = open::location(&call.settings)? else {
            return Err(CommandError::usage("an embedded store is one file")
                .hint("delete the file to uninstall it"));
        };
        server_install::installer(server)?.uninstall(self.all)?;
        let left = if self.all { "" } else { "; its tables are left" };
        console::print(&format!("schema {} of {server} is uninstalled{left}\n", server.schema))?;
        Ok(ExitStatus::Success)
    }
}
