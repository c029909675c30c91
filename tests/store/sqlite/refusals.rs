//! Refused rows in the log; and, with triggers that act in between, what is checked again before it
//! is changed.

use xmlshred::contract::OnExisting;
use xmlshred::outcome::FailureCategory;
use xmlshred::store::{
    Renewal, RequeueRequest, RequeueSelector, RetrySelector, StaleRowsRequest, StoreError,
};
use xmlshred::value::Value;

use super::SqliteHarness;
use crate::store::harness::{
    app_ids, base, contacts, contract_with, failure, outcome, success, Harness, Worker, LEASE,
};

/// Completes applications 1 to 3 after running `sql`; returns the logged failures.
fn logged_after(sql: &str) -> Vec<Vec<Option<String>>> {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(3);
    harness.execute(sql);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(3);
    let mut outcomes: Vec<_> = batch.apps.iter().map(success).collect();
    outcomes[1] = outcome(&batch.apps[1], Ok(vec![base(2, "bad"), contacts(2, &[20, 21])]));
    worker.complete(&contract, batch.token, &outcomes);
    harness.assert_invariants();
    harness.query(
        "SELECT app_id, failure_table, failure_column, failure_value, failure_reason
         FROM processing_log WHERE failure_category = 'constraint_violation'",
    )
}

#[test]
fn a_trigger_that_refuses_is_logged_with_what_it_says() {
    for action in ["ABORT", "FAIL", "ROLLBACK"] {
        let failures = logged_after(&format!(
            "CREATE TRIGGER no_bad_names BEFORE INSERT ON app_base WHEN NEW.name = 'bad'
             BEGIN SELECT RAISE({action}, 'bad names are not wanted'); END"
        ));
        assert_eq!(failures.len(), 1, "{failures:?}");
        assert_eq!(failures[0][..2], [Some("2".to_owned()), Some("app_base".to_owned())]);
        let reason = failures[0][4].as_deref().expect("a reason");
        assert!(reason.contains("bad names are not wanted"), "{reason}");
        assert!(reason.contains("row 1"), "{reason}");
    }
}

#[test]
fn errors_of_triggers_are_causes_by_their_words() {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(3);
    let messages = [
        "order 17 of \"Smith\" (6F9619FF-8B86-D011-B42D-00C04FC964FF) is not open",
        "order 4 of \"O\" (00000000-8B86-D011-B42D-00C04FC964FF) is not open",
        "order 5 of \"O\" is unknown",
    ];
    for (app_id, message) in (1..).zip(messages) {
        harness.execute(&format!(
            "CREATE TRIGGER t{app_id} BEFORE INSERT ON app_base WHEN NEW.app_id = {app_id}
             BEGIN SELECT RAISE(ABORT, '{message}'); END"
        ));
    }
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(3);
    let outcomes: Vec<_> = batch.apps.iter().map(success).collect();
    worker.complete(&contract, batch.token, &outcomes);
    let fingerprints = harness.query("SELECT fingerprint FROM processing_log ORDER BY app_id");
    assert_eq!(fingerprints[0], fingerprints[1], "values differ");
    assert_ne!(fingerprints[0], fingerprints[2], "words differ");
}

#[test]
fn a_unique_index_is_logged_with_column_and_value() {
    let failures = logged_after(
        "INSERT INTO app_base (app_id, name) VALUES (99, 'bad');
         CREATE UNIQUE INDEX one_bad_name ON app_base (name) WHERE name = 'bad';
         INSERT INTO processing_log
             (app_id, attempt, status, has_rows, session_id, claim_token, enqueued_at_utc, claimed_at_utc,
              processed_at_utc, shred_micros, document_bytes, rows_written, rows_per_table, contract_hash)
         VALUES (99, 1, 'success', 1, '', '', 0, 0, 0, 0, 0, 1, json_object('app_base', 1), '')",
    );
    let expected = [Some("2"), Some("app_base"), Some("name"), Some("bad")];
    assert_eq!(failures[0][..4], expected.map(|cell| cell.map(str::to_owned)));
}

#[test]
fn a_row_that_a_trigger_ignores_is_not_counted() {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(1);
    harness.execute(
        "CREATE TRIGGER odd_only BEFORE INSERT ON app_contact WHEN NEW.con_id % 2 = 0
         BEGIN SELECT RAISE(IGNORE); END",
    );
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(1);
    assert_eq!(worker.succeed(&contract, &batch)[0].rows(), [1, 1]);
    harness.assert_invariants();
}

