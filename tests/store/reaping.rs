//! Reaping: applications of dead claims are ready again, and those that killed them are found.

use xmlshred::store::{ReapRequest, Reaped, RetrySelector, StoreError};

use super::harness::{ids, patient_reap, success, Harness, Worker};

super::behaviours! {
    a_reaped_worker_writes_nothing,
    a_lease_that_has_not_expired_is_not_reaped,
    a_reaped_application_is_ready_at_once_and_its_attempt_is_spent,
    only_what_is_unfinished_is_reaped,
    a_batch_that_lost_its_worker_is_handed_out_in_halves,
    those_reaped_least_often_come_first_and_never_with_others,
    one_reaped_very_often_is_claimed_alone,
    the_document_that_kills_its_workers_is_found_and_quarantined,
    an_application_reaped_with_others_is_not_quarantined,
    a_worker_that_was_switched_off_poisons_nothing,
    quarantine_names_the_workers_that_died,
    a_quarantined_application_is_not_claimed_until_it_is_retried,
    reaping_stops_at_its_limit,
    quarantine_after_no_reaps_is_refused,
    reapers_side_by_side_reap_each_claim_once,
}

fn a_reaped_worker_writes_nothing(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut late = Worker::start(h, &contract);
    let lost = late.claim(3);
    h.expire_lease(lost.token);
    let mut other = Worker::start(h, &contract);
    assert_eq!(other.reap(), Reaped { claims: 1, apps: 3, quarantined: 0 });
    let before = h.query("SELECT app_id, state, attempts FROM {processing_queue} ORDER BY app_id");

    let outcomes: Vec<_> = lost.apps.iter().map(success).collect();
    let error = late.store.complete_batch(lost.token, &contract, &outcomes, 3).expect_err("lost");
    assert!(matches!(error, StoreError::LeaseLost(token) if token == lost.token), "{error}");
    let error =
        late.store.complete_batch(lost.token, &contract, &outcomes[..1], 3).expect_err("lost");
    assert!(matches!(error, StoreError::LeaseLost(_)), "{error}");
    assert_eq!(late.store.release_claim(lost.token, "late").expect("release"), 0);

    assert_eq!(h.count("processing_log", "1 = 1") + h.count("app_base", "1 = 1"), 0);
    let after = h.query("SELECT app_id, state, attempts FROM {processing_queue} ORDER BY app_id");
    assert_eq!(before, after);

    // The same if another worker holds them meanwhile, or has finished them.
    let batch = other.claim(1);
    let error = late.store.complete_batch(lost.token, &contract, &outcomes, 3).expect_err("lost");
    assert!(matches!(error, StoreError::LeaseLost(_)), "{error}");
    other.succeed(&contract, &batch);
    let error = late.store.complete_batch(lost.token, &contract, &outcomes[..1], 3);
    assert!(matches!(error, Err(StoreError::LeaseLost(_))));
    assert_eq!(h.count("processing_log", "1 = 1"), 1);
    h.assert_invariants();
}

fn a_lease_that_has_not_expired_is_not_reaped(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    worker.claim(2);
    assert_eq!(worker.reap(), Reaped::default());
    assert_eq!(h.count("processing_queue", "state = 1 AND reaps = 0"), 2);
}

fn a_reaped_application_is_ready_at_once_and_its_attempt_is_spent(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    h.expire_lease(batch.token);
    worker.reap();
    assert_eq!(h.count("processing_claim", "1 = 1"), 0);
    let again = worker.claim(1);
    assert_eq!((again.apps[0].app_id, again.apps[0].attempt), (batch.apps[0].app_id, 2));
    worker.succeed(&contract, &again);
    assert_eq!(h.count("processing_log", "attempt = 2"), 1);
    h.assert_invariants();
}

fn only_what_is_unfinished_is_reaped(h: &dyn Harness) {
    let contract = h.prepare(4);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(4);
    worker.complete(&contract, batch.token, &[success(&batch.apps[1]), success(&batch.apps[2])]);
    h.expire_lease(batch.token);
    assert_eq!(worker.reap(), Reaped { claims: 1, apps: 2, quarantined: 0 });
    assert_eq!(h.count("processing_event", "event_type = 'reaped' AND app_id IN (1, 4)"), 2);
    h.assert_invariants();
}

fn a_batch_that_lost_its_worker_is_handed_out_in_halves(h: &dyn Harness) {
    let contract = h.prepare(8);
    let mut worker = Worker::start(h, &contract);
    for expected in [8, 4, 4, 2, 2, 2, 2, 1, 1] {
        let batch = worker.claim(8);
        assert_eq!(batch.apps.len(), expected);
        h.expire_lease(batch.token);
        worker.store.reap_expired(patient_reap()).expect("reap");
    }
    h.assert_invariants();
}

fn one_reaped_very_often_is_claimed_alone(h: &dyn Harness) {
    let contract = h.prepare(2);
    // 2 to the 40th is more than an int has.
    h.execute("UPDATE {processing_queue} SET reaps = 40");
    let mut worker = Worker::start(h, &contract);
    assert_eq!(ids(&worker.claim(8)), [1]);
    assert_eq!(ids(&worker.claim(8)), [2]);
}

fn those_reaped_least_often_come_first_and_never_with_others(h: &dyn Harness) {
    let contract = h.prepare(4);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    h.expire_lease(batch.token);
    worker.reap();
    assert_eq!(ids(&worker.claim(8)), [3, 4]);
    // At most half a batch.
    let request = worker.request(2);
    assert_eq!(ids(&worker.claim_by(&request)), [1]);
    assert_eq!(ids(&worker.claim(8)), [2]);
}

