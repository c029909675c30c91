//! Resuming: interrupt a run, inspect the store, run again.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::notes::{self, CONTRACT};
#[cfg(target_os = "linux")]
use super::terminal::on_a_terminal;
use super::workbench::Workbench;

const DOCUMENTS: usize = 4000;

/// A folder with many queued documents.
fn queued() -> Workbench {
    let bench = Workbench::new();
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    bench.write("contract.toml", CONTRACT);
    for n in 1..=DOCUMENTS {
        bench
            .write(&format!("docs/{n:04}.xml"), format!("<note title='{n}'><line>x</line></note>"));
    }
    assert_eq!(bench.run("load docs").status, 0);
    assert_eq!(bench.run("enqueue").status, 0);
    bench
}

/// Starts a run that takes small batches, and so lasts.
fn start(folder: &Path) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .args(["run", "--workers", "1", "--batch-size", "5", "--log-level", "off"])
        .args(["--format", "json"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn ids(store: &Connection, query: &str) -> Vec<i64> {
    let mut statement = store.prepare(query).unwrap();
    let ids = statement.query_map([], |row| row.get(0)).unwrap();
    ids.map(Result::unwrap).collect()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what} does not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn drill(signal: libc::c_int) {
    let bench = queued();
    let store = Connection::open(bench.path().join("work.db")).unwrap();
    store.busy_timeout(Duration::from_secs(60)).unwrap();
    const LOGGED: &str = "SELECT app_id FROM processing_log ORDER BY app_id, attempt";

    let child = start(bench.path());
    wait_until("the first outcome", || !ids(&store, LOGGED).is_empty());
    // SAFETY: a signal to a process that this test started and has not waited for.
    unsafe { libc::kill(child.id() as libc::pid_t, signal) };
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["end"], "interrupted");

    let first = ids(&store, LOGGED);
    assert!(!first.is_empty() && first.len() < DOCUMENTS, "{} were done", first.len());
    assert_eq!(summary["success"], first.len());
    let held = ids(&store, "SELECT app_id FROM processing_queue WHERE state = 1");
    assert!(held.is_empty(), "{held:?} are still claimed");

    let again = bench.run("run --format json --log-level off");
    assert_eq!(again.status, 0, "{again:?}");
    let summary: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(summary["success"], DOCUMENTS - first.len());
    let every: Vec<i64> = (1..=DOCUMENTS as i64).collect();
    assert_eq!(ids(&store, LOGGED), every, "each application was logged once");
    assert_eq!(ids(&store, "SELECT app_id FROM note ORDER BY app_id"), every);
}

/// Starts the executable with its log on a pipe, and waits for a line that has `part`.
fn start_until(folder: &Path, arguments: &str, part: &str) -> Child {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains(part)), "{part} does not come");
    child
}

#[test]
fn a_run_that_waits_for_a_locked_store_says_so_and_heeds_a_signal() {
    for installed in [false, true] {
        let bench = notes::queued();
        if installed {
            assert_eq!(bench.run("run --limit 1").status, 0);
        }
        let store = Connection::open(bench.path().join("work.db")).unwrap();
        store.execute_batch("BEGIN IMMEDIATE").unwrap();
        let child = start_until(bench.path(), "run", "waiting for the store");
        // SAFETY: a signal to a process that this test started and has not waited for.
        unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) };
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{output:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_a_bar_and_lines_for_programs_do_not() {
    let bench = queued();
    let told = on_a_terminal(&bench, "run --log-level off --limit 2000", false);
    assert!(told.contains(" done, 0 failed, ") && told.contains('%'), "{told:?}");
    assert!(told.contains('━'), "{told:?}");
    for silent in ["--log-format json", "--quiet"] {
        let call = format!("run --log-level off --limit 500 {silent}");
        assert_eq!(on_a_terminal(&bench, &call, false), "");
    }
}

#[test]
fn a_demo_that_is_stopped_leaves_no_worker_behind() {
    let bench = Workbench::new();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .args(["demo", "--apps", "1500", "--dir", "demo"])
        .current_dir(bench.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let started = stdout.lines().map(Result::unwrap).find(|line| line.contains("Started worker"));
    assert!(started.is_some());
    let path = bench.path().join("demo/demo.db");
    let store = Connection::open(&path).unwrap();
    store.busy_timeout(Duration::from_secs(60)).unwrap();
    let count = |query: &str| store.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    wait_until("the third worker", || count("SELECT count(*) FROM processing_session") == 3);
    // SAFETY: a signal to a process that this test started and has not waited for.
    unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGTERM) };
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");

    let living = "SELECT count(*) FROM processing_session WHERE ended_at_utc IS NULL";
    assert!(count(living) <= 1, "more than the one that is killed have not ended");
    let before = count("SELECT count(*) FROM processing_log");
    assert!(before < 1500, "the demo was done before it could be stopped");
}

#[test]
fn after_ctrl_c_the_same_command_continues_with_other_applications() {
    drill(libc::SIGINT);
}

#[test]
fn after_sigterm_the_same_command_continues_with_other_applications() {
    drill(libc::SIGTERM);
}
