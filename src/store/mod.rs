//! The store: where work is claimed from and completed to.
//!
//! [`Store`] has one method per stored procedure and one meaning for both implementations; the
//! conformance suite in `tests/store/` is its definition. All time is the database's.
//!
//! An application is in exactly one place: ready, claimed by one token, quarantined, or logged.
//! Its rows exist in the target tables if and only if its last log row says `success`. Whatever
//! is done under a claim is done only while its token holds it; a worker that was paused past its
//! lease and reaped writes nothing.

mod drift;
pub mod failpoint;
mod inspection;
#[cfg(feature = "embedded")]
pub mod sqlite;
#[cfg(feature = "sqlserver")]
pub mod sqlserver;

use std::time::Duration;

use chrono::{DateTime, Utc};

pub use self::drift::Difference;
use crate::contract::{Contract, OnExisting};
pub use crate::document::{Document, DocumentEncoding};
use crate::id::{AppId, ClaimToken, ContractHash, SessionId};
use crate::outcome::{AppOutcome, FailureCategory};
pub use inspection::{FailurePage, Finding, LifeEvent, LoggedFailure, Pause};

/// What a session says of itself when it starts.
#[derive(Debug, Clone)]
pub struct SessionStart {
    /// The caller's id for the session; starting it twice is one session.
    pub session: SessionId,
    /// `--worker-name`, by default host and process id.
    pub worker_name: String,
    /// Host name.
    pub host: String,
    /// Process id.
    pub pid: u32,
    /// Version of this program.
    pub program_version: String,
    /// Contract it works with.
    pub contract_hash: ContractHash,
    /// SQL Server Agent job, where one started it.
    pub agent_job: Option<String>,
    /// SQL Server Agent step, where one started it.
    pub agent_step: Option<String>,
}

/// Which of the queue a worker takes: the whole of it, a partition, a range, or both at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// `app_id % instance_count = instance_id`.
    pub partition: Option<Partition>,
    /// Smallest application id, inclusive.
    pub app_id_start: Option<AppId>,
    /// Largest application id, inclusive.
    pub app_id_end: Option<AppId>,
}

/// `--instance-id` of `--instance-count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// From 0 to `instance_count - 1`.
    pub instance_id: u32,
    /// At least 1.
    pub instance_count: u32,
}

/// How enqueueing looks for new source rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnqueueMode {
    /// What came since the last time: from the highest id seen, less an overlap, because ids
    /// commit out of order. The embedded store knows the lowest new id and finds all.
    #[default]
    New,
    /// A full anti-join of source against queue and log.
    Full,
    /// A full anti-join within an inclusive range of ids.
    Range {
        /// Smallest id.
        start: AppId,
        /// Largest id.
        end: AppId,
    },
}

/// Answer of [`Store::enqueue_apps`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// This many applications are new in the queue.
    Added(u64),
    /// Another caller is enqueueing, and adds what there is; that is success. In the embedded
    /// store callers share the work, and none is told this.
    Busy,
}

/// Parameters of [`Store::claim_batch`].
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// Repeating a token returns the same claim: what is unfinished of it, its lease begun anew.
    pub token: ClaimToken,
    /// Who claims.
    pub session: SessionId,
    /// Refused when it is not the installed contract's.
    pub contract_hash: ContractHash,
    /// At most this many applications, at least 1.
    pub batch_size: u32,
    /// At most this many bytes of documents, but always one application.
    pub max_bytes: u64,
    /// How long the claim holds without a renewal or a completion, at least a millisecond.
    pub lease: Duration,
    /// Which of the queue.
    pub share: Share,
    /// Ids above this are looked at first; a short result wraps once.
    pub after_app_id: Option<AppId>,
}

impl ClaimRequest {
    /// Refuses a request that means nothing, with everything that is wrong with it.
    pub fn check(&self) -> Result<()> {
        let mut wrong = Vec::new();
        if self.batch_size == 0 {
            wrong.push("the batch size is 0, it must be at least 1".to_owned());
        }
        if let Err(error) = check_lease(self.lease) {
            wrong.push(error.to_string());
        }
        if let Some(Partition { instance_id, instance_count }) = self.share.partition {
            if instance_id >= instance_count {
                wrong.push(format!(
                    "instance {instance_id} of {instance_count} does not exist, ids are from 0 \
                     to one less than the count"
                ));
            }
        }
        if let Share { app_id_start: Some(start), app_id_end: Some(end), .. } = self.share {
            if start > end {
                wrong.push(format!("the range from {start} to {end} is empty"));
            }
        }
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(StoreError::Refused(format!("cannot claim: {}", wrong.join("; ")))),
        }
    }
}

/// Refuses a lease that is over when it begins: the shortest is a millisecond.
pub fn check_lease(lease: Duration) -> Result<()> {
    match lease.as_millis() {
        0 => Err(StoreError::Refused(format!(
            "a lease of {lease:?} is over at once, it must be at least a millisecond"
        ))),
        _ => Ok(()),
    }
}

