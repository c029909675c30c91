//! The pipeline: prefetch, workers, completion, lease keeper, shutdown.
//!
//! One thread claims, one completes, one renews, each with its own session; documents are
//! shredded on a pool of worker threads in between. So claiming batch n+1, shredding batch n and
//! completing batch n-1 overlap, and a slow claim never holds up a renewal.
//!
//! ```text
//! claim ──▶ Flow: bytes reserved ──▶ workers ──▶ complete ──▶ bytes given back
//!              lease keeper renews beside it
//! ```
//!
//! The threads are not joined when the run has to stop at once: a store call that hangs or a
//! document that takes minutes must not keep the process from ending in time. What they still
//! held is then [`RunSummary::unsettled`], and the reaper's.

mod batch;
mod claim;
mod complete;
mod exit_status;
mod fail_on;
mod flow;
mod host;
mod keep;
mod lease;
mod remaining;
mod session;
mod shredding;
mod shutdown;
mod startup;
pub mod stop_event;
mod summary;
mod tally;

pub use exit_status::ExitStatus;
pub use fail_on::FailOn;
pub use host::{host_name, peak_memory_bytes};
pub use session::{Connect, Role};
pub use shredding::{ContractShredder, Shred};
pub use shutdown::Shutdown;
pub use startup::unless_stopped;
pub use summary::{Left, RunEnd, RunSummary, TableCount};

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{bounded, never, select, tick, Receiver, Sender};
use uuid::Uuid;

use crate::contract::Contract;
use crate::id::SessionId;
use crate::store::{self, SessionStart, Share, StoreError};

use batch::{Held, InFlight};
use flow::{Flow, Stop};
use remaining::Remaining;
use session::Session;
use tally::Tally;

/// Parameters of a run. [`RunConfig::default`] is what the command line starts from.
#[derive(Debug, Clone)]
pub struct RunConfig {
    /// The session this run is: a new one for each run.
    pub session: SessionId,
    /// How the store is called in log lines.
    pub store_name: String,
    /// How the worker is called in the log and the status.
    pub worker_name: String,
    /// SQL Server Agent job, where one started the run.
    pub agent_job: Option<String>,
    /// SQL Server Agent step, where one started the run.
    pub agent_step: Option<String>,
    /// Threads that shred, at least 1.
    pub workers: usize,
    /// Applications per claim, at least 1.
    pub batch_size: u32,
    /// Never claim more applications than this.
    pub limit: Option<u64>,
    /// Which of the queue to take.
    pub share: Share,
    /// How long a claim holds without a renewal. It is renewed at a third of this.
    pub lease: Duration,
    /// Go on when nothing is ready, and look again every `poll`.
    pub follow: bool,
    /// How often to look for work when following.
    pub poll: Duration,
    /// Bound on twice the bytes of the documents in flight; one larger document is taken alone.
    pub max_bytes_in_flight: u64,
    /// When failed applications count against the exit status.
    pub fail_on: FailOn,
    /// An application reaped this often while alone in its claim is quarantined, at least 1.
    pub max_reaps: u32,
    /// How long to go on trying when the store cannot be reached, after it was once.
    pub store_patience: Duration,
}

/// The defaults that are the same everywhere; the settings show them.
impl RunConfig {
    /// Default of `batch_size`.
    pub const BATCH_SIZE: u32 = 25;
    /// Default of `lease`.
    pub const LEASE: Duration = Duration::from_secs(120);
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
        }
    }
}

/// What keeps a run from beginning.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store could not be opened, or the session not be recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was asked to stop while it waited for the store.
    #[error("interrupted before anything was claimed")]
    Stopped,
    /// The system gave no threads.
    #[error("cannot start {threads} worker threads: {reason}; give a smaller --workers")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        reason: String,
    },
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Time since the run began.
    pub elapsed: Duration,
    /// Applications claimed.
    pub claimed: u64,
    /// Applications logged as success.
    pub success: u64,
    /// Applications logged as failed.
    pub failed: u64,
    /// Size of the documents of concluded applications, in bytes.
    pub document_bytes: u64,
    /// Where known, how many applications of this share were ready or in this run's own hands, and
    /// when that was, as time since the run began. What other workers hold is not among them.
    pub to_do: Option<(u64, Duration)>,
}

