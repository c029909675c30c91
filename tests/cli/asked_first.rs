//! A store that cannot be loaded into says so before much is read.

use std::fs::File;
use std::io::{Seek, Write};
use std::process::{Command, Stdio};

use super::notes::workbench;
use super::workbench::Workbench;

/// The exit status, how far stdin was read, and the message of a load from stdin.
fn load(bench: &Workbench, arguments: &str) -> (i32, u64, String) {
    // This process and the other one have one position in the file.
    let mut stdin = File::open(bench.path().join("long.xml")).unwrap();
    let output = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .arg("load")
        .args(arguments.split_whitespace())
        .env("XMLSHRED_PASSWORD", "x")
        .current_dir(bench.path())
        .stdin(Stdio::from(stdin.try_clone().unwrap()))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap_or(-1), stdin.stream_position().unwrap(), said)
}

#[test]
fn nothing_is_read_from_stdin_before_the_store_is_asked() {
    let bench = workbench();
    bench.write("other.txt", "no store");
    let mut long = File::create(bench.path().join("long.xml")).unwrap();
    writeln!(long, "<notes>{}</notes>", "<note title='n'/>".repeat(100_000)).unwrap();
    let length = long.metadata().unwrap().len();
    let each = "- --each /notes/note";
    let server = "--server 127.0.0.1,1 --database d --user u --connect-timeout 1s";
    for (store, reason) in [
        ("--store sqlite:other.txt", "other.txt"),
        ("--store sqlite:missing/work.db", "the folder missing does not exist"),
        (server, "cannot open the store"),
    ] {
        let (status, read, said) = load(&bench, &format!("{each} {store}"));
        assert_eq!((status, read), (4, 0), "{store}: {said}");
        assert!(said.contains(reason) && said.contains("nothing was loaded"), "{store}: {said}");
    }
    // What is wrong with another file is reported first, without a store.
    bench.write("empty.xml", "");
    let (status, read, said) = load(&bench, &format!("empty.xml {each} --store sqlite:other.txt"));
    assert_eq!((status, read), (2, 0), "{said}");
    assert!(said.contains("empty.xml is empty"), "{said}");
    // Nothing stays of a store that was asked and not loaded into.
    let mut files = bench.files();
    files.retain(|name| name.starts_with('.') || name == "missing");
    assert_eq!(files, Vec::<String>::new());
    let (status, read, said) = load(&bench, &format!("{each} --store sqlite:work.db"));
    assert_eq!((status, read), (0, length), "{said}");
}
