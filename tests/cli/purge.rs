//! `purge`: what is superseded and old goes, and finished work stays finished.

use serde_json::{json, Value};

use super::notes::finished;
use super::workbench::{Said, Workbench};

/// Five finished applications, one of them retried, so that one attempt is superseded.
fn retried() -> Workbench {
    let bench = finished();
    assert_eq!(bench.run("retry --all").status, 0);
    assert_eq!(bench.run("run --log-level warn").status, 1);
    bench
}

fn purged(said: &Said) -> Value {
    assert_eq!(said.status, 0, "{said:?}");
    serde_json::from_str(&said.stdout).unwrap()
}

fn logged(bench: &Workbench) -> Vec<(i64, i64)> {
    let store = rusqlite::Connection::open(bench.path().join("work.db")).unwrap();
    let mut rows =
        store.prepare("SELECT app_id, attempt FROM processing_log ORDER BY 1, 2").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

const ALL: [(i64, i64); 6] = [(1, 1), (2, 1), (3, 1), (3, 2), (4, 1), (5, 1)];

#[test]
fn superseded_attempts_events_and_ended_sessions_are_deleted() {
    let bench = retried();
    assert_eq!(logged(&bench), ALL);
    let found = purged(&bench.run("purge --older-than 0s --format json"));
    assert_eq!(found["attempts"], 1);
    assert_eq!(found["sessions"], 2);
    assert!(found["events"].as_u64() > Some(0), "{found}");
    let again = purged(&bench.run("purge --older-than 0s --format json"));
    let nothing = json!({
        "dry_run": false, "older_than_seconds": 0, "attempts": 0, "events": 0, "sessions": 0
    });
    assert_eq!(again, nothing);
}

#[test]
fn the_last_attempt_of_an_application_is_never_deleted() {
    let bench = retried();
    bench.run("purge --older-than 0s");
    assert_eq!(logged(&bench), [(1, 1), (2, 1), (3, 2), (4, 1), (5, 1)]);
    assert_eq!(bench.run("enqueue --full").stdout, "0 applications enqueued\n");
}

#[test]
fn a_purge_can_be_previewed() {
    let bench = retried();
    let preview = bench.run("purge --older-than 0s --dry-run --format json");
    assert!(preview.stderr.ends_with("; nothing was changed\n"), "{preview:?}");
    assert_eq!(logged(&bench), ALL);
    let (mut preview, mut done) =
        (purged(&preview), purged(&bench.run("purge --older-than 0s --format json")));
    assert_eq!(preview["dry_run"].take(), true);
    assert_eq!(done["dry_run"].take(), false);
    assert_eq!(preview, done);
}

#[test]
fn ninety_days_are_kept_unless_another_age_is_given() {
    let bench = retried();
    let said = bench.run("purge");
    let table = "purged               rows\nsuperseded attempts     0\nevents                  0\n\
                 ended sessions          0\n";
    assert_eq!(said.stdout, table, "{said:?}");
    let found = purged(&bench.run("purge --format json"));
    assert_eq!(found["older_than_seconds"], 90 * 24 * 60 * 60);
    assert_eq!(bench.run("purge --older-than soon").status, 2);
}
