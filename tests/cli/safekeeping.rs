//! Backups of the embedded store, and what happens to its files.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::notes;
use super::workbench::Workbench;

fn success(bench: &Workbench) -> u64 {
    let status = bench.run("status --format json");
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    status["success"].as_u64().unwrap()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what} does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A run that waits for work.
fn follow(folder: &Path, stderr: Stdio) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .args(["run", "--follow", "--poll", "100ms"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .unwrap()
}

#[test]
fn a_backup_is_restored_as_the_page_says() {
    let bench = notes::queued();
    let said = bench.run("backup copy.db");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.starts_with("work.db was copied to copy.db ("), "{said:?}");
    assert!(said.stdout.contains("delete work.db-wal and work.db-shm"), "{said:?}");
    assert_eq!(bench.run("run --fail-on never").status, 0);
    // A worker that is killed leaves its write-ahead log.
    let mut worker = follow(bench.path(), Stdio::null());
    let log = bench.path().join("work.db-wal");
    wait_until("a write-ahead log", || log.metadata().is_ok_and(|log| log.len() > 0));
    worker.kill().unwrap();
    worker.wait().unwrap();

    std::fs::remove_file(&log).unwrap();
    std::fs::remove_file(bench.path().join("work.db-shm")).unwrap();
    std::fs::copy(bench.path().join("copy.db"), bench.path().join("work.db")).unwrap();
    let said = bench.run("doctor");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.contains("integrity"), "{said:?}");
    assert_eq!(success(&bench), 0);
    assert_eq!(bench.run("run --fail-on never").status, 0);
    assert_eq!(success(&bench), 4);
}

#[test]
fn a_backup_replaces_nothing_and_leaves_nothing_half_written() {
    let bench = notes::queued();
    bench.write("taken.db", "mine");
    let files = bench.files();
    for (call, status, expected) in [
        ("backup taken.db", 2, "taken.db exists\nhint: name a new file\n"),
        ("backup absent/copy.db", 4, "does not exist"),
        ("backup copy.db --store sqlite:absent.db", 4, "the file does not exist"),
    ] {
        let said = bench.run(call);
        assert_eq!(said.status, status, "{said:?}");
        assert!(said.stderr.contains(expected), "{said:?}");
        let files_now = bench.files();
        let left: Vec<_> = files_now.iter().filter(|name| !name.starts_with("work.db-")).collect();
        assert_eq!(left, files.iter().collect::<Vec<_>>());
    }
    #[cfg(feature = "sqlserver")]
    {
        let mut command = bench.command("backup copy.db --server db1 --database d --user u");
        let said = super::workbench::Said::of(command.env("XMLSHRED_PASSWORD", "p"));
        assert_eq!(said.status, 2, "{said:?}");
        assert!(said.stderr.contains("hint: back up the database with BACKUP DATABASE"));
    }
}

#[cfg(unix)]
#[test]
fn a_backup_is_readable_by_the_same_users_as_the_store() {
    use std::os::unix::fs::PermissionsExt;

    let bench = notes::queued();
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(bench.path().join("work.db"), private).unwrap();
    assert_eq!(bench.run("backup copy.db").status, 0);
    let copy = bench.path().join("copy.db").metadata().unwrap();
    assert_eq!(copy.permissions().mode() & 0o777, 0o600);
}

