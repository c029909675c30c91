//! `xmlshred contract import`: the earlier system's contract to a TOML contract.

use std::path::PathBuf;

use clap::Args;

use super::declared;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::declared::DeclaredTable;
use crate::diagnostic::Diagnostics;
use crate::figures::counted;
use crate::runner::ExitStatus;
use crate::{files, import};

/// Translate the earlier system's JSON contract to TOML
///
/// The contract goes to stdout or to the file of --out. A report on stderr lists what was translated, what differs on purpose, what was taken from the
/// tables, and what could not be translated.
#[derive(Debug, Args)]
pub struct Arguments {
    /// JSON contract
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Take types, nullability, identity columns and keys from the tables of the database
    #[arg(long, conflicts_with = "ddl")]
    against_database: bool,

    /// Take them from the CREATE TABLE statements of a script, such as one that SSMS generates
    #[arg(long, value_name = "FILE")]
    ddl: Option<PathBuf>,

    /// File for the contract, which is written when it is complete; one of that name is replaced [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let shown = self.file.display().to_string();
        let bytes = files::read(&self.file).map_err(|e| {
            let hint = "name the JSON file with the earlier system's mappings";
            CommandError::usage(format!("cannot read {shown}: {e}"), hint)
        })?;
        let text = files::text_of(bytes)
            .map_err(|encoded| wrong(format!("{shown}: {encoded}"), "save the file as UTF-8"))?;
        let declared = self.declared(call, &text, &shown)?;
        let imported = import::import(&text, &shown, declared.as_deref())
            .map_err(|diagnostics| refused(&shown, &diagnostics))?;
        console::print_to(self.out.as_deref(), &imported.toml)?;
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

impl Arguments {
    /// The tables that the import is to fit.
    fn declared(&self, call: &Call, text: &str, shown: &str) -> Result<Option<Vec<DeclaredTable>>> {
        if !self.against_database && self.ddl.is_none() {
            return Ok(None);
        }
        let (schema, names) =
            import::table_names(text, shown).map_err(|diagnostics| refused(shown, &diagnostics))?;
        let tables = match &self.ddl {
            Some(script) => declared::of_script(script, &schema)?,
            None => declared::of_database(call, &schema, &names)?,
        };
        let is_wanted =
            |table: &DeclaredTable| names.iter().any(|name| name.eq_ignore_ascii_case(&table.name));
        match tables.iter().any(is_wanted) {
            true => Ok(Some(tables)),
            false => Err(wrong(
                format!("none of the tables {} is in schema {schema} there", names.join(", ")),
                "name the database or the script that has them, or set target_schema in the JSON",
            )),
        }
    }
}

fn refused(shown: &str, diagnostics: &Diagnostics) -> CommandError {
    console::diagnose(diagnostics);
    let counts = diagnostics.counts();
    wrong(
        format!("{shown} is not a contract of the earlier system: {counts}"),
        "correct the mistakes, then import it again",
    )
}

fn wrong(message: String, hint: &str) -> CommandError {
    CommandError::new(ExitStatus::Contract, message, hint)
}
