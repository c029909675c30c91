//! Input that cannot be worked with: a clear message, the next step, the right exit status, and
//! nothing written.

use insta::assert_snapshot;
use regex::Regex;

use super::notes::CONTRACT;
use super::workbench::{Said, Workbench};

/// A folder with a sound contract and two documents.
fn workbench() -> Workbench {
    let bench = Workbench::new();
    bench.write("contract.toml", CONTRACT);
    bench.write("docs/1.xml", "<note title='one'/>");
    bench.write("docs/2.xml", "<note title='two'/>");
    bench
}

/// What was said, with paths and the system's own words as they are on every machine.
fn transcript(bench: &Workbench, said: &Said) -> String {
    let folder = bench.path().canonicalize().unwrap();
    let text = [bench.path(), &folder]
        .iter()
        .fold(said.transcript(), |text, path| text.replace(&*path.to_string_lossy(), "[folder]"));
    // The words of the system are in its language, the number is not.
    let missing = Regex::new(r": [^:\n]+ \(os error 2\)").unwrap();
    let text = missing.replace_all(&text, ": No such file or directory (os error 2)");
    text.replace('\\', "/")
}

/// Runs, and makes sure that nothing appeared or changed.
fn refused(bench: &Workbench, arguments: &str) -> Said {
    let before = bench.contents();
    let said = bench.run(arguments);
    assert_ne!(said.status, 0, "{said:?}");
    assert_eq!(said.stdout, "", "{said:?}");
    assert_eq!(bench.contents(), before, "{arguments} changed something");
    said
}

#[test]
fn a_store_must_be_named() {
    let bench = workbench();
    let said = refused(&bench, "status");
    assert_snapshot!(transcript(&bench, &said));
}

#[test]
fn a_contract_must_be_named() {
    let bench = workbench();
    let said = refused(&bench, "run --store sqlite:work.db");
    assert_snapshot!(transcript(&bench, &said));
}

#[test]
fn a_missing_store_is_not_made_by_asking_for_its_status() {
    let bench = workbench();
    let said = refused(&bench, "status --store sqlite:absent.db");
    assert_snapshot!(transcript(&bench, &said));
}

#[test]
fn a_missing_contract_is_named() {
    let bench = workbench();
    let said = refused(&bench, "map docs --contract absent.toml");
    assert_snapshot!(transcript(&bench, &said));
}

#[test]
fn a_folder_is_no_contract() {
    let said = refused(&workbench(), "map docs --contract docs");
    assert_eq!(said.status, 2);
    assert!(said.stderr.starts_with("error: cannot read the contract docs: "), "{said:?}");
}

#[test]
fn a_folder_is_no_store() {
    let bench = workbench();
    let said = refused(&bench, "status --store sqlite:docs");
    assert_snapshot!(transcript(&bench, &said));
}

#[test]
fn every_missing_document_is_named_and_none_is_loaded() {
    let bench = workbench();
    let said = refused(&bench, "load docs/1.xml a.xml docs b.xml --store sqlite:work.db");
    assert_snapshot!(transcript(&bench, &said));
}

#[test]
fn a_folder_without_documents_is_refused() {
    let bench = workbench();
    bench.write("empty/readme.txt", "");
    let said = refused(&bench, "load empty --store sqlite:work.db");
    assert_snapshot!(transcript(&bench, &said));
}

#[test]
fn an_empty_document_is_not_loaded() {
    let bench = workbench();
    bench.write("docs/3.xml", "");
    let said = refused(&bench, "load docs --store sqlite:work.db");
    assert_snapshot!(transcript(&bench, &said));
}

#[test]
fn two_gigabytes_of_one_attribute_are_refused_unread() {
    let bench = workbench();
    let huge = bench.write("docs/3.xml", "<note title='");
    // A file with a hole: 2 GB of one attribute that take no room.
    std::fs::OpenOptions::new().write(true).open(huge).unwrap().set_len(2_000_000_000).unwrap();
    let said = bench.run("load docs --store sqlite:work.db");
    assert_snapshot!(transcript(&bench, &said));
    assert_eq!(bench.files(), ["contract.toml", "docs"]);
}

#[test]
fn a_document_over_the_limit_is_not_loaded() {
    let bench = workbench();
    let said = refused(&bench, "load docs --max-document-bytes 18 --store sqlite:work.db");
    assert_snapshot!(transcript(&bench, &said));
}

#[test]
fn two_files_cannot_be_one_application() {
    let bench = workbench();
    bench.write("docs/app-001.xml", "<note/>");
    bench.write("docs/plain.xml", "<note/>");
    let said = refused(&bench, "load docs --app-id-from digits --store sqlite:work.db");
    assert_snapshot!(transcript(&bench, &said));
}

