//! Rows of an earlier success: a failure leaves them, and only an explicit request deletes them.

use std::time::Duration;

use xmlshred::contract::{Contract, OnExisting};
use xmlshred::outcome::FailureCategory;
use xmlshred::store::{
    FailurePage, PurgeRequest, ReportQuery, RequeueRequest, RequeueSelector, RetrySelector,
    StaleRows, StaleRowsRequest, StoreError,
};

use super::harness::{app_ids, contract_with, failure, success, Harness, Worker};

super::behaviours! {
    a_failure_after_a_success_is_stale_until_it_succeeds_again,
    a_preview_of_stale_rows_lists_them_and_changes_nothing,
    stale_rows_are_deleted_on_request_and_no_others,
    stale_rows_are_chosen_by_id_and_number,
    a_queued_application_has_no_stale_rows,
    deleting_stale_rows_with_another_contract_is_refused,
    purging_keeps_the_row_of_the_log_that_the_rows_are_of,
    purging_keeps_what_the_rows_of_an_archived_document_are_of,
    status_and_failures_say_which_attempt_the_rows_are_of,
    a_success_after_a_failure_takes_the_rows_over,
    rows_skipped_by_a_success_are_never_deleted,
    health_names_stale_rows,
}

/// Applications 1 to `n`: all succeeded, and then 1 and 2 were requeued and failed.
pub fn stale(h: &dyn Harness, n: i64) -> (Contract, Worker) {
    let contract = h.prepare_with(contract_with(1, OnExisting::Replace), n);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(n as u32);
    worker.succeed(&contract, &batch);
    requeue(&mut worker, &contract, &[1, 2]);
    fail(&mut worker, &contract, 2);
    h.assert_invariants();
    (contract, worker)
}

fn requeue(worker: &mut Worker, contract: &Contract, ids: &[i64]) {
    let request = RequeueRequest {
        selector: RequeueSelector::AppIds(app_ids(ids)),
        canary: None,
        execute: true,
        requested_by: "Anna".into(),
    };
    let moved = worker.store.requeue_apps(contract, &request).expect("requeue");
    assert_eq!(moved.len(), ids.len());
}

fn fail(worker: &mut Worker, contract: &Contract, size: u32) {
    let batch = worker.claim(size);
    let outcomes: Vec<_> = batch.apps.iter().map(failure).collect();
    worker.complete(contract, batch.token, &outcomes);
}

/// Every application with stale rows.
pub fn all(execute: bool) -> StaleRowsRequest {
    StaleRowsRequest { app_ids: None, canary: None, execute, requested_by: "Anna".into() }
}

fn listed(worker: &mut Worker, contract: &Contract, request: &StaleRowsRequest) -> Vec<i64> {
    let stale = worker.store.delete_stale_rows(contract, request).expect("stale rows");
    stale.iter().map(|app| app.app_id.0).collect()
}

fn expected(id: i64) -> StaleRows {
    StaleRows {
        app_id: app_ids(&[id])[0],
        attempt: 1,
        failed_attempt: 2,
        failure: FailureCategory::BadValue,
        tables: vec![("app_base".into(), 1), ("app_contact".into(), 2)],
        refusal: None,
    }
}

fn a_failure_after_a_success_is_stale_until_it_succeeds_again(h: &dyn Harness) {
    let (contract, mut worker) = stale(h, 3);
    assert_eq!(listed(&mut worker, &contract, &all(false)), [1, 2]);
    assert_eq!(h.count("app_contact", "1 = 1"), 6);
    worker.retry(RetrySelector::All);
    let batch = worker.claim(3);
    worker.complete(&contract, batch.token, &[success(&batch.apps[0]), failure(&batch.apps[1])]);
    assert_eq!(listed(&mut worker, &contract, &all(false)), [2]);
    assert_eq!(h.count("processing_log", "app_id = 1 AND has_rows = 1 AND attempt = 3"), 1);
    assert_eq!(h.count("processing_log", "app_id = 2 AND has_rows = 1 AND attempt = 1"), 1);
    h.assert_invariants();
}

fn a_preview_of_stale_rows_lists_them_and_changes_nothing(h: &dyn Harness) {
    let (contract, mut worker) = stale(h, 4);
    let events = h.count("processing_event", "1 = 1");
    for _ in 0..2 {
        let stale = worker.store.delete_stale_rows(&contract, &all(false)).expect("preview");
        assert_eq!(stale, [expected(1), expected(2)]);
    }
    assert_eq!(h.count("app_contact", "1 = 1"), 8);
    assert_eq!(h.count("processing_event", "1 = 1"), events);
    h.assert_invariants();
}

