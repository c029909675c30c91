//! Completing: rows, log and queue change together or not at all.

use xmlshred::contract::OnExisting;
use xmlshred::id::ClaimToken;
use xmlshred::outcome::{AppOutcome, FailureCategory, TableRows};
use xmlshred::store::{ClaimedApp, Completed, RetrySelector, StoreError};
use xmlshred::value::Value;

use super::harness::{
    base, contacts, contract, contract_with, failure, ids, nameless, outcome, success, Harness,
    Worker, NOTHING,
};

super::behaviours! {
    a_completed_batch_is_logged_with_its_rows_and_leaves_the_queue,
    a_failure_from_shredding_is_logged_with_every_detail,
    the_log_says_who_when_and_how_long,
    a_released_claim_returns_its_attempt,
    a_release_returns_only_unfinished_applications,
    a_batch_may_be_completed_in_parts,
    one_application_may_be_completed_alone,
    completing_again_answers_what_was_logged,
    completing_again_completes_the_rest,
    a_lost_claim_is_reported_by_its_token,
    an_outcome_the_token_does_not_hold_writes_nothing,
    an_attempt_the_token_does_not_hold_writes_nothing,
    a_duplicate_key_fails_only_its_application,
    a_null_in_a_required_column_fails_only_its_application,
    a_row_without_its_parent_fails_only_its_application,
    duplicates_within_one_application_leave_none_of_its_rows,
    a_refused_application_keeps_its_place_in_the_answer,
    a_batch_that_is_refused_as_a_whole_for_its_data_is_logged_as_failed,
    one_refused_application_alone_is_logged,
    two_different_refusals_are_logged,
    a_refusal_beside_a_failure_from_shredding_is_logged,
    a_completion_with_another_contract_writes_nothing,
    a_missing_table_counts_nothing_and_logs_nothing,
    existing_rows_may_be_skipped,
    existing_rows_may_be_replaced,
    replacing_touches_no_other_application,
    rows_that_do_not_fit_the_contract_are_refused,
    a_duplicate_application_in_a_batch_is_refused,
    an_empty_batch_changes_nothing,
    a_success_may_have_no_rows,
    a_thousand_rows_of_one_application_are_one_success,
}

fn a_completed_batch_is_logged_with_its_rows_and_leaves_the_queue(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    let completed = worker.succeed(&contract, &batch);
    assert_eq!(completed.iter().map(|c| c.app_id.0).collect::<Vec<_>>(), ids(&batch));
    assert!(completed
        .iter()
        .all(|c| c.failure().is_none() && c.attempt == 1 && c.rows() == [1, 2]));
    assert_eq!(h.count("app_base", "name = 'name'"), 2);
    assert_eq!(h.count("app_contact", "app_id IN (1, 2)"), 4);
    assert_eq!(h.count("processing_log", "status = 'success' AND rows_written = 3"), 2);
    assert_eq!(h.count("processing_queue", "1 = 1"), 1);
    assert_eq!(h.count("processing_claim", "1 = 1"), 0);
    h.assert_invariants();
}

fn a_failure_from_shredding_is_logged_with_every_detail(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    let outcomes = [failure(&batch.apps[0]), success(&batch.apps[1])];
    let completed = worker.complete(&contract, batch.token, &outcomes);
    assert_eq!(completed[0].failure(), Some(FailureCategory::BadValue));
    assert!(completed[0].rows().is_empty());
    assert_eq!(
        h.count(
            "processing_log",
            "app_id = 1 AND status = 'failed' AND failure_category = 'bad_value'
             AND failure_table = 'app_base' AND failure_column = 'amount'
             AND failure_path = '/a/b[2]/@amount' AND failure_line = 3
             AND failure_column_number = 14 AND failure_value = 'x'
             AND failure_reason = '\"x\" is not a number' AND rows_written = 0"
        ),
        1
    );
    let fingerprint = outcomes[0].outcome.as_ref().expect_err("failed").fingerprint();
    assert_eq!(h.count("processing_log", &format!("fingerprint = '{fingerprint}'")), 1);
    h.assert_invariants();
}

