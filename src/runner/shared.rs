//! What the threads of one run share.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crossbeam_channel::{bounded, Receiver, Sender};

use super::batch::{Held, InFlight};
use super::config::{RunConfig, RunError};
use super::flow::Flow;
use super::host::{peak_memory_bytes, Duty};
use super::observer::Progress;
use super::session::{CallClock, Session};
use super::shredder::Shred;
use super::stop::Stop;
use super::summary::{RunEnd, RunSummary, TableCount};
use super::tally::Tally;
use super::to_do::ToDo;
use crate::contract::Contract;
use crate::shred::panic_message;
use crate::store::StoreError;

/// A message to the completing thread.
#[derive(Debug)]
pub(super) enum Message {
    /// A batch with nothing left to shred.
    Closed(Arc<InFlight>),
    /// A batch with outcomes that are completed before the others, because memory is short.
    Part(Arc<InFlight>),
    /// No more batches are claimed.
    ClaimsEnded,
}

/// Applications of a batch whose size its documents' bytes limit.
const FEW_APPS: u32 = 25;

/// What the threads of one run share.
pub(super) struct Shared {
    pub(super) config: RunConfig,
    pub(super) contract: Arc<Contract>,
    pub(super) shred: Arc<dyn Shred>,
    pub(super) pool: rayon::ThreadPool,
    pub(super) flow: Flow,
    pub(super) held: Held,
    pub(super) calls: [Arc<CallClock>; 3],
    pub(super) tally: Mutex<Tally>,
    pub(super) to_do: ToDo,
    pub(super) interrupted: AtomicBool,
    /// Whether a call of the store hangs, so that its thread never ends.
    pub(super) hangs: AtomicBool,
    pub(super) to_completer: Sender<Message>,
    /// The claiming thread's session once it has ended.
    pub(super) left_session: Mutex<Option<Session>>,
}

