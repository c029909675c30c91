//! Claiming: ordered, limited, exclusive, and repeatable with the same token.

use std::collections::BTreeSet;
use std::time::Duration;

use xmlshred::id::SessionId;
use xmlshred::id::{AppId, ContractHash};
use xmlshred::store::{ClaimRequest, Claimed, Partition, Share, StoreError};

use super::harness::{document, ids, success, Harness, Worker};

super::behaviours! {
    applications_are_claimed_in_order_of_their_ids,
    a_claim_searches_above_the_last_id_first_and_wraps_once,
    a_batch_is_bounded_by_bytes_but_never_empty,
    partitions_are_disjoint_and_complete,
    ranges_are_inclusive,
    a_partition_of_a_range_is_both,
    the_same_token_gets_the_same_claim_again,
    a_token_gets_its_unfinished_applications_again,
    a_token_of_another_session_is_refused,
    an_empty_answer_has_the_number_that_others_hold,
    each_claim_is_an_attempt,
    a_claimed_document_is_the_stored_one,
    a_deleted_source_row_is_claimed_without_a_document,
    a_clock_that_is_put_back_hides_no_work,
    another_contract_claims_nothing,
    without_a_contract_nothing_is_claimed,
    an_unknown_session_claims_nothing,
    an_invalid_claim_is_refused_with_everything_that_is_wrong,
    claimers_side_by_side_never_share_an_application,
}

fn applications_are_claimed_in_order_of_their_ids(h: &dyn Harness) {
    let contract = h.prepare(5);
    let mut worker = Worker::start(h, &contract);
    assert_eq!(ids(&worker.claim(3)), [1, 2, 3]);
    assert_eq!(ids(&worker.claim(3)), [4, 5]);
    h.assert_invariants();
}

fn a_claim_searches_above_the_last_id_first_and_wraps_once(h: &dyn Harness) {
    let contract = h.prepare(6);
    let mut worker = Worker::start(h, &contract);
    let after = |worker: &Worker, id, batch_size| ClaimRequest {
        after_app_id: Some(AppId(id)),
        ..worker.request(batch_size)
    };
    let request = after(&worker, 3, 2);
    assert_eq!(ids(&worker.claim_by(&request)), [4, 5]);
    let request = after(&worker, 5, 3);
    assert_eq!(ids(&worker.claim_by(&request)), [1, 2, 6], "in ascending order all the same");
    let request = after(&worker, 6, 3);
    assert_eq!(ids(&worker.claim_by(&request)), [3]);
}

fn a_batch_is_bounded_by_bytes_but_never_empty(h: &dyn Harness) {
    let contract = h.prepare(5);
    let mut worker = Worker::start(h, &contract);
    let size = h.value("SELECT MAX(document_bytes) FROM {processing_queue}").expect("a size");
    let size: u64 = size.parse().expect("a number");
    let bytes = |worker: &Worker, max_bytes| ClaimRequest { max_bytes, ..worker.request(10) };
    let request = bytes(&worker, 2 * size);
    assert_eq!(ids(&worker.claim_by(&request)), [1, 2]);
    let request = bytes(&worker, 2 * size - 1);
    assert_eq!(ids(&worker.claim_by(&request)), [3]);
    let request = bytes(&worker, 1);
    assert_eq!(ids(&worker.claim_by(&request)), [4]);
}

fn partitions_are_disjoint_and_complete(h: &dyn Harness) {
    h.put_document(-4, Some(document(-4).as_bytes()));
    h.put_document(0, Some(document(0).as_bytes()));
    let contract = super::harness::contract();
    h.put_documents(10);
    let mut worker = Worker::start(h, &contract);
    worker.store.install_contract(&contract).expect("install");
    worker.store.enqueue_apps(Default::default()).expect("enqueue");
    let mut seen = BTreeSet::new();
    for instance_id in 0..3 {
        let partition = Some(Partition { instance_id, instance_count: 3 });
        let request =
            ClaimRequest { share: Share { partition, ..Share::default() }, ..worker.request(100) };
        for id in ids(&worker.claim_by(&request)) {
            assert!(seen.insert(id), "{id} is in two partitions");
            assert!(id < 0 || id % 3 == i64::from(instance_id), "{id} is in {instance_id}");
        }
    }
    let expected: BTreeSet<i64> = (1..=10).chain([-4, 0]).collect();
    assert_eq!(seen, expected);
}

