//! The contract that `--contract` names.

use std::path::Path;
use std::sync::Arc;

use super::{console, CommandError, ExitStatus};
use crate::contract::{Contract, ParsedContract};
use crate::settings::Settings;

/// The contract that `--contract` names.
///
/// # Errors
/// No contract was named, or [`read_file`] fails.
pub fn read(settings: &Settings) -> Result<Contract, CommandError> {
    let path = settings.contract.as_deref().ok_or_else(|| {
        CommandError::usage("no contract was named")
            .hint("add --contract FILE, set XMLSHRED_CONTRACT, or write contract in xmlshred.toml")
    })?;
    read_file(path)
}

/// The contract in a file; what it is warned of goes to stderr.
///
/// # Errors
/// The file cannot be read, or is not a sound contract.
pub fn read_file(path: &Path) -> Result<Contract, CommandError> {
    let ParsedContract { contract, diagnostics, .. } = parse_file(path)?;
    console::note(diagnostics);
    Ok(Arc::into_inner(contract).expect("nobody else has it yet"))
}

/// The contract in a file, with its warnings and what it was read from.
///
/// # Errors
/// As [`read_file`].
pub fn parse_file(path: &Path) -> Result<ParsedContract, CommandError> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        CommandError::usage(format!("cannot read the contract {}: {e}", path.display()))
            .hint("name a TOML file with --contract; docs/contract.md says what is in it")
    })?;
    let shown = path.display().to_string();
    ParsedContract::parse(&text, &shown).map_err(|diagnostics| {
        console::note(&diagnostics);
        let message = format!("{shown} is not a sound contract: {}", diagnostics.counts());
        CommandError::new(ExitStatus::Contract, message)
            .hint(format!("mend what is said above; `xmlshred contract check {shown}` looks again"))
    })
}
