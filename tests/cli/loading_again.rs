//! Files that were loaded before are not loaded twice.

use rusqlite::Connection;

use super::workbench::{Said, Workbench};

fn note(title: &str) -> String {
    format!("<note title='{title}'/>")
}

/// A folder `docs` with so many documents.
fn folder(documents: u64) -> Workbench {
    let bench = Workbench::new();
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\n");
    for n in 1..=documents {
        bench.write(&format!("docs/{n}.xml"), note(&n.to_string()));
    }
    bench
}

/// What a load that succeeds prints.
fn load(bench: &Workbench, arguments: &str) -> String {
    let said = bench.run(&format!("load {arguments}"));
    assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{said:?}");
    said.stdout
}

/// Id and title of each stored document.
fn stored(bench: &Workbench) -> Vec<(i64, String)> {
    rows(bench, "SELECT app_id, CAST(xml AS TEXT) FROM app_xml ORDER BY app_id")
}

fn rows(bench: &Workbench, query: &str) -> Vec<(i64, String)> {
    let store = Connection::open(bench.path().join("work.db")).unwrap();
    let mut select = store.prepare(query).unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_folder_loaded_twice_is_there_once() {
    let bench = folder(400);
    assert!(load(&bench, "docs").starts_with("400 documents loaded ("));
    let before = stored(&bench);
    let skipped =
        "400 documents: 0 loaded, 400 already loaded (add --again to load them once more)\n";
    assert_eq!(load(&bench, "docs"), skipped);
    assert_eq!(load(&bench, "./docs"), skipped);
    std::fs::rename(bench.path().join("docs"), bench.path().join("done")).unwrap();
    let said = bench.run("load done");
    insta::assert_snapshot!(said.transcript().replace('\\', "/"));
    assert_eq!(load(&bench, "done --copies skip"), skipped);
    assert_eq!(stored(&bench), before);
    bench.write("done/new.xml", note("new"));
    let line =
        "401 documents: 1 loaded (0.0 kB) as application 401, 400 already loaded (add --again \
                to load them once more)\n";
    assert_eq!(load(&bench, "done --copies skip"), line);
    let again = bench.run("load done --again");
    assert!(again.stdout.starts_with("401 documents loaded ("), "{again:?}");
    assert_eq!(stored(&bench).len(), 802);
}

#[test]
fn a_killed_load_that_is_repeated_twice_loads_each_document_once() {
    let bench = folder(9);
    bench.write("first.xml", note("first"));
    load(&bench, "first.xml");
    for killed_at in [1, 5] {
        let mut killed = bench.command("load first.xml docs");
        killed.env("XMLSHRED_FAILPOINT", format!("amid_load:{killed_at}"));
        assert_ne!(Said::of(&mut killed).status, 0);
        assert_eq!(stored(&bench), [(1, note("first"))]);
    }
    assert!(load(&bench, "first.xml docs").starts_with("10 documents: 9 loaded ("));
    assert!(load(&bench, "first.xml docs").starts_with("10 documents: 0 loaded, 10 already"));
    assert_eq!(stored(&bench).len(), 10);
}

#[test]
fn a_file_with_other_content_is_loaded_and_named() {
    let bench = folder(3);
    load(&bench, "docs");
    bench.write("docs/2.xml", note("two"));
    let said = bench.run("load docs");
    assert!(said.stdout.starts_with("3 documents: 1 loaded (0.0 kB) as application 4, 2 already"));
    let expected = "1 file has changed since it was loaded: docs/2.xml was application 2; each is \
                    now a new application\n";
    assert_eq!(said.stderr.replace('\\', "/"), expected);
    assert!(load(&bench, "docs").starts_with("3 documents: 0 loaded, 3 already loaded"));
}

#[test]
fn content_that_returns_to_what_it_was_is_loaded_again() {
    let bench = folder(3);
    load(&bench, "docs");
    bench.write("docs/2.xml", note("two"));
    bench.run("load docs");
    bench.write("docs/2.xml", note("2"));
    let said = bench.run("load docs");
    assert!(said.stdout.starts_with("3 documents: 1 loaded (0.0 kB) as application 5, 2 already"));
    let expected = "1 file has changed since it was loaded: docs/2.xml was application 4; each is \
                    now a new application\n";
    assert_eq!(said.stderr.replace('\\', "/"), expected);
    assert!(load(&bench, "docs").starts_with("3 documents: 0 loaded, 3 already loaded"));
}

#[test]
fn two_files_of_one_load_may_have_the_same_content() {
    let bench = folder(2);
    bench.write("docs/3.xml", note("2"));
    bench.write("more/1.xml", note("1"));
    let said = bench.run("load docs more");
    assert!(said.stdout.starts_with("4 documents loaded ("), "{said:?}");
    let expected = "2 files have the same content as another one: docs/3.xml and docs/2.xml; all \
                    were loaded\n";
    assert_eq!(said.stderr.replace('\\', "/"), expected);
    assert!(load(&bench, "docs more").starts_with("4 documents: 0 loaded, 4 already loaded"));
}

#[test]
fn with_ids_from_the_names_the_content_of_the_application_counts() {
    let bench = folder(3);
    load(&bench, "docs --app-id-from digits");
    let skipped = "3 documents: 0 loaded, 3 already loaded\n";
    assert_eq!(load(&bench, "docs --app-id-from digits"), skipped);
    assert_eq!(load(&bench, "docs --app-id-from digits --replace"), skipped);
    bench.write("docs/2.xml", note("two"));
    bench.write("docs/4.xml", note("4"));
    let refused = bench.run("load docs --app-id-from digits");
    assert_eq!(refused.status, 2, "{refused:?}");
    let expected = "error: the store already has other documents with the ids 2; nothing was \
                    loaded\nhint: add --replace to replace them\n";
    assert_eq!(refused.stderr, expected);
    let replaced = load(&bench, "docs --app-id-from digits --replace");
    assert_eq!(replaced, "4 documents: 2 loaded (0.0 kB) with ids from 2 to 4, 2 already loaded\n");
    assert_eq!(load(&bench, "docs --app-id-from digits --replace"), skipped.replace('3', "4"));
    let titles: Vec<_> = stored(&bench).into_iter().map(|(_, title)| title).collect();
    assert_eq!(titles, ["1", "two", "3", "4"].map(note));
}

#[test]
fn the_store_keeps_the_file_of_each_document() {
    let bench = folder(1);
    load(&bench, "docs");
    let kept = rows(
        &bench,
        "SELECT f.app_id, concat_ws(' ', f.file_path, f.file_name, f.document_bytes,
                                    length(f.source_hash), abs(unixepoch() - f.loaded_at_utc / 1000) < 600)
         FROM processing_file AS f",
    );
    let kept = kept.into_iter().map(|(id, kept)| (id, kept.replace('\\', "/")));
    assert!(kept.eq([(1, "docs/1.xml 1.xml 17 64 1".to_owned())]));
}

