//! `xmlshred contract`: what concerns the contract alone.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{console, contract_file, Call, CommandError, Execute, ExitStatus};
use crate::contract::Contract;
#[cfg(feature = "sqlserver")]
use crate::settings::{Settings, StoreLocation};
#[cfg(feature = "sqlserver")]
use crate::store::sqlserver;

/// Check a mapping contract
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: ContractCommand,
}

#[derive(Debug, Subcommand)]
enum ContractCommand {
    /// Report every mistake in a contract, each with its place and what to do
    Check {
        /// The contract
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the T-SQL of a contract: target tables, registration, usp_LoadApps and the stage
    #[cfg(feature = "sqlserver")]
    Sql {
        /// The contract
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

impl Execute for Arguments {
    #[cfg_attr(not(feature = "sqlserver"), allow(unused_variables))]
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let text = match &self.command {
            ContractCommand::Check { file } => description(&contract_file::read_file(file)?),
            #[cfg(feature = "sqlserver")]
            ContractCommand::Sql { file } => {
                let schema = schema(&call.settings);
                sqlserver::install::contract_script(schema, &contract_file::read_file(file)?)
            }
        };
        console::print(&text)?;
        Ok(ExitStatus::Success)
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

/// Name, hash and tables in load order.
fn description(contract: &Contract) -> String {
    let mut text = format!("contract {} is sound\nhash {}\n", contract.name, contract.hash);
    for target in &contract.targets {
        let columns = target.columns.len();
        let _ = write!(text, "table {} ({columns} columns)", target.name);
        if let Some(parent) = &target.foreign_key {
            let _ = write!(text, ", child of {}", parent.references);
        }
        text.push('\n');
    }
    text
}
