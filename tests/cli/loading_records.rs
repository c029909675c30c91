//! One large file becomes many documents: `load --each`.

use std::io::Write;

use rusqlite::Connection;

use super::notes::CONTRACT;
use super::workbench::{Said, Workbench};

pub const EACH: &str = "--each /notes/note";

/// A folder with a contract whose documents have a key, and `big.xml` with so many records.
pub fn bench(records: u64) -> Workbench {
    let bench = Workbench::new();
    let keyed = CONTRACT.replace("root = \"note\"", "root = \"note\"\nkey = \"/note/@id\"");
    bench.write("contract.toml", keyed);
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    bench.write("big.xml", notes(1..=records));
    bench
}

pub fn note(n: u64) -> String {
    format!("<note id='{}' title='t{n}'/>", 1000 + n)
}

pub fn notes(numbers: impl IntoIterator<Item = u64>) -> String {
    let notes: String = numbers.into_iter().map(|n| note(n) + "\n").collect();
    format!("<?xml version='1.0'?>\n<notes day='1'>\n{notes}</notes>\n")
}

/// What a load that succeeds prints.
pub fn load(bench: &Workbench, arguments: &str) -> String {
    let said = bench.run(&format!("load {arguments}"));
    assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{said:?}");
    said.stdout
}

pub fn refused(bench: &Workbench, arguments: &str) -> String {
    let before = stored(bench);
    let said = bench.run(&format!("load {arguments}"));
    assert_eq!((said.status, said.stdout.as_str()), (2, ""), "{said:?}");
    assert!(said.stderr.contains("nothing was loaded\nhint: "), "{said:?}");
    assert_eq!(stored(bench), before);
    said.stderr.replace('\\', "/")
}

/// Id and content of each stored document.
pub fn stored(bench: &Workbench) -> Vec<(i64, String)> {
    rows(bench, "SELECT app_id, CAST(xml AS TEXT) FROM app_xml ORDER BY app_id")
}

