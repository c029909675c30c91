//! Several processes and threads on one file: no errors, and nothing is done twice.

use std::process::{Child, Command};
use std::sync::mpsc;

use xmlshred::store::sqlite::SqliteStore;
use xmlshred::store::{failpoint, Claimed, ReapRequest, Store};

use super::{connection, SqliteHarness};
use crate::store::assert_invariants;
use crate::store::harness::{contract, failure, ids, success, Harness, Worker};

/// Set in a process that a test started, to its store.
const STORE: &str = "XMLSHRED_TEST_STORE";

/// Starts this test binary again, to run `test` alone on the store.
fn again(test: &str, harness: &SqliteHarness) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["--exact", &format!("store::sqlite::contention::{test}")]);
    command.env(STORE, harness.path());
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    command
}

/// The store that this process was started for, if a test started it.
fn given_store() -> Option<SqliteHarness> {
    std::env::var_os(STORE).map(|path| SqliteHarness::on(path.into()))
}

#[test]
fn processes_side_by_side_never_share_an_application() {
    if let Some(store) = given_store() {
        return work_until_empty(&store);
    }
    let harness = SqliteHarness::fresh();
    harness.prepare(300);
    let children: Vec<Child> = (0..3)
        .map(|_| again("processes_side_by_side_never_share_an_application", &harness))
        .map(|mut command| command.spawn().expect("start"))
        .collect();
    for mut child in children {
        assert!(child.wait().expect("end").success());
    }
    assert_eq!(harness.count("processing_log", "attempt = 1"), 300);
    assert_invariants(harness.path());
}

fn work_until_empty(store: &dyn Harness) {
    let contract = contract();
    let mut worker = Worker::start(store, &contract);
    loop {
        let request = worker.request(5);
        match worker.store.claim_batch(&request).expect("claim") {
            Claimed::Batch(batch) => {
                let outcomes: Vec<_> = batch
                    .apps
                    .iter()
                    .map(|app| if app.app_id.0 % 7 == 0 { failure(app) } else { success(app) })
                    .collect();
                worker.complete(&contract, batch.token, &outcomes);
            }
            Claimed::Empty { .. } | Claimed::Paused(_) => return,
        }
        worker.store.reap_expired(ReapRequest::default()).expect("reap");
    }
}

/// Runs `test` in a separate process that dies at a failpoint.
fn die_at(name: &str, test: &str, harness: &SqliteHarness) {
    let status = again(test, harness).env("XMLSHRED_FAILPOINT", name).status().expect("run");
    assert!(!status.success());
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(status.signal(), Some(libc::SIGKILL), "{status}");
    }
}

#[test]
fn a_process_killed_after_claiming_leaves_a_claim_to_reap() {
    if let Some(store) = given_store() {
        return work_until_empty(&store);
    }
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(8);
    let test = "a_process_killed_after_claiming_leaves_a_claim_to_reap";
    die_at(&format!("{}:2", failpoint::AFTER_CLAIM), test, &harness);
    assert_eq!(harness.count("processing_log", "1 = 1"), 5);
    assert_eq!(harness.count("processing_queue", "state = 1"), 3);
    assert_invariants(harness.path());
    harness.execute("UPDATE {processing_claim} SET lease_expires_at_utc = claimed_at_utc - 1");
    let mut worker = Worker::start(&harness, &contract);
    assert_eq!(worker.reap().apps, 3);
    assert_eq!(ids(&worker.claim(8)), [6, 7, 8]);
}

#[test]
fn a_process_killed_before_its_commit_has_written_nothing() {
    if let Some(store) = given_store() {
        return work_until_empty(&store);
    }
    let harness = SqliteHarness::fresh();
    harness.prepare(8);
    let test = "a_process_killed_before_its_commit_has_written_nothing";
    die_at(failpoint::BETWEEN_STAGE_AND_COMMIT, test, &harness);
    assert_eq!(harness.count("processing_log", "1 = 1") + harness.count("app_base", "1 = 1"), 0);
    assert_eq!(harness.count("processing_queue", "state = 1"), 5);
    assert_invariants(harness.path());
}

#[test]
fn a_process_killed_after_its_commit_has_written_everything() {
    if let Some(store) = given_store() {
        return work_until_empty(&store);
    }
    let harness = SqliteHarness::fresh();
    harness.prepare(8);
    let test = "a_process_killed_after_its_commit_has_written_everything";
    die_at(failpoint::AFTER_COMMIT_BEFORE_ANSWER, test, &harness);
    assert_eq!(harness.count("processing_log", "1 = 1"), 5);
    assert_eq!(harness.count("processing_claim", "1 = 1"), 0);
    assert_invariants(harness.path());
}

#[test]
fn a_lock_that_is_held_is_waited_for() {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(4);
    let mut worker = Worker::start(&harness, &contract);
    let outside = connection(harness.path());
    outside.execute_batch("BEGIN IMMEDIATE").expect("lock");
    let (about_to_claim, waiting) = mpsc::channel();
    std::thread::scope(|scope| {
        let claimer = scope.spawn(move || {
            about_to_claim.send(()).expect("send");
            ids(&worker.claim(4))
        });
        waiting.recv().expect("the claimer runs");
        outside.execute_batch("COMMIT").expect("unlock");
        assert_eq!(claimer.join().expect("claims"), [1, 2, 3, 4]);
    });
}

#[test]
fn reading_does_not_wait_for_a_writer() {
    let harness = SqliteHarness::fresh();
    harness.prepare(4);
    let outside = connection(harness.path());
    outside.execute_batch("BEGIN IMMEDIATE; DELETE FROM processing_queue").expect("lock");
    let mut store = SqliteStore::open(harness.path()).expect("opening does not wait either");
    assert_eq!(store.get_status().expect("status").ready, 4);
    assert!(store.read_document(xmlshred::id::AppId(1)).expect("read").is_some());
}

#[test]
fn a_long_reader_delays_no_writer() {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(4);
    let outside = connection(harness.path());
    let count = |sql: &str| outside.query_row(sql, [], |row| row.get::<_, i64>(0)).expect(sql);
    outside.execute_batch("BEGIN").expect("begin");
    assert_eq!(count("SELECT count(*) FROM processing_queue"), 4);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(4);
    worker.succeed(&contract, &batch);
    assert_eq!(count("SELECT count(*) FROM processing_queue"), 4, "its view does not change");
    outside.execute_batch("COMMIT").expect("commit");
    assert_eq!(count("SELECT count(*) FROM processing_queue"), 0);
}