#[test]
fn a_file_of_another_program_is_not_a_store() {
    let bench = workbench();
    bench.write("notes.db", "these are my notes, all of them, and nobody else's\n".repeat(9));
    for command in ["status", "run --contract contract.toml", "load docs", "reap"] {
        let said = refused(&bench, &format!("{command} --store sqlite:notes.db"));
        assert_eq!(said.status, 4, "{said:?}");
        assert!(said.stderr.contains("not a SQLite file"), "{said:?}");
        assert!(said.stderr.contains("hint: "), "{said:?}");
    }
}

#[test]
fn a_database_of_another_program_is_not_a_store() {
    let bench = workbench();
    let other = rusqlite::Connection::open(bench.path().join("other.db")).unwrap();
    other.execute_batch("CREATE TABLE mine (x INTEGER);").unwrap();
    other.close().unwrap();
    let said = refused(&bench, "load docs --store sqlite:other.db");
    assert_eq!(said.status, 4, "{said:?}");
    assert!(said.stderr.contains("of another program"), "{said:?}");
}

#[cfg(unix)]
#[test]
fn a_store_that_may_not_be_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let bench = workbench();
    bench.run("load docs --store sqlite:work.db");
    let path = bench.path().join("work.db");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let said = bench.run("status --store sqlite:work.db");
    assert_eq!(said.status, 4, "{said:?}");
    assert!(
        said.stderr.contains("no user has permission to read it\nhint: change the permissions"),
        "{said:?}"
    );
}

#[test]
fn a_column_named_twice_is_refused_with_its_place() {
    let bench = workbench();
    let twice = CONTRACT.replace("title  =", "APP_ID =");
    bench.write("contract.toml", twice);
    for command in ["contract check contract.toml", "map docs --contract contract.toml"] {
        let said = refused(&bench, command);
        assert_eq!(said.status, 3, "{said:?}");
    }
    let said = refused(&bench, "contract check contract.toml");
    assert_snapshot!(transcript(&bench, &said));
}

#[test]
fn tables_that_reference_each_other_are_refused_with_the_circle() {
    let bench = workbench();
    bench.write("contract.toml", CYCLE);
    let said = refused(&bench, "run --contract contract.toml --store sqlite:work.db");
    assert_eq!(said.status, 3, "{said:?}");
    let said = refused(&bench, "contract check contract.toml");
    assert_snapshot!(transcript(&bench, &said));
}

const CYCLE: &str = r#"
[contract]
name = "circle"
target_schema = "sandbox"

[document]
root = "note"

[[tables]]
name = "egg"
each = "/note"
primary_key = ["app_id"]
app_column = "app_id"
foreign_key = { columns = ["app_id"], references = "hen" }
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }

[[tables]]
name = "hen"
each = "/note"
primary_key = ["app_id"]
app_column = "app_id"
foreign_key = { columns = ["app_id"], references = "egg" }
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
"#;

#[test]
fn settings_that_do_not_hold_keep_a_run_from_beginning() {
    let bench = workbench();
    bench.run("load docs --store sqlite:work.db");
    for flags in ["--lease 0s", "--instance-id 2 --instance-count 2", "--batch-size 0"] {
        let run = format!("run --store sqlite:work.db --contract contract.toml {flags}");
        assert_eq!(refused(&bench, &run).status, 2);
    }
}

/// A folder whose store holds the bytes of a store's first page, and rubbish after them.
fn damaged() -> Workbench {
    let bench = workbench();
    assert_eq!(bench.run("load docs --store sqlite:work.db").status, 0);
    assert_eq!(bench.run("enqueue --store sqlite:work.db").status, 0);
    let mut bytes = std::fs::read(bench.path().join("work.db")).unwrap();
    bytes[4096..].fill(0xa5);
    bench.write("work.db", bytes);
    bench
}

#[test]
fn a_damaged_store_is_named_with_what_can_be_done() {
    for command in ["status", "run --contract contract.toml", "enqueue", "doctor"] {
        let said = damaged().run(&format!("{command} --store sqlite:work.db"));
        let shown = format!("{}{}", said.stdout, said.stderr);
        assert!(shown.contains("work.db is damaged: SQLite error "), "{command}: {said:?}");
        assert!(shown.contains("`sqlite3 FILE .recover`"), "{command}: {said:?}");
        let expected = if command == "doctor" { 2 } else { 4 };
        assert_eq!(said.status, expected, "{command}: {said:?}");
    }
}