fn the_log_says_who_when_and_how_long(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    let outcomes = [success(&batch.apps[0])];
    worker.complete(&contract, batch.token, &outcomes);
    assert_eq!(h.count("processing_log", "enqueued_at_utc <= claimed_at_utc"), 1);
    assert_eq!(h.count("processing_log", "claimed_at_utc <= processed_at_utc"), 1);
    let row = h.query(
        "SELECT session_id, claim_token, shred_micros, document_bytes FROM {processing_log}",
    );
    let row: Vec<&str> = row[0].iter().map(|cell| cell.as_deref().expect("a value")).collect();
    assert_eq!(row[0], worker.session.0.to_string());
    assert_eq!(row[1], batch.token.0.to_string());
    assert_eq!(row[2], "1500");
    assert_eq!(row[3], outcomes[0].document_bytes.to_string());
}

fn a_released_claim_returns_its_attempt(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    assert_eq!(worker.store.release_claim(batch.token, "stopped").expect("release"), 2);
    assert_eq!(worker.store.release_claim(batch.token, "stopped").expect("release"), 0);
    assert_eq!(h.count("processing_event", "event_type = 'released' AND detail = 'stopped'"), 2);
    let again = worker.claim(2);
    assert_eq!((ids(&again), again.apps[0].attempt), (vec![1, 2], 1));
    let late: Vec<_> = batch.apps.iter().map(success).collect();
    let error = worker.store.complete_batch(batch.token, &contract, &late, 3).expect_err("lost");
    assert!(matches!(error, StoreError::LeaseLost(_)), "{error}");
    h.assert_invariants();
}

fn a_release_returns_only_unfinished_applications(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(3);
    worker.complete(&contract, batch.token, &[success(&batch.apps[0])]);
    assert_eq!(worker.store.release_claim(batch.token, "stopped").expect("release"), 2);
    assert_eq!(h.count("processing_queue", "state = 0 AND attempts = 0"), 2);
    assert_eq!(h.count("processing_log", "app_id = 1"), 1);
    h.assert_invariants();
}

fn a_batch_may_be_completed_in_parts(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(3);
    worker.complete(&contract, batch.token, &[success(&batch.apps[2])]);
    assert_eq!(h.count("processing_claim", "1 = 1"), 1);
    worker.complete(&contract, batch.token, &[failure(&batch.apps[0])]);
    worker.complete(&contract, batch.token, &[success(&batch.apps[1])]);
    assert_eq!(h.count("processing_claim", "1 = 1"), 0, "nothing of it is left");
    assert_eq!(h.count("processing_log", "1 = 1"), 3);
    h.assert_invariants();
}

fn one_application_may_be_completed_alone(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    let completed = worker.complete(&contract, batch.token, &[failure(&batch.apps[0])]);
    let [one] = &completed[..] else { panic!("{completed:?}") };
    assert_eq!((one.app_id.0, one.failure()), (1, Some(FailureCategory::BadValue)));
    assert_eq!(h.count("processing_queue", "state = 1"), 1);
    h.assert_invariants();
}

fn completing_again_answers_what_was_logged(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(3);
    let outcomes =
        [success(&batch.apps[0]), failure(&batch.apps[1]), duplicate_of(&batch.apps[2], 1)];
    let first = worker.complete(&contract, batch.token, &outcomes);
    let log = h.query(
        "SELECT app_id, attempt, status, processed_at_utc FROM {processing_log} ORDER BY app_id",
    );
    let again = worker.complete(&contract, batch.token, &outcomes);
    assert_eq!(first, again);
    // Also with other outcomes: the logged outcome counts.
    let others: Vec<_> = batch.apps.iter().map(success).collect();
    assert_eq!(worker.complete(&contract, batch.token, &others), first);
    assert_eq!(
        h.query(
            "SELECT app_id, attempt, status, processed_at_utc FROM {processing_log} ORDER BY app_id"
        ),
        log
    );
    h.assert_invariants();
}

fn completing_again_completes_the_rest(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(3);
    worker.complete(&contract, batch.token, &[failure(&batch.apps[1])]);
    let completed = worker.succeed(&contract, &batch);
    let failed: Vec<bool> = completed.iter().map(|c| c.failure().is_some()).collect();
    assert_eq!(failed, [false, true, false]);
    assert_eq!(h.count("processing_queue", "1 = 1"), 0);
    assert_eq!(h.count("processing_log", "1 = 1"), 3);
    h.assert_invariants();
}