pub fn rows(bench: &Workbench, query: &str) -> Vec<(i64, String)> {
    let path = bench.path().join("work.db");
    if !path.exists() {
        return vec![];
    }
    let store = Connection::open(path).unwrap();
    let mut select = store.prepare(query).unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

pub fn expected(numbers: impl IntoIterator<Item = u64>) -> Vec<(i64, String)> {
    (1..).zip(numbers.into_iter().map(note)).collect()
}

#[test]
fn every_record_becomes_a_document_and_says_where_it_is_from() {
    let bench = bench(3);
    bench.write("contract.toml", CONTRACT);
    let said = load(&bench, &format!("big.xml {EACH}"));
    assert_eq!(said, "3 documents loaded (0.1 kB), as applications 1 to 3\n");
    assert_eq!(stored(&bench), expected(1..=3));
    let files = rows(
        &bench,
        "SELECT record_number, concat_ws(' ', file_path, file_name, document_bytes) FROM processing_file",
    );
    let named = |n: i64| (n, format!("big.xml#{n} big.xml#{n} 28"));
    assert_eq!(files, [named(1), named(2), named(3)]);
    let said = bench.run("explain big.xml#2");
    assert_eq!((said.status, said.stderr.as_str()), (0, "application 2, from big.xml#2\n"));
    assert_eq!(bench.run("enqueue").status, 0);
    assert_eq!(bench.run("run --log-level warn").status, 0);
    let said = bench.run("unload --file big.xml#1 --dry-run");
    assert_eq!(said.status, 1, "rows were made of it: {said:?}");
}

#[test]
fn all_records_of_a_file_are_unloaded_by_its_name_and_can_be_loaded_again() {
    let bench = bench(12);
    load(&bench, &format!("big.xml {EACH}"));
    assert_eq!(bench.run("unload --file big.xml#1?").stderr, "3 documents unloaded\n");
    let said = load(&bench, &format!("big.xml {EACH}"));
    assert!(said.starts_with("12 documents: 3 loaded (0.1 kB) as applications 13 to 15, 9 already"));
    for file in ["big.xml", "./big.xml"] {
        let said = bench.run(&format!("unload --file {file} --dry-run"));
        let count = if file == "big.xml" { 12 } else { 0 };
        assert_eq!(said.status, if count == 0 { 2 } else { 0 }, "{said:?}");
    }
    assert_eq!(bench.run("unload --file big.xml").stderr, "12 documents unloaded\n");
    assert!(stored(&bench).is_empty());
}

#[test]
fn a_file_that_is_loaded_twice_is_skipped_however_it_is_named() {
    let bench = bench(2500);
    load(&bench, &format!("big.xml {EACH}"));
    let skipped =
        "2,500 documents: 0 loaded, 2,500 already loaded (add --again to load them once more)\n";
    let absolute = bench.path().join("big.xml").display().to_string();
    for path in ["big.xml", "./big.xml", &absolute] {
        assert_eq!(load(&bench, &format!("{path} {EACH}")), skipped);
    }
    let again = bench.run(&format!("load big.xml {EACH} --again"));
    assert!(again.stdout.starts_with("2,500 documents loaded"), "{again:?}");
}

#[test]
fn a_load_that_is_killed_goes_on_where_it_was() {
    for from in ["order", "key"] {
        let bench = bench(2500);
        let load = format!("load big.xml {EACH} --app-id-from {from}");
        for (killed_at, kept) in [(500, 0), (1500, 1000), (900, 1000), (1200, 2000)] {
            let mut killed = bench.command(&load);
            killed.env("XMLSHRED_FAILPOINT", format!("amid_load:{killed_at}"));
            assert_ne!(Said::of(&mut killed).status, 0);
            assert_eq!(stored(&bench).len(), kept);
        }
        let said = bench.run(&load);
        assert!(said.stdout.starts_with("2,500 documents: 500 loaded ("), "{said:?}");
        let said = bench.run(&load);
        assert!(said.stdout.starts_with("2,500 documents: 0 loaded, 2,500 already"), "{said:?}");
        let shift = if from == "key" { 1000 } else { 0 };
        let expected = expected(1..=2500).into_iter().map(|(id, note)| (id + shift, note));
        assert!(stored(&bench).into_iter().eq(expected));
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_load_says_what_stays_and_goes_on() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let bench = bench(2500);
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .args(["load", "big.xml", "--each", "/notes/note"])
        .env("XMLSHRED_FAILPOINT", "amid_load:1500:wait")
        .current_dir(bench.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut hear = |awaited: &str| {
        let mut line = String::new();
        while !line.contains(awaited) {
            line.clear();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it never said {awaited}");
        }
    };
    hear("waiting at amid_load");
    // SAFETY: a signal to a process that this test started and has not waited for.
    unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) };
    hear("stopping; a second signal stops at once");
    drop(child.stdin.take());
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    let expected = "error: interrupted; 2,000 documents loaded before it, which stay\nhint: run the same command again\n";
    assert!(said.ends_with(expected), "{said}");
    assert_eq!(stored(&bench).len(), 2000);
    assert_eq!(bench.run(&format!("load big.xml {EACH}")).status, 0);
    assert_eq!(stored(&bench), self::expected(1..=2500));
}

#[test]
fn what_is_wrong_in_the_middle_is_found_before_anything_is_loaded() {
    let bench = bench(2500);
    let broken = notes(1..=2500).replace(&note(2222), "<note id='3222' title='t'>");
    bench.write("broken.xml", broken);
    let said = refused(&bench, &format!("big.xml broken.xml {EACH}"));
    assert!(
        said.starts_with("error: broken.xml:2503: expected </note>, found </notes>; "),
        "{said}"
    );
    bench.write(
        "entity.xml",
        "<!DOCTYPE notes [<!ENTITY a 'b'>]><notes><note title='&a;'/></notes>",
    );
    let said = refused(&bench, &format!("entity.xml {EACH}"));
    assert!(said.contains("entity.xml:1: the DOCTYPE declares the entity"), "{said}");
    let said = refused(&bench, "big.xml --each /notes/Note");
    let expected = "error: big.xml has no /notes/Note; the first other element is /notes/note; nothing was loaded\n";
    assert!(said.starts_with(expected), "{said}");
    let large = notes([1]).replace("t1", &"x".repeat(5000));
    bench.write("large.xml", large);
    let said = refused(&bench, &format!("large.xml {EACH} --max-document-bytes 4KiB"));
    assert!(
        said.contains("large.xml:3: record 1 has 5026 bytes, and --max-document-bytes is 4096"),
        "{said}"
    );
    // The file as a whole may be longer than a document.
    let said = bench.run(&format!("load big.xml {EACH} --max-document-bytes 4KiB"));
    assert_eq!(said.status, 0, "{said:?}");
}

#[test]
fn keys_are_the_ids_and_every_record_has_its_own() {
    let bench = bench(3);
    let each = format!("{EACH} --app-id-from key");
    assert_eq!(
        load(&bench, &format!("big.xml {each}")),
        "3 documents loaded (0.1 kB), as applications 1001 to 1003\n"
    );
    bench.write("more.xml", notes([4, 5, 4]).replace("id='1005' ", ""));
    let said = refused(&bench, &format!("more.xml {each}"));
    assert!(said.contains("more.xml#2 has no /note/@id\n"), "{said}");
    assert!(said.contains("more.xml#3 and more.xml#1 have the same key 1004\n"), "{said}");
    // A record that comes again in another file is known by its key.
    bench.write("more.xml", notes([7, 2]).replace("t7", "seven"));
    let said = load(&bench, &format!("more.xml {each}"));
    assert_eq!(said, "2 documents: 1 loaded (0.0 kB) as application 1007, 1 already loaded\n");
    bench.write("more.xml", notes([7, 2]));
    let said = refused(&bench, &format!("more.xml {each}"));
    assert!(said.contains("the store already has other documents with the ids 1007"), "{said}");
    let said = load(&bench, &format!("more.xml {each} --replace"));
    assert!(said.starts_with("2 documents: 1 loaded"), "{said}");
    let said = bench.run(&format!("load more.xml {EACH} --app-id-from digits"));
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("its name has one id"), "{said:?}");
}

