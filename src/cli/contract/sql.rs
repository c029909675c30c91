//! `xmlshred contract sql`: the T-SQL of a contract.

use std::path::PathBuf;

use clap::Args;

use super::file;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::console;
use crate::cli::store::open;
use crate::store::sqlserver::install::contract_script;

/// Print the T-SQL of a contract: target tables, its installation, usp_LoadApps and the stage
#[derive(Debug, Args)]
pub struct Arguments {
    /// Contract
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Write the script to this file, in UTF-8 with the mark that sqlcmd and SSMS need for letters that are
    /// not ASCII
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let schema = open::schema(&call.settings)?;
        let script = contract_script(&schema, &file::read_file(&self.file)?);
        console::print_script(self.out.as_deref(), &script)
    }
}
