//! Loading documents into the source table.

use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::outcome::AppId;
use xmlshred::store::sqlite::{Existing, NewDocument, SqliteStore};
use xmlshred::store::{EnqueueMode, Store, StoreError};

use super::SqliteHarness;
use crate::store::harness::{added, Harness};

fn load(
    store: &mut SqliteStore,
    existing: Existing,
    documents: impl IntoIterator<Item = (i64, NewDocument)>,
) -> Result<u64, StoreError> {
    let mut loader = store.loader(existing);
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
fn an_id_that_is_there_is_refused_unless_it_is_replaced() {
    let harness = SqliteHarness::fresh();
    let mut store = open(&harness);
    load(&mut store, Existing::Refuse, [(7, text("<a/>"))]).expect("load");
    let again = [(6, text("<b/>")), (7, text("<b/>"))];
    let error = load(&mut store, Existing::Refuse, again.clone()).expect_err("refused");
    assert!(error.to_string().contains("application 7"), "{error}");
    assert_eq!(harness.count("app_xml", "xml = '<a/>'"), 1);
    assert_eq!(harness.count("app_xml", "1 = 1"), 1, "the chunk is not loaded in part");
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

#[test]
fn the_next_free_id_follows_the_highest() {
    let harness = SqliteHarness::fresh();
    let mut store = open(&harness);
    assert_eq!(store.next_free_app_id().expect("an id"), AppId(1));
    load(&mut store, Existing::Refuse, [(-5, text("<a/>"))]).expect("load");
    assert_eq!(store.next_free_app_id().expect("an id"), AppId(1));
    load(&mut store, Existing::Refuse, [(41, text("<a/>"))]).expect("load");
    assert_eq!(store.next_free_app_id().expect("an id"), AppId(42));
    load(&mut store, Existing::Refuse, [(i64::MAX, text("<a/>"))]).expect("load");
    let error = store.next_free_app_id().expect_err("none is free");
    assert!(matches!(&error, StoreError::Refused(_)), "{error}");
}

#[test]
fn more_than_a_chunk_is_loaded_and_queued_whole() {
    let harness = SqliteHarness::fresh();
    let mut store = open(&harness);
    // From both ends of the range of ids, so that chunks meet what is queued already.
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
