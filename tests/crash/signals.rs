//! Workers that are interrupted by hand, or suspended for longer than their lease.

use std::collections::HashSet;
use std::process::Stdio;
use std::time::Duration;

use xmlshred::store::sqlite::SqliteStore;
use xmlshred::store::{ReapRequest, Store};

use super::stage::{wait_until, Stage, Worker};

const LOGGED: &str = "SELECT app_id FROM processing_log ORDER BY app_id";

#[test]
fn an_interrupted_worker_returns_its_claims_and_the_next_run_claims_other_applications() {
    let stage = Stage::with_apps(1500);
    let mut worker =
        Worker::start(&mut stage.run("--workers 1 --batch-size 5 --lease 10m --fail-on never"));
    wait_until("some are done", || stage.number("SELECT count(*) FROM processing_log") >= 30);
    worker.signal(libc::SIGINT);
    assert_eq!(worker.wait().code(), Some(130));

    // Nothing has to wait for a lease of ten minutes.
    assert_eq!(stage.claimed(), 0);
    assert_eq!(stage.number("SELECT count(*) FROM processing_claim"), 0);
    crate::store::assert_invariants(&stage.store());
    let first: HashSet<i64> = stage.ids(LOGGED).into_iter().collect();
    let exit = stage.number("SELECT exit_status FROM processing_session");
    assert_eq!(exit, 130);

    let again = "--limit 100 --fail-on never";
    assert_eq!(Worker::start(&mut stage.run(again)).wait().code(), Some(0));
    let both = stage.ids(LOGGED);
    let second: Vec<i64> = both.iter().copied().filter(|id| !first.contains(id)).collect();
    assert_eq!((second.len(), both.len()), (100, first.len() + 100));
    assert_eq!(stage.ids("SELECT DISTINCT attempt FROM processing_log"), [1]);
    crate::store::assert_invariants(&stage.store());
}

#[test]
fn a_terminated_worker_drains_as_an_interrupted_one_does() {
    let stage = Stage::with_apps(1500);
    let mut worker = Worker::start(&mut stage.run("--workers 2 --lease 10m --fail-on never"));
    wait_until("some are done", || stage.number("SELECT count(*) FROM processing_log") >= 25);
    worker.signal(libc::SIGTERM);
    assert_eq!(worker.wait().code(), Some(130));
    assert_eq!(stage.claimed(), 0);
    crate::store::assert_invariants(&stage.store());
}

#[test]
fn a_second_signal_ends_a_worker_at_once() {
    let stage = Stage::with_apps(120);
    let log = stage.store().with_extension("log");
    let stderr = std::fs::File::create(&log).expect("log");
    let mut command = stage.run("--workers 1 --batch-size 5 --lease 10m --log-level info");
    let mut worker = Worker::start(command.stderr(Stdio::from(stderr)));
    wait_until("it works", || stage.claimed() > 0);
    // No other process can write while this transaction is open, so the worker cannot drain.
    let mut database = stage.database();
    let transaction = database
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .expect("the write lock");
    worker.signal(libc::SIGINT);
    wait_until("the first signal is seen", || {
        std::fs::read_to_string(&log).expect("log").contains("a second signal stops at once")
    });
    assert!(!worker.has_ended());
    worker.signal(libc::SIGINT);
    assert_eq!(worker.wait().code(), Some(130));
    transaction.rollback().expect("rollback");
    drop(database);
    wait_until("leases expire", || {
        let expire = "UPDATE processing_claim SET lease_expires_at_utc = claimed_at_utc - 1";
        stage.database().execute(expire, []).expect("expire");
        !stage.has_live_lease()
    });
    stage.finish();
    stage.assert_all_concluded();
}

#[test]
fn a_worker_suspended_beyond_its_lease_writes_nothing_of_what_was_reaped() {
    let stage = Stage::with_apps(1500);
    let mut suspended = Worker::start(
        &mut stage
            .run("--workers 1 --batch-size 20 --lease 2s --fail-on never --worker-name suspended"),
    );
    suspend_outside_a_transaction(&stage, &mut suspended);
    let held = stage.ids("SELECT app_id FROM processing_queue WHERE state = 1 ORDER BY app_id");
    wait_until("its lease expires", || !stage.has_live_lease());
    let mut store = SqliteStore::open(&stage.store()).expect("open");
    let reaped = store.reap_expired(ReapRequest::default()).expect("reap");
    assert_eq!(reaped.apps, held.len() as u64);
    stage.finish();
    stage.assert_all_concluded();

    suspended.signal(libc::SIGCONT);
    assert_eq!(suspended.wait().code(), Some(5));
    stage.assert_all_concluded();
    let attempts = "SELECT app_id FROM processing_log WHERE attempt = 2 ORDER BY app_id";
    assert_eq!(stage.ids(attempts), held);
}

/// Suspends the process and returns when it is suspended: until then it may still claim.
fn suspend(worker: &mut Worker) {
    worker.signal(libc::SIGSTOP);
    let pid = worker.pid();
    // SAFETY: the call writes no status; a suspended child is reported and not reaped.
    let suspended = unsafe { libc::waitpid(pid, std::ptr::null_mut(), libc::WUNTRACED) };
    assert_eq!(suspended, pid, "suspend {pid}");
}

/// Suspends a worker that holds a claim and does not hold the store's write lock, which would make
/// all others wait for it.
fn suspend_outside_a_transaction(stage: &Stage, worker: &mut Worker) {
    wait_until("it is suspended with a claim and without the lock", || {
        suspend(worker);
        let database = stage.database();
        database.busy_timeout(Duration::from_millis(100)).expect("timeout");
        let free = database.execute_batch("BEGIN IMMEDIATE; ROLLBACK;").is_ok();
        if free && stage.claimed() > 0 {
            return true;
        }
        worker.signal(libc::SIGCONT);
        false
    });
}