#[test]
fn a_contract_that_is_not_utf_8_is_refused_with_its_place() {
    let bench = workbench();
    let mut bytes = CONTRACT.as_bytes().to_vec();
    bytes.extend(b"# d\xe9j\xe0 vu\n");
    bench.write("cp1252.toml", bytes);
    let line = CONTRACT.lines().count() + 1;
    let said = refused(&bench, "map docs --contract cp1252.toml");
    assert_eq!(said.status, 3, "{said:?}");
    let place = format!("error: cp1252.toml:{line}:4: the file is not UTF-8: invalid byte 0xE9\nhint: save the file");
    assert!(said.stderr.starts_with(&place), "{said:?}");
}

#[test]
fn a_byte_order_mark_makes_no_other_contract() {
    let bench = workbench();
    bench.write("marked.toml", format!("\u{feff}{CONTRACT}"));
    let checked = |file: &str| bench.run(&format!("contract check {file}")).stdout;
    assert!(checked("marked.toml").contains("hash "));
    assert_eq!(checked("marked.toml"), checked("contract.toml"));
}

#[test]
fn requeueing_into_tables_that_keep_their_rows_says_what_to_change() {
    let bench = workbench();
    let store = "--store sqlite:work.db --contract contract.toml";
    assert_eq!(bench.run(&format!("install {store}")).status, 0);
    let said = refused(&bench, &format!("requeue --app-id 1 {store}"));
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("install the contract"), "{said:?}");
    assert!(!said.stderr.contains("--dry-run"), "{said:?}");
}

#[test]
fn the_contract_to_check_is_the_one_that_is_set_unless_another_is_named() {
    let bench = workbench();
    assert_eq!(bench.run("contract check").status, 2);
    let named = bench.run("contract check --contract contract.toml");
    assert_eq!((named.status, &*named.stderr), (0, ""), "{named:?}");
    bench.write("xmlshred.toml", "contract = 'contract.toml'\n");
    assert_eq!(bench.run("contract check").stdout, named.stdout);
    let said = bench.run("contract check docs/1.xml");
    assert_eq!(said.status, 3, "{said:?}");
}

#[test]
fn a_demonstration_takes_no_store_and_no_place_that_is_none() {
    let bench = workbench();
    for flags in ["--store sqlite:mine.db", "--contract contract.toml"] {
        let said = refused(&bench, &format!("demo {flags}"));
        assert_eq!(said.status, 2, "{said:?}");
        assert!(said.stderr.contains("demo has its own store and contract"), "{said:?}");
    }
    let said = refused(&bench, "demo --dir contract.toml");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("hint: name a new folder with --dir"), "{said:?}");
}

/// A name with escape sequences, or one whose letters run the other way, is somebody else's text.
#[cfg(unix)]
#[test]
fn a_file_s_name_does_not_command_the_terminal() {
    let bench = workbench();
    let name = "a\u{1b}]0;x\u{7}\u{202e}fdp";
    bench.write(&format!("{name}.toml"), "[contract");
    bench.write(&format!("{name}.xml"), "<note/>");
    let called = |arguments: &[&str]| {
        let said = Said::of(bench.command("").args(arguments));
        assert_ne!(said.status, 0, "{said:?}");
        let text = format!("{}{}", said.stdout, said.stderr);
        assert!(text.contains(r"a\u{1b}]0;x\u{7}\u{202e}fdp"), "{said:?}");
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
    };
    called(&["contract", "check", &format!("{name}.toml")]);
    called(&["map", "--contract", "contract.toml", &format!("{name}.absent")]);
    called(&["map", "--contract", &format!("{name}.absent"), "docs"]);
    called(&["load", "--store", "sqlite:work.db", &format!("{name}.absent")]);
    called(&["status", "--store", &format!("sqlite:{name}.db")]);
    let sample = format!("{name}.xml");
    called(&["contract", "check", "contract.toml", "--sample", &sample]);
}

/// Opening a pipe waits until somebody writes into it.
#[cfg(unix)]
#[test]
fn a_pipe_is_no_store() {
    let bench = workbench();
    let made = std::process::Command::new("mkfifo").arg(bench.path().join("pipe")).status();
    assert!(made.unwrap().success());
    for command in ["status", "run --contract contract.toml", "load docs", "doctor"] {
        let mut call = bench.command(&format!("{command} --store sqlite:pipe"));
        let said = Said::of(call.timeout(std::time::Duration::from_secs(60)));
        assert_eq!(said.status, if command == "doctor" { 2 } else { 4 }, "{said:?}");
        let text = format!("{}{}", said.stdout, said.stderr);
        assert!(text.contains("it is a pipe, not a file"), "{said:?}");
    }
}
