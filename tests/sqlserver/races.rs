//! What others do between two statements of a procedure, brought about at will by a trigger.

use std::sync::mpsc::{channel, RecvTimeoutError};
use std::time::Duration;

use xmlshred::id::AppId;
use xmlshred::store::{Claimed, EnqueueMode, Enqueued, ReapRequest, RetrySelector};

use crate::harness::SqlServerHarness;
use crate::store::harness::{contract, failure, ids, Harness, Worker, NOTHING};
use crate::store::stale::{all, stale};

crate::trials! {
    a_claim_that_is_renewed_while_another_is_reaped_is_left_alone,
    an_application_that_was_finished_while_it_was_enqueued_is_not_queued,
    an_application_that_went_round_while_it_was_retried_is_not_queued,
    an_application_that_is_retried_while_stale_rows_are_deleted_keeps_its_rows,
    a_pause_that_others_end_at_once_is_returned,
    a_pause_that_others_end_while_another_begins_is_returned,
    what_a_neighbour_merely_holds_locked_is_not_the_end_of_the_work,
}

/// A harness whose pipeline does `what` whenever rows come into one of its tables.
fn with_trigger(harness: &SqlServerHarness, table: &str, what: &str) {
    harness.database().execute(&harness.database().own(&format!(
        "CREATE TRIGGER pipeline.tr_race ON pipeline.{table} AFTER INSERT AS
         BEGIN
             SET NOCOUNT ON;
             {what}
         END;"
    )));
}

fn drop_trigger(harness: &SqlServerHarness) {
    harness.database().execute(&harness.database().own("DROP TRIGGER pipeline.tr_race;"));
}

/// The log row of an attempt that somebody else concluded just now.
fn logged(attempt: i32, status: &str, category: &str) -> String {
    format!(
        "INSERT INTO pipeline.processing_log
         (
             app_id, attempt, is_latest, status, failure_category, session_id, claim_token,
             enqueued_at_utc, claimed_at_utc, processed_at_utc, shred_micros, document_bytes, rows_written,
             contract_hash
         )
         SELECT i.app_id, {attempt}, 1, '{status}', {category}, NEWID(), NEWID(),
             SYSUTCDATETIME(), SYSUTCDATETIME(), SYSUTCDATETIME(), 0, 0, 0,
             (SELECT c.contract_hash FROM pipeline.processing_contract AS c)
         FROM inserted AS i
         WHERE i.app_id = 1;
         {}",
        summed(&format!("COALESCE({category}, 'success')"), 1, "app_id = 1")
    )
}

/// What somebody else has added to the sums for an application that came into the table.
fn summed(outcome: &str, applications: i32, condition: &str) -> String {
    format!(
        "INSERT INTO pipeline.processing_outcome (session_id, outcome, applications)
         SELECT NEWID(), {outcome}, {applications} FROM inserted AS i WHERE i.{condition};"
    )
}

fn a_claim_that_is_renewed_while_another_is_reaped_is_left_alone() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(2);
    let mut worker = Worker::start(&harness, &contract);
    for batch in [worker.claim(1), worker.claim(1)] {
        harness.expire_lease(batch.token);
    }
    // Both are listed as expired; when the first is reaped, the holder of the other renews it.
    with_trigger(
        &harness,
        "processing_event",
        "UPDATE pipeline.processing_claim
         SET lease_expires_at_utc = DATEADD(HOUR, 1, SYSUTCDATETIME());",
    );
    let reaped = worker.store.reap_expired(ReapRequest::default()).expect("reap");
    assert_eq!((reaped.claims, reaped.apps), (1, 1));
    drop_trigger(&harness);
    assert_eq!(harness.count("processing_claim", "1 = 1"), 1);
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}

fn an_application_that_was_finished_while_it_was_enqueued_is_not_queued() {
    let harness = SqlServerHarness::fresh();
    harness.put_documents(2);
    let mut store = harness.connect();
    store.install_contract(&contract()).expect("install");
    with_trigger(&harness, "processing_queue", &logged(1, "failed", "'bad_value'"));
    assert_eq!(store.enqueue_apps(EnqueueMode::New).expect("enqueue"), Enqueued::Added(1));
    drop_trigger(&harness);
    assert_eq!(harness.count("processing_queue", "app_id = 1"), 0);
    assert_eq!(harness.count("processing_queue", "app_id = 2"), 1);
    drop(store);
    harness.leave();
}

