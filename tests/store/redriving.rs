//! Retrying failed applications and requeueing finished ones.

use xmlshred::contract::{Contract, OnExisting};
use xmlshred::id::{AppId, ContractHash};
use xmlshred::outcome::FailureCategory;
use xmlshred::store::{RequeueRequest, RequeueSelector, RetryRequest, RetrySelector, StoreError};

use super::harness::{
    app_ids, contract_with, document, failure, ids, outcome, success, Harness, Worker, NOTHING,
};

super::behaviours! {
    a_retried_application_continues_with_its_next_attempt,
    a_preview_lists_the_same_and_changes_nothing,
    a_canary_has_the_lowest_ids,
    each_selector_selects_its_own_applications,
    a_success_is_never_retried,
    queued_applications_are_not_retried,
    only_the_last_attempt_counts,
    a_retry_records_who_requested_it_and_the_earlier_status,
    finished_applications_are_requeued_only_if_every_table_replaces,
    a_requeued_application_keeps_its_rows_until_they_are_replaced,
    a_failure_after_a_success_deletes_nothing,
    a_refusal_after_a_success_deletes_nothing,
    an_interrupted_repetition_keeps_the_earlier_rows,
    applications_are_requeued_by_id_and_by_range,
    applications_of_an_older_contract_are_requeued,
    applications_whose_document_changed_are_requeued,
    a_requeue_with_another_contract_is_refused,
    unfinished_applications_are_not_requeued,
}

/// Applications 1 to `n`, of which the even ones failed.
fn half_failed(h: &dyn Harness, contract: Contract, n: i64) -> (Contract, Worker) {
    let contract = h.prepare_with(contract, n);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(n as u32);
    let outcomes: Vec<_> = batch
        .apps
        .iter()
        .map(|app| if app.app_id.0 % 2 == 0 { failure(app) } else { success(app) })
        .collect();
    worker.complete(&contract, batch.token, &outcomes);
    (contract, worker)
}

fn failing(h: &dyn Harness, n: i64) -> (Contract, Worker) {
    half_failed(h, contract_with(1, OnExisting::Fail), n)
}

fn replacing(h: &dyn Harness, n: i64) -> (Contract, Worker) {
    half_failed(h, contract_with(1, OnExisting::Replace), n)
}

fn retry(selector: RetrySelector, canary: Option<u64>, execute: bool) -> RetryRequest {
    RetryRequest { selector, canary, execute, requested_by: "Anna".into() }
}

fn requeue(worker: &mut Worker, contract: &Contract, selector: RequeueSelector) -> Vec<i64> {
    let request =
        RequeueRequest { selector, canary: None, execute: true, requested_by: "Anna".into() };
    let moved = worker.store.requeue_apps(contract, &request).expect("requeue");
    moved.iter().map(|app| app.app_id.0).collect()
}

fn a_retried_application_continues_with_its_next_attempt(h: &dyn Harness) {
    let (contract, mut worker) = failing(h, 2);
    assert_eq!(worker.retry(RetrySelector::All), [2]);
    let batch = worker.claim(5);
    assert_eq!((ids(&batch), batch.apps[0].attempt), (vec![2], 2));
    worker.succeed(&contract, &batch);
    assert_eq!(h.count("processing_log", "app_id = 2"), 2, "the failed attempt stays logged");
    assert_eq!(worker.retry(RetrySelector::All), NOTHING);
    h.assert_invariants();
}

fn a_preview_lists_the_same_and_changes_nothing(h: &dyn Harness) {
    let (_, mut worker) = failing(h, 4);
    h.put_document(5, Some(document(5).as_bytes()));
    worker.store.enqueue_apps(Default::default()).expect("enqueue");
    h.quarantine(&mut worker, 5);
    let preview =
        worker.store.retry_failed(&retry(RetrySelector::All, None, false)).expect("retry");
    assert_eq!(h.count("processing_queue", "state = 0"), 0);
    assert_eq!(h.count("processing_event", "event_type = 'requeued'"), 0);
    let done = worker.store.retry_failed(&retry(RetrySelector::All, None, true)).expect("retry");
    assert_eq!(preview, done);
    let said: Vec<_> = done
        .iter()
        .map(|app| (app.app_id.0, app.was.as_str(), app.attempts, app.failure))
        .collect();
    let bad_value = Some(FailureCategory::BadValue);
    assert_eq!(
        said,
        [(2, "failed", 1, bad_value), (4, "failed", 1, bad_value), (5, "quarantined", 1, None)]
    );
    assert_eq!(h.count("processing_queue", "state = 0"), 3);
    h.assert_invariants();
}

fn a_canary_has_the_lowest_ids(h: &dyn Harness) {
    let (_, mut worker) = failing(h, 8);
    let mut canary = |size| {
        let request = retry(RetrySelector::All, Some(size), true);
        let moved = worker.store.retry_failed(&request).expect("retry");
        moved.iter().map(|app| app.app_id.0).collect::<Vec<_>>()
    };
    assert_eq!(canary(0), NOTHING);
    assert_eq!(canary(2), [2, 4]);
    assert_eq!(canary(9), [6, 8]);
    h.assert_invariants();
}

