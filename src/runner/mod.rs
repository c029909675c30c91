//! The pipeline: prefetch, workers, completion, lease keeper, shutdown.
//!
//! One thread claims, one completes, one renews, each with its own session; documents are
//! shredded on a pool of worker threads in between. So claiming batch n+1, shredding batch n and
//! completing batch n-1 overlap, and a slow claim never holds up a renewal.
//!
//! ```text
//! claim ──▶ Flow: bytes reserved ──▶ workers ──▶ complete ──▶ bytes released
//!              lease keeper renews beside it
//! ```
//!
//! A request to stop has three stages, all within the time that the service manager of Windows and SQL
//! Server Agent wait. Documents are started and go on for `DRAIN_GRACE`; those that are not finished by then
//! stop, and have no outcome. What hangs in a document longer than `CLOSE_AFTER` is left behind. So batches
//! are closed: their outcomes are completed, and the rest of each claim is released. After `DRAIN_WITHIN`
//! the run returns although the store has not answered: its transaction ends with the connection, wholly or
//! not at all, and the claims that are left are reaped.
//!
//! The threads are not joined when the run has to stop at once: a store call that hangs or a
//! document that takes minutes must not keep the process from ending in time. What they still
//! hold is counted as [`RunSummary::unsettled`], and the reaper recovers it.

mod account;
mod batch;
mod claim;
mod complete;
mod config;
mod exit_status;
mod fail_on;
mod flow;
mod host;
mod keep;
mod lease;
mod observer;
mod refusals;
mod remaining;
mod session;
mod shared;
mod shredder;
mod shredding;
mod shutdown;
mod signals;
mod startup;
mod stop;
pub mod stop_event;
mod summary;
mod tally;
mod to_do;
mod watch;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{bounded, never, select, tick, Receiver, Sender};

pub use self::config::{RunConfig, RunError};
pub use self::exit_status::ExitStatus;
pub use self::fail_on::FailOn;
pub use self::host::{host_name, peak_memory_bytes};
pub use self::observer::{Elsewhere, Observer, Progress};
pub use self::session::{Connect, Role};
pub use self::shredder::{ContractShredder, Shred};
pub use self::shutdown::Shutdown;
pub use self::signals::on_signals;
pub use self::startup::unless_stopped;
pub use self::summary::{Left, RunEnd, RunSummary, TableCount};
use crate::contract::Contract;
use crate::store::{self, SessionStart};
use session::Session;
use shared::{Message, Shared};
use stop::Stop;

/// Claims, shreds and completes until the queue has nothing ready, the limit is reached or the
/// run is asked to stop. It then stops within five seconds, regardless of what is in flight.
///
/// # Errors
/// Only when the run cannot start. What stops it later is in [`RunSummary::stopped_by`].
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

    let calls = [&claiming, &completing, &renewing].map(Session::clock);
    let (shared, messages) = Shared::new(config, contract, shred, calls)?;
    if shutdown.is_requested() {
        shared.interrupt();
    }
    let completed = start_threads(&shared, claiming, completing, renewing, messages)?;
    if observer.wants_to_do() {
        remaining::watch(&shared, connect, started)?;
    }
    supervise(&shared, started, shutdown, observer, &completed);
    observer.progress(&shared.progress(started));
    Ok(shared.summary(started))
}

/// Opens a session with the store, which records the run. Those of the other threads are opened when there
/// is something to complete or to renew.
fn open_sessions(connect: &Connect, start: &SessionStart) -> store::Result<[Session; 3]> {
    let mut claiming = Session::open(connect, Role::Claim)?;
    let completing = Session::later(connect, Role::Complete);
    let renewing = Session::later(connect, Role::Renew);
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

/// Starts the three threads. The channel disconnects when completing has ended.
fn start_threads(
    shared: &Arc<Shared>,
    claiming: Session,
    completing: Session,
    renewing: Session,
    messages: Receiver<Message>,
) -> Result<Receiver<()>, RunError> {
    let (running, completed) = bounded::<()>(0);
    shared.spawn("renew", move |shared| keep::keep_leases(shared, renewing))?;
    shared.spawn("complete", move |shared| {
        let _running = running;
        complete::complete_batches(shared, completing, &messages);
    })?;
    shared.spawn("claim", move |shared| {
        let _ended = ClaimsEnded(&shared.to_completer);
        claim::claim_batches(shared, claiming);
    })?;
    Ok(completed)
}

/// After a request to stop, batches that are still being shredded are closed after this time.
const CLOSE_AFTER: Duration = Duration::from_millis(2500);

/// After a request to stop, [`run`] returns after this time, regardless of what is in flight.
const DRAIN_WITHIN: Duration = Duration::from_millis(4400);

/// After an error [`run`] takes longer: nobody waits at a terminal, and releasing the claims is
/// worth the time.
const ABORT_WITHIN: Duration = Duration::from_secs(30);

/// Waits until completing has ended, or the time limit of a stopping run is over.
fn supervise(
    shared: &Shared,
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
                shared.interrupt();
            }
            recv(ticks) -> _ => {
                observer.progress(&shared.progress(started));
                if watch::stop_if_something_hangs(shared) {
                    break;
                }
            }
        }
        let Some((stop, since)) = shared.flow.stopping_for() else { continue };
        if since > CLOSE_AFTER {
            close_batches(shared);
        }
        if since > if stop == Stop::Drain { DRAIN_WITHIN } else { ABORT_WITHIN } {
            tracing::warn!("stopping without an answer from the store or from a worker thread");
            break;
        }
    }
    shared.flow.stop(Stop::Drain);
}

/// Hands on every batch with the documents shredded so far.
fn close_batches(shared: &Shared) {
    for batch in shared.held.batches() {
        if batch.close() {
            shared.send_on(batch);
        }
    }
}

/// Notifies the completing thread that claiming has ended, also after a panic.
struct ClaimsEnded<'a>(&'a Sender<Message>);

impl Drop for ClaimsEnded<'_> {
    fn drop(&mut self) {
        self.0.send(Message::ClaimsEnded).ok();
    }
}