fn stale_rows_are_deleted_on_request_and_no_others(h: &dyn Harness) {
    let (contract, mut worker) = stale(h, 4);
    let deleted = worker.store.delete_stale_rows(&contract, &all(true)).expect("delete");
    assert_eq!(deleted, [expected(1), expected(2)]);
    assert_eq!(h.count("app_base", "app_id IN (1, 2)"), 0);
    assert_eq!(h.count("app_contact", "app_id IN (1, 2)"), 0);
    assert_eq!(h.count("app_contact", "app_id IN (3, 4)"), 4);
    assert_eq!(h.count("processing_log", "app_id IN (1, 2) AND has_rows = 1"), 0);
    let event = "event_type = 'rows_deleted' AND attempt = 1 AND detail LIKE '%Anna%'";
    assert_eq!(h.count("processing_event", event), 2);
    h.assert_invariants();

    assert_eq!(listed(&mut worker, &contract, &all(true)), super::harness::NOTHING);
    let life = worker.store.explain_app(app_ids(&[1])[0]).expect("life");
    assert!(life.iter().any(|event| event.event == "rows_deleted"), "{life:?}");
    // They are failed as before, and may succeed.
    assert_eq!(worker.retry(RetrySelector::All), [1, 2]);
    let batch = worker.claim(4);
    worker.succeed(&contract, &batch);
    assert_eq!(h.count("app_contact", "1 = 1"), 8);
    h.assert_invariants();
}

fn stale_rows_are_chosen_by_id_and_number(h: &dyn Harness) {
    let (contract, mut worker) = stale(h, 4);
    let some = |ids: &[i64], canary| StaleRowsRequest {
        app_ids: Some(app_ids(ids)),
        canary,
        ..all(false)
    };
    assert_eq!(listed(&mut worker, &contract, &some(&[2, 3, 99], None)), [2]);
    assert_eq!(listed(&mut worker, &contract, &some(&[], None)), super::harness::NOTHING);
    assert_eq!(listed(&mut worker, &contract, &some(&[2, 1], Some(1))), [1]);
    let first = StaleRowsRequest { canary: Some(1), ..all(true) };
    assert_eq!(listed(&mut worker, &contract, &first), [1]);
    assert_eq!(h.count("app_base", "app_id = 1") + h.count("app_base", "app_id = 2"), 1);
    h.assert_invariants();
}

fn a_queued_application_has_no_stale_rows(h: &dyn Harness) {
    let (contract, mut worker) = stale(h, 2);
    let request = xmlshred::store::RetryRequest {
        selector: RetrySelector::AppIds(app_ids(&[1])),
        canary: None,
        execute: true,
        requested_by: "Anna".into(),
    };
    worker.store.retry_failed(&request).expect("retry");
    assert_eq!(listed(&mut worker, &contract, &all(false)), [2]);
    assert_eq!(listed(&mut worker, &contract, &all(true)), [2]);
    assert_eq!(h.count("app_contact", "app_id = 1"), 2);
    h.assert_invariants();
}

fn deleting_stale_rows_with_another_contract_is_refused(h: &dyn Harness) {
    let (_, mut worker) = stale(h, 2);
    let other = contract_with(2, OnExisting::Replace);
    let error = worker.store.delete_stale_rows(&other, &all(true)).expect_err("refused");
    assert!(matches!(error, StoreError::ContractNotInstalled { .. }), "{error}");
    assert_eq!(h.count("app_contact", "1 = 1"), 4);
}

fn purging_keeps_the_row_of_the_log_that_the_rows_are_of(h: &dyn Harness) {
    let (contract, mut worker) = stale(h, 3);
    // Application 1 has failed twice since, 3 has succeeded again.
    requeue(&mut worker, &contract, &[1]);
    fail(&mut worker, &contract, 1);
    requeue(&mut worker, &contract, &[3]);
    let batch = worker.claim(1);
    worker.succeed(&contract, &batch);
    h.age_everything();
    let request = PurgeRequest {
        older_than: Duration::from_secs(60),
        chunk: 1,
        orphans: false,
        execute: true,
    };
    let preview = worker.store.purge_log(PurgeRequest { execute: false, ..request });
    assert_eq!(preview.expect("purge").attempts, 2);
    assert_eq!(worker.store.purge_log(request).expect("purge").attempts, 2);
    let left =
        h.query("SELECT app_id, attempt, has_rows FROM {processing_log} ORDER BY app_id, attempt");
    let left: Vec<String> = left
        .into_iter()
        .map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" "))
        .collect();
    let kept = |row: &String| row.replace("true", "1").replace("false", "0");
    let left: Vec<String> = left.iter().map(kept).collect();
    assert_eq!(left, ["1 1 1", "1 3 0", "2 1 1", "2 2 0", "3 2 1"]);
    assert_eq!(listed(&mut worker, &contract, &all(false)), [1, 2]);
}