fn an_application_that_went_round_while_it_was_retried_is_not_queued() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(1);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(1);
    let outcomes = [failure(&batch.apps[0])];
    worker.complete(&contract, batch.token, &outcomes);
    let later = format!(
        "UPDATE pipeline.processing_log SET is_latest = 0 WHERE app_id = 1;
         {}
         {}",
        summed("'bad_value'", -1, "app_id = 1"),
        logged(2, "success", "NULL")
    );
    with_trigger(&harness, "processing_queue", &later);
    assert_eq!(worker.retry(RetrySelector::All), NOTHING);
    drop_trigger(&harness);
    assert_eq!(harness.count("processing_queue", "1 = 1"), 0);
    drop(worker);
    harness.leave();
}

fn an_application_that_is_retried_while_stale_rows_are_deleted_keeps_its_rows() {
    let harness = SqlServerHarness::fresh();
    let (contract, mut worker) = stale(&harness, 2);
    // Both are listed as stale; while the rows of the first are deleted, the other one is retried.
    with_trigger(
        &harness,
        "processing_event",
        &format!(
            "INSERT INTO pipeline.processing_queue
                 (app_id, state, attempts, reaps, lone_reaps, document_bytes, enqueued_at_utc)
             VALUES (2, 0, 2, 0, 0, 0, SYSUTCDATETIME());
             {} {}",
            summed("'bad_value'", -1, "app_id = 1"),
            summed("'queued'", 1, "app_id = 1")
        ),
    );
    let deleted = worker.store.delete_stale_rows(&contract, &all(true)).expect("delete");
    drop_trigger(&harness);
    assert_eq!(deleted.iter().map(|app| app.app_id).collect::<Vec<_>>(), [AppId(1)]);
    assert_eq!(harness.count("app_base", "1 = 1"), 1, "the rows of application 2 are left");
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}

fn a_pause_that_others_end_at_once_is_returned() {
    let harness = SqlServerHarness::fresh();
    with_trigger(&harness, "processing_pause", END_OF_PAUSE);
    let pause = harness.connect().pause("storage is being moved", "Anna").expect("pause");
    drop_trigger(&harness);
    assert_eq!((&*pause.by, &*pause.reason), ("Anna", "storage is being moved"));
    harness.leave();
}

fn a_pause_that_others_end_while_another_begins_is_returned() {
    let harness = SqlServerHarness::fresh();
    let another = "INSERT INTO pipeline.processing_pause (paused_at_utc, paused_by, reason)
         VALUES (SYSUTCDATETIME(), N'Boris', N'lunch');";
    with_trigger(&harness, "processing_pause", &format!("{END_OF_PAUSE}\n{another}"));
    let pause = harness.connect().pause("storage is being moved", "Anna").expect("pause");
    drop_trigger(&harness);
    assert_eq!((&*pause.by, &*pause.reason), ("Anna", "storage is being moved"));
    harness.leave();
}

const END_OF_PAUSE: &str = "UPDATE pipeline.processing_pause
     SET resumed_at_utc = SYSUTCDATETIME(), resumed_by = N'Clara'
     WHERE resumed_at_utc IS NULL;";

fn what_a_neighbour_merely_holds_locked_is_not_the_end_of_the_work() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(1);
    let mut worker = Worker::start(&harness, &contract);
    let request = worker.request(1);
    let database = harness.database();
    database.execute(&database.own(
        "BEGIN TRANSACTION;
         UPDATE pipeline.processing_queue SET enqueued_at_utc = enqueued_at_utc WHERE app_id = 1;",
    ));
    std::thread::scope(|scope| {
        let (answer, answered) = channel();
        let claimer = scope.spawn(move || {
            let _ = answer.send(worker.store.claim_batch(&request));
            worker
        });
        // Any answer while the row is locked is wrong.
        let early = answered.recv_timeout(Duration::from_millis(700));
        database.execute("ROLLBACK TRANSACTION;");
        assert!(matches!(early, Err(RecvTimeoutError::Timeout)), "{early:?}");
        match answered.recv().expect("an answer") {
            Ok(Claimed::Batch(batch)) => assert_eq!(ids(&batch), [1]),
            other => panic!("{other:?}"),
        }
        drop(claimer.join().expect("the claimer"));
    });
    harness.assert_invariants();
    harness.leave();
}