fn the_document_that_kills_its_workers_is_found_and_quarantined(h: &dyn Harness) {
    let contract = h.prepare(20);
    let mut deaths = 0;
    let mut after = None;
    loop {
        let mut worker = Worker::start(h, &contract);
        let mut request = worker.request(8);
        request.after_app_id = after;
        let batch = match worker.store.claim_batch(&request).expect("claim") {
            xmlshred::store::Claimed::Batch(batch) => batch,
            xmlshred::store::Claimed::Empty { .. } | xmlshred::store::Claimed::Paused(_) => break,
        };
        after = batch.apps.last().map(|app| app.app_id);
        if ids(&batch).contains(&13) {
            deaths += 1;
            assert!(deaths < 20, "the culprit is never found");
            h.expire_lease(batch.token);
            worker.reap();
        } else {
            worker.succeed(&contract, &batch);
        }
    }
    assert_eq!(h.count("processing_queue", "state = 2 AND app_id = 13"), 1);
    assert_eq!(h.count("processing_log", "status = 'success'"), 19);
    // Alone after as many reaps as halve 8 to 1, then three times alone.
    assert!(deaths <= 3 + 3, "{deaths} workers died");
    h.assert_invariants();
}

fn an_application_reaped_with_others_is_not_quarantined(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let once = ReapRequest { max_reaps: 1, ..ReapRequest::default() };
    let batch = worker.claim(2);
    h.expire_lease(batch.token);
    assert_eq!(worker.store.reap_expired(once).expect("reap").quarantined, 0);
    assert_eq!(h.count("processing_queue", "reaps = 1 AND lone_reaps = 0 AND state = 0"), 2);
    let batch = worker.claim(1);
    h.expire_lease(batch.token);
    let reaped = worker.store.reap_expired(once).expect("reap");
    assert_eq!(reaped, Reaped { claims: 1, apps: 0, quarantined: 1 });
    assert_eq!(h.count("processing_queue", "lone_reaps = 1 AND state = 2 AND app_id = 1"), 1);
    h.assert_invariants();
}

fn a_worker_that_was_switched_off_poisons_nothing(h: &dyn Harness) {
    let contract = h.prepare(6);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(6);
    h.expire_lease(batch.token);
    worker.reap();
    for _ in 0..2 {
        let batch = worker.claim(6);
        worker.succeed(&contract, &batch);
    }
    let status = worker.store.get_status().expect("status");
    assert_eq!((status.success, status.failed, status.quarantined), (6, 0, 0));
    h.assert_invariants();
}

fn quarantine_names_the_workers_that_died(h: &dyn Harness) {
    let contract = h.prepare(1);
    for number in 1..=3 {
        let mut worker = Worker::start(h, &contract);
        h.execute(&format!(
            "UPDATE {{processing_session}} SET worker_name = 'worker number {number}'
             WHERE session_id = '{}'",
            worker.session.0
        ));
        let batch = worker.claim(1);
        h.expire_lease(batch.token);
        worker.reap();
    }
    let told = h.query("SELECT detail FROM {processing_event} WHERE app_id = 1");
    let told: String = told.into_iter().flatten().flatten().collect();
    for number in 1..=3 {
        assert!(told.contains(&format!("worker number {number}")), "{told}");
    }
    assert_eq!(h.count("processing_event", "event_type = 'quarantined' AND app_id = 1"), 1);
}

fn a_quarantined_application_is_not_claimed_until_it_is_retried(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    h.quarantine(&mut worker, 1);
    assert_eq!(ids(&worker.claim(2)), [2]);
    let request = worker.request(2);
    worker.claim_nothing(&request);
    assert_eq!(worker.retry(RetrySelector::Quarantined), [1]);
    assert_eq!(h.count("processing_queue", "app_id = 1 AND reaps = 0 AND lone_reaps = 0"), 1);
    let batch = worker.claim(2);
    assert_eq!((ids(&batch), batch.apps[0].attempt), (vec![1], 2));
    worker.succeed(&contract, &batch);
    h.assert_invariants();
}

fn reaping_stops_at_its_limit(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    for _ in 0..3 {
        let batch = worker.claim(1);
        h.expire_lease(batch.token);
    }
    let two = ReapRequest { max_claims: 2, ..ReapRequest::default() };
    assert_eq!(worker.store.reap_expired(two).expect("reap").claims, 2);
    assert_eq!(worker.store.reap_expired(two).expect("reap").claims, 1);
}

fn quarantine_after_no_reaps_is_refused(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    h.expire_lease(batch.token);
    let request = ReapRequest { max_reaps: 0, ..ReapRequest::default() };
    let error = worker.store.reap_expired(request).expect_err("refused");
    assert!(matches!(&error, StoreError::Refused(_)), "{error}");
    assert_eq!(h.count("processing_queue", "state = 1"), 1);
}

fn reapers_side_by_side_reap_each_claim_once(h: &dyn Harness) {
    let contract = h.prepare(40);
    let mut worker = Worker::start(h, &contract);
    for _ in 0..20 {
        let batch = worker.claim(2);
        h.expire_lease(batch.token);
    }
    let reaped: Vec<Reaped> = std::thread::scope(|scope| {
        let reapers: Vec<_> =
            (0..4).map(|_| scope.spawn(|| Worker::start(h, &contract).reap())).collect();
        reapers.into_iter().map(|reaper| reaper.join().expect("a reaper")).collect()
    });
    assert_eq!(reaped.iter().map(|reaped| reaped.claims).sum::<u64>(), 20);
    assert_eq!(h.count("processing_queue", "state = 0 AND reaps = 1"), 40);
    h.assert_invariants();
}
