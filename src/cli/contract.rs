//! `xmlshred contract`: what concerns the contract alone.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{console, contract_file, Call, CommandError, Execute, ExitStatus};
use crate::contract::Contract;

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
}

impl Execute for Arguments {
    fn execute(&self, _call: &Call) -> Result<ExitStatus, CommandError> {
        let ContractCommand::Check { file } = &self.command;
        let contract = contract_file::read_file(file)?;
        console::print(&description(&contract))?;
        Ok(ExitStatus::Success)
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