fn each_selector_selects_its_own_applications(h: &dyn Harness) {
    let contract = h.prepare(5);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(4);
    let mut other = failure(&batch.apps[1]);
    if let Err(failure) = &mut other.outcome {
        failure.category = FailureCategory::TooLong;
    }
    let mut elsewhere = failure(&batch.apps[2]);
    if let Err(failure) = &mut elsewhere.outcome {
        failure.column = Some("name".into());
    }
    let first = failure(&batch.apps[0]);
    let fingerprint = first.outcome.as_ref().expect_err("a failure").fingerprint();
    let outcomes = [first, other, elsewhere, failure(&batch.apps[3])];
    worker.complete(&contract, batch.token, &outcomes);
    h.quarantine(&mut worker, 5);

    let mut preview = |selector| {
        let moved = worker.store.retry_failed(&retry(selector, None, false)).expect("retry");
        moved.iter().map(|app| app.app_id.0).collect::<Vec<_>>()
    };
    assert_eq!(preview(RetrySelector::All), [1, 2, 3, 4, 5]);
    assert_eq!(preview(RetrySelector::Category(FailureCategory::BadValue)), [1, 3, 4]);
    assert_eq!(preview(RetrySelector::Category(FailureCategory::TooLong)), [2]);
    assert_eq!(preview(RetrySelector::Fingerprint(fingerprint)), [1, 4]);
    assert_eq!(preview(RetrySelector::Quarantined), [5]);
    assert_eq!(preview(RetrySelector::AppIds(app_ids(&[5, 3, 3, 77]))), [3, 5]);
    assert_eq!(preview(RetrySelector::AppIds(vec![])), NOTHING);
    assert_eq!(preview(RetrySelector::Fingerprint("0".into())), NOTHING);
}

fn a_success_is_never_retried(h: &dyn Harness) {
    let (_, mut worker) = failing(h, 2);
    let one = RetrySelector::AppIds(app_ids(&[1]));
    // Neither done nor listed by a preview.
    for execute in [false, true] {
        let request = retry(one.clone(), None, execute);
        let chosen = worker.store.retry_failed(&request).expect("retry");
        assert!(chosen.is_empty(), "{execute}: {chosen:?}");
    }
    assert_eq!(h.count("processing_queue", "1 = 1"), 0);
}

fn queued_applications_are_not_retried(h: &dyn Harness) {
    let (_, mut worker) = failing(h, 2);
    assert_eq!(worker.retry(RetrySelector::All), [2]);
    assert_eq!(worker.retry(RetrySelector::All), NOTHING);
    worker.claim(1);
    assert_eq!(worker.retry(RetrySelector::AppIds(app_ids(&[2]))), NOTHING);
    h.assert_invariants();
}

fn only_the_last_attempt_counts(h: &dyn Harness) {
    let (contract, mut worker) = failing(h, 2);
    worker.retry(RetrySelector::All);
    let batch = worker.claim(1);
    worker.succeed(&contract, &batch);
    let selector = RetrySelector::Category(FailureCategory::BadValue);
    assert_eq!(worker.retry(selector), NOTHING);
    let status = worker.store.get_status().expect("status");
    assert_eq!((status.success, status.failed), (2, 0));
}

fn a_retry_records_who_requested_it_and_the_earlier_status(h: &dyn Harness) {
    let (_, mut worker) = failing(h, 2);
    worker.store.retry_failed(&retry(RetrySelector::All, None, true)).expect("retry");
    let detail = h
        .value("SELECT detail FROM {processing_event} WHERE event_type = 'requeued' AND app_id = 2")
        .expect("a detail");
    assert!(detail.contains("anna") && detail.contains("bad_value"), "{detail}");
}

fn finished_applications_are_requeued_only_if_every_table_replaces(h: &dyn Harness) {
    let (_, mut worker) = replacing(h, 2);
    let mut contract = contract_with(1, OnExisting::Replace);
    contract.targets[1].on_existing = OnExisting::Skip;
    let request = RequeueRequest {
        selector: RequeueSelector::AppIds(app_ids(&[1])),
        canary: None,
        execute: true,
        requested_by: "Anna".into(),
    };
    let error = worker.store.requeue_apps(&contract, &request).expect_err("refused");
    assert!(matches!(&error, StoreError::Refused(_)), "{error}");
    let error = error.to_string();
    assert!(error.contains("app_contact") && !error.contains("app_base"), "{error}");
    assert_eq!(h.count("processing_queue", "1 = 1"), 0);
}

fn a_requeued_application_keeps_its_rows_until_they_are_replaced(h: &dyn Harness) {
    let (contract, mut worker) = replacing(h, 2);
    assert_eq!(requeue(&mut worker, &contract, RequeueSelector::AppIds(app_ids(&[1]))), [1]);
    assert_eq!(h.count("app_contact", "app_id = 1"), 2);
    h.assert_invariants();
    let batch = worker.claim(1);
    assert_eq!(batch.apps[0].attempt, 2);
    worker.succeed(&contract, &batch);
    assert_eq!(h.count("app_contact", "app_id = 1"), 2);
    assert_eq!(h.count("processing_log", "app_id = 1 AND status = 'success'"), 2);
    h.assert_invariants();
}

