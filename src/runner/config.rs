//! The parameters of a run, and the errors that prevent it from starting.

use std::time::Duration;

use uuid::Uuid;

use super::fail_on::FailOn;
use super::host::host_name;
use crate::id::SessionId;
use crate::store::{Share, StoreError};

/// Parameters of a run.
#[derive(Debug, Clone)]
pub struct RunConfig {
    /// The session this run is: a new one for each run.
    pub session: SessionId,
    /// Name of the store in log lines.
    pub store_name: String,
    /// Name of the worker in the log and the status.
    pub worker_name: String,
    /// SQL Server Agent job, where one started the run.
    pub agent_job: Option<String>,
    /// SQL Server Agent step, where one started the run.
    pub agent_step: Option<String>,
    /// Threads that shred, at least 1.
    pub workers: usize,
    /// Applications per claim, at least 1.
    pub batch_size: u32,
    /// Claim at most this many applications.
    pub limit: Option<u64>,
    /// Which share of the queue to claim from.
    pub share: Share,
    /// How long a claim is held without a renewal. It is renewed after a third of this.
    pub lease: Duration,
    /// Keep running when nothing is ready, and look again every `poll`.
    pub follow: bool,
    /// How often to look for work when following.
    pub poll: Duration,
    /// Limit on the bytes of the documents in flight and of what is made of them. As much is
    /// reserved for rows as for documents; what rows take beyond that is counted as they are made.
    /// A document that is larger is claimed alone, and one document at a time may exceed the limit,
    /// within its own limits.
    pub max_bytes_in_flight: u64,
    /// When failed applications count against the exit status.
    pub fail_on: FailOn,
    /// An application that was reaped, or refused by the database, this often while alone is
    /// quarantined; at least 1.
    pub max_reaps: u32,
    /// How long to keep trying when the store can no longer be reached.
    pub store_patience: Duration,
    /// How long a completion may go without an answer before its connection is given up.
    pub answer_timeout: Duration,
    /// How long shredding a document may take, as [`super::Shred`] limits it; zero means no limit.
    pub document_timeout: Duration,
    /// Why the log of the run does not hold what it should, if so: asked before a run is called
    /// done.
    pub incomplete_log: fn() -> Option<String>,
}

/// The defaults that do not depend on the machine; the settings display them.
impl RunConfig {
    /// Default of `batch_size`: an upper limit, for bytes and rows are what a batch costs. Documents of 20 KB
    /// come 200 at a time.
    pub const BATCH_SIZE: u32 = 1000;
    /// Bytes of the documents of a batch, at most, unless it is one document: 4 MiB. Rows come of
    /// documents, so this limits the rows that one transaction writes, too, and with them the locks it
    /// takes and how long others wait for them.
    pub const BATCH_BYTES: u64 = 4 << 20;
    /// Rows of a batch, if its applications have as many as those before: so many that what a transaction
    /// costs by itself does not matter, and so few that nobody waits long for its locks. A statement
    /// inserts 4,000 at most, so that no lock becomes one of the table.
    pub const BATCH_ROWS: u64 = 10_000;
    /// Default of `lease`.
    pub const LEASE: Duration = Duration::from_secs(120);
    /// Default of `answer_timeout`: far more than a completion takes, whose procedure waits half a
    /// minute for a lock and divides a batch that is refused.
    pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);
    /// Default of `poll`.
    pub const POLL: Duration = Duration::from_secs(5);
    /// Default of `max_bytes_in_flight`: 128 MiB.
    pub const MAX_BYTES_IN_FLIGHT: u64 = 128 << 20;
    /// Default of `max_reaps`.
    pub const MAX_REAPS: u32 = 3;
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            session: SessionId(Uuid::new_v4()),
            store_name: "store".into(),
            worker_name: format!("{}:{}", host_name(), std::process::id()),
            agent_job: None,
            agent_step: None,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            batch_size: Self::BATCH_SIZE,
            limit: None,
            share: Share::default(),
            lease: Self::LEASE,
            follow: false,
            poll: Self::POLL,
            max_bytes_in_flight: Self::MAX_BYTES_IN_FLIGHT,
            fail_on: FailOn::Any,
            max_reaps: Self::MAX_REAPS,
            store_patience: Duration::from_secs(60),
            answer_timeout: Self::ANSWER_TIMEOUT,
            document_timeout: Duration::from_secs(60),
            incomplete_log: || None,
        }
    }
}

/// What prevents a run from starting.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store could not be opened, or the session could not be recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A request to stop arrived while it waited for the store.
    #[error("interrupted before anything was claimed")]
    Stopped,
    /// The thread that prepared the run panicked; it has printed why.
    #[error("defect in xmlshred: it panicked before anything was claimed")]
    Defect,
    /// The operating system refused to start threads.
    #[error("cannot start {threads} worker threads: {reason}")]
    Threads {
        /// How many were requested.
        threads: usize,
        /// The message of the operating system.
        reason: String,
    },
}
