//! A store that an earlier version created gets the tables and views of this one, and keeps what it has.

use std::path::Path;

use rusqlite::Connection;
use xmlshred::id::AppId;
use xmlshred::store::sqlite::SqliteStore;
use xmlshred::store::{
    Added, Candidate, Division, EnqueueMode, Existing, Found, Intake, LoadRules, OtherWay, PlaceId,
    SourceFile, Store, StoreError,
};

use super::{connection, SqliteHarness};
use crate::store::harness::hash;
use crate::store::invariants::violations;

/// The tables of version 7.
const VERSION_7: &str = include_str!("version_7.sql");

/// The objects of version 8.
const VERSION_8: &str = include_str!("version_8.sql");

/// Applications: 1 succeeded, 2 failed, 3 failed after a success, 4 was retried after a failure.
const LOG_OF_VERSION_7: &str = "
    INSERT INTO app_xml (app_id, xml) VALUES (1, '<a/>'), (2, '<a/>'), (3, '<a/>'), (4, '<a/>');
    UPDATE processing_enqueue SET lowest_new = NULL;
    INSERT INTO app_xml_file VALUES (1, 'a/1.xml', '1.xml', 4, 'h', 9);
    INSERT INTO processing_log
        (app_id, attempt, status, has_rows, failure_category, failure_path, fingerprint, session_id,
         claim_token, enqueued_at_utc, claimed_at_utc, processed_at_utc, shred_micros, document_bytes,
         rows_written, rows_per_table, contract_hash)
    VALUES
        (1, 1, 'success', 1, NULL, NULL, NULL, 's', 't1', 0, 0, 10, 0, 4, 3, '{\"a\":1,\"b\":2}', 'c'),
        (2, 1, 'failed', 0, 'bad_value', '/a[1]', 'f', 's', 't2', 0, 0, 11, 0, 4, 0, NULL, 'c'),
        (3, 1, 'success', 1, NULL, NULL, NULL, 's', 't3', 0, 0, 12, 0, 4, 1, '{\"a\":1,\"b\":0}', 'c'),
        (3, 2, 'failed', 0, 'bad_value', '/a[2]', 'f', 's', 't4', 0, 0, 13, 0, 4, 0, NULL, 'c'),
        (4, 1, 'failed', 0, 'bad_value', '/a[3]', 'f', 's', 't5', 0, 0, 14, 0, 4, 0, NULL, 'c');
    INSERT INTO processing_event (occurred_at_utc, event_type, app_id) VALUES (15, 'requeued', 3);
    INSERT INTO processing_queue
        (app_id, state, claim_token, attempts, reaps, lone_reaps, document_bytes, enqueued_at_utc)
    VALUES (4, 0, NULL, 1, 0, 0, 4, 15);";

fn make_version_7(path: &Path) {
    make(path, 7, VERSION_7, LOG_OF_VERSION_7);
}

pub fn make(path: &Path, version: u32, tables: &str, content: &str) {
    let old = Connection::open(path).expect("create");
    let application = u32::from_be_bytes(*b"xmls");
    old.execute_batch(&format!(
        "PRAGMA application_id = {application};
         PRAGMA user_version = {version};
         PRAGMA journal_mode = WAL;
         {tables}
         {content}"
    ))
    .expect("fill");
}

/// Everything that a store declares, except the tables themselves; columns by table, in any order.
pub fn declared(store: &SqliteHarness) -> Vec<Vec<Option<String>>> {
    let mut all = store.query_as_is(
        "SELECT type, name, sql FROM sqlite_schema
         WHERE type <> 'table' AND sql IS NOT NULL ORDER BY type, name",
    );
    all.extend(store.query_as_is(
        "SELECT t.name, c.name, c.type || c.\"notnull\"
         FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table' ORDER BY 1, 2",
    ));
    all
}

