//! Redriving: retrying failed and quarantined applications, and requeueing finished ones.

use crate::contract::{Contract, OnExisting};
use crate::id::{AppId, ContractHash};
use crate::outcome::FailureCategory;
use crate::store::error::{Result, StoreError};

/// Which unsuccessful applications to send round again.
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

/// Parameters of [`Store::retry_failed`].
#[derive(Debug, Clone)]
pub struct RetryRequest {
    /// Which applications.
    pub selector: RetrySelector,
    /// At most this many, lowest ids first: the canary.
    pub canary: Option<u64>,
    /// `false` only says what would be done.
    pub execute: bool,
    /// Who asks, for the events.
    pub requested_by: String,
}

/// Which finished applications to do again.
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
    /// Everything concluded under another contract than this one.
    OlderContract(ContractHash),
    /// Everything whose source document no longer has the logged hash.
    ChangedDocument,
}

/// Parameters of [`Store::requeue_apps`].
#[derive(Debug, Clone)]
pub struct RequeueRequest {
    /// Which applications.
    pub selector: RequeueSelector,
    /// At most this many, lowest ids first.
    pub canary: Option<u64>,
    /// `false` only says what would be done.
    pub execute: bool,
    /// Who asks, for the events.
    pub requested_by: String,
}

/// Doing an application twice is only harmless where its rows replace the earlier ones.
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
            "finished applications are only done again where every table says on_existing = \
             \"replace\"; these do not: {}; say so there, install the contract, and requeue then",
            others.join(", ")
        ))),
    }
}

/// One application that a retry or requeue moved, or would move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redriven {
    /// The application.
    pub app_id: AppId,
    /// What it was: `failed`, `quarantined` or `success`.
    pub was: String,
    /// Attempts it has had so far.
    pub attempts: u32,
    /// Category of its last failure.
    pub failure: Option<FailureCategory>,
}
