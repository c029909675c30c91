//! Completing: rows, log and queue change together or not at all.

use super::harness::{failure, ids, outcome, success, Harness, Worker};

super::behaviours! {
    a_completed_batch_is_logged_with_its_rows_and_leaves_the_queue,
    a_failure_from_shredding_is_logged_with_all_it_says,
    a_released_claim_goes_back_with_its_attempt,
}

fn a_completed_batch_is_logged_with_its_rows_and_leaves_the_queue(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    let completed = worker.succeed(&contract, &batch);
    assert_eq!(completed.iter().map(|c| c.app_id.0).collect::<Vec<_>>(), ids(&batch));
    assert!(completed.iter().all(|c| c.failure.is_none() && c.attempt == 1 && c.rows == [1, 2]));
    assert_eq!(h.count("app_base", "amount = '123.45'"), 2);
    assert_eq!(h.count("app_contact", "app_id IN (1, 2)"), 4);
    assert_eq!(h.count("processing_log", "status = 'success' AND rows_written = 3"), 2);
    assert_eq!(h.count("processing_queue", "1 = 1"), 1);
    assert_eq!(h.count("processing_claim", "1 = 1"), 0);
    h.assert_invariants();
}

fn a_failure_from_shredding_is_logged_with_all_it_says(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    let outcomes = [failure(&batch.apps[0]), success(&batch.apps[1])];
    let completed = worker.complete(&contract, batch.token, &outcomes);
    assert_eq!(completed[0].failure.map(|f| f.name()), Some("bad_value"));
    assert!(completed[0].rows.is_empty());
    assert_eq!(
        h.count(
            "processing_log",
            "app_id = 1 AND status = 'failed' AND failure_category = 'bad_value'
             AND failure_table = 'app_base' AND failure_column = 'amount'
             AND failure_path = '/a/b[2]/@amount' AND failure_line = 3
             AND failure_column_number = 14 AND failure_value = 'x'
             AND failure_reason = '\"x\" is not a number' AND rows_written = 0
             AND rows_per_table IS NULL AND source_hash IS NOT NULL"
        ),
        1
    );
    h.assert_invariants();
}

fn a_released_claim_goes_back_with_its_attempt(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    assert_eq!(worker.store.release_claim(batch.token, "stopped").expect("release"), 2);
    assert_eq!(worker.store.release_claim(batch.token, "stopped").expect("release"), 0);
    assert_eq!(worker.claim(2).apps[0].attempt, 1);
    h.assert_invariants();
}