/// Somebody who watches a run.
pub trait Observer {
    /// Whether [`Progress::to_do`] is of use: counting costs the store a query now and then.
    fn wants_to_do(&self) -> bool {
        false
    }

    /// Called about five times a second from the thread that called [`run`].
    fn progress(&mut self, progress: &Progress);
}

/// Nobody watches.
impl Observer for () {
    fn progress(&mut self, _: &Progress) {}
}

/// Claims, shreds and completes until the queue has nothing ready, the limit is reached or the
/// run is asked to stop, which it then does within five seconds whatever is in flight.
///
/// # Errors
/// Only when the run cannot begin. What stops it later is in [`RunSummary::stopped_by`].
pub fn run(
    config: RunConfig,
    contract: Arc<Contract>,
    connect: Connect,
    shred: Arc<dyn Shred>,
    shutdown: &Shutdown,
    observer: &mut dyn Observer,
) -> Result<RunSummary, RunError> {
    let started = Instant::now();
    let (start, connecting) = (session_start(&config, &contract), connect.clone());
    let [claiming, completing, renewing] =
        unless_stopped(shutdown, &config.store_name, move || open_sessions(&connecting, &start))??;

    let (shared, messages) = Shared::new(config, contract, shred)?;
    if shutdown.is_requested() {
        shared.interrupt();
    }
    let completed = shared.start(claiming, completing, renewing, messages)?;
    if observer.wants_to_do() {
        remaining::watch(&shared, connect, started)?;
    }
    shared.supervise(started, shutdown, observer, &completed);
    observer.progress(&shared.progress(started));
    Ok(shared.summary(started))
}

/// Opens the three threads' sessions and records the run's.
fn open_sessions(connect: &Connect, start: &SessionStart) -> store::Result<[Session; 3]> {
    let mut claiming = Session::open(connect, Role::Claim)?;
    let completing = Session::open(connect, Role::Complete)?;
    let renewing = Session::open(connect, Role::Renew)?;
    claiming.call(|store| store.start_session(start))?;
    Ok([claiming, completing, renewing])
}

fn session_start(config: &RunConfig, contract: &Contract) -> SessionStart {
    SessionStart {
        session: config.session,
        worker_name: config.worker_name.clone(),
        host: host_name(),
        pid: std::process::id(),
        program_version: env!("CARGO_PKG_VERSION").into(),
        contract_hash: contract.hash,
        agent_job: config.agent_job.clone(),
        agent_step: config.agent_step.clone(),
    }
}

/// What is sent to the completing thread.
#[derive(Debug)]
enum Message {
    /// A batch with nothing left to shred.
    Closed(Arc<InFlight>),
    /// No more batches are claimed.
    ClaimsEnded,
}

/// What the threads of one run share.
struct Shared {
    config: RunConfig,
    contract: Arc<Contract>,
    shred: Arc<dyn Shred>,
    pool: rayon::ThreadPool,
    flow: Flow,
    held: Held,
    tally: Mutex<Tally>,
    remaining: Remaining,
    interrupted: AtomicBool,
    to_completer: Sender<Message>,
}

/// After a request to stop, batches that are still being shredded are closed as they stand.
const CLOSE_AFTER: Duration = Duration::from_millis(2500);

/// After a request to stop, [`run`] returns whatever is in flight.
const DRAIN_WITHIN: Duration = Duration::from_millis(4400);

/// After an error nobody waits at a terminal, and giving claims back is worth more time.
const ABORT_WITHIN: Duration = Duration::from_secs(30);