fn a_lost_claim_is_reported_by_its_token(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(3);
    let mut outcomes = vec![failure(&batch.apps[0]), success(&batch.apps[1])];
    let completed = worker.complete(&contract, batch.token, &outcomes);
    let told = worker.store.get_claim_outcome(batch.token).expect("outcome");
    assert_eq!((told.held, &told.completed), (super::harness::app_ids(&[3]), &completed));
    outcomes.truncate(0);
    let unknown = worker.store.get_claim_outcome(ClaimToken::random()).expect("outcome");
    assert!(unknown.held.is_empty() && unknown.completed.is_empty());
}

fn an_outcome_the_token_does_not_hold_writes_nothing(h: &dyn Harness) {
    let contract = h.prepare(4);
    let mut worker = Worker::start(h, &contract);
    let (mine, theirs) = (worker.claim(2), worker.claim(2));
    let outcomes = [success(&mine.apps[0]), success(&mine.apps[1]), success(&theirs.apps[0])];
    let error = worker.store.complete_batch(mine.token, &contract, &outcomes, 3).expect_err("lost");
    assert!(matches!(error, StoreError::LeaseLost(_)), "{error}");
    assert_eq!(h.count("processing_log", "1 = 1") + h.count("app_base", "1 = 1"), 0);
    assert_eq!(h.count("processing_queue", "state = 1"), 4);
    let unknown = ClaimToken::random();
    let error = worker.store.complete_batch(unknown, &contract, &outcomes, 3).expect_err("lost");
    assert!(error.to_string().contains(&unknown.0.to_string()), "{error}");
    h.assert_invariants();
}

fn an_attempt_the_token_does_not_hold_writes_nothing(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    let mut outcomes: Vec<_> = batch.apps.iter().map(success).collect();
    outcomes[1].attempt = 2;
    let error =
        worker.store.complete_batch(batch.token, &contract, &outcomes, 3).expect_err("lost");
    assert!(matches!(error, StoreError::LeaseLost(_)), "{error}");
    assert_eq!(h.count("processing_log", "1 = 1"), 0);
    h.assert_invariants();
}

/// An outcome whose contact has the number of a contact of application `other`.
fn duplicate_of(app: &ClaimedApp, other: i64) -> AppOutcome {
    let id = app.app_id.0;
    outcome(app, Ok(vec![base(id, "name"), contacts(id, &[id * 10, other * 10])]))
}

/// An outcome whose contact has no parent.
fn orphan(app: &ClaimedApp) -> AppOutcome {
    let id = app.app_id.0;
    outcome(app, Ok(vec![TableRows::default(), contacts(id, &[id * 10])]))
}

/// Completes applications 1 to 3, the second one with the outcome of `bad`, and checks that only it
/// failed and left nothing.
fn one_is_refused(h: &dyn Harness, bad: impl Fn(&ClaimedApp) -> AppOutcome, table: &str) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(3);
    let outcomes = [success(&batch.apps[0]), bad(&batch.apps[1]), success(&batch.apps[2])];
    let completed = worker.complete(&contract, batch.token, &outcomes);
    let failures: Vec<_> = completed.iter().map(|c| c.failure()).collect();
    assert_eq!(failures, [None, Some(FailureCategory::ConstraintViolation), None]);
    assert_eq!(h.count("app_base", "app_id = 2") + h.count("app_contact", "app_id = 2"), 0);
    assert_eq!(h.count("app_contact", "1 = 1"), 4);
    assert_eq!(
        h.count(
            "processing_log",
            &format!(
                "app_id = 2 AND failure_category = 'constraint_violation'
                 AND failure_table = '{table}' AND failure_reason LIKE '%_ _%_ _%'"
            )
        ),
        1
    );
    h.assert_invariants();
}

fn a_duplicate_key_fails_only_its_application(h: &dyn Harness) {
    one_is_refused(h, |app| duplicate_of(app, 1), "app_contact");
}

fn a_null_in_a_required_column_fails_only_its_application(h: &dyn Harness) {
    one_is_refused(h, nameless, "app_base");
}

fn a_row_without_its_parent_fails_only_its_application(h: &dyn Harness) {
    one_is_refused(h, orphan, "app_contact");
}

fn duplicates_within_one_application_leave_none_of_its_rows(h: &dyn Harness) {
    one_is_refused(h, |app| duplicate_of(app, app.app_id.0), "app_contact");
}

