//! `xmlshred contract`: the commands that concern only a contract.

mod check;
mod coverage;
mod declared;
mod diff;
mod docs;
pub mod file;
mod import;
mod init;
mod schema;
#[cfg(feature = "sqlserver")]
mod sql;

use clap::Args;

use crate::cli::call::{commands, Call, Execute};
use crate::cli::command_error::Result;

/// Draft a mapping contract, check it, show what it leaves out, document it, compare two, translate an earlier one, or print its T-SQL
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: ContractCommand,
}

commands!(ContractCommand {
    Init(init::Arguments),
    Check(check::Arguments),
    Coverage(coverage::Arguments),
    Docs(docs::Arguments),
    Diff(diff::Arguments),
    Import(import::Arguments),
    #[cfg(feature = "sqlserver")]
    Sql(sql::Arguments),
});

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        self.command.chosen().execute(call)
    }
}
