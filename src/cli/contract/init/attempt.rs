//! What a contract makes of the samples.

use std::sync::Arc;

use chrono::Utc;

use super::samples::Samples;
use crate::cli::call::Call;
use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::contract::{Contract, ParsedContract};
use crate::offline::{MapSummary, Mapping};
use crate::runner::ExitStatus;

/// What a drafted or updated contract is, and what it makes of this run's samples.
pub(super) fn attempt(
    call: &Call,
    toml: &str,
    name: &str,
    samples: &Samples,
) -> Result<(ParsedContract, MapSummary)> {
    let parsed = ParsedContract::parse(toml, name).map_err(|mistakes| {
        console::diagnose(&mistakes);
        CommandError::new(
            ExitStatus::Contract,
            "the documents need a contract that SQL Server does not take",
            "leave parts out with --skip PATH; if the messages above are not about limits, report \
             them as a defect",
        )
    })?;
    let summary = mapped(call, &parsed.contract, samples)?;
    Ok((parsed, summary))
}

/// What a contract makes of this run's samples.
pub(super) fn mapped(
    call: &Call,
    contract: &Arc<Contract>,
    samples: &Samples,
) -> Result<MapSummary> {
    let mapping = Mapping {
        contract: Arc::clone(contract),
        limits: call.settings.limits,
        now: Utc::now(),
        id_from_key: false,
    };
    mapping.count(&samples.sources, &samples.threads).map_err(|e| console::unwritable(&e))
}
