//! The contract that `--contract` names.

use std::path::Path;
use std::string::FromUtf8Error;
use std::sync::Arc;

use crate::cli::{console, CommandError, ExitStatus};
use crate::contract::{Contract, ParsedContract};
use crate::settings::Settings;

/// The contract that `--contract` names.
///
/// # Errors
/// No contract was named, or [`read_file`] fails.
pub fn read(settings: &Settings) -> Result<Contract, CommandError> {
    read_file(named(settings)?)
}

/// The file that `--contract` names.
///
/// # Errors
/// No contract was named.
pub fn named(settings: &Settings) -> Result<&Path, CommandError> {
    settings.contract.as_deref().ok_or_else(|| {
        CommandError::usage("no contract was named")
            .hint("add --contract FILE, set XMLSHRED_CONTRACT, or write contract in xmlshred.toml")
    })
}

/// The contract in a file; what it is warned of goes to stderr.
///
/// # Errors
/// The file cannot be read, or is not a sound contract.
pub fn read_file(path: &Path) -> Result<Contract, CommandError> {
    let ParsedContract { contract, diagnostics, .. } = parse_file(path)?;
    console::diagnose(&diagnostics);
    Ok(Arc::into_inner(contract).expect("nobody else has it yet"))
}

/// The contract in a file, with its warnings and what it was read from.
///
/// # Errors
/// As [`read_file`].
pub fn parse_file(path: &Path) -> Result<ParsedContract, CommandError> {
    let shown = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| {
        CommandError::usage(format!("cannot read the contract {shown}: {e}"))
            .hint("name a TOML file with --contract; docs/contract.md says what is in it")
    })?;
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(&shown, &error))?;
    ParsedContract::parse(&text, &shown).map_err(|diagnostics| {
        console::diagnose(&diagnostics);
        let message = format!("{shown} is not a sound contract: {}", diagnostics.counts());
        CommandError::new(ExitStatus::Contract, message)
            .hint(format!("mend what is said above; `xmlshred contract check {shown}` looks again"))
    })
}

/// Where the file stops being UTF-8, as an editor counts.
fn not_utf8(shown: &str, error: &FromUtf8Error) -> CommandError {
    let sound = &error.as_bytes()[..error.utf8_error().valid_up_to()];
    let sound = String::from_utf8_lossy(sound);
    let line = sound.matches('\n').count() + 1;
    let column = sound.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    let byte = error.as_bytes()[sound.len()];
    let message = format!("{shown}:{line}:{column}: byte 0x{byte:02X} is not UTF-8");
    let utf16 = [[0xff, 0xfe], [0xfe, 0xff]].iter().any(|mark| error.as_bytes().starts_with(mark));
    CommandError::new(ExitStatus::Contract, message).hint(match utf16 {
        true => "the file is UTF-16: save it as UTF-8",
        false => "save the file as UTF-8",
    })
}