fn a_failure_after_a_success_deletes_nothing(h: &dyn Harness) {
    let (contract, mut worker) = replacing(h, 4);
    requeue(&mut worker, &contract, RequeueSelector::AppIds(app_ids(&[1])));
    let batch = worker.claim(1);
    worker.complete(&contract, batch.token, &[failure(&batch.apps[0])]);
    assert_eq!(h.count("app_base", "app_id = 1") + h.count("app_contact", "app_id = 1"), 3);
    assert_eq!(h.count("app_contact", "app_id = 3"), 2);
    assert_eq!(h.count("processing_log", "app_id = 1 AND attempt = 1 AND has_rows = 1"), 1);
    h.assert_invariants();
}

fn a_refusal_after_a_success_deletes_nothing(h: &dyn Harness) {
    let (contract, mut worker) = replacing(h, 4);
    requeue(&mut worker, &contract, RequeueSelector::AppIds(app_ids(&[1])));
    let batch = worker.claim(1);
    let refused = super::harness::contacts(1, &[30]);
    let refused = outcome(&batch.apps[0], Ok(vec![super::harness::base(1, "new"), refused]));
    let completed = worker.complete(&contract, batch.token, &[refused]);
    assert_eq!(completed[0].failure(), Some(FailureCategory::ConstraintViolation));
    assert_eq!(h.count("app_base", "app_id = 1") + h.count("app_contact", "app_id = 1"), 3);
    h.assert_invariants();
}

fn an_interrupted_repetition_keeps_the_earlier_rows(h: &dyn Harness) {
    let (contract, mut worker) = replacing(h, 2);
    requeue(&mut worker, &contract, RequeueSelector::AppIds(app_ids(&[1])));
    let batch = worker.claim(1);
    h.expire_lease(batch.token);
    worker.reap();
    assert_eq!(h.count("app_contact", "app_id = 1"), 2);
    h.assert_invariants();
}

fn applications_are_requeued_by_id_and_by_range(h: &dyn Harness) {
    let (contract, mut worker) = replacing(h, 6);
    let range = RequeueSelector::Range { start: AppId(2), end: AppId(4) };
    assert_eq!(requeue(&mut worker, &contract, range.clone()), [2, 3, 4], "failed ones as well");
    assert_eq!(requeue(&mut worker, &contract, range), NOTHING, "they are queued already");
    let some = RequeueSelector::AppIds(app_ids(&[6, 1, 3, 99]));
    assert_eq!(requeue(&mut worker, &contract, some), [1, 6]);
    h.assert_invariants();
}

fn applications_of_an_older_contract_are_requeued(h: &dyn Harness) {
    let (_, mut worker) = replacing(h, 3);
    let new = contract_with(2, OnExisting::Replace);
    worker.store.install_contract(&new).expect("install");
    h.put_document(4, Some(document(4).as_bytes()));
    worker.store.enqueue_apps(Default::default()).expect("enqueue");
    let mut worker = Worker::start(h, &new);
    let batch = worker.claim(1);
    worker.succeed(&new, &batch);
    let older = RequeueSelector::OlderContract(ContractHash([2; 32]));
    assert_eq!(requeue(&mut worker, &new, older), [1, 2, 3]);
    h.assert_invariants();
}

fn applications_whose_document_changed_are_requeued(h: &dyn Harness) {
    let (contract, mut worker) = replacing(h, 5);
    let mut changed = || requeue(&mut worker, &contract, RequeueSelector::ChangedDocument);
    assert_eq!(changed(), NOTHING);
    h.put_document(1, Some(b"<a>other</a>"));
    h.put_document(2, Some(b"<a>corrected</a>"));
    h.put_document(3, None);
    h.execute("DELETE FROM {app_xml} WHERE app_id = 5");
    assert_eq!(changed(), [1, 2, 3], "a deleted source row is not a change");
    assert_eq!(changed(), NOTHING);
    h.assert_invariants();
}

fn a_requeue_with_another_contract_is_refused(h: &dyn Harness) {
    let (_, mut worker) = replacing(h, 2);
    let other = contract_with(2, OnExisting::Replace);
    let request = RequeueRequest {
        selector: RequeueSelector::ChangedDocument,
        canary: None,
        execute: true,
        requested_by: "Anna".into(),
    };
    let error = worker.store.requeue_apps(&other, &request).expect_err("refused");
    assert!(matches!(error, StoreError::ContractNotInstalled { .. }), "{error}");
}

fn unfinished_applications_are_not_requeued(h: &dyn Harness) {
    let contract = h.prepare_with(contract_with(1, OnExisting::Replace), 3);
    let mut worker = Worker::start(h, &contract);
    h.quarantine(&mut worker, 1);
    worker.claim(1);
    let all = RequeueSelector::Range { start: AppId(1), end: AppId(3) };
    assert_eq!(requeue(&mut worker, &contract, all), NOTHING);
    h.assert_invariants();
}
