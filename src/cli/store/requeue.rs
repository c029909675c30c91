//! `xmlshred requeue`: finished applications, done again.

use clap::{ArgGroup, Args};

use super::open;
use super::redriven_rows;
use crate::cli::contract::file as contract_file;
use crate::cli::{Call, CommandError, Execute, ExitStatus};
use crate::contract::Contract;
use crate::id::AppId;
use crate::store::{RequeueRequest, RequeueSelector};

/// Queue finished applications again; only where every target table says on_existing = "replace"
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true))]
pub struct Arguments {
    /// These applications
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', group = "which",
        allow_negative_numbers = true)]
    app_id: Vec<i64>,

    /// All from this id to --app-id-end, both inclusive
    #[arg(
        long,
        value_name = "ID",
        requires = "app_id_end",
        group = "which",
        allow_negative_numbers = true
    )]
    app_id_start: Option<i64>,

    /// The last of a range
    #[arg(long, value_name = "ID", requires = "app_id_start", allow_negative_numbers = true)]
    app_id_end: Option<i64>,

    /// Those concluded under another contract than --contract
    #[arg(long, group = "which")]
    older_contract: bool,

    /// Those whose source document is no longer the one that was processed
    #[arg(long, group = "which")]
    changed: bool,

    /// At most N, lowest ids first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    canary: Option<u64>,

    /// Only show which applications it would be
    #[arg(long)]
    dry_run: bool,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let contract = contract_file::read(&call.settings)?;
        let request = RequeueRequest {
            selector: self.selector(&contract)?,
            canary: self.canary,
            execute: !self.dry_run,
            requested_by: redriven_rows::requested_by(),
        };
        let moved = open::existing(&call.settings)?.requeue_apps(&contract, &request)?;
        redriven_rows::print(&moved, self.dry_run)?;
        if self.canary.is_none() {
            redriven_rows::note_left(&self.app_id, &moved);
        }
        Ok(ExitStatus::Success)
    }
}

impl Arguments {
    fn selector(&self, contract: &Contract) -> Result<RequeueSelector, CommandError> {
        Ok(match (self.app_id_start, self.app_id_end) {
            (Some(start), Some(end)) if start > end => {
                let message = format!("--app-id-start {start} is above --app-id-end {end}");
                return Err(
                    CommandError::usage(message).hint("the range is inclusive, smallest first")
                );
            }
            (Some(start), Some(end)) => {
                RequeueSelector::Range { start: AppId(start), end: AppId(end) }
            }
            _ if self.older_contract => RequeueSelector::OlderContract(contract.hash),
            _ if self.changed => RequeueSelector::ChangedDocument,
            _ => RequeueSelector::AppIds(self.app_id.iter().copied().map(AppId).collect()),
        })
    }
}