impl Shared {
    fn new(
        config: RunConfig,
        contract: Arc<Contract>,
        shred: Arc<dyn Shred>,
    ) -> Result<(Arc<Self>, Receiver<Message>), RunError> {
        let threads = config.workers.max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("xmlshred-shred-{index}"))
            .build()
            .map_err(|error| RunError::Threads { threads, reason: error.to_string() })?;
        // One batch being claimed, one being completed, and enough between them that every
        // worker has a document while its neighbours finish the batch before.
        let shredding = (2 * threads).div_ceil(config.batch_size.max(1) as usize).max(1);
        let max_batches = shredding + 2;
        let (to_completer, messages) = bounded(max_batches + 1);
        let shared = Self {
            flow: Flow::new(config.max_bytes_in_flight, max_batches),
            tally: Mutex::new(Tally::new(contract.targets.len())),
            config,
            contract,
            shred,
            pool,
            held: Held::default(),
            remaining: Remaining::default(),
            interrupted: AtomicBool::new(false),
            to_completer,
        };
        Ok((Arc::new(shared), messages))
    }

    /// Starts the three threads. The channel disconnects when completing has ended.
    fn start(
        self: &Arc<Self>,
        claiming: Session,
        completing: Session,
        renewing: Session,
        messages: Receiver<Message>,
    ) -> Result<Receiver<()>, RunError> {
        let (running, completed) = bounded::<()>(0);
        self.spawn("renew", move |shared| keep::keep_leases(shared, renewing))?;
        self.spawn("complete", move |shared| {
            let _running = running;
            complete::complete_batches(shared, completing, &messages);
        })?;
        self.spawn("claim", move |shared| {
            let _ended = ClaimsEnded(&shared.to_completer);
            claim::claim_batches(shared, claiming);
        })?;
        Ok(completed)
    }

    /// Starts a thread whose panic stops the run instead of leaving it waiting.
    fn spawn(
        self: &Arc<Self>,
        name: &'static str,
        body: impl FnOnce(&Arc<Self>) + Send + 'static,
    ) -> Result<(), RunError> {
        let shared = self.clone();
        let guarded = move || {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(&shared))) {
                let message = shredding::panic_message(panic.as_ref());
                let text = format!("defect in xmlshred: its {name} thread panicked: {message}");
                shared.fail_with(RunEnd::Lost, text);
            }
        };
        let thread = std::thread::Builder::new().name(format!("xmlshred-{name}")).spawn(guarded);
        thread
            .map(drop)
            .map_err(|error| RunError::Threads { threads: 1, reason: error.to_string() })
    }

    /// Waits until completing has ended, or a run that is stopping has had its time.
    fn supervise(
        &self,
        started: Instant,
        shutdown: &Shutdown,
        observer: &mut dyn Observer,
        completed: &Receiver<()>,
    ) {
        let ticks = tick(Duration::from_millis(200));
        let mut requested = shutdown.requested().clone();
        loop {
            select! {
                recv(completed) -> _ => break,
                recv(requested) -> _ => {
                    requested = never();
                    self.interrupt();
                }
                recv(ticks) -> _ => observer.progress(&self.progress(started)),
            }
            let Some((stop, since)) = self.flow.stopping_for() else { continue };
            if since > CLOSE_AFTER {
                self.close_batches();
            }
            if since > if stop == Stop::Drain { DRAIN_WITHIN } else { ABORT_WITHIN } {
                tracing::warn!("stopping without an answer from the store or from a worker thread");
                break;
            }
        }
        self.flow.stop(Stop::Drain);
    }

    /// Sends on every batch as far as it was shredded.
    fn close_batches(&self) {
        for batch in self.held.batches() {
            if batch.close() {
                self.send_on(batch);
            }
        }
    }

    /// Hands a closed batch to the completing thread.
    fn send_on(&self, batch: Arc<InFlight>) {
        // The completing thread is only gone when the run is over.
        self.to_completer.send(Message::Closed(batch)).ok();
    }

    fn interrupt(&self) {
        self.interrupted.store(true, Ordering::SeqCst);
        self.flow.stop(Stop::Drain);
    }

    /// Stops the run because of the store.
    fn fail(&self, error: &StoreError) {
        let end = match error {
            StoreError::ContractNotInstalled { .. } => RunEnd::ContractRefused,
            StoreError::Unreachable { .. }
            | StoreError::Damaged { .. }
            | StoreError::NotInstalled { .. }
            | StoreError::OtherVersion { .. } => RunEnd::StoreUnreachable,
            _ => RunEnd::Lost,
        };
        self.fail_with(end, error.to_string());
    }

    /// Stops the run; the first reason is the one that is reported.
    fn fail_with(&self, end: RunEnd, text: String) {
        tracing::error!(error = text, "stopping: giving back what is held");
        self.tally().fatal.get_or_insert((end, text));
        self.flow.stop(Stop::Abort);
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the run ends, as things stand.
    fn end(&self) -> RunEnd {
        let tally = self.tally();
        let failed = tally.failed_apps() + tally.quarantined;
        let lost = tally.lost_leases + tally.defects + tally.unsettled > 0;
        match &tally.fatal {
            Some((end, _)) => *end,
            None if self.interrupted.load(Ordering::SeqCst) => RunEnd::Interrupted,
            None if lost => RunEnd::Lost,
            None if self.config.fail_on.is_exceeded(failed, tally.success + failed) => {
                RunEnd::SomeFailed
            }
            None => RunEnd::Done,
        }
    }

    fn progress(&self, started: Instant) -> Progress {
        let tally = self.tally();
        Progress {
            elapsed: started.elapsed(),
            claimed: tally.claimed,
            success: tally.success,
            failed: tally.failed_apps(),
            document_bytes: tally.document_bytes,
            to_do: self.remaining.get(),
        }
    }

    fn summary(&self, started: Instant) -> RunSummary {
        {
            let mut tally = self.tally();
            tally.unsettled += tally.in_hand();
        }
        let end = self.end();
        let tally = self.tally();
        let seconds = started.elapsed().as_secs_f64().max(1e-6);
        let concluded = tally.success + tally.failed_apps();
        let to_thousandths = |number: f64| (number * 1e3).round() / 1e3;
        let percentile =
            |share| tally.shred_times.percentile(share).map(|time| time.as_micros() as f64 / 1e3);
        let tables = self.contract.targets.iter().zip(&tally.rows);
        RunSummary {
            end,
            exit_status: end.exit_status().code(),
            stopped_by: tally.fatal.as_ref().map(|(_, text)| text.clone()),
            worker: self.config.worker_name.clone(),
            session: self.config.session.0.to_string(),
            claimed: tally.claimed,
            success: tally.success,
            failed: tally.failed_apps(),
            failed_by_category: tally.failed.iter().map(|(c, n)| (c.name().into(), *n)).collect(),
            quarantined: tally.quarantined,
            released: tally.released,
            abandoned: tally.abandoned,
            unsettled: tally.unsettled,
            defects: tally.defects,
            lost_leases: tally.lost_leases,
            left: tally.left,
            rows: tables.map(|(t, n)| TableCount { table: t.name.clone(), rows: *n }).collect(),
            document_bytes: tally.document_bytes,
            wall_seconds: to_thousandths(seconds),
            apps_per_second: to_thousandths(concluded as f64 / seconds),
            megabytes_per_second: to_thousandths(tally.document_bytes as f64 / 1e6 / seconds),
            shred_p50_ms: percentile(0.5),
            shred_p99_ms: percentile(0.99),
            peak_memory_bytes: peak_memory_bytes(),
        }
    }
}

/// Tells the completing thread that claiming has ended, however it ended.
struct ClaimsEnded<'a>(&'a Sender<Message>);

impl Drop for ClaimsEnded<'_> {
    fn drop(&mut self) {
        self.0.send(Message::ClaimsEnded).ok();
    }
}
