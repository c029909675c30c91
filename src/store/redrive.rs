//! Redriving: retrying failed and quarantined applications, and requeueing finished ones.

use crate::contract::{Contract, OnExisting};
use crate::id::{AppId, ContractHash};
use crate::outcome::FailureCategory;
use crate::store::error::{Result, StoreError};

/// Which failed or quarantined applications to retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetrySelector {
    /// These ids.
    AppIds(Vec<AppId>),
    /// Everything whose last attempt failed with this category.
    Category(FailureCategory),
    /// Everything whose last attempt failed with this fingerprint.
    Fingerprint(String),
    /// Everything quarantined.
    Quarantined,
    /// Everything failed or quarantined.
    All,
}

/// Parameters of [`Store::retry_failed`](super::Store::retry_failed).
#[derive(Debug, Clone)]
pub struct RetryRequest {
    /// Which applications.
    pub selector: RetrySelector,
    /// At most this many, lowest ids first.
    pub canary: Option<u64>,
    /// `false` only lists them.
    pub execute: bool,
    /// Who requests it, for the events.
    pub requested_by: String,
}

/// Which finished applications to requeue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequeueSelector {
    /// These ids.
    AppIds(Vec<AppId>),
    /// An inclusive range of ids.
    Range {
        /// Smallest id.
        start: AppId,
        /// Largest id.
        end: AppId,
    },
    /// Everything concluded under another contract.
    OlderContract(ContractHash),
    /// Everything whose source document has another hash than the logged one.
    ChangedDocument,
}

/// Parameters of [`Store::requeue_apps`](super::Store::requeue_apps).
#[derive(Debug, Clone)]
pub struct RequeueRequest {
    /// Which applications.
    pub selector: RequeueSelector,
    /// At most this many, lowest ids first.
    pub canary: Option<u64>,
    /// `false` only lists them.
    pub execute: bool,
    /// Who requests it, for the events.
    pub requested_by: String,
}

/// Refuses a contract unless each of its tables replaces the rows of an earlier attempt.
pub(crate) fn check_replaces(contract: &Contract) -> Result<()> {
    let others: Vec<&str> = contract
        .targets
        .iter()
        .filter(|table| table.on_existing != OnExisting::Replace)
        .map(|table| table.name.as_str())
        .collect();
    match others[..] {
        [] => Ok(()),
        _ => Err(StoreError::Refused(format!(
            "cannot requeue: these tables do not have on_existing = \"replace\": {}; set it, install \
             the contract, then requeue",
            others.join(", ")
        ))),
    }
}

/// One application that was redriven, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redriven {
    /// The application.
    pub app_id: AppId,
    /// Its earlier status: `failed`, `quarantined` or `success`.
    pub was: String,
    /// Attempts so far.
    pub attempts: u32,
    /// Category of its last failure.
    pub failure: Option<FailureCategory>,
}