#[test]
fn a_store_of_version_7_is_upgraded_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    make_version_7(&path);
    let refused = SqliteStore::open(&path).err().expect("it is of an earlier version");
    let StoreError::NotInstalled { reason, .. } = &refused else { panic!("{refused:?}") };
    assert!(reason.contains("version 7") && reason.contains("`xmlshred install`"), "{reason}");

    let mut store = SqliteStore::open_or_create(&path).expect("upgrade");
    let upgraded = SqliteHarness::on(path.clone());
    assert_eq!(declared(&upgraded), declared(&SqliteHarness::fresh()));
    assert_eq!(violations(&path), Vec::<String>::new());
    let status = store.get_status().expect("status");
    assert_eq!((status.success, status.failed, status.stale, status.ready), (1, 2, 1, 1));
    let files =
        upgraded.query_as_is("SELECT app_id, file_path, record_number FROM processing_file");
    assert_eq!(files.concat(), ["1", "a/1.xml", "0"].map(|cell| Some(cell.to_owned())));
    let written = upgraded.query_as_is("SELECT * FROM processing_written ORDER BY 1");
    assert_eq!(written.concat(), ["a", "2", "b", "2"].map(|cell| Some(cell.to_owned())));

    // A worker of version 7 goes on.
    connection(&path)
        .execute_batch(
            "INSERT INTO processing_log
                 (app_id, attempt, status, has_rows, session_id, claim_token, enqueued_at_utc, claimed_at_utc,
                  processed_at_utc, shred_micros, document_bytes, rows_written, rows_per_table, contract_hash)
             VALUES (5, 1, 'success', 1, 's', 't6', 0, 0, 20, 0, 4, 1, '{\"a\":1}', 'c');
             INSERT INTO processing_log
                 (app_id, attempt, status, has_rows, failure_category, session_id, claim_token, enqueued_at_utc,
                  claimed_at_utc, processed_at_utc, shred_micros, document_bytes, rows_written, contract_hash)
             VALUES (5, 2, 'failed', 0, 'bad_value', 's', 't7', 0, 0, 21, 0, 4, 0, 'c');",
        )
        .expect("insert");
    assert_eq!(violations(&path), Vec::<String>::new());
    assert_eq!(store.get_status().expect("status").failed, 3);
    SqliteStore::open(&path).expect("it is of this version now");
}

#[test]
fn an_upgrade_replaces_no_view_of_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    make_version_7(&path);
    connection(&path).execute_batch("CREATE VIEW VW_SESSIONS AS SELECT 1 AS mine").expect("view");
    let refused = SqliteStore::open_or_create(&path).err().expect("refused").to_string();
    assert!(refused.contains("VW_SESSIONS"), "{refused}");
    let version: u32 =
        connection(&path).query_row("PRAGMA user_version", [], |row| row.get(0)).expect("version");
    assert_eq!(version, 7);
    let mine: u32 = connection(&path)
        .query_row("SELECT mine FROM vw_sessions", [], |row| row.get(0))
        .expect("mine");
    assert_eq!(mine, 1);
}

#[test]
fn an_upgrade_refuses_tables_that_lack_a_column() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    // As in the first days of version 7.
    let tables = VERSION_7
        .replace("    lowest_new INTEGER,\n    highest    INTEGER\n", "    lowest_new INTEGER\n")
        .replace("(only_row, lowest_new, highest) VALUES (1, NULL, NULL)", "VALUES (1, NULL)");
    make(&path, 7, &tables, "DROP TRIGGER app_xml_deleted; DROP TRIGGER app_xml_changed;");
    let refused = SqliteStore::open_or_create(&path).err().expect("refused").to_string();
    assert!(refused.contains("processing_enqueue.highest (integer)"), "{refused}");
    assert!(refused.contains("nothing was changed"), "{refused}");
    let old = connection(&path);
    let value = |sql: &str| old.query_row(sql, [], |row| row.get::<_, u32>(0)).expect(sql);
    assert_eq!(value("PRAGMA user_version"), 7);
    assert_eq!(value("SELECT count(*) FROM sqlite_schema WHERE name = 'app_xml_file'"), 1);
}

#[test]
fn an_upgrade_creates_a_trigger_that_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    make(&path, 7, VERSION_7, "DROP TRIGGER app_xml_deleted;");
    SqliteStore::open_or_create(&path).expect("upgrade");
    assert_eq!(declared(&SqliteHarness::on(path)), declared(&SqliteHarness::fresh()));
}

/// A document of a file, as loading looks for it.
fn file(path: &str, place: &str, content: &str) -> (Candidate, Vec<u8>) {
    let name = path.rsplit('/').next().expect("a name").to_owned();
    let (place, bytes) = (PlaceId::of(place), content.len() as u64);
    let file = SourceFile {
        path: path.to_owned(),
        name,
        place,
        record: 0,
        division: None,
        bytes,
        hash: hash(content.as_bytes()),
    };
    (Candidate { app_id: None, file }, content.as_bytes().to_vec())
}

