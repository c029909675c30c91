//! The store: applications are claimed from it and completed in it.
//!
//! [`Store`] has one meaning for both implementations; the conformance suite in `tests/store/`
//! defines it. All times are the database's.
//!
//! * An application is in exactly one place: ready, claimed by one token, quarantined, or logged.
//! * Its rows in the target tables are those of its last success, or none if there was none. A
//!   failure deletes nothing: the column `has_rows` of the log is 1 in the row of the attempt that
//!   the rows are of, and in no other row of the application.
//! * Every change under a claim requires that its token still holds it: a worker that was suspended
//!   beyond its lease and reaped writes nothing.
//! * Everything ends: an application is logged or quarantined, even if its document kills workers or
//!   the database refuses it, and it never keeps others from that. Nothing waits for a time of day.

mod backfill;
mod causes;
mod claim;
mod complete;
mod enqueue;
mod error;
pub mod failpoint;
mod inspect;
mod load;
mod plan;
mod purge;
mod redrive;
mod report;
mod session;
mod source;
#[cfg(feature = "embedded")]
pub mod sqlite;
#[cfg(feature = "sqlserver")]
pub mod sqlserver;
mod stored_value;
mod target;
mod unload;
mod written;

use std::time::Duration;

use crate::contract::Contract;
use crate::document::Document;
use crate::id::{AppId, ClaimToken, ContractHash, SessionId};
use crate::outcome::{AppOutcome, TableRows};

pub use backfill::{BackfillRequest, Backfilled, FinishedPage, Missing};
pub use causes::{CauseQuery, FailureCause, FailureCauses};
pub use claim::{
    check_lease, Batch, ClaimRequest, Claimed, ClaimedApp, Partition, ReapRequest, Reaped, Renewal,
    Share,
};
pub(crate) use complete::{check_max_reaps, check_outcomes};
pub use complete::{ClaimOutcome, Completed, Fate, Refusal};
pub use enqueue::{EnqueueMode, Enqueued};
pub use error::{Result, StoreError};
pub use inspect::{
    ActiveClaim, FailurePage, Finding, LifeEvent, LoggedFailure, Status, Unprocessed,
    UnprocessedPage,
};
pub use load::{
    Added, Candidate, Content, Division, DocumentType, Existing, Found, Intake, LoadRules,
    OtherWay, PlaceId, SourceFile, UnderId,
};
pub use plan::{InstallPlan, PlannedAction, PlannedStep, Refused};
pub use purge::{EraseRequest, Erased, PurgeRequest, Purged, StaleRows, StaleRowsRequest};
pub(crate) use redrive::check_replaces;
pub use redrive::{Redriven, RequeueRequest, RequeueSelector, RetryRequest, RetrySelector};
pub use report::{
    Incidents, InstalledContract, Reconciled, Report, ReportQuery, ShredTimes, Slice, SlowApp,
};
pub use session::{Pause, SessionStart, SessionState, SessionSummary};
pub use source::{samples, SourceRow, SourceTable};
pub use target::{AlterTables, Difference, DifferenceKind};
pub use unload::{FilePattern, Stays, UnloadRequest, UnloadSelector, Unloaded};
pub use written::{WrittenApp, WrittenAttempt, WrittenPage};

/// One session with a store, owned by one thread.
///
/// On SQL Server each method calls the stored procedure of its name (`claim_batch`:
/// `usp_ClaimBatch`; `usp_ReadRows` is generated from the contract), except [`Store::compare_targets`] and [`Store::masked_columns`], which read
/// the catalog, and [`Store::count_unqueued`], which only the embedded store supports.
pub trait Store: Send {
    /// Creates or checks the target tables and makes the contract the installed one. Repeating it
    /// changes nothing.
    fn install_contract(&mut self, contract: &Contract) -> Result<()>;

    /// The installed contract, if any.
    fn get_contract(&mut self) -> Result<Option<ContractHash>>;