fn a_refused_application_keeps_its_place_in_the_answer(h: &dyn Harness) {
    let contract = h.prepare(4);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(4);
    // The first is refused, although the row that it collides with is later in the batch.
    let outcomes = [
        nameless(&batch.apps[0]),
        success(&batch.apps[1]),
        failure(&batch.apps[2]),
        success(&batch.apps[3]),
    ];
    let completed = worker.complete(&contract, batch.token, &outcomes);
    let answered: Vec<_> = completed.iter().map(|c| (c.app_id.0, c.failure())).collect();
    assert_eq!(
        answered,
        [
            (1, Some(FailureCategory::ConstraintViolation)),
            (2, None),
            (3, Some(FailureCategory::BadValue)),
            (4, None)
        ]
    );
    assert_eq!(h.count("processing_claim", "1 = 1"), 0);
    h.assert_invariants();
}

/// In a batch of any size: reaping makes claims small, and that must not change a verdict.
fn a_batch_that_is_refused_as_a_whole_for_its_data_is_logged_as_failed(h: &dyn Harness) {
    let contract = h.prepare(33);
    let mut worker = Worker::start(h, &contract);
    for size in [1, 2, 30] {
        let batch = worker.claim(size);
        let outcomes: Vec<_> = batch.apps.iter().map(nameless).collect();
        let completed = worker.complete(&contract, batch.token, &outcomes);
        let failure = Some(FailureCategory::ConstraintViolation);
        assert!(completed.iter().all(|app| app.failure() == failure), "{completed:?}");
    }
    assert_eq!(h.count("processing_log", "failure_category = 'constraint_violation'"), 33);
    assert_eq!(h.count("processing_queue", "1 = 1") + h.count("app_base", "1 = 1"), 0);
    h.assert_invariants();
}

fn one_refused_application_alone_is_logged(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    let completed = worker.complete(&contract, batch.token, &[nameless(&batch.apps[0])]);
    assert_eq!(completed[0].failure(), Some(FailureCategory::ConstraintViolation));
    h.assert_invariants();
}

fn two_different_refusals_are_logged(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    let outcomes = [nameless(&batch.apps[0]), orphan(&batch.apps[1])];
    let completed = worker.complete(&contract, batch.token, &outcomes);
    assert!(completed.iter().all(|c| c.failure().is_some()));
    assert_eq!(h.count("processing_log", "failure_category = 'constraint_violation'"), 2);
    h.assert_invariants();
}

fn a_refusal_beside_a_failure_from_shredding_is_logged(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(3);
    let outcomes = [nameless(&batch.apps[0]), failure(&batch.apps[1]), nameless(&batch.apps[2])];
    let completed = worker.complete(&contract, batch.token, &outcomes);
    assert!(completed.iter().all(|c| c.failure().is_some()));
    assert_eq!(h.count("processing_log", "failure_category = 'constraint_violation'"), 2);
    h.assert_invariants();
}

fn a_completion_with_another_contract_writes_nothing(h: &dyn Harness) {
    let old = h.prepare(2);
    let mut worker = Worker::start(h, &old);
    let batch = worker.claim(2);
    let new = contract_with(2, OnExisting::Fail);
    h.connect().install_contract(&new).expect("install");
    let outcomes: Vec<_> = batch.apps.iter().map(success).collect();
    let error = worker.store.complete_batch(batch.token, &old, &outcomes, 3).expect_err("refused");
    assert!(
        matches!(error, StoreError::ContractNotInstalled { installed: Some(i), .. } if i == new.hash),
        "{error}"
    );
    assert_eq!(h.count("processing_log", "1 = 1") + h.count("app_base", "1 = 1"), 0);
    assert_eq!(worker.store.release_claim(batch.token, "old contract").expect("release"), 2);
    h.assert_invariants();
}

fn a_missing_table_counts_nothing_and_logs_nothing(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    h.execute("DROP TABLE {app_contact}");
    let outcomes: Vec<_> = batch.apps.iter().map(success).collect();
    for app in worker.complete(&contract, batch.token, &outcomes) {
        let refusal = app.refusal().expect("a refusal");
        assert!(refusal.message.contains("app_contact") && !refusal.counted, "{refusal:?}");
    }
    assert_eq!(h.count("processing_log", "1 = 1") + h.count("app_base", "1 = 1"), 0);
    assert_eq!(h.count("processing_queue", "state = 0 AND reaps = 1 AND lone_reaps = 0"), 2);
    // After another installation it continues.
    worker.store.install_contract(&contract).expect("install");
    for id in [1, 2] {
        let batch = worker.claim(2);
        assert_eq!(ids(&batch), [id]);
        worker.succeed(&contract, &batch);
    }
    h.assert_invariants();
}

