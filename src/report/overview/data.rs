//! All that a report of a store says, and what several parts of it need.

use chrono::{DateTime, Utc};

use crate::store::{FailureCauses, Finding, Report, Status};

/// All that a report of a store says.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Where every application is.
    pub status: Status,
    /// What failed.
    pub causes: FailureCauses,
    /// What is wrong, the most urgent first.
    pub findings: Vec<Finding>,
    /// The course of the work.
    pub report: Report,
    /// The settings of the caller, without secrets.
    pub settings: Vec<ShownSetting>,
    /// The part that was asked for, in words: `all sessions`, `the last 12 h`, `session …`.
    pub scope: String,
}

/// A setting as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownSetting {
    /// Its name.
    pub name: String,
    /// Its value, without secrets.
    pub value: String,
    /// Where the value comes from.
    pub from: String,
    /// Whether it is the program's own.
    pub is_default: bool,
}

impl Overview {
    /// Source rows that are neither queued nor logged.
    pub(super) fn not_enqueued(&self) -> u64 {
        let source = self.report.reconciliation.first();
        source.map_or(0, |source| source.expected.saturating_sub(source.actual.unwrap_or(0)))
    }
}

pub(super) fn to_second(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}