    /// The installed contract when this session was opened, which a server has told already; for a caller
    /// that has just opened it.
    fn opened_with_contract(&mut self) -> Result<Option<ContractHash>> {
        self.get_contract()
    }

    /// The differences between the existing target tables and the contract's, installed or not, in
    /// load order. Changes nothing.
    fn compare_targets(&mut self, contract: &Contract) -> Result<Vec<Difference>>;

    /// [`Store::compare_targets`] when this session was opened for this contract, which a server has told already;
    /// for a caller that has just opened it.
    fn opened_with_targets(&mut self, contract: &Contract) -> Result<Vec<Difference>> {
        self.compare_targets(contract)
    }

    /// The columns of the contract whose values this login does not see as they are: their tables and columns in
    /// the contract. Only a server can mask.
    fn masked_columns(&mut self, _contract: &Contract) -> Result<Vec<(usize, usize)>> {
        Ok(Vec::new())
    }

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
    /// Those that were reaped or refused least often are claimed first, in ascending order of their
    /// ids, above [`ClaimRequest::after_app_id`] first, and each claim is an attempt. After n times
    /// a batch holds at most `batch_size / 2^n`, so that a document that kills its workers is soon
    /// alone, and one that stops them comes last. [`StoreError::ContractNotInstalled`] and [`StoreError::Refused`] (an invalid
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
    /// of the claim. Returns one entry per outcome, in the given order. A success replaces, skips or
    /// collides with existing rows as the contract says; a failure leaves the rows of an earlier
    /// success as they are.
    ///
    /// What happens after an error of the database depends on its number, not on the size of the
    /// batch. There are four kinds:
    ///
    /// * *Busy* (a lock that another session holds, a deadlock): the transaction is repeated.
    /// * *Data* (a key, a null, a foreign key, a check, a trigger, a value that does not fit): the
    ///   batch is bisected, each part in a transaction of its own that extends the lease. The good
    ///   applications commit; each bad one is logged as
    ///   [`FailureCategory::ConstraintViolation`](crate::outcome::FailureCategory::ConstraintViolation)
    ///   with the database's number and message.
    /// * *Unknown* (every number that is not listed): bisected like data. An application that is
    ///   refused alone is not logged. It leaves the claim with its attempt used up and `reaps` one
    ///   higher, and an event `refused` has the number and the message ([`Fate::Refused`]).
    ///   `lone_reaps` is also one higher, and the application is quarantined if that makes
    ///   `max_reaps` ([`Fate::Quarantined`]), unless the cause may be another than the application:
    ///   in this completion no application succeeded, and two or more were refused like this. Then
    ///   it counts as a worker that died with the whole batch: the next claims are smaller, and in
    ///   the end each of these applications is refused alone.
    /// * *Server* (a full disk or log, memory, permissions, a missing table or column): like unknown
    ///   in a session that has completed an application as a success, because then the server works.
    ///   Otherwise `lone_reaps` stays, nothing is quarantined, and [`Refusal::counted`] is false.
    ///
    /// After damage or an error of the disk nothing of the current transaction is written, and the
    /// claim still holds what was not completed.
    ///
    /// Repeating a completion returns what the first one did, and completes the rest. An outcome
    /// for an application or an attempt that the token does not hold is [`StoreError::LeaseLost`]
    /// and nothing is written; another contract than the installed one is
    /// [`StoreError::ContractNotInstalled`]; outcomes without the contract's tables and columns, and
    /// a `max_reaps` of 0, are [`StoreError::Refused`].
    fn complete_batch(
        &mut self,
        token: ClaimToken,
        contract: &Contract,
        outcomes: &[AppOutcome],
        max_reaps: u32,
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

    /// Deletes superseded attempts, old events and ended sessions, in chunks; never, while the source
    /// row of an application exists, its last log row or the one whose attempt its rows are of.
    fn purge_log(&mut self, request: PurgeRequest) -> Result<Purged>;

    /// Deletes the rows of applications whose last attempt failed after an earlier success, and that
    /// are not queued: the only way in which a failure ends with rows being deleted. Returns the
    /// applications by ascending id, with what was deleted or would be.
    ///
    /// Deleted are the rows in those tables of the contract to which the earlier success wrote any,
    /// children before parents; an event `rows_deleted` is recorded for each application. If the
    /// database refuses for a data reason, that application keeps its rows
    /// ([`StaleRows::refusal`]) and the others lose theirs.
    /// [`StoreError::ContractNotInstalled`] unless the contract is the installed one.
    fn delete_stale_rows(
        &mut self,
        contract: &Contract,
        request: &StaleRowsRequest,
    ) -> Result<Vec<StaleRows>>;

    /// Erases applications: their rows in all target tables of the contract, also those that other
    /// programs wrote, and in queue, log and events; in the embedded store also the document. An event
    /// `erased` stays. Returns one entry per application, by ascending id.
    ///
    /// One transaction per application. An application that is claimed, whose document is still in the
    /// source table of a server, whose rows the database does not let go, or that wrote to a table
    /// that the contract lacks keeps everything ([`Erased::refusal`]).
    /// [`StoreError::ContractNotInstalled`] unless the contract is the installed one.
    fn erase_apps(&mut self, contract: &Contract, request: &EraseRequest) -> Result<Vec<Erased>>;

    /// Gives finished applications what is missing in the target tables of the contract: rows whose key
    /// the application does not have (in a table without a key, or one that the database numbers,
    /// where it has no row at all), and values where a column is NULL. Existing values stay as they are.
    /// Returns one entry per application, by ascending id.
    ///
    /// One transaction per application, with a new attempt in the log that takes over the rows, and an
    /// event `backfilled`; neither where nothing is missing. An adopted application has only the
    /// event. An application that is queued, that has another attempt or another document by now, or
    /// whose rows the database refuses gets nothing ([`Backfilled::refusal`]).
    /// [`StoreError::ContractNotInstalled`] unless the contract is the installed one.
    fn backfill_apps(
        &mut self,
        contract: &Contract,
        request: &BackfillRequest,
    ) -> Result<Vec<Backfilled>>;

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

    /// The causes of failure, those with the most applications first.
    fn list_causes(&mut self, query: &CauseQuery) -> Result<FailureCauses>;

    /// The course of the work, for a report.
    fn get_report(&mut self, query: &ReportQuery) -> Result<Report>;

    /// A page of the source rows that are neither queued nor logged, by ascending id.
    fn list_unprocessed(&mut self, page: &UnprocessedPage) -> Result<Vec<Unprocessed>>;

    /// A page of the applications that have a source row and a logged success, an adopted one
    /// too, by ascending id; with
    /// [`WrittenPage::unlogged`] also those that have a source row, rows, and no logged success.
    fn list_written(&mut self, page: &WrittenPage) -> Result<Vec<WrittenApp>>;

    /// A page of the applications whose last attempt succeeded and that are not queued, also without a
    /// source row, by ascending id.
    fn list_finished(&mut self, page: &FinishedPage) -> Result<Vec<WrittenApp>>;

    /// The rows of these applications, those of other programs too: for each application the rows of each
    /// target table of the installed contract, in any order. Columns are those of the contract, also
    /// those that the database numbers. A value that is not of its column's type is a text.
    fn read_rows(&mut self, contract: &Contract, app_ids: &[AppId]) -> Result<Vec<Vec<TableRows>>>;

    /// Problems, most urgent first; empty if the store is healthy.
    fn health_check(&mut self) -> Result<Vec<Finding>>;

    /// Pauses claiming: until [`Store::resume`], [`Store::claim_batch`] claims nothing new. Current
    /// claims are completed as before. Returns the pause in force, which may be an earlier one.
    fn pause(&mut self, reason: &str, requested_by: &str) -> Result<Pause>;

    /// Ends a pause, and returns it; `None` if there was none.
    fn resume(&mut self, requested_by: &str) -> Result<Option<Pause>>;
}