/// What a run says, and its exit status, if this is done to its store while it waits for work.
#[cfg(unix)]
fn disturbed(bench: &Workbench, disturb: impl FnOnce()) -> (Option<i32>, String) {
    let mut worker = follow(bench.path(), Stdio::piped());
    wait_until("the end of the work", || success(bench) == 4);
    disturb();
    let began = Instant::now();
    while worker.try_wait().unwrap().is_none() && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    worker.kill().ok();
    let output = worker.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[cfg(unix)]
#[test]
fn a_store_that_is_deleted_or_replaced_stops_its_worker() {
    type Disturb = fn(&Path);
    let cases: [(Disturb, &str); 4] = [
        (|folder| std::fs::remove_file(folder.join("work.db")).unwrap(), "was deleted or moved"),
        (
            |folder| std::fs::rename(folder.join("work.db"), folder.join("old.db")).unwrap(),
            "was deleted or moved",
        ),
        (
            |folder| std::fs::rename(folder.join("copy.db"), folder.join("work.db")).unwrap(),
            "another file is in its place",
        ),
        (|folder| std::fs::remove_file(folder.join("work.db-wal")).unwrap(), "write-ahead log"),
    ];
    for (disturb, expected) in cases {
        let bench = notes::queued();
        assert_eq!(bench.run("backup copy.db").status, 0);
        let (status, stderr) = disturbed(&bench, || disturb(bench.path()));
        assert_eq!(status, Some(4), "{stderr}");
        assert!(stderr.contains("is not the one that was opened: "), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
}

/// A store in which this was done behind the program's back.
fn tampered(sql: &str) -> Workbench {
    let bench = notes::finished();
    let store = Connection::open(bench.path().join("work.db")).unwrap();
    store.execute_batch(sql).unwrap();
    bench
}

#[test]
fn the_doctor_finds_damage_that_no_command_meets() {
    // An index that lacks a row: reading the table works.
    let bench = tampered(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema
                                              WHERE name = 'processing_claim_expiry')
         WHERE name = 'processing_queue_claim';",
    );
    let said = bench.run("doctor");
    assert_eq!(said.status, 4, "{said:?}");
    assert!(said.stdout.contains("is damaged: "), "{said:?}");
    assert!(said.stdout.contains("delete FILE-wal and FILE-shm"), "{said:?}");

    let bench = tampered("PRAGMA foreign_keys = OFF; DELETE FROM note WHERE app_id = 1;");
    let said = bench.run("doctor");
    assert_eq!(said.status, 4, "{said:?}");
    assert!(said.stdout.contains("table line: 1 without a row in note"), "{said:?}");
}

/// Flips one bit in each of several places, and asks every kind of command.
#[test]
fn a_flipped_bit_is_damage_or_changes_nothing_but_never_a_crash() {
    let source = notes::finished();
    let bytes = std::fs::read(source.path().join("work.db")).unwrap();
    let mut random = 88_172_645_463_325_252_u64;
    for _ in 0..12 {
        let bench = notes::workbench();
        bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
        let mut flipped = bytes.clone();
        for _ in 0..8 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let at = 100 + (random as usize) % (flipped.len() - 100);
            flipped[at] ^= 1 << (random >> 61);
        }
        for call in ["status", "doctor", "explain 1", "enqueue", "run --fail-on never"] {
            bench.write("work.db", &flipped);
            let said = bench.run(call);
            let text = format!("{}{}", said.stdout, said.stderr);
            assert!(said.status >= 0 && !text.contains("panicked"), "{call}: {said:?}");
            if text.contains("malformed") || text.contains("SQLite error 11") {
                assert!(text.contains("work.db is damaged: "), "{call}: {said:?}");
                assert!(text.contains("delete FILE-wal and FILE-shm"), "{call}: {said:?}");
                assert_ne!(said.status, 0, "{call}: {said:?}");
            }
            std::fs::remove_file(bench.path().join("work.db-wal")).ok();
            std::fs::remove_file(bench.path().join("work.db-shm")).ok();
        }
    }
}

#[cfg(unix)]
#[test]
fn what_is_not_a_file_is_refused_at_once() {
    use std::os::unix::net::UnixListener;

    let bench = notes::queued();
    let fifo = std::ffi::CString::new(bench.path().join("fifo").to_str().unwrap()).unwrap();
    // SAFETY: the name ends in a null and lives until the call returns.
    assert_eq!(unsafe { libc::mkfifo(fifo.as_ptr(), 0o600) }, 0);
    let _listening = UnixListener::bind(bench.path().join("socket")).unwrap();
    for (name, kind) in [("fifo", "a pipe"), ("socket", "a socket"), ("/dev/zero", "a device")] {
        for (call, status) in [
            (format!("status --store sqlite:{name}"), 4),
            (format!("load docs --store sqlite:{name}"), 4),
            (format!("run --contract {name}"), 2),
            (format!("contract check {name}"), 2),
            (format!("contract import {name}"), 2),
            (format!("status --config {name}"), 2),
            (format!("load {name}"), 2),
            (format!("map {name}"), 1),
            (format!("status --server db --database d --user u --password-file {name}"), 2),
            (format!("status --server db --database d --user u --ca-file {name}"), 2),
        ] {
            let mut command = bench.command(&call);
            command.env("XMLSHRED_PASSWORD", "p").timeout(Duration::from_secs(60));
            let said = super::workbench::Said::of(&mut command);
            assert_eq!(said.status, status, "{call}: {said:?}");
            let text = format!("{}{}", said.stdout, said.stderr);
            assert!(text.contains(&format!("it is {kind}")), "{call}: {said:?}");
        }
    }
}