/// Answer of [`Store::claim_batch`].
#[derive(Debug)]
pub enum Claimed {
    /// Work, leased to the token.
    Batch(Batch),
    /// Nothing ready in this share of the queue, even counting what neighbours merely lock.
    Empty {
        /// Applications of this share that other claims hold now.
        claimed_elsewhere: u64,
    },
    /// Nothing is handed out until [`Store::resume`]; a token that has its claim gets it all the
    /// same.
    Paused(Pause),
}

/// A claimed batch.
#[derive(Debug)]
pub struct Batch {
    /// Its token.
    pub token: ClaimToken,
    /// When it was claimed, by the database's clock; `NOW_UTC()` of its documents.
    pub claimed_at: DateTime<Utc>,
    /// The applications in ascending order of id; never empty.
    pub apps: Vec<ClaimedApp>,
}

/// One claimed application.
#[derive(Debug)]
pub struct ClaimedApp {
    /// Its id.
    pub app_id: AppId,
    /// Attempt number that this claim is, from 1.
    pub attempt: u32,
    /// The document; `None` when the source row is gone or its document is null.
    pub document: Option<Document>,
}

/// Answer of [`Store::renew_lease`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// The lease now ends this much later than now.
    Renewed,
    /// The claim is no longer held by this token.
    Lost,
}

/// What became of one application of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The application.
    pub app_id: AppId,
    /// Its attempt.
    pub attempt: u32,
    /// `None` for success, else the category that was logged.
    pub failure: Option<FailureCategory>,
    /// Rows written, per entry of [`Contract::targets`]; empty for a failure. Rows that were
    /// skipped because some were there already are not counted.
    pub rows: Vec<u64>,
}

/// Answer of [`Store::get_claim_outcome`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimOutcome {
    /// Applications the token still holds.
    pub held: Vec<AppId>,
    /// Applications that were concluded under the token.
    pub completed: Vec<Completed>,
}

/// Parameters of [`Store::reap_expired`].
#[derive(Debug, Clone, Copy)]
pub struct ReapRequest {
    /// At most this many claims.
    pub max_claims: u32,
    /// An application reaped this often while it was the only unfinished one of its claim is
    /// quarantined; at least 1.
    pub max_reaps: u32,
}

impl Default for ReapRequest {
    fn default() -> Self {
        Self { max_claims: 1000, max_reaps: 3 }
    }
}

impl ReapRequest {
    /// Refuses a request that means nothing.
    pub fn check(&self) -> Result<()> {
        match self.max_reaps {
            0 => Err(StoreError::Refused(
                "cannot reap: quarantine after 0 reaps would take everything, say at least 1"
                    .into(),
            )),
            _ => Ok(()),
        }
    }
}

/// Answer of [`Store::reap_expired`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reaped {
    /// Claims taken back.
    pub claims: u64,
    /// Applications made ready again.
    pub apps: u64,
    /// Applications quarantined.
    pub quarantined: u64,
}

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
    pub limit: Option<u64>,
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
    pub limit: Option<u64>,
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
pub struct Requeued {
    /// The application.
    pub app_id: AppId,
    /// What it was: `failed`, `quarantined` or `success`.
    pub was: String,
    /// Attempts it has had so far.
    pub attempts: u32,
    /// Category of its last failure.
    pub failure: Option<FailureCategory>,
}

/// Parameters of [`Store::purge_log`].
#[derive(Debug, Clone, Copy)]
pub struct PurgeRequest {
    /// Only what is older than this.
    pub older_than: Duration,
    /// Rows per transaction, at most 4,000.
    pub chunk: u32,
    /// `false` only counts.
    pub execute: bool,
}

impl PurgeRequest {
    /// Refuses chunks that are empty or too large for one transaction.
    pub fn check(&self) -> Result<()> {
        match self.chunk {
            1..=4000 => Ok(()),
            chunk => Err(StoreError::Refused(format!(
                "cannot purge in chunks of {chunk} rows, say from 1 to 4000"
            ))),
        }
    }
}

/// Answer of [`Store::purge_log`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// Superseded attempts.
    pub attempts: u64,
    /// Events.
    pub events: u64,
    /// Ended sessions.
    pub sessions: u64,
}

/// Counts by where applications are; every enqueued application is in exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Rows of the source table.
    pub source: u64,
    /// Ready to claim.
    pub ready: u64,
    /// Held by a claim.
    pub claimed: u64,
    /// Set aside because it kept killing its workers.
    pub quarantined: u64,
    /// Last attempt succeeded, and not queued again.
    pub success: u64,
    /// Last attempt failed, and not queued again.
    pub failed: u64,
    /// `failed` by category, largest first.
    pub failures: Vec<(FailureCategory, u64)>,
    /// Rows per target table of the installed contract, in load order.
    pub table_rows: Vec<(String, u64)>,
    /// Current claims.
    pub claims: Vec<ActiveClaim>,
    /// Sessions, newest first, at most 50.
    pub sessions: Vec<SessionSummary>,
    /// Whether claiming is paused.
    pub paused: Option<Pause>,
}

