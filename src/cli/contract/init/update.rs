//! A contract with what it lacked of the documents.

use std::path::Path;

use super::arguments::Arguments;
use super::attempt::{attempt, mapped};
use super::samples::{check_skipped, Samples};
use crate::cli::call::Call;
use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::cli::contract::file;
use crate::contract::ParsedContract;
use crate::coverage::found;
use crate::drafting::{self, Options};
use crate::files;
use crate::report::UpdatedReport;
use crate::runner::ExitStatus;

/// Prints the contract in `old` with what it lacks of the samples.
pub(super) fn update(arguments: &Arguments, call: &Call, old: &Path) -> Result {
    let (parsed, text) = read(old)?;
    let samples = Samples::read(arguments, call, Some(&parsed))?;
    let roots = found(&parsed, samples.profile()).roots;
    if roots.is_empty() {
        return Err(CommandError::new(
            ExitStatus::Contract,
            format!("the contract {} is for no document of the samples", old.display()),
            "name documents that have the contract's root element",
        ));
    }
    check_skipped(&arguments.skip, samples.profile(), &roots)?;
    let options = Options {
        skip: arguments.skip.clone(),
        unpivot: arguments.unpivot,
        runs: samples.statistics.runs,
        ..Options::default()
    };
    let updated = drafting::update(samples.profile(), &parsed, &text, &options);
    let updated = updated.ok_or_else(|| {
        CommandError::new(
            ExitStatus::Contract,
            format!("{} has its tables in one array, which gets no new ones", old.display()),
            "begin each table with `[[tables]]`",
        )
    })?;
    let (_, summary) = attempt(call, &updated.toml, "the updated contract", &samples)?;
    let before = mapped(call, &parsed.contract, &samples)?;
    let report = UpdatedReport {
        report: &updated.report,
        run: samples.report(),
        mapped: summary.documents - summary.failed(),
        mapped_before: before.documents - before.failed(),
    };
    samples.keep(arguments)?;
    console::print_to(arguments.out.as_deref(), &updated.toml)?;
    console::note(report);
    Ok(ExitStatus::Success)
}

/// The contract, and its text.
fn read(old: &Path) -> Result<(ParsedContract, String)> {
    if files::read(old).is_ok_and(|bytes| bytes.is_empty()) {
        return Err(CommandError::usage(
            format!("the contract {} is empty", old.display()),
            "restore it, and use --out: a shell empties the file behind `>` before it is read",
        ));
    }
    file::parse_file_and_text(old)
}