#[test]
fn a_document_that_another_program_changed_or_deleted_is_loaded_again() {
    for change in ["DELETE FROM app_xml WHERE app_id = 2", "UPDATE app_xml SET xml = '<note/>'"] {
        let bench = folder(2);
        load(&bench, "docs");
        Connection::open(bench.path().join("work.db")).unwrap().execute(change, []).unwrap();
        let line = load(&bench, "docs");
        let expected = if change.starts_with('D') {
            "2 documents: 1 loaded (0.0 kB) as application 3, 1 already loaded (add --again to load \
             them once more)\n"
        } else {
            "2 documents loaded (0.0 kB), as applications 3 to 4\n"
        };
        assert_eq!(line, expected, "{change}");
    }
}

#[test]
fn a_document_that_another_program_put_in_place_of_one_is_not_taken_for_it() {
    let bench = folder(2);
    load(&bench, "docs");
    let store = Connection::open(bench.path().join("work.db")).unwrap();
    store.execute("INSERT OR REPLACE INTO app_xml VALUES (2, '<note/>')", []).unwrap();
    drop(store);
    assert!(load(&bench, "docs").starts_with("2 documents: 1 loaded"));
}

#[test]
fn ids_of_documents_that_were_archived_are_not_given_again() {
    let bench = super::notes::finished();
    let store = Connection::open(bench.path().join("work.db")).unwrap();
    store.execute("DELETE FROM app_xml", []).unwrap();
    drop(store);
    bench.write("docs/note-9.xml", note("9"));
    assert!(load(&bench, "docs/note-9.xml").ends_with(" as application 6\n"));
    assert_eq!(bench.run("enqueue").stdout, "1 application enqueued\n");
    // The log knows another document by the id in the name.
    let said = bench.run("load docs/note-1.xml --app-id-from digits");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("add --replace"), "{said:?}");
}

