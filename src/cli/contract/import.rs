//! `xmlshred contract import`: the earlier system's contract to a TOML contract.

use std::path::PathBuf;

use clap::Args;

use crate::cli::{console, CommandError, ExitStatus};
use crate::figures::counted;
use crate::import;

/// Translate the earlier system's JSON contract: the TOML goes to stdout, to stderr a report of
/// what was translated, what is different on purpose and what could not be done
#[derive(Debug, Args)]
pub struct Arguments {
    /// The JSON contract
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Arguments {
    /// Prints the translated contract.
    ///
    /// # Errors
    /// The file cannot be read, is no such contract, or has mappings that could not be translated:
    /// the contract is printed without them then.
    pub fn execute(&self) -> Result<ExitStatus, CommandError> {
        let shown = self.file.display().to_string();
        let bytes = std::fs::read(&self.file).map_err(|e| {
            CommandError::usage(format!("cannot read {shown}: {e}"))
                .hint("name the JSON file with the earlier system's mappings")
        })?;
        let text = String::from_utf8(bytes).map_err(|_| {
            CommandError::new(ExitStatus::Contract, format!("{shown} is not UTF-8 text"))
                .hint("save it as UTF-8, which JSON asks for")
        })?;
        match import::import(&text, &shown) {
            Ok(imported) => {
                console::print(&imported.toml)?;
                console::diagnose(&imported.warnings);
                console::note(&imported.report);
                complete(&imported.report)
            }
            Err(diagnostics) => {
                console::diagnose(&diagnostics);
                let counts = diagnostics.counts();
                let message = format!("{shown} is no contract of the earlier system: {counts}");
                Err(CommandError::new(ExitStatus::Contract, message)
                    .hint("mend what is said above, and import it again"))
            }
        }
    }
}

/// A contract that gives less than the earlier one must not be taken for the whole.
fn complete(report: &import::Report) -> Result<ExitStatus, CommandError> {
    let left_out = report.failures();
    if left_out == 0 {
        return Ok(ExitStatus::Success);
    }
    let message = format!("the contract lacks {}", counted(left_out, "mapping"));
    Err(CommandError::new(ExitStatus::Contract, message)
        .hint("write what the comments NOT TRANSLATED name by hand, or mend the JSON"))
}