impl Shared {
    pub(super) fn new(
        config: RunConfig,
        contract: Arc<Contract>,
        shred: Arc<dyn Shred>,
        calls: [Arc<CallClock>; 3],
    ) -> Result<(Arc<Self>, Receiver<Message>), RunError> {
        let threads = config.workers.max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("xmlshred-shred-{index}"))
            .start_handler(|_| Duty::Shred.take_up())
            .build()
            .map_err(|error| RunError::Threads { threads, reason: error.to_string() })?;
        // One batch being claimed, one being completed, and enough between them that every
        // worker has a document while the others finish the previous batch.
        // Batches of large documents have few.
        let apps = config.batch_size.clamp(1, FEW_APPS) as usize;
        let shredding = (2 * threads).div_ceil(apps).max(1);
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
            calls,
            to_do: ToDo::default(),
            interrupted: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
            to_completer,
            left_session: Mutex::default(),
        };
        Ok((Arc::new(shared), messages))
    }

    /// Starts a thread whose panic stops the run instead of leaving it waiting.
    pub(super) fn spawn(
        self: &Arc<Self>,
        name: &'static str,
        body: impl FnOnce(&Arc<Self>) + Send + 'static,
    ) -> Result<(), RunError> {
        let shared = self.clone();
        let guarded = move || {
            Duty::Store.take_up();
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(&shared))) {
                let message = panic_message(panic.as_ref());
                let text = format!("defect in xmlshred: its {name} thread panicked: {message}");
                shared.fail_with(RunEnd::Lost, text);
            }
        };
        let thread = std::thread::Builder::new().name(format!("xmlshred-{name}")).spawn(guarded);
        thread
            .map(drop)
            .map_err(|error| RunError::Threads { threads: 1, reason: error.to_string() })
    }

    /// Hands a closed batch to the completing thread.
    pub(super) fn send_on(&self, batch: Arc<InFlight>) {
        // The completing thread ends only when the run is over.
        self.to_completer.send(Message::Closed(batch)).ok();
    }

    /// Has what is finished of a batch completed before the rest.
    pub(super) fn send_part(&self, batch: &Arc<InFlight>) {
        if batch.has_part() {
            self.to_completer.send(Message::Part(batch.clone())).ok();
        }
    }

    pub(super) fn interrupt(&self) {
        tracing::info!(
            "stopping: finishing what is being shredded and releasing the rest; a second signal \
             stops at once"
        );
        self.interrupted.store(true, Ordering::SeqCst);
        self.flow.stop(Stop::Drain);
    }

    /// Stops the run after an error of the store.
    pub(super) fn fail(&self, error: &StoreError) {
        let end = match error {
            StoreError::ContractNotInstalled { .. } => RunEnd::ContractRefused,
            StoreError::Unreachable { .. }
            | StoreError::Unanswered { .. }
            | StoreError::Replaced { .. }
            | StoreError::Damaged { .. }
            | StoreError::NotInstalled { .. }
            | StoreError::OtherVersion { .. } => RunEnd::StoreUnreachable,
            _ => RunEnd::Lost,
        };
        self.fail_with(end, error.to_string());
    }

    /// Stops the run; the first reason is reported.
    pub(super) fn fail_with(&self, end: RunEnd, text: String) {
        tracing::error!(error = text, "stopping: releasing what is held");
        self.tally().fatal.get_or_insert((end, text));
        self.flow.stop(Stop::Abort);
    }

    /// Leaves a session to the thread that ends the run.
    pub(super) fn leave_session(&self, session: Session) {
        *self.left_session.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
    }

    /// The session that was left.
    pub(super) fn take_session(&self) -> Option<Session> {
        self.left_session.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the run ends, by the counts so far.
    pub(super) fn end(&self) -> RunEnd {
        let incomplete_log = (self.config.incomplete_log)();
        let tally = self.tally();
        let failed = tally.failed_apps() + tally.quarantined;
        let lost = tally.lost_leases + tally.unsettled > 0;
        match &tally.fatal {
            Some((end, _)) => *end,
            None if self.interrupted.load(Ordering::SeqCst) => RunEnd::Interrupted,
            None if lost => RunEnd::Lost,
            None if self.config.fail_on.is_exceeded(failed, tally.success + failed) => {
                RunEnd::SomeFailed
            }
            None if incomplete_log.is_some() => RunEnd::NotLogged,
            None => RunEnd::Done,
        }
    }

    pub(super) fn progress(&self, started: Instant) -> Progress {
        let counted = self.to_do.get();
        let tally = self.tally();
        let waits = tally.left.claimed_elsewhere.is_some_and(|apps| apps > 0);
        Progress {
            elapsed: started.elapsed(),
            claimed: tally.claimed,
            success: tally.success,
            failed: tally.failed_apps(),
            document_bytes: tally.document_bytes,
            to_do: counted.to_do,
            waits_for: counted.elsewhere.filter(|_| waits && tally.in_hand() == 0),
        }
    }

    pub(super) fn summary(&self, started: Instant) -> RunSummary {
        {
            let mut tally = self.tally();
            tally.unsettled += tally.in_hand();
        }
        let end = self.end();
        let tally = self.tally();
        let seconds = started.elapsed().as_secs_f64().max(1e-6);
        let concluded = tally.success + tally.failed_apps();
        let to_thousandths = |number: f64| (number * 1e3).round() / 1e3;
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
            refused: tally.refused,
            released: tally.released,
            abandoned: tally.abandoned,
            unsettled: tally.unsettled,
            lost_leases: tally.lost_leases,
            left: tally.left,
            rows: tables.map(|(t, n)| TableCount { table: t.name.clone(), rows: *n }).collect(),
            document_bytes: tally.document_bytes,
            wall_seconds: to_thousandths(seconds),
            apps_per_second: to_thousandths(concluded as f64 / seconds),
            megabytes_per_second: to_thousandths(tally.document_bytes as f64 / 1e6 / seconds),
            shred_p50_ms: tally.shred_times.percentile_ms(0.5),
            shred_p99_ms: tally.shred_times.percentile_ms(0.99),
            peak_memory_bytes: peak_memory_bytes(),
        }
    }
}
