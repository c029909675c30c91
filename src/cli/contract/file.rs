//! Contract files.

use std::path::Path;
use std::sync::Arc;

use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::command::{command, quoted};
use crate::contract::{Contract, ParsedContract};
use crate::diagnostic::Diagnostics;
use crate::figures::counted;
use crate::files::{self, Encoded};
use crate::offline::constants;
use crate::runner::ExitStatus;
use crate::settings::Settings;

/// The contract of `--contract`.
///
/// # Errors
/// No setting names a contract, or [`read_file`] fails.
pub fn read(settings: &Settings) -> Result<Contract> {
    read_file(named(settings)?)
}

/// The file of `--contract`.
///
/// # Errors
/// No setting names a contract.
pub fn named(settings: &Settings) -> Result<&Path> {
    let missing = || CommandError::usage("no contract is named", "add --contract FILE");
    settings.contract.as_deref().ok_or_else(missing)
}

/// The contract in a file; warnings go to stderr.
///
/// # Errors
/// The file cannot be read, or is not a valid contract.
pub fn read_file(path: &Path) -> Result<Contract> {
    let ParsedContract { contract, diagnostics, .. } = parse_file(path)?;
    console::diagnose(&diagnostics);
    Ok(Arc::into_inner(contract).expect("nothing else has it yet"))
}

/// The contract in a file, with its warnings.
///
/// # Errors
/// As [`read_file`].
pub fn parse_file(path: &Path) -> Result<ParsedContract> {
    Ok(parse_file_and_text(path)?.0)
}

/// The same, and the text in which its places are: with its mark, if it has one.
///
/// # Errors
/// As [`read_file`].
pub fn parse_file_and_text(path: &Path) -> Result<(ParsedContract, String)> {
    let shown = path.display().to_string();
    let bytes = files::read(path).map_err(|e| {
        let message = format!("cannot read the contract {shown}: {e}");
        CommandError::usage(message, "name a TOML file with --contract")
    })?;
    let text = files::text_of(bytes).map_err(|encoded| not_utf8(&shown, encoded))?;
    let invalid = |diagnostics: &Diagnostics| {
        console::diagnose(diagnostics);
        let check = format!("contract check {}", quoted(&shown));
        let message = format!("{shown} is not a valid contract: {}", diagnostics.counts());
        let hint = format!("correct the mistakes, then run {}", command(&check));
        CommandError::new(ExitStatus::Contract, message, hint)
    };
    let mut parsed = ParsedContract::parse(&text, &shown).map_err(|found| invalid(&found))?;
    constants::examine(&mut parsed);
    match parsed.diagnostics.errors() {
        0 => Ok((parsed, text)),
        _ => Err(invalid(&parsed.diagnostics)),
    }
}

/// Where the file stops being text, counted as an editor does.
fn not_utf8(shown: &str, encoded: Encoded) -> CommandError {
    let Encoded { line, column, .. } = encoded;
    let message = match encoded.byte.filter(|_| !encoded.is_utf16) {
        Some(byte) => {
            format!("{shown}:{line}:{column}: the file is not UTF-8: invalid byte 0x{byte:02X}")
        }
        None => format!("{shown}: the file is damaged UTF-16"),
    };
    CommandError::new(ExitStatus::Contract, message, "save the file as UTF-8")
}

/// One line that names the contract that is now installed.
pub fn installed(contract: &Contract) -> String {
    let tables = counted(contract.targets.len(), "target table");
    format!("contract {} ({}) is installed: {tables}\n", contract.name, contract.hash)
}
