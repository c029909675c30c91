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

/// One session with a store, owned by one thread.
///
/// On SQL Server each method calls the stored procedure of its name (`claim_batch`:
/// `usp_ClaimBatch`), except [`Store::compare_targets`], which reads the catalog, and
/// [`Store::count_unqueued`], which only the embedded store supports.
pub trait Store: Send {
    /// Creates or checks the target tables and makes the contract the installed one. Repeating it
    /// changes nothing.
    fn install_contract(&mut self, contract: &Contract) -> Result<()>;

    /// The installed contract, if any.
    fn get_contract(&mut self) -> Result<Option<ContractHash>>;

    /// The differences between the existing target tables and the contract's, installed or not, in
    /// load order. Changes nothing.
    fn compare_targets(&mut self, contract: &Contract) -> Result<Vec<Difference>>;

    /// Records that a session started.
    fn start_session(&mut self, start: &SessionStart) -> Result<()>;

    /// Records that a session ended, with its exit status. The store counts what it did.
    fn end_session(&mut self, session: SessionId, exit_status: u8) -> Result<()>;

    /// Adds source applications that are neither queued nor logged.
    fn enqueue_apps(&mut self, mode: EnqueueMode) -> Result<Enqueued>;

    /// How many source applications [`Store::enqueue_apps`] would add as new; `None` if counting
    /// them requires a search of the source table, as on SQL Server.
    fn count_unqueued(&mut self) -> Result<Option<u64>> {
        Ok(None)
    }

    /// Leases a batch to a token and reads its documents.
    ///
    /// Applications are claimed in ascending order of their ids, above
    /// [`ClaimRequest::after_app_id`] first, and each claim is an attempt. A batch that starts
    /// with an application that was reaped holds only applications that were reaped equally often,
    /// and at most `batch_size / 2^reaps` of them, so that a document that kills its workers is
    /// soon alone. [`StoreError::ContractNotInstalled`] and [`StoreError::Refused`] (an invalid
    /// request, an unknown session, a token of another session) claim nothing. If reading the
    /// documents fails, the claim remains: repeat the request with the same token.
    fn claim_batch(&mut self, request: &ClaimRequest) -> Result<Claimed>;

    /// Extends a claim if it is still held.
    fn renew_lease(&mut self, token: ClaimToken, lease: Duration) -> Result<Renewal>;

    /// Releases the unfinished applications of a claim at once, without using up their attempt.
    /// Returns their number; 0 if the token no longer holds the claim.
    fn release_claim(&mut self, token: ClaimToken, reason: &str) -> Result<u64>;

    /// Reaps claims whose lease has expired, one per transaction: their applications are ready
    /// again, with one attempt used up. Any caller may do this at any time, also concurrently: a
    /// claim that was renewed meanwhile is skipped.
    fn reap_expired(&mut self, request: ReapRequest) -> Result<Reaped>;

    /// Writes rows, log and queue of a batch in one transaction, and extends the lease of the rest
    /// of the claim. Returns one entry per outcome, in the given order.
    ///
    /// If the database refuses rows for a data reason (a key, a null, a foreign key, a check, a
    /// trigger), the batch is completed again, one application per transaction: the good ones
    /// commit, and each bad one is logged as
    /// [`FailureCategory::ConstraintViolation`](crate::outcome::FailureCategory::ConstraintViolation).
    /// After any other error nothing of the current transaction is written or logged.
    ///
    /// A failure leaves no rows: those of an earlier success of the application are deleted.
    ///
    /// Repeating a completion returns what was logged the first time, and completes the rest. An
    /// outcome for an application or an attempt that the token does not hold is
    /// [`StoreError::LeaseLost`] and nothing is written; another contract than the installed one
    /// is [`StoreError::ContractNotInstalled`]; outcomes without the contract's tables and columns
    /// are [`StoreError::Refused`].
    fn complete_batch(
        &mut self,
        token: ClaimToken,
        contract: &Contract,
        outcomes: &[AppOutcome],
    ) -> Result<Vec<Completed>>;

    /// The outcome of a claim, for a worker that lost the answer of a completion. Both lists are
    /// empty for a token that is unknown or lost.
    fn get_claim_outcome(&mut self, token: ClaimToken) -> Result<ClaimOutcome>;

    /// Retries failed or quarantined applications: they are queued with the next attempt and
    /// without reaps. Returns those that were moved, or would be, by ascending id; an application
    /// that is queued or succeeded is skipped.
    fn retry_failed(&mut self, request: &RetryRequest) -> Result<Vec<Redriven>>;

    /// Requeues finished applications, also failed ones. Refused unless every target replaces
    /// existing rows and the contract is the installed one. Earlier rows stay until the next
    /// attempt is concluded.
    fn requeue_apps(
        &mut self,
        contract: &Contract,
        request: &RequeueRequest,
    ) -> Result<Vec<Redriven>>;

    /// Deletes superseded attempts, old events and ended sessions, in chunks; never the last log
    /// row of an application whose source row exists.
    fn purge_log(&mut self, request: PurgeRequest) -> Result<Purged>;

    /// Counts for people.
    fn get_status(&mut self) -> Result<Status>;

    /// One source document, for replay; `None` if the row does not exist or is null.
    fn read_document(&mut self, app_id: AppId) -> Result<Option<Document>>;

    /// One application's life in order of time; the last event is `now`. An unknown application
    /// has only that one.
    fn explain_app(&mut self, app_id: AppId) -> Result<Vec<LifeEvent>>;

    /// A page of the applications whose last attempt failed and that were not redriven, by
    /// ascending id.
    fn list_failures(&mut self, page: &FailurePage) -> Result<Vec<LoggedFailure>>;

    /// Problems, most urgent first; empty if the store is healthy.
    fn health_check(&mut self) -> Result<Vec<Finding>>;

    /// Pauses claiming: until [`Store::resume`], [`Store::claim_batch`] claims nothing new. Current
    /// claims are completed as before. Returns the pause in force, which may be an earlier one.
    fn pause(&mut self, reason: &str, requested_by: &str) -> Result<Pause>;

    /// Ends a pause, and returns it; `None` if there was none.
    fn resume(&mut self, requested_by: &str) -> Result<Option<Pause>>;
}
