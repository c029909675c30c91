//! Enqueueing: every source row once, however many callers enqueue and however often.

use xmlshred::id::AppId;
use xmlshred::store::{EnqueueMode, Enqueued, Store, Unprocessed, UnprocessedPage};

use super::harness::{added, document, failure, ids, Harness, Worker};

super::behaviours! {
    queued_applications_are_not_enqueued,
    logged_applications_are_not_enqueued,
    a_lower_id_that_arrives_later_is_found,
    a_range_is_inclusive,
    an_empty_source_adds_nothing,
    a_document_that_is_null_is_queued,
    callers_side_by_side_add_each_application_once,
    what_is_neither_queued_nor_logged_is_listed_with_the_reason,
}

fn queued_applications_are_not_enqueued(h: &dyn Harness) {
    let contract = h.prepare(4);
    let mut worker = Worker::start(h, &contract);
    worker.claim(1);
    h.quarantine(&mut worker, 2);
    for mode in [EnqueueMode::New, EnqueueMode::Full] {
        assert_eq!(worker.store.enqueue_apps(mode).expect("enqueue"), added(0));
    }
    assert_eq!(h.count("processing_queue", "1 = 1"), 4);
    h.assert_invariants();
}

fn logged_applications_are_not_enqueued(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    worker.succeed(&contract, &batch);
    let batch = worker.claim(1);
    worker.complete(&contract, batch.token, &[failure(&batch.apps[0])]);
    h.put_document(3, Some(document(3).as_bytes()));
    // A store may not count if that requires a search.
    let unqueued = worker.store.count_unqueued().expect("a count");
    assert!(matches!(unqueued, None | Some(1)), "{unqueued:?}");
    assert_eq!(worker.store.enqueue_apps(EnqueueMode::New).expect("enqueue"), added(1));
    let unqueued = worker.store.count_unqueued().expect("a count");
    assert!(matches!(unqueued, None | Some(0)), "{unqueued:?}");
    assert_eq!(worker.store.enqueue_apps(EnqueueMode::Full).expect("enqueue"), added(0));
    assert_eq!(ids(&worker.claim(5)), [3]);
    h.assert_invariants();
}

fn a_lower_id_that_arrives_later_is_found(h: &dyn Harness) {
    h.put_document(10, Some(document(10).as_bytes()));
    let mut store = h.connect();
    assert_eq!(store.enqueue_apps(EnqueueMode::New).expect("enqueue"), added(1));
    h.put_document(9, Some(document(9).as_bytes()));
    assert_eq!(store.enqueue_apps(EnqueueMode::New).expect("enqueue"), added(1));
    h.put_document(-2_000_000, Some(document(1).as_bytes()));
    assert_eq!(store.enqueue_apps(EnqueueMode::Full).expect("enqueue"), added(1));
    h.assert_invariants();
}

fn a_range_is_inclusive(h: &dyn Harness) {
    h.put_documents(9);
    let mut store = h.connect();
    let range = EnqueueMode::Range { start: AppId(3), end: AppId(5) };
    assert_eq!(store.enqueue_apps(range).expect("enqueue"), added(3));
    assert_eq!(h.count("processing_queue", "app_id BETWEEN 3 AND 5"), 3);
    assert_eq!(store.enqueue_apps(EnqueueMode::New).expect("enqueue"), added(6));
}

fn an_empty_source_adds_nothing(h: &dyn Harness) {
    let mut store = h.connect();
    for mode in [EnqueueMode::New, EnqueueMode::Full] {
        assert_eq!(store.enqueue_apps(mode).expect("enqueue"), added(0));
    }
}

fn a_document_that_is_null_is_queued(h: &dyn Harness) {
    h.put_document(1, None);
    assert_eq!(h.connect().enqueue_apps(EnqueueMode::New).expect("enqueue"), added(1));
    assert_eq!(h.count("processing_queue", "document_bytes = 0"), 1);
}

fn callers_side_by_side_add_each_application_once(h: &dyn Harness) {
    h.put_documents(200);
    let answers: Vec<Enqueued> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|i| {
                let mode = if i % 2 == 0 { EnqueueMode::New } else { EnqueueMode::Full };
                scope.spawn(move || h.connect().enqueue_apps(mode).expect("enqueue"))
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().expect("a caller")).collect()
    });
    let sum: u64 = answers
        .iter()
        .map(|answer| match answer {
            Enqueued::Added(added) => *added,
            Enqueued::Busy => 0,
        })
        .sum();
    assert_eq!(sum, 200);
    assert_eq!(h.count("processing_queue", "state = 0"), 200);
    h.assert_invariants();
}

fn unprocessed(store: &mut dyn Store, after: Option<i64>, size: u32) -> Vec<Unprocessed> {
    let page = UnprocessedPage { after: after.map(AppId), size };
    store.list_unprocessed(&page).expect("a list")
}

fn what_is_neither_queued_nor_logged_is_listed_with_the_reason(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    worker.succeed(&contract, &batch);
    assert_eq!(unprocessed(&mut *worker.store, None, 10), []);
    for app_id in [4, 7, 5] {
        h.put_document(app_id, Some(document(app_id).as_bytes()));
    }
    h.put_document(6, None);
    let listed = unprocessed(&mut *worker.store, None, 10);
    let ids: Vec<i64> = listed.iter().map(|row| row.app_id.0).collect();
    assert_eq!(ids, [4, 5, 6, 7]);
    assert_eq!(listed[2].document_bytes, 0);
    assert!(listed[0].document_bytes >= document(4).len() as u64);
    assert!(listed.iter().all(|row| row.reason == "new: the next enqueue adds it"), "{listed:?}");
    assert_eq!(unprocessed(&mut *worker.store, Some(4), 2), listed[1..3]);
    worker.store.enqueue_apps(EnqueueMode::New).expect("enqueue");
    assert_eq!(unprocessed(&mut *worker.store, None, 10), []);
}