#[test]
fn after_an_upgrade_files_are_those_that_were_loaded_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    make(
        &path,
        7,
        VERSION_7,
        &format!(
            "INSERT INTO app_xml (app_id, xml) VALUES (1, '<a/>'), (2, '<b/>'), (3, '<c/>'), (9, '<d/>');
             INSERT INTO app_xml_file VALUES
                 (1, 'a/1.xml', '1.xml', 4, '{}', 9), (2, 'a/2.xml', '2.xml', 4, '{}', 9);
             INSERT INTO processing_queue
                 (app_id, state, claim_token, attempts, reaps, lone_reaps, document_bytes, enqueued_at_utc)
             VALUES (1, 0, NULL, 0, 0, 0, 4, 15), (2, 0, NULL, 0, 0, 0, 4, 15);
             UPDATE processing_enqueue SET lowest_new = 9;",
            hash(b"<a/>"),
            hash(b"<b/>")
        ),
    );
    let mut store = SqliteStore::open_or_create(&path).expect("upgrade");
    let (same, edited) =
        (file("a/1.xml", "/in/a/1.xml", "<a/>"), file("a/2.xml", "/in/a/2.xml", "<e/>"));
    let found = store.find(&[same.0.clone(), edited.0.clone()]).expect("find");
    assert_eq!(found[0], Found { same: Some(AppId(1)), ..Found::default() });
    assert_eq!(found[1], Found { changed: Some(AppId(2)), ..Found::default() });

    let mut loader = store.loader(Existing::Refuse).expect("load");
    let added = loader.add_documents(vec![same, edited], LoadRules::default()).expect("add");
    assert_eq!(added, [Added::Already, Added::Loaded(AppId(10))]);
    loader.finish().expect("commit");
    // They have their places now, so they are found by any path.
    let otherwise = [
        file("./1.xml", "/in/a/1.xml", "<a/>").0,
        file("./2.xml", "/in/a/2.xml", "<b/>").0,
        file("a/1.xml", "/other/a/1.xml", "<f/>").0,
    ];
    let found = store.find(&otherwise).expect("find");
    assert_eq!(found[0], Found { same: Some(AppId(1)), ..Found::default() });
    let (changed, earlier) = (Some(AppId(10)), Some(AppId(2)));
    assert_eq!(found[1], Found { changed, earlier, ..Found::default() });
    assert_eq!(found[2], Found::default());

    // 3 was lost by version 7: the upgrade found it.
    store.enqueue_apps(EnqueueMode::New).expect("enqueue");
    let upgraded = SqliteHarness::on(path.clone());
    let queued = upgraded.query_as_is("SELECT app_id FROM processing_queue ORDER BY app_id");
    assert_eq!(queued.concat(), ["1", "2", "3", "9", "10"].map(|id| Some(id.to_owned())));
    assert_eq!(violations(&path), Vec::<String>::new());
}

/// A record of `/in/big.xml`, as loading looks for it.
fn record(number: u64, path: &str, has_envelope: bool, content: &str) -> Candidate {
    let (mut candidate, _) = file("in/big.xml", "/in/big.xml", content);
    candidate.file.path += &format!("#{number}");
    candidate.file.name += &format!("#{number}");
    candidate.file.record = number;
    candidate.file.division = Some(Division { path: path.to_owned(), has_envelope });
    candidate
}

#[test]
fn a_store_of_version_8_takes_a_file_for_divided_as_it_is_now() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    let place = PlaceId::of("/in/big.xml").0;
    make(
        &path,
        8,
        VERSION_8,
        &format!(
            "INSERT INTO app_xml (app_id, xml) VALUES (1, '<a/>'), (2, '<b/>');
             INSERT INTO processing_file VALUES
                 (1, 'in/big.xml#1', 'big.xml#1', {place}, 1, 4, '{}', 9),
                 (2, 'in/big.xml#2', 'big.xml#2', {place}, 2, 4, '{}', 9);",
            hash(b"<a/>"),
            hash(b"<b/>")
        ),
    );
    let mut store = SqliteStore::open_or_create(&path).expect("upgrade");
    let upgraded = SqliteHarness::on(path.clone());
    assert_eq!(declared(&upgraded), declared(&SqliteHarness::fresh()));
    assert_eq!(violations(&path), Vec::<String>::new());

    let (whole, _) = file("in/big.xml", "/in/big.xml", "<r><a/><b/></r>");
    let asked = [record(1, "/r/*", false, "<a/>"), record(1, "/r/c", true, "<c/>"), whole];
    let found = store.find(&asked).expect("find");
    assert_eq!(found[0], Found { same: Some(AppId(1)), ..Found::default() });
    assert_eq!(found[1], Found { changed: Some(AppId(1)), ..Found::default() });
    let other_way = OtherWay { app_id: AppId(1), is_whole: false, division: None };
    assert_eq!(found[2], Found { other_way: Some(other_way), ..Found::default() });
    assert!(!SqliteStore::is_of_earlier_version(&path).expect("again"));
}

#[test]
fn what_version_7_loaded_as_a_whole_is_not_divided_in_silence() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    let content = "INSERT INTO app_xml (app_id, xml) VALUES (1, '<r><a/></r>');
                   INSERT INTO app_xml_file VALUES (1, 'in/big.xml', 'big.xml', 4, 'h', 9);";
    make(&path, 7, VERSION_7, content);
    let mut store = SqliteStore::open_or_create(&path).expect("upgrade");
    let found = store.find(&[record(1, "/r/a", false, "<a/>")]).expect("find");
    let other_way = OtherWay { app_id: AppId(1), is_whole: true, division: None };
    assert_eq!(found, [Found { other_way: Some(other_way), ..Found::default() }]);
}
