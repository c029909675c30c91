//! The worst moment to stop a worker: large documents, a large batch, and a store that does not answer.

use std::process::Command;

use super::stop_request::{end_within_agents_limit, StopRequest};
use super::worker::{wait_until, Worker};
use crate::cli::Workbench;

const CONTRACT: &str = r#"
[contract]
name = "orders"
target_schema = "sandbox"

[document]
root = "order"

[[tables]]
name = "line"
each = "/order/line"
primary_key = ["app_id", "number"]
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
number = { type = "int", value = "ORDINAL()" }
text   = { type = "nvarchar(200)", value = "@text" }
"#;

const DOCUMENTS: i64 = 24;

/// Documents of two megabytes with 2,000 rows each, queued.
fn stage() -> (Workbench, rusqlite::Connection) {
    let bench = Workbench::new();
    bench.write("contract.toml", CONTRACT);
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    let line = format!("<line text='{}'>{}</line>", "a".repeat(100), "b".repeat(900));
    let document = format!("<order>{}</order>", line.repeat(2000));
    assert!(document.len() > 2_000_000);
    for id in 1..=DOCUMENTS {
        bench.write(
            &format!("docs/{id}.xml"),
            document.replacen("<order>", &format!("<order id='{id}'>"), 1),
        );
    }
    assert_eq!(bench.run("load docs").status, 0);
    assert_eq!(bench.run("enqueue").status, 0);
    let store = rusqlite::Connection::open(bench.path().join("work.db")).unwrap();
    store.busy_timeout(super::worker::AT_MOST).unwrap();
    (bench, store)
}

fn number(store: &rusqlite::Connection, sql: &str) -> i64 {
    store.query_row(sql, [], |row| row.get(0)).unwrap()
}

const CLAIMED: &str = "SELECT count(*) FROM processing_queue WHERE state = 1";

fn start(bench: &Workbench, stop: &StopRequest) -> Worker {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"));
    let flags = format!("run --batch-size 400 --workers 2 --lease 10m {}", stop.flags());
    let quiet = std::process::Stdio::null;
    command.current_dir(bench.path()).args(flags.split_whitespace());
    Worker::start(command.stdout(quiet()).stderr(quiet()))
}

/// The next run does what the one before left; each document has its rows once.
fn assert_the_rest_is_done(bench: &Workbench, store: &rusqlite::Connection) {
    let said = bench.run("run");
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(number(store, "SELECT count(*) FROM line"), 2000 * DOCUMENTS);
    assert_eq!(number(store, "SELECT count(*) FROM vw_concluded"), DOCUMENTS);
    crate::store::assert_invariants(&bench.path().join("work.db"));
}

/// Documents that are being shredded are finished or given back, and nothing waits for a lease.
#[test]
fn a_worker_with_large_documents_stops_within_ten_seconds_and_holds_nothing() {
    let (bench, store) = stage();
    let stop = StopRequest::new();
    let mut worker = start(&bench, &stop);
    wait_until("it works", || number(&store, CLAIMED) > 0);
    stop.send(&mut worker);
    assert_eq!(end_within_agents_limit(&mut worker).code(), Some(130));
    assert_eq!(number(&store, CLAIMED), 0);
    assert_the_rest_is_done(&bench, &store);
}

/// Another process holds the store: nothing can be completed and nothing released. The claims that stay are
/// those of a dead worker.
#[test]
fn a_worker_whose_store_does_not_answer_stops_within_ten_seconds() {
    let (bench, mut store) = stage();
    let stop = StopRequest::new();
    let mut worker = start(&bench, &stop);
    wait_until("it works", || number(&store, CLAIMED) > 0);
    let immediate = rusqlite::TransactionBehavior::Immediate;
    let held = store.transaction_with_behavior(immediate).unwrap();
    assert!(number(&held, CLAIMED) > 0, "it was faster than the lock");
    stop.send(&mut worker);
    assert_eq!(end_within_agents_limit(&mut worker).code(), Some(130));
    assert!(number(&held, CLAIMED) > 0);
    held.rollback().unwrap();

    let expire = "UPDATE processing_claim SET lease_expires_at_utc = claimed_at_utc - 1";
    store.execute(expire, []).unwrap();
    assert_the_rest_is_done(&bench, &store);
}
