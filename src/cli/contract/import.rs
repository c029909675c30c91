//! `xmlshred contract import`: the earlier system's contract to a TOML contract.

use std::path::PathBuf;

use clap::Args;

use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::figures::counted;
use crate::import;
use crate::runner::ExitStatus;

/// Translate the earlier system's JSON contract to TOML on stdout
///
/// A report on stderr lists what was translated, what differs on purpose, and what could not be
/// translated.
#[derive(Debug, Args)]
pub struct Arguments {
    /// JSON contract
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Execute for Arguments {
    fn execute(&self, _call: &Call) -> Result {
        let shown = self.file.display().to_string();
        let bytes = crate::files::read(&self.file).map_err(|e| {
            let hint = "name the JSON file with the earlier system's mappings";
            CommandError::usage(format!("cannot read {shown}: {e}"), hint)
        })?;
        let wrong = |message, hint| CommandError::new(ExitStatus::Contract, message, hint);
        let text = String::from_utf8(bytes)
            .map_err(|_| wrong(format!("{shown} is not UTF-8 text"), "save the file as UTF-8"))?;
        let imported = import::import(&text, &shown).map_err(|diagnostics| {
            console::diagnose(&diagnostics);
            let counts = diagnostics.counts();
            let message = format!("{shown} is not a contract of the earlier system: {counts}");
            wrong(message, "correct the mistakes, then import it again")
        })?;
        console::print_data(&imported.toml)?;
        console::diagnose(&imported.warnings);
        console::note(&imported.report);
        // A contract that produces less than the earlier one must not pass for the whole.
        match imported.report.failures() {
            0 => Ok(ExitStatus::Success),
            left_out => Err(wrong(
                format!("the contract lacks {}", counted(left_out, "mapping")),
                "write by hand what the comments NOT TRANSLATED name, or correct the JSON",
            )),
        }
    }
}