fn ranges_are_inclusive(h: &dyn Harness) {
    let contract = h.prepare(9);
    let mut worker = Worker::start(h, &contract);
    let range = |worker: &Worker, start: Option<i64>, end: Option<i64>| ClaimRequest {
        share: Share {
            partition: None,
            app_id_start: start.map(AppId),
            app_id_end: end.map(AppId),
        },
        after_app_id: Some(AppId(8)),
        ..worker.request(10)
    };
    let request = range(&worker, Some(3), Some(5));
    assert_eq!(ids(&worker.claim_by(&request)), [3, 4, 5]);
    assert_eq!(worker.claim_nothing(&range(&worker, Some(3), Some(5))), 3);
    let request = range(&worker, None, Some(2));
    assert_eq!(ids(&worker.claim_by(&request)), [1, 2]);
    let request = range(&worker, Some(8), None);
    assert_eq!(ids(&worker.claim_by(&request)), [8, 9]);
    assert_eq!(ids(&worker.claim(10)), [6, 7]);
}

fn a_partition_of_a_range_is_both(h: &dyn Harness) {
    let contract = h.prepare(12);
    let mut worker = Worker::start(h, &contract);
    let request = ClaimRequest {
        share: Share {
            partition: Some(Partition { instance_id: 1, instance_count: 4 }),
            app_id_start: Some(AppId(2)),
            app_id_end: Some(AppId(9)),
        },
        ..worker.request(10)
    };
    assert_eq!(ids(&worker.claim_by(&request)), [5, 9]);
}

fn the_same_token_gets_the_same_claim_again(h: &dyn Harness) {
    let contract = h.prepare(5);
    let mut worker = Worker::start(h, &contract);
    let request = worker.request(3);
    let first = worker.claim_by(&request);
    let again = worker.claim_by(&request);
    assert_eq!(first.claimed_at, again.claimed_at);
    for (first, again) in first.apps.iter().zip(&again.apps) {
        assert_eq!(
            (first.app_id, first.attempt, &first.document),
            (again.app_id, again.attempt, &again.document)
        );
    }
    assert_eq!(ids(&first), ids(&again));
    assert_eq!(h.count("processing_queue", "state = 1"), 3);
    h.assert_invariants();
}

fn a_token_gets_its_unfinished_applications_again(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let request = worker.request(3);
    let batch = worker.claim_by(&request);
    worker.complete(&contract, batch.token, &[success(&batch.apps[1])]);
    assert_eq!(ids(&worker.claim_by(&request)), [1, 3]);
}

fn a_token_of_another_session_is_refused(h: &dyn Harness) {
    let contract = h.prepare(4);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    let mut other = Worker::start(h, &contract);
    let request = ClaimRequest { token: batch.token, ..other.request(2) };
    let error = other.store.claim_batch(&request).expect_err("refused");
    assert!(matches!(&error, StoreError::Refused(_)), "{error}");
    assert_eq!(h.count("processing_queue", "state = 1"), 2);
}

fn an_empty_answer_has_the_number_that_others_hold(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    worker.claim(2);
    let request = worker.request(2);
    assert_eq!(worker.claim_nothing(&request), 3);
    worker.succeed(&contract, &batch);
    assert_eq!(worker.claim_nothing(&request), 1);
    assert_eq!(h.count("processing_claim", "1 = 1"), 1, "an empty answer leaves no claim");
}

fn each_claim_is_an_attempt(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    for attempt in 1..=3 {
        let batch = worker.claim(1);
        assert_eq!(batch.apps[0].attempt, attempt);
        h.expire_lease(batch.token);
        worker.store.reap_expired(super::harness::patient_reap()).expect("reap");
    }
}

fn a_claimed_document_is_the_stored_one(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    for app in &batch.apps {
        let stored = worker.store.read_document(app.app_id).expect("read");
        assert!(app.document.is_some());
        assert_eq!(app.document, stored);
    }
    assert_ne!(batch.apps[0].document, batch.apps[1].document);
    assert_eq!(worker.store.read_document(AppId(3)).expect("read"), None);
}

fn a_deleted_source_row_is_claimed_without_a_document(h: &dyn Harness) {
    let contract = h.prepare(3);
    h.execute("DELETE FROM {app_xml} WHERE app_id = 1");
    h.put_document(2, None);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(3);
    let present: Vec<bool> = batch.apps.iter().map(|app| app.document.is_some()).collect();
    assert_eq!(present, [false, false, true]);
}

