//! Documents through the contract, without a database.

use std::process::{Command, Stdio};

use insta::{assert_snapshot, with_settings};

use super::notes::workbench;
use super::workbench::{Said, Workbench};

fn map(bench: &Workbench, arguments: &str) -> Said {
    bench.run(&format!("map --contract contract.toml {arguments}"))
}

#[test]
fn each_document_is_a_line_and_a_bad_one_never_stops_the_rest() {
    let bench = workbench();
    bench.write("docs/note-2.xml", "<note title='two'");
    let said = map(&bench, "docs");
    with_settings!({ filters => vec![(r"in \d+(\.\d)? m?s", "in [time]"), (r"\\\\", "/")] }, {
        assert_snapshot!(said.transcript());
    });
}

#[test]
fn the_summary_alone_leaves_stdout_empty() {
    let said = map(&workbench(), "docs --format none");
    assert_eq!((said.status, said.stdout.as_str()), (1, ""));
    assert!(said.stderr.contains("5 documents: 4 mapped, 1 failed"), "{said:?}");
}

#[test]
fn lines_keep_the_order_of_the_files_however_many_threads_map() {
    let bench = workbench();
    for n in 0..500 {
        bench.write(&format!("many/{n:03}.xml"), format!("<note title='{n}'/>"));
    }
    let said = map(&bench, "many --workers 4 --app-id-from digits");
    let ids: Vec<_> = said
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["app_id"].clone())
        .collect();
    assert_eq!(ids, (0..500).collect::<Vec<_>>());
}

#[test]
fn a_document_may_come_from_stdin() {
    let bench = workbench();
    let mut command = bench.command("map --contract contract.toml -");
    let said = Said::of(command.write_stdin("<note title='piped'/>"));
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.starts_with(r#"{"file":"-","app_id":1,"ok":true,"#), "{said:?}");
}

#[test]
fn an_empty_document_is_malformed() {
    let bench = workbench();
    bench.write("docs/note-1.xml", "");
    let said = map(&bench, "docs/note-1.xml");
    assert_eq!(said.status, 1);
    assert!(said.stdout.contains(r#""category":"malformed_xml""#), "{said:?}");
}

#[test]
fn two_gigabytes_of_one_attribute_are_refused_unread() {
    let bench = workbench();
    let huge = bench.write("huge.xml", "<note title='");
    // A file with a hole takes no room.
    std::fs::OpenOptions::new().write(true).open(huge).unwrap().set_len(2_000_000_000).unwrap();
    let said = map(&bench, "huge.xml docs/note-1.xml");
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(lines[0].contains(r#""category":"limit_exceeded""#), "{said:?}");
    assert!(lines[0].contains("--max-document-bytes"), "{said:?}");
    assert!(lines[1].contains(r#""ok":true"#), "{said:?}");
}

#[test]
fn failures_may_be_allowed() {
    assert_eq!(map(&workbench(), "docs --fail-on 20").status, 0);
    assert_eq!(map(&workbench(), "docs --fail-on never").status, 0);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let bench = workbench();
    for n in 0..2000 {
        bench.write(&format!("many/{n:04}.xml"), format!("<note title='{n}'/>"));
    }
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .args(["map", "many", "--contract", "contract.toml"])
        .current_dir(bench.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn mapping_writes_nothing() {
    let bench = workbench();
    let before = bench.contents();
    map(&bench, "docs");
    assert_eq!(bench.contents(), before);
}
