//! Leases: renewed, extended by completing, and lost once reaped.

use std::time::Duration;

use xmlshred::id::ClaimToken;
use xmlshred::store::{Renewal, StoreError};

use super::harness::{ids, success, Harness, Worker, LEASE};

super::behaviours! {
    a_renewed_lease_is_not_reaped,
    a_lost_claim_is_not_renewed,
    completing_a_part_extends_the_lease_of_the_rest,
    a_repeated_claim_extends_its_lease,
    an_expired_lease_that_was_not_reaped_still_completes,
    a_lease_of_zero_is_refused,
    renewals_are_counted_and_logged,
}

fn a_renewed_lease_is_not_reaped(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    h.expire_lease(batch.token);
    let renewal = worker.store.renew_lease(batch.token, LEASE).expect("renew");
    assert_eq!(renewal, Renewal::Renewed);
    assert_eq!(worker.reap().claims, 0);
    assert_eq!(worker.succeed(&contract, &batch).len(), 2);
    h.assert_invariants();
}

fn a_lost_claim_is_not_renewed(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let mut renew = |token| worker.store.renew_lease(token, LEASE).expect("renew");
    assert_eq!(renew(ClaimToken::random()), Renewal::Lost);

    let mut worker = Worker::start(h, &contract);
    let (reaped, released, done) = (worker.claim(1), worker.claim(1), worker.claim(1));
    worker.store.release_claim(released.token, "test").expect("release");
    worker.succeed(&contract, &done);
    h.expire_lease(reaped.token);
    worker.reap();
    for batch in [reaped, released, done] {
        let renewal = worker.store.renew_lease(batch.token, LEASE).expect("renew");
        assert_eq!(renewal, Renewal::Lost, "{:?}", ids(&batch));
    }
    h.assert_invariants();
}

fn completing_a_part_extends_the_lease_of_the_rest(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    h.expire_lease(batch.token);
    worker.complete(&contract, batch.token, &[success(&batch.apps[0])]);
    assert_eq!(worker.reap().claims, 0);
    assert_eq!(h.count("processing_queue", "state = 1"), 1);
}

fn a_repeated_claim_extends_its_lease(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let request = worker.request(2);
    let batch = worker.claim_by(&request);
    h.expire_lease(batch.token);
    worker.claim_by(&request);
    assert_eq!(worker.reap().claims, 0);
}

fn an_expired_lease_that_was_not_reaped_still_completes(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    h.expire_lease(batch.token);
    assert_eq!(worker.succeed(&contract, &batch).len(), 2);
    assert_eq!(worker.reap().claims, 0);
    h.assert_invariants();
}

fn a_lease_of_zero_is_refused(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    let error = worker.store.renew_lease(batch.token, Duration::ZERO).expect_err("refused");
    assert!(matches!(&error, StoreError::Refused(_)), "{error}");
    assert_eq!(worker.reap().claims, 0);
}

fn renewals_are_counted_and_logged(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    for _ in 0..2 {
        worker.store.renew_lease(batch.token, LEASE).expect("renew");
    }
    assert_eq!(h.count("processing_claim", "renewals = 2 AND app_count = 2"), 1);
    assert_eq!(h.count("processing_event", "event_type = 'renewed' AND app_count = 2"), 2);
    assert_eq!(h.count("processing_event", "event_type = 'claimed' AND app_count = 2"), 1);
    let claims = worker.store.get_status().expect("status").claims;
    assert_eq!((claims.len(), claims[0].token, claims[0].renewals), (1, batch.token, 2));
    assert!(claims[0].remaining_seconds > 0);
}