fn a_clock_that_is_put_back_hides_no_work(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    // Enqueued, released, reaped, retried and requeued by a clock that is an hour fast.
    h.put_clock_back();
    let batch = worker.claim(3);
    assert_eq!(ids(&batch), [1, 2, 3]);
    worker.store.release_claim(batch.token, "stopped").expect("release");
    h.put_clock_back();
    let batch = worker.claim(3);
    assert_eq!(ids(&batch), [1, 2, 3]);
    h.expire_lease(batch.token);
    worker.reap();
    h.put_clock_back();
    for id in 1..=3 {
        let batch = worker.claim(1);
        assert_eq!(ids(&batch), [id]);
        worker.complete(&contract, batch.token, &[super::harness::failure(&batch.apps[0])]);
    }
    assert_eq!(worker.retry(xmlshred::store::RetrySelector::All), [1, 2, 3]);
    h.put_clock_back();
    assert_eq!(ids(&worker.claim(3)), [1, 2, 3]);
    h.assert_invariants();
}

fn another_contract_claims_nothing(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let offered = ContractHash([9; 32]);
    let request = ClaimRequest { contract_hash: offered, ..worker.request(2) };
    match worker.store.claim_batch(&request).expect_err("refused") {
        StoreError::ContractNotInstalled { offered: refused, installed } => {
            assert_eq!((refused, installed), (offered, Some(contract.hash)));
        }
        other => panic!("{other}"),
    }
    assert_eq!(h.count("processing_queue", "state = 0 AND attempts = 0"), 2);
    assert_eq!(h.count("processing_claim", "1 = 1"), 0);
}

fn without_a_contract_nothing_is_claimed(h: &dyn Harness) {
    let contract = super::harness::contract();
    h.put_documents(1);
    let mut worker = Worker::start(h, &contract);
    worker.store.enqueue_apps(Default::default()).expect("enqueue");
    let request = worker.request(1);
    let error = worker.store.claim_batch(&request).expect_err("refused");
    assert!(matches!(error, StoreError::ContractNotInstalled { installed: None, .. }), "{error}");
}

fn an_unknown_session_claims_nothing(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    worker.session = SessionId(uuid::Uuid::from_u128(7));
    let request = worker.request(2);
    let error = worker.store.claim_batch(&request).expect_err("refused").to_string();
    assert!(error.contains("00000000-0000-0000-0000-000000000007"), "{error}");
    assert_eq!(h.count("processing_queue", "state = 0 AND attempts = 0"), 2);
    h.assert_invariants();
}

fn an_invalid_claim_is_refused_with_everything_that_is_wrong(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let request = ClaimRequest {
        batch_size: 0,
        lease: Duration::ZERO,
        share: Share {
            partition: Some(Partition { instance_id: 4, instance_count: 4 }),
            app_id_start: Some(AppId(9)),
            app_id_end: Some(AppId(8)),
        },
        ..worker.request(2)
    };
    let error = worker.store.claim_batch(&request).expect_err("refused").to_string();
    for part in ["batch size is 0", "lease of 0ns", "instance 4 of 4", "from 9 to 8"] {
        assert!(error.contains(part), "{part:?} is not in {error:?}");
    }
    assert_eq!(h.count("processing_queue", "state = 0"), 2);
}

fn claimers_side_by_side_never_share_an_application(h: &dyn Harness) {
    let contract = h.prepare(120);
    let claimed: Vec<i64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut worker = Worker::start(h, &contract);
                    let mut claimed = Vec::new();
                    loop {
                        let request = worker.request(7);
                        match worker.store.claim_batch(&request).expect("claim") {
                            Claimed::Batch(batch) => {
                                claimed.extend(ids(&batch));
                                worker.succeed(&contract, &batch);
                            }
                            Claimed::Empty { .. } | Claimed::Paused(_) => return claimed,
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect()
    });
    let distinct: BTreeSet<i64> = claimed.iter().copied().collect();
    assert_eq!((claimed.len(), distinct.len()), (120, 120));
    assert_eq!(h.count("processing_log", "status = 'success' AND attempt = 1"), 120);
    h.assert_invariants();
}