#[test]
fn text_in_a_number_column_is_logged_with_its_column() {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(2);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(2);
    let mut rows = contacts(2, &[20]);
    rows.values[0] = Value::Text("twenty".into());
    let outcomes =
        [success(&batch.apps[0]), outcome(&batch.apps[1], Ok(vec![base(2, "name"), rows]))];
    let completed = worker.complete(&contract, batch.token, &outcomes);
    assert_eq!(completed[1].failure(), Some(FailureCategory::ConstraintViolation));
    assert_eq!(
        harness.count(
            "processing_log",
            "failure_table = 'app_contact' AND failure_column = 'con_id' AND failure_value = 'twenty'"
        ),
        1
    );
}

#[test]
fn earlier_rows_that_others_refer_to_are_not_replaced_and_the_log_says_so() {
    let harness = SqliteHarness::fresh();
    let contract = contract_with(1, OnExisting::Replace);
    let contract = harness.prepare_with(contract, 2);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(2);
    worker.succeed(&contract, &batch);
    harness.execute(
        "CREATE TABLE letters (app_id INTEGER REFERENCES app_base (app_id));
         INSERT INTO letters VALUES (1)",
    );
    let request = RequeueRequest {
        selector: RequeueSelector::AppIds(app_ids(&[1])),
        canary: None,
        execute: true,
        requested_by: "Anna".into(),
    };
    worker.store.requeue_apps(&contract, &request).expect("requeue");
    let batch = worker.claim(1);
    let completed = worker.succeed(&contract, &batch);
    assert_eq!(completed[0].failure(), Some(FailureCategory::ConstraintViolation));
    let reason = "attempt = 2 AND failure_reason LIKE '%refused to delete%'";
    assert_eq!(harness.count("processing_log", reason), 1);
    harness.assert_invariants();

    // Deleting them is refused as well, and does not keep the others from being deleted.
    worker
        .store
        .requeue_apps(
            &contract,
            &RequeueRequest { selector: RequeueSelector::AppIds(app_ids(&[2])), ..request },
        )
        .expect("requeue");
    let batch = worker.claim(1);
    worker.complete(&contract, batch.token, &[failure(&batch.apps[0])]);
    let request = StaleRowsRequest {
        app_ids: None,
        canary: None,
        execute: true,
        requested_by: "Anna".into(),
    };
    let deleted = worker.store.delete_stale_rows(&contract, &request).expect("delete");
    let refused: Vec<_> = deleted.iter().map(|app| (app.app_id.0, app.refusal.is_some())).collect();
    assert_eq!(refused, [(1, true), (2, false)]);
    assert!(deleted[0].refusal.as_ref().expect("a reason").contains("FOREIGN KEY"), "{deleted:?}");
    assert_eq!(
        harness.count("app_base", "app_id = 1") + harness.count("app_base", "app_id = 2"),
        1
    );
    harness.assert_invariants();
}

/// The check comes with the commit: no row is at fault, but the application is.
#[test]
fn a_constraint_that_is_checked_at_the_commit_fails_only_its_application() {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(3);
    harness.execute(
        "CREATE TABLE audit (app_id INTEGER REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED);
         CREATE TABLE people (id INTEGER PRIMARY KEY);
         CREATE TRIGGER audited AFTER INSERT ON app_base WHEN NEW.app_id = 2
         BEGIN INSERT INTO audit VALUES (NEW.app_id); END",
    );
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(3);
    let completed = worker.succeed(&contract, &batch);
    let failed: Vec<_> = completed.iter().map(|app| app.failure()).collect();
    assert_eq!(failed, [None, Some(FailureCategory::ConstraintViolation), None]);
    harness.assert_invariants();
}

#[test]
fn a_value_too_big_for_sqlite_fails_only_its_application() {
    let failures = logged_after(
        "CREATE TRIGGER too_big BEFORE INSERT ON app_base WHEN NEW.name = 'bad'
         BEGIN SELECT zeroblob(2000000000); END",
    );
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0][0].as_deref(), Some("2"));
}

