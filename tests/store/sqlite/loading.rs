//! Loading documents into the source table.

use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::id::AppId;
use xmlshred::store::sqlite::{NewDocument, NewStore, SqliteStore};
use xmlshred::store::Existing;
use xmlshred::store::{EnqueueMode, Store, StoreError};

use super::SqliteHarness;
use crate::store::harness::{added, Harness, Worker};

fn load(
    store: &mut SqliteStore,
    existing: Existing,
    documents: impl IntoIterator<Item = (i64, NewDocument)>,
) -> Result<u64, StoreError> {
    let mut loader = store.loader(existing)?;
    for (id, document) in documents {
        loader.add(AppId(id), document)?;
    }
    loader.finish()
}

fn text(text: &str) -> NewDocument {
    NewDocument::Text(text.into())
}

fn open(harness: &SqliteHarness) -> SqliteStore {
    SqliteStore::open(harness.path()).expect("open")
}

#[test]
fn bytes_and_text_come_back_as_they_were_loaded() {
    let harness = SqliteHarness::fresh();
    let mut store = open(&harness);
    let bytes = vec![0xFF, 0xFE, b'<', 0, b'a', 0, b'/', 0, b'>', 0];
    let documents = [(1, NewDocument::Bytes(bytes.clone())), (2, text("<ä>\0</ä>"))];
    assert_eq!(load(&mut store, Existing::Refuse, documents).expect("load"), 2);
    assert_eq!(
        store.read_document(AppId(1)).expect("read"),
        Some(Document { bytes, encoding: DocumentEncoding::Detect })
    );
    assert_eq!(
        store.read_document(AppId(2)).expect("read"),
        Some(Document { bytes: "<ä>\0</ä>".into(), encoding: DocumentEncoding::Utf8 })
    );
}

#[test]
fn an_existing_id_is_refused_unless_it_is_replaced() {
    let harness = SqliteHarness::fresh();
    let mut store = open(&harness);
    load(&mut store, Existing::Refuse, [(7, text("<a/>"))]).expect("load");
    let again = [(6, text("<b/>")), (7, text("<b/>"))];
    let error = load(&mut store, Existing::Refuse, again.clone()).expect_err("refused");
    assert!(error.to_string().contains("application 7"), "{error}");
    assert_eq!(harness.count("app_xml", "xml = '<a/>'"), 1);
    assert_eq!(harness.count("app_xml", "1 = 1"), 1, "nothing is loaded in part");
    assert_eq!(load(&mut store, Existing::Replace, again).expect("load"), 2);
    assert_eq!(harness.count("app_xml", "xml = '<b/>'"), 2);
}

#[test]
fn a_replaced_document_is_not_new_to_the_queue() {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(3);
    let mut worker = crate::store::harness::Worker::start(&harness, &contract);
    let batch = worker.claim(3);
    worker.succeed(&contract, &batch);
    let mut store = open(&harness);
    load(&mut store, Existing::Replace, [(2, text("<b/>"))]).expect("load");
    assert_eq!(store.enqueue_apps(EnqueueMode::New).expect("enqueue"), added(0));
}

/// The ids that a load would use; the load is not finished.
fn free_ids(store: &mut SqliteStore, count: usize) -> Result<Vec<i64>, StoreError> {
    let mut loader = store.loader(Existing::Refuse).expect("a loader");
    (0..count).map(|_| Ok(loader.next_app_id()?.0)).collect()
}

#[test]
fn what_is_deleted_by_hand_from_log_or_queue_is_found_again() {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(4);
    let mut worker = Worker::start(&harness, &contract);
    let mut request = worker.request(2);
    request.after_app_id = Some(AppId(1));
    let batch = worker.claim_by(&request);
    worker.succeed(&contract, &batch);
    harness.execute("DELETE FROM processing_log WHERE app_id = 3");
    harness.execute("DELETE FROM processing_queue WHERE app_id = 1");
    let source = "SELECT expected, actual FROM vw_Reconciliation WHERE subject = 'source rows'";
    let counted = |expected: &str, actual: &str| vec![Some(expected.into()), Some(actual.into())];
    assert_eq!(harness.query(source), [counted("4", "2")]);
    assert_eq!(worker.store.get_status().expect("status").not_enqueued, Some(2));
    assert_eq!(worker.store.enqueue_apps(EnqueueMode::New).expect("enqueue"), added(2));
    assert_eq!(harness.query(source), [counted("4", "4")]);
}