/// One claim that is held now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveClaim {
    /// Its token.
    pub token: ClaimToken,
    /// Who holds it.
    pub worker_name: String,
    /// Applications unfinished in it.
    pub apps: u64,
    /// Milliseconds since it was claimed.
    pub age_ms: i64,
    /// Milliseconds until it may be reaped; negative when it may be already.
    pub remaining_ms: i64,
    /// Renewals so far.
    pub renewals: u64,
}

/// One session, as status shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// Its id.
    pub session: SessionId,
    /// Its worker.
    pub worker_name: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it was last heard of.
    pub last_seen_at: DateTime<Utc>,
    /// When it ended, if it said so.
    pub ended_at: Option<DateTime<Utc>>,
    /// Its exit status, if it ended.
    pub exit_status: Option<u8>,
    /// Applications it claimed.
    pub claimed: u64,
    /// Of these, logged as success.
    pub succeeded: u64,
    /// Of these, logged as failed.
    pub failed: u64,
    /// Of these, given back.
    pub released: u64,
    /// Of these, taken back because a lease passed.
    pub reaped: u64,
}

/// What stops a worker. A document's failure is never one of these.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached or opened.
    #[error("cannot open the store {location}: {reason}")]
    Unreachable {
        /// File or server.
        location: String,
        /// What was said.
        reason: String,
    },
    /// The embedded store's file can no longer be relied on.
    #[error("the store {location} is damaged: {reason}")]
    Damaged {
        /// File.
        location: String,
        /// What was said.
        reason: String,
    },
    /// The store has no xmlshred objects, or those of another version.
    #[error("{location} is not an xmlshred store: {reason}")]
    NotInstalled {
        /// File or server.
        location: String,
        /// What is missing or different.
        reason: String,
    },
    /// The objects on the server are older or newer than this program can work with.
    #[error(
        "{location} has version {installed} of the xmlshred objects, installed by xmlshred \
         {installed_by}, and this program works with version {needed}"
    )]
    OtherVersion {
        /// Server.
        location: String,
        /// Version of the objects there.
        installed: i64,
        /// Version of the program that installed them.
        installed_by: String,
        /// Version of the objects that this program works with.
        needed: i64,
    },
    /// The database is read-only here: a secondary replica, or one that was made read-only.
    #[error("{location} is not the primary, nothing to do")]
    NotPrimary {
        /// Server.
        location: String,
    },
    /// 50010: the claim is gone; nothing was written.
    #[error("claim {} is no longer held: its lease passed and it was reaped (50010); nothing was written", .0.0)]
    LeaseLost(ClaimToken),
    /// 50020: another contract is installed.
    #[error("contract {offered} is not the installed contract {} (50020)", .installed.map_or("(none)".into(), |h| h.to_string()))]
    ContractNotInstalled {
        /// The caller's.
        offered: ContractHash,
        /// The installed one, if any.
        installed: Option<ContractHash>,
    },
    /// Every application of a batch, two or more, was refused with the same database error: not
    /// the documents' fault. Nothing was logged, and the claim is still held.
    #[error(
        "every application of the batch failed with the same error {number}: {message}; nothing \
         was logged: repair the table, or if the documents really are at fault, run once with \
         --batch-size 1"
    )]
    WholeBatchFailed {
        /// The database's error number.
        number: i64,
        /// Its message.
        message: String,
    },
    /// The installed contract's tables differ from the ones that are there.
    #[error("table {table} does not fit the contract: {reason}")]
    Drift {
        /// Target table.
        table: String,
        /// The difference.
        reason: String,
    },
    /// A request that may not be carried out, such as a requeue into a table that says `fail`.
    #[error("{0}")]
    Refused(String),
    /// Any other error of the database.
    #[error("{0}")]
    Database(String),
}

/// Results of a store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// One session with a store, owned by one thread. Each method is the stored procedure of the
/// same name.
pub trait Store: Send {
    /// Creates or checks the target tables and records the contract as the installed one.
    /// Doing it twice changes nothing.
    fn install_contract(&mut self, contract: &Contract) -> Result<()>;

    /// The installed contract, if any.
    fn installed_contract(&mut self) -> Result<Option<ContractHash>>;

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

    /// [`Store::complete_batch`] for one application of a claim.
    fn complete_app(
        &mut self,
        token: ClaimToken,
        contract: &Contract,
        outcome: &AppOutcome,
    ) -> Result<Completed> {
        let completed = self.complete_batch(token, contract, std::slice::from_ref(outcome))?;
        completed.into_iter().next().ok_or(StoreError::LeaseLost(token))
    }

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
    fn retry_failed(&mut self, request: &RetryRequest) -> Result<Vec<Requeued>>;

    /// Queues finished applications again, failed ones among them; refused unless every target
    /// says `replace` and the contract is the installed one. Their rows stay until the next
    /// attempt is concluded.
    fn requeue_apps(
        &mut self,
        contract: &Contract,
        request: &RequeueRequest,
    ) -> Result<Vec<Requeued>>;

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
