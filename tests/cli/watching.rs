//! `xmlshred status --watch`: again and again, until Ctrl+C.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::notes::{finished, queued};
use super::workbench::Workbench;

/// A watch whose output is read by a program.
fn watching(bench: &Workbench, flags: &[&str]) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .args(["status", "--watch=100ms"])
        .args(flags)
        .current_dir(bench.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Ctrl+C.
fn interrupt(mut watch: Child) -> Option<i32> {
    let status = unsafe { libc::kill(watch.id() as i32, libc::SIGINT) };
    assert_eq!(status, 0);
    watch.wait().unwrap().code()
}

#[test]
fn a_watch_shows_blocks_where_there_is_no_terminal_and_ends_with_ctrl_c() {
    let bench = finished();
    let mut watch = watching(&bench, &[]);
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    let block = |lines: &mut dyn Iterator<Item = String>| -> Vec<String> {
        let mut block: Vec<String> = vec![];
        while !block.iter().any(|line| line.contains("missing_required")) {
            block.push(lines.next().expect("a line"));
        }
        block
    };
    let first = block(&mut lines);
    assert!(first[0].ends_with("UTC  sqlite:work.db"), "{first:?}");
    assert!(first.iter().any(|line| line.starts_with("5 enqueued; 0 not enqueued")), "{first:?}");
    assert!(first.iter().all(|line| !line.contains('\u{1b}')), "{first:?}");
    assert_eq!(lines.next().as_deref(), Some(""));
    let second = block(&mut lines);
    assert_eq!(first[1..], second[1..]);
    assert_eq!(interrupt(watch), Some(0));
}

#[test]
fn what_happens_meanwhile_is_in_the_next_line() {
    let bench = queued();
    let mut watch = watching(&bench, &["--format", "json"]);
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut next = || serde_json::from_str::<Value>(&lines.next().expect("a line")).unwrap();
    assert_eq!(next()["ready"], 5);
    bench.run("run --log-level off");
    while next()["ready"] != 0 {}
    let last = next();
    assert_eq!((&last["success"], &last["failed"]), (&4.into(), &1.into()));
    assert!(last["apps_per_second"].as_f64().unwrap() > 0.0, "{last}");
    assert_eq!(interrupt(watch), Some(0));
}