#[test]
fn a_file_that_is_named_twice_is_loaded_once() {
    let bench = folder(2);
    let said = bench.run("load docs docs/1.xml docs");
    assert!(said.stdout.starts_with("2 documents loaded"), "{said:?}");
    assert!(said.stderr.contains("3 files named more than once, and read once\n"), "{said:?}");
}

#[test]
fn a_document_from_stdin_is_known_by_its_name_or_asked_about() {
    let bench = folder(0);
    let piped = |options: &str, content: String| {
        let said = Said::of(bench.command(&format!("load - {options}")).write_stdin(content));
        format!("{}{}", said.stdout, said.stderr)
    };
    assert!(piped("", note("one")).starts_with("1 document loaded"));
    insta::assert_snapshot!(piped("", note("one")));
    assert!(piped("--copies skip", note("one")).starts_with("1 document: 0 loaded, 1 already"));
    assert!(piped("--copies load", note("one")).starts_with("1 document loaded"));
    assert!(piped("", note("two")).starts_with("1 document loaded"));
    assert!(
        piped("", note("one")).starts_with("error: stdin has content that came from there before")
    );
    assert!(piped("--copies skip", note("one")).starts_with("1 document: 0 loaded, 1 already"));
    let named = "--stdin-name feeds/a.xml";
    assert!(piped(named, note("one")).starts_with("1 document loaded"));
    assert!(piped(named, note("one")).starts_with("1 document: 0 loaded, 1 already loaded"));
    // Another sender's.
    assert!(piped("--stdin-name feeds/b.xml", note("one")).starts_with("1 document loaded"));
}

#[test]
fn equal_files_of_two_senders_are_neither_one_nor_two_in_silence() {
    let bench = folder(0);
    bench.write("north/0001.xml", note("same"));
    bench.write("south/0001.xml", note("same"));
    load(&bench, "north");
    let said = bench.run("load south");
    assert_eq!(said.status, 2, "{said:?}");
    assert_eq!(stored(&bench).len(), 1);
    assert!(load(&bench, "south --copies load").starts_with("1 document loaded"));
    for folder in ["north", "south", "north south"] {
        assert!(load(&bench, folder).contains(": 0 loaded, "), "{folder}");
    }
    // Under another name it is another document.
    bench.write("south/0002.xml", note("same"));
    assert!(load(&bench, "south/0002.xml").starts_with("1 document loaded"));
}

#[test]
fn a_folder_is_known_by_any_path_to_it() {
    let bench = folder(3);
    load(&bench, "docs");
    bench.write("inside/a.txt", "");
    for path in
        ["docs/", "./docs", "inside/../docs", &bench.path().join("docs").display().to_string()]
    {
        assert!(load(&bench, path).starts_with("3 documents: 0 loaded, 3 already"), "{path}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(bench.path().join("docs"), bench.path().join("link")).unwrap();
        assert!(load(&bench, "link").starts_with("3 documents: 0 loaded, 3 already"));
    }
}

/// What is loaded already is found out without the lock that workers need.
#[test]
fn a_repeated_load_waits_for_nobody() {
    let bench = folder(3);
    load(&bench, "docs");
    let other = Connection::open(bench.path().join("work.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(load(&bench, "docs").starts_with("3 documents: 0 loaded, 3 already"));
}
