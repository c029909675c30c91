//! The resume drill: interrupt a run, look at what is there, run again.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::notes::CONTRACT;
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

#[test]
fn after_ctrl_c_the_same_command_continues_with_other_applications() {
    drill(libc::SIGINT);
}

#[test]
fn after_sigterm_the_same_command_continues_with_other_applications() {
    drill(libc::SIGTERM);
}
