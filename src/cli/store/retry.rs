//! `xmlshred retry`: failed and quarantined applications back into the queue.

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args};

use super::{fingerprint, open, redriven, requester};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::id::AppId;
use crate::outcome::FailureCategory;
use crate::store::{RetryRequest, RetrySelector};

/// Put failed and quarantined applications back into the queue
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true))]
pub struct Arguments {
    /// Retry these applications
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', group = "which")]
    #[arg(allow_negative_numbers = true)]
    app_id: Vec<i64>,

    /// Retry those whose last attempt failed with this category
    #[arg(long, group = "which", value_parser = category_names(), hide_possible_values = true)]
    category: Option<String>,

    /// Retry those whose last attempt failed with this fingerprint, as `failures` lists it
    #[arg(long, group = "which", value_parser = fingerprint::parse)]
    fingerprint: Option<String>,

    /// Retry all that are quarantined
    #[arg(long, group = "which")]
    quarantined: bool,

    /// Retry all that failed or are quarantined
    #[arg(long, group = "which")]
    all: bool,

    /// Retry only the first N, lowest ids first, to see the result before retrying the rest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    canary: Option<u64>,

    /// Only show the applications; change nothing
    #[arg(long)]
    dry_run: bool,
}

/// The values of `--category`.
pub fn category_names() -> PossibleValuesParser {
    PossibleValuesParser::new(FailureCategory::ALL.map(FailureCategory::name))
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let request = RetryRequest {
            selector: self.selector(),
            canary: self.canary,
            execute: !self.dry_run,
            requested_by: requester::requested_by(),
        };
        let moved = open::existing(call)?.retry_failed(&request)?;
        if let (Some(fingerprint), []) = (&self.fingerprint, &*moved) {
            return Err(fingerprint::unknown(fingerprint));
        }
        let status = redriven::print(&moved, "retried", self.dry_run)?;
        if self.canary.is_none() {
            redriven::note_left(&self.app_id, &moved);
        }
        Ok(status)
    }
}

impl Arguments {
    fn selector(&self) -> RetrySelector {
        let category = self.category.as_deref().and_then(FailureCategory::from_name);
        match (category, &self.fingerprint) {
            (Some(category), _) => RetrySelector::Category(category),
            (_, Some(fingerprint)) => RetrySelector::Fingerprint(fingerprint.clone()),
            _ if self.quarantined => RetrySelector::Quarantined,
            _ if self.all => RetrySelector::All,
            _ => RetrySelector::AppIds(self.app_id.iter().copied().map(AppId).collect()),
        }
    }
}
