//! Sessions, status and purging.

use std::time::Duration;

use xmlshred::contract::OnExisting;
use xmlshred::id::SessionId;
use xmlshred::outcome::FailureCategory;
use xmlshred::store::{PurgeRequest, Purged, RetrySelector, SessionStart, Status, StoreError};

use super::harness::{added, contract_with, failure, success, Harness, Worker};

super::behaviours! {
    a_session_that_starts_twice_is_one_session,
    a_session_ends_once_with_its_first_exit_status,
    an_unknown_session_does_not_end,
    a_session_counts_what_became_of_its_applications,
    status_counts_every_application_in_one_place,
    status_of_an_empty_store_is_all_zero,
    purging_keeps_the_last_attempt_of_every_application,
    purging_can_be_previewed,
    purging_keeps_recent_rows,
    purging_orphans_leaves_nothing_of_what_has_no_document,
    purging_orphans_passes_what_is_in_the_queue,
    purging_ends_with_sessions_that_never_ended,
    purging_in_invalid_chunks_is_refused,
}

fn a_session_that_starts_twice_is_one_session(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    let start = SessionStart {
        session: worker.session,
        worker_name: "again".into(),
        host: "host".into(),
        pid: 1,
        program_version: "0".into(),
        contract_hash: contract.hash,
        agent_job: Some("job".into()),
        agent_step: Some("step".into()),
    };
    worker.store.start_session(&start).expect("start");
    assert_eq!(h.count("processing_session", "1 = 1"), 1);
}

fn a_session_ends_once_with_its_first_exit_status(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    let ended = |worker: &mut Worker| {
        let status = worker.store.get_status().expect("status");
        (status.sessions[0].ended_at, status.sessions[0].exit_status)
    };
    assert_eq!(ended(&mut worker), (None, None));
    worker.store.end_session(worker.session, 5).expect("end");
    let first = ended(&mut worker);
    assert_eq!((first.0.is_some(), first.1), (true, Some(5)));
    worker.store.end_session(worker.session, 0).expect("end");
    assert_eq!(ended(&mut worker), first);
}

fn an_unknown_session_does_not_end(h: &dyn Harness) {
    let unknown = SessionId(uuid::Uuid::from_u128(9));
    let error = h.connect().end_session(unknown, 0).expect_err("refused");
    assert!(matches!(&error, StoreError::Refused(_)), "{error}");
    assert!(error.to_string().contains(&unknown.0.to_string()), "{error}");
}

fn a_session_counts_what_became_of_its_applications(h: &dyn Harness) {
    let contract = h.prepare(9);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(4);
    let outcomes = [success(&batch.apps[0]), success(&batch.apps[1]), failure(&batch.apps[2])];
    worker.complete(&contract, batch.token, &outcomes);
    worker.store.release_claim(batch.token, "test").expect("release");
    let lost = worker.claim(2);
    h.expire_lease(lost.token);
    worker.reap();
    worker.claim(1);
    let status = worker.store.get_status().expect("status");
    let session = &status.sessions[0];
    assert_eq!(
        (session.claimed, session.success, session.failed, session.released, session.reaped),
        (7, 2, 1, 1, 2)
    );
    assert!(session.started_at <= session.last_seen_at);
    h.assert_invariants();
}

fn status_counts_every_application_in_one_place(h: &dyn Harness) {
    let contract = h.prepare(12);
    let mut worker = Worker::start(h, &contract);
    h.quarantine(&mut worker, 1);
    let batch = worker.claim(5);
    let mut too_long = failure(&batch.apps[0]);
    if let Err(failure) = &mut too_long.outcome {
        failure.category = FailureCategory::TooLong;
    }
    let outcomes = [
        too_long,
        failure(&batch.apps[1]),
        failure(&batch.apps[2]),
        failure(&batch.apps[3]),
        success(&batch.apps[4]),
    ];
    worker.complete(&contract, batch.token, &outcomes);
    worker.retry(RetrySelector::AppIds(vec![batch.apps[1].app_id]));
    let mut request = worker.request(2);
    request.after_app_id = Some(batch.apps[4].app_id);
    worker.claim_by(&request);
    let status = worker.store.get_status().expect("status");
    assert_eq!(status.source, Some(12));
    assert_eq!(
        (status.ready, status.claimed, status.quarantined, status.success, status.failed),
        (5, 2, 1, 1, 3)
    );
    assert_eq!(
        status.failures,
        [(FailureCategory::BadValue, 2), (FailureCategory::TooLong, 1)],
        "largest first"
    );
    let rows = [("app_base".to_owned(), Some(1)), ("app_contact".to_owned(), Some(2))];
    assert_eq!(status.table_rows, rows);
    assert_eq!((status.claims.len(), status.claims[0].apps), (1, 2));
    assert!(status.claims[0].worker_name.starts_with("worker-"));
}

fn status_of_an_empty_store_is_all_zero(h: &dyn Harness) {
    let status = h.connect().get_status().expect("status");
    // Not known on SQL Server before the first enqueue.
    let not_enqueued = status.not_enqueued.filter(|number| *number > 0);
    let empty = Status { source: Some(0), ..Status::default() };
    assert_eq!(Status { not_enqueued, ..status }, empty);
}

