//! Documents are taken back, and found by their files.

use rusqlite::Connection;

use super::notes::{queued, workbench};
use super::workbench::Workbench;

/// `docs`, loaded; the settings name store and contract.
fn loaded() -> Workbench {
    let bench = workbench();
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    assert_eq!(bench.run("load docs").status, 0);
    bench
}

fn count(bench: &Workbench, table: &str) -> i64 {
    let store = Connection::open(bench.path().join("work.db")).unwrap();
    let query = format!("SELECT count(*) FROM {table}");
    store.query_row(&query, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_folder_loaded_by_mistake_is_taken_back_and_can_be_loaded_again() {
    for enqueue in [false, true] {
        let bench = loaded();
        if enqueue {
            assert_eq!(bench.run("enqueue").status, 0);
        }
        let said = bench.run("unload --loaded-since 1h --dry-run");
        assert_eq!(said.status, 0, "{said:?}");
        assert_eq!(said.stderr, "5 documents would be unloaded; nothing was changed\n");
        assert!(said.stdout.replace('\\', "/").contains("docs/note-3.xml"), "{said:?}");
        assert_eq!((count(&bench, "app_xml"), count(&bench, "processing_file")), (5, 5));
        let said = bench.run("unload --loaded-since 1h");
        assert_eq!((said.status, said.stderr.as_str()), (0, "5 documents unloaded\n"), "{said:?}");
        for table in ["app_xml", "processing_file", "processing_queue", "processing_event"] {
            assert_eq!(count(&bench, table), 0, "{table}");
        }
        let again = bench.run("load docs");
        assert!(again.stdout.starts_with("5 documents loaded"), "{again:?}");
        assert_eq!(bench.run("enqueue").status, 0);
        assert_eq!(bench.run("run --log-level warn --fail-on never").status, 0);
        assert_eq!(count(&bench, "processing_log WHERE status = 'success'"), 4);
    }
}

#[test]
fn documents_that_rows_were_made_of_stay_and_failed_ones_go() {
    let bench = queued();
    assert_eq!(bench.run("run --log-level warn").status, 1);
    let rows = count(&bench, "note");
    let said = bench.run("unload 1,3,4,77");
    assert_eq!(said.status, 1, "{said:?}");
    insta::assert_snapshot!(said.transcript().replace('\\', "/"));
    assert_eq!((count(&bench, "app_xml"), count(&bench, "note")), (4, rows));
    assert_eq!(count(&bench, "processing_log WHERE app_id = 3"), 0);
    let kept = "processing_event WHERE app_id = 3 AND event_type = 'erased'";
    assert_eq!(count(&bench, kept), 1);
    let failures = bench.run("failures");
    assert!(!failures.stdout.contains("missing_required"), "{failures:?}");
}

#[test]
fn a_document_that_a_load_replaced_stays_unless_it_is_named() {
    let bench = workbench();
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\n");
    assert_eq!(bench.run("load docs --app-id-from digits").status, 0);
    let store = Connection::open(bench.path().join("work.db")).unwrap();
    store.execute("UPDATE processing_file SET loaded_at_utc = 0", []).unwrap();
    bench.write("docs/note-2.xml", "<note title='other'/>");
    bench.write("docs/note-6.xml", "<note title='new'/>");
    assert_eq!(bench.run("load docs --app-id-from digits --replace").status, 0);
    for chosen in ["--loaded-since 1h", "--file note-2.xml note-6.xml"] {
        let said = bench.run(&format!("unload {chosen} --dry-run --format json"));
        assert_eq!(said.status, 1, "{said:?}");
        let list: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!((&list[0]["app_id"], &list[1]["app_id"]), (&2.into(), &6.into()), "{list}");
        let refusal = list[0]["refusal"].as_str().unwrap();
        assert!(refusal.starts_with("the load replaced an earlier document"), "{refusal}");
        assert!(list[1]["refusal"].is_null(), "{list}");
    }
    let said = bench.run("unload --loaded-since 1h");
    assert_eq!((said.status, count(&bench, "app_xml WHERE app_id = 2")), (1, 1), "{said:?}");
    assert!(said.stderr.ends_with("1 document unloaded; 1 stays\n"), "{said:?}");
    let said = bench.run("unload 2");
    assert_eq!((said.status, count(&bench, "app_xml")), (0, 4), "{said:?}");
}

#[test]
fn a_claimed_document_stays() {
    let bench = queued();
    let claim = "INSERT INTO processing_claim VALUES ('t', 's', 0, 0, 1, 1, 0);
                 UPDATE processing_queue SET state = 1, claim_token = 't' WHERE app_id = 2;";
    Connection::open(bench.path().join("work.db")).unwrap().execute_batch(claim).unwrap();
    let said = bench.run("unload 2 --format json");
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.stdout.contains(r#""refusal":"a worker has claimed it""#), "{said:?}");
    assert_eq!(count(&bench, "app_xml"), 5);
}

#[test]
fn erasing_forgets_the_name_of_the_file_too() {
    let bench = queued();
    assert_eq!(bench.run("run --log-level warn").status, 1);
    assert_eq!(bench.run("erase 1,3 --execute").status, 0);
    assert_eq!(count(&bench, "processing_file"), 3);
    assert_eq!(count(&bench, "processing_file WHERE app_id IN (1, 3)"), 0);
}

#[test]
fn documents_are_named_by_their_files() {
    let bench = loaded();
    bench.write("docs/a[1].xml", "<note title='a'/>");
    bench.write("docs/a1.xml", "<note title='a1'/>");
    assert_eq!(bench.run("load docs").status, 0);
    let unloaded = |files: &str| {
        let said = bench.run(&format!("unload --file {files} --dry-run --format json"));
        assert_eq!(said.status, 0, "{said:?}");
        let list: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        let names = list
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["file"].as_str().unwrap().replace('\\', "/").replace("docs/", ""));
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(unloaded("note-2.xml note-4.xml"), "note-2.xml note-4.xml");
    assert_eq!(unloaded("a[1].xml"), "a[1].xml");
    assert_eq!(unloaded("no*-?.xml"), "note-1.xml note-2.xml note-3.xml note-4.xml note-5.xml");
    let said = bench.run("unload --file absent.xml");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.starts_with("error: no document in the store was loaded so"), "{said:?}");
    assert_eq!(bench.run("unload").status, 2);
}

#[test]
fn a_file_is_explained_as_its_application() {
    let bench = loaded();
    let path = if cfg!(windows) { r"docs\note-2.xml" } else { "docs/note-2.xml" };
    for file in ["note-2.xml", path] {
        let said = bench.run(&format!("explain {file}"));
        assert_eq!(said.status, 0, "{said:?}");
        assert_eq!(said.stderr, format!("application 2, from {path}\n"));
        assert!(said.stdout.contains(&format!("from {path}\n")), "{said:?}");
    }
    bench.write("docs/note-2.xml", "<note title='other'/>");
    assert_eq!(bench.run("load docs").status, 0);
    let said = bench.run("explain note-2.xml");
    assert!(said.stderr.contains("application 6 is the last one of "), "{said:?}");
    bench.write("docs/a!b.xml", "<note title='exclaimed'/>");
    assert_eq!(bench.run("load docs").status, 0);
    let said = bench.run("explain a!b.xml");
    assert!(said.stderr.starts_with("application 7, from docs"), "{said:?}");
    bench.write("more/note-2.xml", "<note title='more'/>");
    assert_eq!(bench.run("load more").status, 0);
    let said = bench.run("explain note-2.xml");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(
        said.stderr.contains("several files have the name note-2.xml: 2 from docs"),
        "{said:?}"
    );
    for absent in ["note-9.xml", "elsewhere/note-2.xml"] {
        let said = bench.run(&format!("explain {absent}"));
        assert_eq!(said.status, 2, "{said:?}");
        let expected = format!("error: no document was loaded from {absent}\nhint: ");
        assert!(said.stderr.starts_with(&expected), "{said:?}");
    }
}
