//! The store: applications are claimed from it and completed in it.
//!
//! [`Store`] has one meaning for both implementations; the conformance suite in `tests/store/`
//! defines it. All times are the database's.
//!
//! An application is in exactly one place: ready, claimed by one token, quarantined, or logged.
//! Its rows exist in the target tables if and only if its last log row is `success`. Every change
//! under a claim requires that its token still holds it: a worker that was suspended beyond its
//! lease and reaped writes nothing.

mod claim;
mod complete;
mod enqueue;
mod error;
pub mod failpoint;
mod inspect;
mod purge;
mod redrive;
mod session;
#[cfg(feature = "embedded")]
pub mod sqlite;
#[cfg(feature = "sqlserver")]
pub mod sqlserver;
mod target;

use std::time::Duration;

use crate::contract::Contract;
use crate::document::Document;
use crate::id::{AppId, ClaimToken, ContractHash, SessionId};
use crate::outcome::AppOutcome;

pub use claim::{
    check_lease, Batch, ClaimRequest, Claimed, ClaimedApp, Partition, ReapRequest, Reaped, Renewal,
    Share,
};
pub(crate) use complete::check_outcomes;
pub use complete::{ClaimOutcome, Completed};
pub use enqueue::{EnqueueMode, Enqueued};
pub use error::{Result, StoreError};
pub use inspect::{
    ActiveClaim, FailurePage, Finding, LifeEvent, LoggedFailure, SessionSummary, Status,
};
pub use purge::{PurgeRequest, Purged};
pub(crate) use redrive::check_replaces;
pub use redrive::{Redriven, RequeueRequest, RequeueSelector, RetryRequest, RetrySelector};
pub use session::{Pause, SessionStart};
pub use target::Difference;

/// One session with a store, owned by one thread. Each method is the stored procedure of the
/// same name.
pub trait Store: Send {
    /// Creates or checks the target tables and records the contract as the installed one.
    /// Doing it twice changes nothing.
    fn install_contract(&mut self, contract: &Contract) -> Result<()>;

    /// The installed contract, if any.
    fn get_contract(&mut self) -> Result<Option<ContractHash>>;

    /// How the target tables that are there differ from the contract's, installed or not, in load
    /// order. Changes nothing.
    fn compare_targets(&mut self, contract: &Contract) -> Result<Vec<Difference>>;

    /// Records that a session began.
    fn start_session(&mut self, start: &SessionStart) -> Result<()>;

    /// Records that a session ended, with its exit status. Its counts are the store's own.
    fn end_session(&mut self, session: SessionId, exit_status: u8) -> Result<()>;

    /// Adds source applications that are neither queued nor logged.
    fn enqueue_apps(&mut self, mode: EnqueueMode) -> Result<Enqueued>;

    /// How many source applications [`Store::enqueue_apps`] would add as new; `None` where saying
    /// so takes a search of the source table, as it does on SQL Server.
    fn count_unqueued(&mut self) -> Result<Option<u64>> {
        Ok(None)
    }

    /// Leases a batch to a token and reads its documents.
    ///
    /// Applications are taken in ascending order of their ids, above
    /// [`ClaimRequest::after_app_id`] first, and each claim is an attempt. A batch that begins
    /// with an application that was reaped holds only such as were reaped equally often, and at
    /// most `batch_size / 2^reaps` of them, so that a document that kills its workers is soon
    /// alone. [`StoreError::ContractNotInstalled`] and [`StoreError::Refused`] (a senseless
    /// request, a session that never started, a token of another session) claim nothing. If
    /// reading the documents fails, the claim stands: ask again with the same token.
    fn claim_batch(&mut self, request: &ClaimRequest) -> Result<Claimed>;

    /// Extends a claim if it is still held.
    fn renew_lease(&mut self, token: ClaimToken, lease: Duration) -> Result<Renewal>;

    /// Writes rows, log and queue of a batch in one transaction, and extends the lease of what
    /// is left of the claim. Returns one entry per outcome, in the order given.
    ///
    /// If the database refuses rows for a data reason (a key, a null, a foreign key, a check, a
    /// trigger), it goes through the batch again one application per transaction: the good ones
    /// commit, and each bad one is logged as
    /// [`FailureCategory::ConstraintViolation`]. Any other error is returned, with nothing of the
    /// transaction at hand written or logged.
    ///
    /// A failure leaves no rows: those of an earlier success of the application are deleted.
    ///
    /// Completing again what this token already completed returns what was logged then, and does
    /// what was left. An outcome for an application or an attempt that the token does not hold is
    /// [`StoreError::LeaseLost`] and nothing is written; another contract than the installed one
    /// is [`StoreError::ContractNotInstalled`]; outcomes that do not have the contract's tables
    /// and columns are [`StoreError::Refused`].
    fn complete_batch(
        &mut self,
        token: ClaimToken,
        contract: &Contract,
        outcomes: &[AppOutcome],
    ) -> Result<Vec<Completed>>;

    /// Gives the unfinished applications of a claim back at once, without spending their
    /// attempt. Returns how many; 0 when the claim is gone.
    fn release_claim(&mut self, token: ClaimToken, reason: &str) -> Result<u64>;

    /// Takes back claims whose lease has passed, one per transaction. Safe at any time, by
    /// anybody, concurrently: a claim that was renewed meanwhile is left alone. The attempt of
    /// what is taken back is spent.
    fn reap_expired(&mut self, request: ReapRequest) -> Result<Reaped>;

    /// What became of a claim: for a worker whose completion's answer was lost. Both lists are
    /// empty for a token that is unknown or lost.
    fn get_claim_outcome(&mut self, token: ClaimToken) -> Result<ClaimOutcome>;

    /// Queues failed or quarantined applications again, with their attempts going on from the
    /// last one and their reaps forgotten. Returns those it moved, or would move, by ascending
    /// id; what is queued already or succeeded is passed over.
    fn retry_failed(&mut self, request: &RetryRequest) -> Result<Vec<Redriven>>;

    /// Queues finished applications again, failed ones among them; refused unless every target
    /// says `replace` and the contract is the installed one. Their rows stay until the next
    /// attempt is concluded.
    fn requeue_apps(
        &mut self,
        contract: &Contract,
        request: &RequeueRequest,
    ) -> Result<Vec<Redriven>>;

    /// Deletes superseded attempts, old events and ended sessions, in chunks; never an
    /// application's last log row while its source row exists.
    fn purge_log(&mut self, request: PurgeRequest) -> Result<Purged>;

    /// Counts for people.
    fn get_status(&mut self) -> Result<Status>;

    /// One source document, for replay; `None` when there is no such row or it is null.
    fn read_document(&mut self, app_id: AppId) -> Result<Option<Document>>;

    /// Pauses claiming: until [`Store::resume`], [`Store::claim_batch`] hands out nothing new. What
    /// is claimed is finished as ever. Returns the pause in force, which is an earlier one if there
    /// was one.
    fn pause(&mut self, reason: &str, requested_by: &str) -> Result<Pause>;

    /// Ends a pause, and returns it; `None` when there was none.
    fn resume(&mut self, requested_by: &str) -> Result<Option<Pause>>;

    /// One application's life in order of time; the last event is `now`. An application that is
    /// nowhere has only that one.
    fn explain_app(&mut self, app_id: AppId) -> Result<Vec<LifeEvent>>;

    /// A page of what failed and is not queued again, by ascending id.
    fn list_failures(&mut self, page: &FailurePage) -> Result<Vec<LoggedFailure>>;

    /// What is unwell, most urgent first; nothing when all is well.
    fn health_check(&mut self) -> Result<Vec<Finding>>;
}
