//! `xmlshred requeue`: finished applications back into the queue.

use clap::{ArgGroup, Args};

use super::{open, redriven, requester};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::contract::file as contract_file;
use crate::contract::Contract;
use crate::id::AppId;
use crate::store::{RequeueRequest, RequeueSelector};

/// Put finished applications back into the queue, to replace their rows
///
/// Every target table must have on_existing = "replace" in the contract.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true))]
pub struct Arguments {
    /// Requeue these applications
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', group = "which")]
    #[arg(allow_negative_numbers = true)]
    app_id: Vec<i64>,

    /// Requeue all from this id to --app-id-end, inclusive
    #[arg(long, value_name = "ID", requires = "app_id_end", group = "which")]
    #[arg(allow_negative_numbers = true)]
    app_id_start: Option<i64>,

    /// Last id of the range
    #[arg(long, value_name = "ID", requires = "app_id_start", allow_negative_numbers = true)]
    app_id_end: Option<i64>,

    /// Requeue those that were processed with another contract than --contract
    #[arg(long, group = "which")]
    older_contract: bool,

    /// Requeue those whose source document has changed since it was processed
    #[arg(long, group = "which")]
    changed: bool,

    /// Requeue only the first N, lowest ids first, to see the result before requeueing the rest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    canary: Option<u64>,

    /// Only show the applications; change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let contract = contract_file::read(&call.settings)?;
        let request = RequeueRequest {
            selector: self.selector(&contract)?,
            canary: self.canary,
            execute: !self.dry_run,
            requested_by: requester::requested_by(),
        };
        let moved = open::existing(call)?.requeue_apps(&contract, &request)?;
        let status = redriven::print(&moved, "requeued", self.dry_run)?;
        if self.canary.is_none() {
            redriven::note_left(&self.app_id, &moved);
        }
        Ok(status)
    }
}

impl Arguments {
    fn selector(&self, contract: &Contract) -> Result<RequeueSelector> {
        Ok(match (self.app_id_start, self.app_id_end) {
            (Some(start), Some(end)) if start > end => {
                return Err(CommandError::usage(
                    format!("--app-id-start {start} is above --app-id-end {end}"),
                    "name the smallest id first",
                ));
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
