//! `xmlshred contract`: what concerns the contract alone.

mod check;
mod diff;
pub mod file;
mod import;

#[cfg(feature = "sqlserver")]
use std::path::PathBuf;

use clap::{Args, Subcommand};

#[cfg(feature = "sqlserver")]
use crate::cli::console;
use crate::cli::{Call, CommandError, Execute, ExitStatus};
use crate::settings::keys::Key;
#[cfg(feature = "sqlserver")]
use crate::settings::{Settings, StoreLocation};
#[cfg(feature = "sqlserver")]
use crate::store::sqlserver;

/// Check a mapping contract, compare two, translate an old one, or print its T-SQL
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: ContractCommand,
}

#[derive(Debug, Subcommand)]
enum ContractCommand {
    Check(check::Arguments),
    Diff(diff::Arguments),
    Import(import::Arguments),
    /// Print the T-SQL of a contract: target tables, registration, usp_LoadApps and the stage
    #[cfg(feature = "sqlserver")]
    Sql {
        /// The contract
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

impl Execute for Arguments {
    fn given(&self) -> &[(&'static Key, String)] {
        match &self.command {
            ContractCommand::Check(check) => check.given(),
            ContractCommand::Diff(diff) => diff.given(),
            ContractCommand::Import(_) => &[],
            #[cfg(feature = "sqlserver")]
            ContractCommand::Sql { .. } => &[],
        }
    }

    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        match &self.command {
            ContractCommand::Check(check) => check.execute(call),
            ContractCommand::Diff(diff) => diff.execute(call),
            ContractCommand::Import(import) => import.execute(),
            #[cfg(feature = "sqlserver")]
            ContractCommand::Sql { file } => {
                let schema = schema(&call.settings);
                let contract = file::read_file(file)?;
                console::print(&sqlserver::install::contract_script(schema, &contract))?;
                Ok(ExitStatus::Success)
            }
        }
    }
}

/// The schema of the pipeline that is to load the contract's tables.
#[cfg(feature = "sqlserver")]
fn schema(settings: &Settings) -> &str {
    match &settings.store {
        Some(StoreLocation::SqlServer(server)) => &server.schema,
        _ => sqlserver::DEFAULT_SCHEMA,
    }
}
