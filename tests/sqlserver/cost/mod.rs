//! What a server is asked for a batch, and for a step that finds nothing to do: round trips and bytes,
//! counted on the wire. docs/scaling.md has the formula; the statements that the procedures execute are
//! counted in the syntax tree, by tools/tsql-check.

mod meter;

use std::time::Duration;

use xmlshred::contract::Contract;
use xmlshred::outcome::{AppOutcome, Failure, FailureCategory};
use xmlshred::store::sqlserver::{ServerSettings, SqlServerStore};
use xmlshred::store::ClaimedApp;

use crate::bench::{Bench, Said};
use crate::harness::SqlServerHarness;
use crate::store::harness::{base, contacts, outcome, Harness, Worker};
use meter::{Kind, Meter, Reading};

crate::trials! {
    a_batch_takes_two_round_trips,
    a_table_with_many_rows_takes_three_more,
    a_step_that_finds_nothing_asks_for_little,
    a_step_whose_tables_are_numbered_asks_for_no_more,
}

/// A worker whose session comes by the meter and has its temp tables.
fn worker_by(meter: &Meter, harness: &SqlServerHarness, contract: &Contract) -> Worker {
    let mut worker = Worker::start(harness, contract);
    let text = meter.connection_string(&harness.database().name);
    let settings = ServerSettings::from_ado_string(&text)
        .and_then(|settings| settings.schema(&harness.database().schema))
        .expect("settings");
    // Longer than a new session may need to compile what it calls.
    let settings = settings.command_timeout(Duration::from_secs(120));
    worker.store = Box::new(SqlServerStore::connect(settings, "meter").expect("connect"));
    let batch = worker.claim(1);
    worker.succeed(contract, &batch);
    meter.take();
    worker
}

/// Rows in none of the tables, in one, or in both.
fn with_rows_in(tables: usize, app: &ClaimedApp) -> AppOutcome {
    let id = app.app_id.0;
    match tables {
        // Without a character that JSON escapes: Babelfish does not read those.
        0 => outcome(app, Err(Box::new(Failure::new(FailureCategory::BadValue, "x is not 1")))),
        1 => outcome(app, Ok(vec![base(id, "name"), contacts(id, &[])])),
        _ => outcome(app, Ok(vec![base(id, "name"), contacts(id, &[id * 10, id * 10 + 1])])),
    }
}

fn line(what: &str, reading: &Reading) -> String {
    let (trips, sent, received) = (reading.round_trips(), reading.sent(), reading.received());
    format!("{what}: {trips} round trips, {sent} bytes sent, {received} received")
}

fn a_batch_takes_two_round_trips() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(20);
    let meter = Meter::new();
    let mut worker = worker_by(&meter, &harness, &contract);
    for (apps, tables) in [(1, 0), (1, 1), (1, 2), (4, 0), (4, 2), (8, 1)] {
        let batch = worker.claim(apps);
        let outcomes: Vec<_> = batch.apps.iter().map(|app| with_rows_in(tables, app)).collect();
        let completed = worker.complete(&contract, batch.token, &outcomes);
        assert_eq!(completed.len(), apps as usize);
        let reading = meter.take();
        let what = format!("{apps} applications with rows in {tables} tables");
        println!("{}", line(&what, &reading));
        assert_eq!(reading.round_trips(), 2, "{what}: {:#?}", reading.0);
    }
    assert_eq!(harness.count("app_base", "1 = 1"), 1 + 1 + 1 + 4 + 8);
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}

/// The driver asks for the columns, sends its statement, and sends the rows.
fn a_table_with_many_rows_takes_three_more() {
    const MANY: i64 = 5_000;
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(3);
    let meter = Meter::new();
    let mut worker = worker_by(&meter, &harness, &contract);
    // The second batch finds the tables as the first has left them: empty.
    for expected in [1, 2] {
        let batch = worker.claim(1);
        let id = batch.apps[0].app_id.0;
        let many: Vec<i64> = (1..=MANY).map(|n| id * MANY + n).collect();
        let rows = vec![base(id, "name"), contacts(id, &many)];
        worker.complete(&contract, batch.token, &[outcome(&batch.apps[0], Ok(rows))]);
        let reading = meter.take();
        println!("{}", line("1 application with 5001 rows in 2 tables", &reading));
        assert_eq!(reading.round_trips(), 2 + 3, "{:#?}", reading.0);
        assert_eq!(reading.kinds().get(&Kind::Rows), Some(&1));
        // Two of the application that was completed first.
        assert_eq!(harness.count("app_contact", "1 = 1"), 2 + expected * MANY as u64);
    }
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}

/// A run that finds nothing to do; what it said.
fn step(bench: &Bench, meter: &Meter) -> Said {
    let mut command = bench.command("run --contract contract.toml");
    command.env("XMLSHRED_CONNECTION_STRING", meter.connection_string(&bench.database.name));
    Said::of(&mut command)
}

/// One connection, which is negotiated and logged in, and four requests: the state of everything, start, claim, end.
fn assert_little(reading: &Reading) {
    println!("{}", line("nothing to do", reading));
    assert_eq!(reading.kinds().get(&Kind::Login), Some(&2), "{:#?}", reading.0);
    assert_eq!(reading.round_trips(), 2 + 4, "{:#?}", reading.0);
}

fn a_step_that_finds_nothing_asks_for_little() {
    let bench = Bench::ready(0);
    let meter = Meter::new();
    let said = step(&bench, &meter);
    assert_eq!(said.status, 0, "{said:?}");
    assert_little(&meter.take());
}

/// The numbers that the server has given are looked at in the request that looks at the tables.
fn a_step_whose_tables_are_numbered_asks_for_no_more() {
    let bench = Bench::with_apps(0);
    bench.write("contract.toml", NUMBERED);
    bench.succeed("install --contract contract.toml");
    let meter = Meter::new();
    let said = step(&bench, &meter);
    assert_eq!(said.status, 0, "{said:?}");
    assert_little(&meter.take());
    bench.database.execute(
        "SET IDENTITY_INSERT sandbox.note ON;
         INSERT INTO sandbox.note (id, app_id) VALUES (500, 1);
         SET IDENTITY_INSERT sandbox.note OFF;
         DBCC CHECKIDENT ('sandbox.note', RESEED, 10);",
    );
    let said = step(&bench, &meter);
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stderr.contains("numbered from 10 on, but 500 is in the table"), "{said:?}");
    // Nothing was started: two to log in, and the state of everything.
    let reading = meter.take();
    assert_eq!(reading.round_trips(), 2 + 1, "{:#?}", reading.0);
}

const NUMBERED: &str = r#"
[contract]
name = "notes"
target_schema = "sandbox"

[document]
root = "Note"

[[tables]]
name = "note"
each = "/Note"
primary_key = ["id"]
app_column = "app_id"
[tables.columns]
id     = { type = "int", identity = true }
app_id = { type = "int", value = "APP_ID()" }
"#;