#[test]
fn a_file_that_grew_is_loaded_from_where_it_ended() {
    let bench = bench(3);
    load(&bench, &format!("big.xml {EACH}"));
    bench.write("big.xml", notes([1, 2, 3, 4, 2]));
    let said = load(&bench, &format!("big.xml {EACH}"));
    assert!(
        said.starts_with("5 documents: 2 loaded (0.1 kB) as applications 4 to 5, 3 already"),
        "{said}"
    );
}

#[test]
fn a_new_delivery_under_an_old_name_is_new_and_one_that_is_changed_in_part_is_refused() {
    let bench = bench(3);
    load(&bench, &format!("big.xml {EACH}"));
    bench.write("big.xml", notes([11, 12, 13]));
    let said = bench.run(&format!("load big.xml {EACH}"));
    assert!(
        said.stdout.starts_with("3 documents loaded (0.1 kB), as applications 4 to 6"),
        "{said:?}"
    );
    let expected = "3 records have changed since they were loaded: big.xml#1 was application 1; each is now a new application\n";
    assert_eq!(said.stderr, expected);
    assert!(
        load(&bench, &format!("big.xml {EACH}")).starts_with("3 documents: 0 loaded, 3 already")
    );
    // One record more at the beginning: all others would be doubled.
    bench.write("big.xml", notes([10, 11, 12, 13]));
    let said = refused(&bench, &format!("big.xml {EACH}"));
    assert!(said.starts_with("error: big.xml has changed in part since it was loaded: big.xml#1 is other than application 4, and "), "{said}");
    // One of the records is corrected.
    bench.write("big.xml", notes([11, 20, 13]));
    refused(&bench, &format!("big.xml {EACH}"));
    assert_eq!(bench.run(&format!("load big.xml {EACH} --again")).status, 0);
    assert_eq!(stored(&bench).len(), 9);
}

