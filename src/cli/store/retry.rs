//! `xmlshred retry`: failed and quarantined applications, round again.

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args};

use super::open;
use super::redriven_rows;
use crate::cli::{Call, CommandError, Execute, ExitStatus};
use crate::id::AppId;
use crate::outcome::FailureCategory;
use crate::store::{RetryRequest, RetrySelector};

/// Queue failed or quarantined applications again
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true))]
pub struct Arguments {
    /// These applications
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', group = "which",
        allow_negative_numbers = true)]
    app_id: Vec<i64>,

    /// Those whose last attempt failed with this category
    #[arg(long, group = "which", value_parser = category_names(), hide_possible_values = true)]
    category: Option<String>,

    /// Those whose last attempt failed with this fingerprint, as processing_log has it
    #[arg(long, group = "which")]
    fingerprint: Option<String>,

    /// Those that kept killing their workers
    #[arg(long, group = "which")]
    quarantined: bool,

    /// Everything failed or quarantined
    #[arg(long, group = "which")]
    all: bool,

    /// Only the first N, lowest ids first: see how they fare before sending the rest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    canary: Option<u64>,

    /// Only show which applications it would be
    #[arg(long)]
    dry_run: bool,
}

fn category_names() -> PossibleValuesParser {
    PossibleValuesParser::new(FailureCategory::ALL.map(FailureCategory::name))
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let request = RetryRequest {
            selector: self.selector(),
            canary: self.canary,
            execute: !self.dry_run,
            requested_by: redriven_rows::requested_by(),
        };
        let moved = open::existing(&call.settings)?.retry_failed(&request)?;
        redriven_rows::print(&moved, self.dry_run)?;
        if self.canary.is_none() {
            redriven_rows::note_left(&self.app_id, &moved);
        }
        Ok(ExitStatus::Success)
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