/// Applications 1 and 2 with two attempts each; the source row of the first is deleted.
fn attempted_twice(h: &dyn Harness) -> Worker {
    let contract = h.prepare_with(contract_with(1, OnExisting::Replace), 2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    let outcomes: Vec<_> = batch.apps.iter().map(failure).collect();
    worker.complete(&contract, batch.token, &outcomes);
    worker.retry(RetrySelector::All);
    let batch = worker.claim(2);
    worker.succeed(&contract, &batch);
    worker.store.end_session(worker.session, 0).expect("end");
    h.age_everything();
    worker
}

fn everything(execute: bool) -> PurgeRequest {
    PurgeRequest { older_than: Duration::from_secs(60), chunk: 1, orphans: false, execute }
}

fn purging_keeps_the_last_attempt_of_every_application(h: &dyn Harness) {
    let mut worker = attempted_twice(h);
    let purged = worker.store.purge_log(everything(true)).expect("purge");
    assert_eq!((purged.attempts, purged.sessions), (2, 1));
    assert!(purged.events >= 4, "{purged:?}");
    assert_eq!(h.count("processing_log", "status = 'success' AND attempt = 2"), 2);
    assert_eq!(h.count("processing_log", "1 = 1"), 2);
    let again = worker.store.purge_log(everything(true)).expect("purge");
    assert_eq!(again, Purged::default());
    let full = worker.store.enqueue_apps(xmlshred::store::EnqueueMode::Full).expect("enqueue");
    assert_eq!(full, added(0), "finished work is not taken again");
}

fn purging_can_be_previewed(h: &dyn Harness) {
    let mut worker = attempted_twice(h);
    let preview = worker.store.purge_log(everything(false)).expect("purge");
    assert_eq!(h.count("processing_log", "1 = 1"), 4);
    assert_eq!(worker.store.purge_log(everything(true)).expect("purge"), preview);
}

fn purging_keeps_recent_rows(h: &dyn Harness) {
    let mut worker = attempted_twice(h);
    let old = PurgeRequest { older_than: Duration::from_secs(400 * 86_400), ..everything(true) };
    assert_eq!(worker.store.purge_log(old).expect("purge"), Purged::default());
    // A session that holds a claim stays, even if it ended.
    let contract = contract_with(1, OnExisting::Replace);
    h.put_document(3, Some(b"<a/>"));
    worker.store.enqueue_apps(Default::default()).expect("enqueue");
    let mut holder = Worker::start(h, &contract);
    holder.claim(1);
    holder.store.end_session(holder.session, 0).expect("end");
    h.age_everything();
    assert_eq!(worker.store.purge_log(everything(true)).expect("purge").sessions, 1);
    h.assert_invariants();
}

fn purging_orphans_leaves_nothing_of_what_has_no_document(h: &dyn Harness) {
    let mut worker = attempted_twice(h);
    h.put_document(3, None);
    worker.store.enqueue_apps(Default::default()).expect("enqueue");
    h.execute("DELETE FROM {app_xml} WHERE app_id IN (1, 3)");
    let orphans = |execute| PurgeRequest { orphans: true, ..everything(execute) };
    let preview = worker.store.purge_log(orphans(false)).expect("purge");
    assert_eq!(preview.attempts, 3);
    assert_eq!(worker.store.purge_log(orphans(true)).expect("purge"), preview);
    assert_eq!(h.count("processing_log", "app_id = 1"), 0);
    assert_eq!(h.count("processing_log", "app_id = 2 AND attempt = 2"), 1);
    assert_eq!(h.count("processing_queue", "app_id = 3"), 1, "the queue is not purged");
}

/// In chunks of one: each has nothing but what is in the queue.
fn purging_orphans_passes_what_is_in_the_queue(h: &dyn Harness) {
    let contract = h.prepare_with(contract_with(1, OnExisting::Replace), 3);
    let mut worker = Worker::start(h, &contract);
    for _ in 0..2 {
        let batch = worker.claim(3);
        let outcomes: Vec<_> = batch.apps.iter().map(failure).collect();
        worker.complete(&contract, batch.token, &outcomes);
        worker.retry(RetrySelector::All);
    }
    h.execute("DELETE FROM {app_xml} WHERE app_id <> 2");
    h.age_everything();
    let orphans = |execute| PurgeRequest { orphans: true, ..everything(execute) };
    let preview = worker.store.purge_log(orphans(false)).expect("purge");
    assert_eq!(
        preview.attempts, 3,
        "superseded ones go, whether their application is queued or not"
    );
    assert_eq!(worker.store.purge_log(orphans(true)).expect("purge").attempts, 3);
    assert_eq!(h.count("processing_log", "attempt = 2"), 3);
    h.assert_invariants();
}

fn purging_ends_with_sessions_that_never_ended(h: &dyn Harness) {
    let contract = h.prepare(1);
    let silent = Worker::start(h, &contract);
    h.age_everything();
    let mut live = Worker::start(h, &contract);
    let all = PurgeRequest { older_than: Duration::ZERO, ..everything(true) };
    assert_eq!(live.store.purge_log(all).expect("purge").sessions, 1);
    let left = h.count("processing_session", "1 = 1");
    assert_eq!(left, 1, "a session that was seen within the last day stays");
    drop(silent);
    live.claim(1);
}

fn purging_in_invalid_chunks_is_refused(h: &dyn Harness) {
    let mut worker = attempted_twice(h);
    for chunk in [0, 4001] {
        let request = PurgeRequest { chunk, ..everything(true) };
        let error = worker.store.purge_log(request).expect_err("refused").to_string();
        assert!(error.contains(&chunk.to_string()), "{error}");
    }
    assert_eq!(h.count("processing_log", "1 = 1"), 4);
}