/// Applications 1 and 2, with rows of another program for the first.
fn with_existing_rows(h: &dyn Harness, on_existing: OnExisting) -> Vec<Completed> {
    let contract = h.prepare_with(contract_with(1, on_existing), 2);
    h.execute("INSERT INTO {app_base} (app_id, name) VALUES (1, 'earlier'), (9, 'other')");
    h.execute("INSERT INTO {app_contact} (con_id, app_id) VALUES (5, 1), (6, 9)");
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    worker.succeed(&contract, &batch)
}

fn existing_rows_may_be_skipped(h: &dyn Harness) {
    let completed = with_existing_rows(h, OnExisting::Skip);
    assert_eq!((completed[0].rows(), completed[1].rows()), (&[0, 0][..], &[1, 2][..]));
    assert!(completed[0].failure().is_none());
    assert_eq!(h.count("app_base", "app_id = 1 AND name = 'earlier'"), 1);
    assert_eq!(h.count("app_contact", "app_id = 1 AND con_id = 5"), 1);
    assert_eq!(h.count("app_contact", "app_id = 1"), 1);
}

fn existing_rows_may_be_replaced(h: &dyn Harness) {
    let completed = with_existing_rows(h, OnExisting::Replace);
    assert_eq!(completed[0].rows(), [1, 2]);
    assert_eq!(h.count("app_base", "app_id = 1 AND name = 'name'"), 1);
    assert_eq!(h.count("app_contact", "con_id = 5"), 0);
    assert_eq!(h.count("app_contact", "app_id = 1"), 2);
}

fn replacing_touches_no_other_application(h: &dyn Harness) {
    with_existing_rows(h, OnExisting::Replace);
    assert_eq!(h.count("app_base", "app_id = 9 AND name = 'other'"), 1);
    assert_eq!(h.count("app_contact", "app_id = 9 AND con_id = 6"), 1);
}

fn rows_that_do_not_fit_the_contract_are_refused(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    let narrow = TableRows { width: 1, values: vec![Value::Int(2)] };
    for rows in [vec![], vec![base(2, "name")], vec![base(2, "name"), narrow]] {
        let outcomes = [success(&batch.apps[0]), outcome(&batch.apps[1], Ok(rows))];
        let error =
            worker.store.complete_batch(batch.token, &contract, &outcomes, 3).expect_err("refused");
        assert!(matches!(&error, StoreError::Refused(_)), "{error}");
    }
    assert_eq!(h.count("processing_log", "1 = 1"), 0);
}

fn a_duplicate_application_in_a_batch_is_refused(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    let outcomes = [success(&batch.apps[0]), failure(&batch.apps[0])];
    let error =
        worker.store.complete_batch(batch.token, &contract, &outcomes, 3).expect_err("twice");
    assert!(matches!(&error, StoreError::Refused(_)), "{error}");
    assert_eq!(h.count("processing_log", "1 = 1"), 0);
}

fn an_empty_batch_changes_nothing(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    assert_eq!(worker.complete(&contract, batch.token, &[]), []);
    assert_eq!(h.count("processing_queue", "state = 1"), 1);
    h.assert_invariants();
}

fn a_success_may_have_no_rows(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    let nothing = outcome(&batch.apps[0], Ok(vec![TableRows::default(), TableRows::default()]));
    let completed = worker.complete(&contract, batch.token, &[nothing]);
    assert_eq!((completed[0].failure(), completed[0].rows()), (None, &[0, 0][..]));
    assert_eq!(worker.retry(RetrySelector::All), NOTHING);
    h.assert_invariants();
}

fn a_thousand_rows_of_one_application_are_one_success(h: &dyn Harness) {
    let contract = h.prepare_with(contract(), 1);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    let numbers: Vec<i64> = (1..=5000).collect();
    let many = outcome(&batch.apps[0], Ok(vec![base(1, "name"), contacts(1, &numbers)]));
    let completed = worker.complete(&contract, batch.token, &[many]);
    assert_eq!(completed[0].rows(), [1, 5000]);
    assert_eq!(h.count("app_contact", "app_id = 1"), 5000);
    h.assert_invariants();
}