fn purging_keeps_what_the_rows_of_an_archived_document_are_of(h: &dyn Harness) {
    let (_, mut worker) = stale(h, 3);
    // 1 succeeded, failed, and its document was archived; 3 has only succeeded.
    h.execute("DELETE FROM {app_xml} WHERE app_id IN (1, 3)");
    h.age_everything();
    let expected = |worker: &mut Worker| -> Vec<(String, u64)> {
        let report = worker.store.get_report(&ReportQuery::PAGE).expect("report");
        let rows = report.reconciliation.into_iter().filter(|row| row.subject.contains("app_"));
        rows.map(|row| (row.subject.replace("sandbox.", ""), row.expected)).collect()
    };
    let written = |base, contact| vec![("app_base".into(), base), ("app_contact".into(), contact)];
    assert_eq!(expected(&mut worker), written(3, 6));
    let request = PurgeRequest {
        older_than: Duration::from_secs(60),
        chunk: 1,
        orphans: false,
        execute: true,
    };
    assert_eq!(worker.store.purge_log(request).expect("purge").attempts, 0);
    assert_eq!(h.count("processing_log", "app_id = 1 AND attempt = 1 AND has_rows = 1"), 1);
    assert_eq!(expected(&mut worker), written(3, 6));
    h.assert_invariants();
    let orphans = PurgeRequest { orphans: true, ..request };
    assert_eq!(worker.store.purge_log(orphans).expect("purge").attempts, 3);
    assert_eq!(expected(&mut worker), written(1, 2), "no attempt accounts for the others any more");
}

fn status_and_failures_say_which_attempt_the_rows_are_of(h: &dyn Harness) {
    let (contract, mut worker) = stale(h, 3);
    h.put_document(4, Some(b"<a/>"));
    worker.store.enqueue_apps(Default::default()).expect("enqueue");
    fail(&mut worker, &contract, 1);
    let status = worker.store.get_status().expect("status");
    assert_eq!((status.failed, status.stale, status.success), (3, 2, 1));
    let page = FailurePage { size: 10, ..FailurePage::default() };
    let failures = worker.store.list_failures(&page).expect("failures");
    let rows_of: Vec<_> = failures.iter().map(|f| (f.app_id.0, f.attempt, f.rows_of)).collect();
    assert_eq!(rows_of, [(1, 2, Some(1)), (2, 2, Some(1)), (4, 1, None)]);
    let now = |worker: &mut Worker, id| {
        let life = worker.store.explain_app(app_ids(&[id])[0]).expect("life");
        life.last().and_then(|event| event.detail.clone()).expect("a detail")
    };
    assert!(now(&mut worker, 1).contains("attempt 1"), "{}", now(&mut worker, 1));
    assert!(!now(&mut worker, 4).contains("attempt"), "{}", now(&mut worker, 4));
    worker.retry(RetrySelector::All);
    assert!(now(&mut worker, 1).contains("attempt 1"), "{}", now(&mut worker, 1));
}

fn a_success_after_a_failure_takes_the_rows_over(h: &dyn Harness) {
    let contract = h.prepare_with(contract_with(1, OnExisting::Replace), 1);
    let mut worker = Worker::start(h, &contract);
    fail(&mut worker, &contract, 1);
    assert_eq!(h.count("processing_log", "has_rows = 1"), 0);
    worker.retry(RetrySelector::All);
    let batch = worker.claim(1);
    worker.succeed(&contract, &batch);
    assert_eq!(h.count("processing_log", "has_rows = 1 AND attempt = 2"), 1);
    assert_eq!(h.count("processing_log", "1 = 1"), 2);
    h.assert_invariants();
}

/// A table with `on_existing = "skip"` had rows of another program: no attempt accounts for them.
fn rows_skipped_by_a_success_are_never_deleted(h: &dyn Harness) {
    let skipping = h.prepare_with(contract_with(3, OnExisting::Skip), 2);
    h.execute("INSERT INTO {app_base} (app_id, name) VALUES (2, 'other')");
    h.execute("INSERT INTO {app_contact} (con_id, app_id) VALUES (5, 2)");
    let mut worker = Worker::start(h, &skipping);
    let batch = worker.claim(2);
    worker.succeed(&skipping, &batch);
    assert_eq!(h.count("app_contact", "app_id = 2 AND con_id = 5"), 1);

    // It fails under the contract that replaces.
    let replacing = contract_with(4, OnExisting::Replace);
    h.connect().install_contract(&replacing).expect("install");
    let mut worker = Worker::start(h, &replacing);
    requeue(&mut worker, &replacing, &[1, 2]);
    fail(&mut worker, &replacing, 2);
    let deleted = worker.store.delete_stale_rows(&replacing, &all(true)).expect("delete");
    let tables: Vec<_> = deleted.iter().map(|app| (app.app_id.0, app.tables.len())).collect();
    assert_eq!(tables, [(1, 2), (2, 0)]);
    assert_eq!(h.count("app_base", "app_id = 2") + h.count("app_contact", "app_id = 2"), 2);
    assert_eq!(h.count("app_base", "app_id = 1") + h.count("app_contact", "app_id = 1"), 0);
}

fn health_names_stale_rows(h: &dyn Harness) {
    let (contract, mut worker) = stale(h, 3);
    let stale = |worker: &mut Worker| {
        let findings = worker.store.health_check().expect("health");
        findings.into_iter().filter(|f| f.finding == "rows of an earlier success").count()
    };
    assert_eq!(stale(&mut worker), 1);
    worker.store.delete_stale_rows(&contract, &all(true)).expect("delete");
    assert_eq!(stale(&mut worker), 0);
}