#[test]
fn the_same_delivery_in_another_place_is_neither_doubled_nor_skipped_in_silence() {
    let bench = bench(3);
    load(&bench, &format!("big.xml {EACH}"));
    bench.write("other/big.xml", notes(1..=3));
    let said = refused(&bench, &format!("other/big.xml {EACH}"));
    insta::assert_snapshot!(said);
    let said = load(&bench, &format!("other/big.xml {EACH} --copies skip"));
    assert!(said.starts_with("3 documents: 0 loaded, 3 already loaded"), "{said}");
    let said = load(&bench, &format!("other/big.xml {EACH} --copies load"));
    assert!(said.starts_with("3 documents loaded ("), "{said}");
    assert!(load(&bench, &format!("other/big.xml {EACH}")).starts_with("3 documents: 0 loaded"));
    // Of a file that is only in part the same, the rest is loaded.
    bench.write("third/BIG.XML", notes([1, 2, 9]));
    let said = load(&bench, &format!("third/BIG.XML {EACH} --copies skip"));
    assert!(
        said.starts_with("3 documents: 1 loaded (0.0 kB) as application 7, 2 already"),
        "{said}"
    );
}

#[test]
fn records_come_out_of_gzip_zip_and_stdin() {
    let bench = bench(3);
    let file = std::fs::File::create(bench.path().join("a.xml.gz")).unwrap();
    let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    gz.write_all(notes([1, 2]).as_bytes()).unwrap();
    gz.finish().unwrap();
    let mut zip = zip::ZipWriter::new(std::fs::File::create(bench.path().join("b.zip")).unwrap());
    for (name, numbers) in [("one.xml", 3..5), ("sub/two.xml", 5..6)] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(notes(numbers).as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let mut command = bench.command(&format!("load a.xml.gz b.zip - {EACH} --stdin-name feed.xml"));
    let said = Said::of(command.write_stdin(notes([6])));
    assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{said:?}");
    assert_eq!(stored(&bench), expected(1..=6));
    let paths =
        rows(&bench, "SELECT app_id, file_path FROM processing_file WHERE app_id IN (1, 3, 5, 6)");
    let paths: Vec<_> = paths.into_iter().map(|(_, path)| path).collect();
    assert_eq!(paths, ["a.xml.gz#1", "b.zip!one.xml#1", "b.zip!sub/two.xml#1", "feed.xml#1"]);
    assert_eq!(bench.files().iter().filter(|name| name.ends_with(".stdin")).count(), 0);
}

#[test]
fn what_is_beside_the_records_is_named() {
    let bench = bench(0);
    bench
        .write("big.xml", "<notes><head><note/></head>text<note id='1' title='a'/><foot/></notes>");
    let said = bench.run(&format!("load big.xml {EACH}"));
    assert_eq!(said.status, 0, "{said:?}");
    let expected = "2 elements beside the records not loaded, such as /notes/head\ntext beside the records not loaded\n";
    assert_eq!(said.stderr, expected);
}

#[test]
fn the_envelope_is_kept_and_its_key_is_found() {
    let bench = bench(2);
    let contract = CONTRACT
        .replace("root = \"note\"", "root = \"notes\"\nkey = \"/notes/note/@id\"")
        .replace("each = \"/note", "each = \"/notes/note")
        .replace("\"@price\"", "\"../@day\"");
    bench.write("contract.toml", contract);
    load(&bench, &format!("big.xml {EACH} --keep-envelope --app-id-from key"));
    let wrapped = |n: u64| (1000 + n as i64, format!("<notes day='1'>{}</notes>", note(n)));
    assert_eq!(stored(&bench), [wrapped(1), wrapped(2)]);
}