/// A table that loses a column while a worker has its statements prepared: SQLite reports that
/// with the number of an unknown error.
#[test]
fn a_column_lost_while_a_worker_runs_is_the_server_s() {
    for is_prepared in [false, true] {
        let harness = SqliteHarness::fresh();
        let contract = harness.prepare(4);
        let mut worker = Worker::start(&harness, &contract);
        if is_prepared {
            let batch = worker.claim(2);
            worker.succeed(&contract, &batch);
        }
        harness.execute("ALTER TABLE app_base DROP COLUMN amount");
        let batch = worker.claim(2);
        for app in worker.succeed(&contract, &batch) {
            let refusal = app.refusal().expect("a refusal");
            assert!(refusal.message.contains("app_base does not fit the contract"), "{refusal:?}");
            // The table was changed after the session had completed something.
            assert_eq!(refusal.counted, is_prepared);
        }
        assert_eq!(harness.count("processing_queue", "reaps = 1 AND lone_reaps = 0"), 2);
    }
}

/// Damage and failing disks are for a person, not for halving.
#[test]
fn a_damaged_file_refuses_no_application() {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(2);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(2);
    harness.execute(
        "CREATE TABLE audit (n INTEGER);
         CREATE TRIGGER audited BEFORE INSERT ON app_base BEGIN INSERT INTO audit VALUES (1); END;
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET rootpage = 999999 WHERE name = 'audit';",
    );
    let outcomes: Vec<_> = batch.apps.iter().map(success).collect();
    let error = worker.store.complete_batch(batch.token, &contract, &outcomes, 3);
    assert!(matches!(error, Err(StoreError::Damaged { .. })), "{error:?}");
    assert_eq!(harness.count("processing_queue", "state = 1 AND reaps = 0"), 2);
}

/// A dead worker's clock was a day fast: its claim is not held for a day, and that of a living one is
/// not taken.
#[test]
fn a_lease_of_a_clock_that_was_put_back_ends_within_its_length() {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(2);
    let mut worker = Worker::start(&harness, &contract);
    let (dead, alive) = (worker.claim(1), worker.claim(1));
    harness.execute(
        "UPDATE processing_claim SET lease_expires_at_utc = lease_expires_at_utc + 86400000",
    );
    assert_eq!(worker.reap().claims, 0);
    let lease_left = "lease_expires_at_utc
        <= CAST(unixepoch('subsec') * 1000 AS INTEGER) + lease_ms + 1000";
    assert_eq!(harness.count("processing_claim", lease_left), 2);
    // The time of a lease later only the dead one's claim has expired.
    harness.expire_lease(dead.token);
    assert_eq!(worker.store.renew_lease(alive.token, LEASE).expect("renew"), Renewal::Renewed);
    assert_eq!(worker.reap().claims, 1);
    assert_eq!(harness.count("processing_claim", "1 = 1"), 1);
    harness.assert_invariants();
}

#[test]
fn a_claim_that_was_renewed_after_it_was_listed_is_not_reaped() {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(2);
    let mut worker = Worker::start(&harness, &contract);
    let (first, second) = (worker.claim(1), worker.claim(1));
    harness.expire_lease(first.token);
    harness.expire_lease(second.token);
    // Whichever claim is reaped first, the other one is renewed at that moment.
    harness.execute(
        "CREATE TRIGGER renew_the_other AFTER DELETE ON processing_claim
         BEGIN UPDATE processing_claim SET lease_expires_at_utc = lease_expires_at_utc + 3600000; END",
    );
    assert_eq!(worker.reap().claims, 1);
    assert_eq!(harness.count("processing_claim", "1 = 1"), 1);
    assert_eq!(harness.count("processing_queue", "state = 1"), 1);
}

#[test]
fn an_application_that_was_claimed_after_it_was_listed_is_not_retried() {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(2);
    let mut worker = Worker::start(&harness, &contract);
    harness.quarantine(&mut worker, 1);
    harness.quarantine(&mut worker, 2);
    harness.execute(
        "CREATE TRIGGER claim_the_other AFTER UPDATE ON processing_queue WHEN NEW.app_id = 1
         BEGIN
             UPDATE processing_queue SET state = 1, claim_token = 'somebody' WHERE app_id = 2;
         END",
    );
    assert_eq!(worker.retry(RetrySelector::Quarantined), [1]);
    assert_eq!(harness.count("processing_queue", "app_id = 2 AND state = 1"), 1);
}