#[test]
fn free_ids_follow_the_highest() {
    let harness = SqliteHarness::fresh();
    let mut store = open(&harness);
    assert_eq!(free_ids(&mut store, 2).expect("ids"), [1, 2]);
    load(&mut store, Existing::Refuse, [(-5, text("<a/>"))]).expect("load");
    assert_eq!(free_ids(&mut store, 1).expect("ids"), [1]);
    load(&mut store, Existing::Refuse, [(41, text("<a/>"))]).expect("load");
    assert_eq!(free_ids(&mut store, 3).expect("ids"), [42, 43, 44]);
}

#[test]
fn more_ids_than_there_are_above_the_highest_are_refused() {
    let harness = SqliteHarness::fresh();
    let mut store = open(&harness);
    load(&mut store, Existing::Refuse, [(i64::MAX - 2, text("<a/>"))]).expect("load");
    assert_eq!(free_ids(&mut store, 2).expect("ids"), [i64::MAX - 1, i64::MAX]);
    let error = free_ids(&mut store, 3).expect_err("there are two");
    assert!(matches!(&error, StoreError::Refused(_)), "{error}");
    assert!(error.to_string().contains(&i64::MAX.to_string()), "{error}");
}

#[test]
fn an_unfinished_load_loads_nothing() {
    let harness = SqliteHarness::fresh();
    let mut store = open(&harness);
    let mut loader = store.loader(Existing::Refuse).expect("a loader");
    for id in 1..=5000 {
        loader.add(AppId(id), text("<a/>")).expect("add");
    }
    drop(loader);
    assert_eq!(harness.count("app_xml", "1 = 1"), 0);
    assert_eq!(store.enqueue_apps(EnqueueMode::New).expect("enqueue"), added(0));
}

#[test]
fn waiting_for_the_lock_to_load_can_be_stopped() {
    let harness = SqliteHarness::fresh();
    let (mut first, mut second) = (open(&harness), open(&harness));
    let holder = first.loader(Existing::Refuse).expect("a loader");
    assert!(second.loader_unless(Existing::Refuse, || true).expect("no error").is_none());
    drop(holder);
    assert!(second.loader_unless(Existing::Refuse, || true).expect("no error").is_some());
}

#[test]
fn a_new_store_has_its_documents_or_does_not_exist() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new.db");
    let files = || std::fs::read_dir(folder.path()).expect("a folder").count();
    let started = |id| {
        let mut new = NewStore::create(&path).expect("create");
        load(new.store(), Existing::Refuse, [(id, text("<a/>"))]).expect("load");
        new
    };
    drop(started(1));
    assert_eq!(files(), 0, "a dropped store leaves nothing");
    let (slow, fast) = (started(2), started(3));
    assert!(!path.exists());
    assert!(fast.put_in_place().expect("moved"));
    assert!(!slow.put_in_place().expect("no error"), "another store exists");
    assert_eq!(files(), 1);
    let mut store = SqliteStore::open(&path).expect("open");
    assert!(store.read_document(AppId(3)).expect("read").is_some());
    assert_eq!(store.get_status().expect("status").source, Some(1));
}

#[test]
fn more_than_a_chunk_is_loaded_and_queued_whole() {
    let harness = SqliteHarness::fresh();
    let mut store = open(&harness);
    // From both ends of the range of ids, so that chunks meet queued applications.
    let ids = (1..=5000).chain(20_001..=25_000).chain([i64::MIN, i64::MAX]);
    let documents = ids.map(|id| (id, text("<a/>")));
    assert_eq!(load(&mut store, Existing::Refuse, documents).expect("load"), 10_002);
    let range = EnqueueMode::Range { start: AppId(100), end: AppId(20_100) };
    assert_eq!(store.enqueue_apps(range).expect("enqueue"), added(5001));
    assert_eq!(store.enqueue_apps(EnqueueMode::New).expect("enqueue"), added(5001));
    assert_eq!(store.enqueue_apps(EnqueueMode::Full).expect("enqueue"), added(0));
    assert_eq!(store.get_status().expect("status").ready, 10_002);
}

#[test]
fn a_source_row_that_is_neither_text_nor_bytes_is_refused() {
    let harness = SqliteHarness::fresh();
    let outside = super::connection(harness.path());
    let error = outside.execute("INSERT INTO app_xml (app_id, xml) VALUES (1, 42)", []);
    assert!(error.expect_err("refused").to_string().contains("CHECK"));
}
