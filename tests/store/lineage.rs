//! Target tables without a column for the application's id: their rows are those of the parent's rows.

use xmlshred::contract::{Contract, OnExisting};
use xmlshred::outcome::{AppOutcome, TableRows};
use xmlshred::store::{Batch, ClaimedApp, RequeueRequest, RequeueSelector, StaleRowsRequest};
use xmlshred::value::Value;

use super::harness::{app_ids, base, contacts, failure, outcome, Harness, Worker};

super::behaviours! {
    rows_without_the_application_s_id_are_replaced,
    rows_without_the_application_s_id_are_skipped,
    rows_without_the_application_s_id_are_deleted_when_they_are_stale,
    rows_that_fit_no_parent_fail_only_their_application,
}

/// Contacts with phones, and phones with calls: neither table has the application's id.
const CONTRACT: &str = r#"
[contract]
name = "lineage"
target_schema = "sandbox"

[document]
root = "a"

[[tables]]
name = "app_base"
each = "/a"
primary_key = ["app_id"]
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
name   = { type = "nvarchar(50)", value = "@name", required = true }
amount = { type = "decimal(38,2)", value = "@amount" }

[[tables]]
name = "app_contact"
each = "/a/contact"
primary_key = ["con_id"]
app_column = "app_id"
foreign_key = { columns = ["app_id"], references = "app_base" }
[tables.columns]
con_id = { type = "int", value = "@id", identity = "explicit" }
app_id = { type = "int", value = "APP_ID()" }

[[tables]]
name = "app_phone"
each = "/a/contact/phone"
primary_key = ["con_id", "kind"]
foreign_key = { columns = ["con_id"], references = "app_contact" }
[tables.columns]
con_id = { type = "int", value = "../@id" }
kind   = { type = "smallint", value = "@kind" }

[[tables]]
name = "app_call"
each = "/a/contact/phone/call"
foreign_key = { columns = ["con_id", "kind"], references = "app_phone" }
[tables.columns]
con_id  = { type = "int", value = "../../@id" }
kind    = { type = "smallint", value = "../@kind" }
minutes = { type = "int", value = "@minutes" }
"#;

fn contract(on_existing: OnExisting) -> Contract {
    let (mut contract, _) = Contract::parse(CONTRACT, "lineage.toml").expect("a valid contract");
    contract.targets.iter_mut().for_each(|target| target.on_existing = on_existing);
    contract
}

/// One contact, ten times the application's id, with two phones and `calls` on each.
fn success(app: &ClaimedApp, calls: i64) -> AppOutcome {
    let (id, con_id) = (app.app_id.0, app.app_id.0 * 10);
    outcome(
        app,
        Ok(vec![
            base(id, "name"),
            contacts(id, &[con_id]),
            phones(con_id),
            self::calls(con_id, calls),
        ]),
    )
}

fn phones(con_id: i64) -> TableRows {
    let values = [1, 2].map(|kind| [Value::Int(con_id), Value::Int(kind)]);
    TableRows { width: 2, values: values.into_iter().flatten().collect() }
}

fn calls(con_id: i64, calls: i64) -> TableRows {
    let of_phone = |kind| {
        (0..calls).map(move |minutes| [Value::Int(con_id), Value::Int(kind), Value::Int(minutes)])
    };
    TableRows { width: 3, values: [1, 2].into_iter().flat_map(of_phone).flatten().collect() }
}

fn complete(worker: &mut Worker, contract: &Contract, batch: &Batch, calls: i64) {
    let outcomes: Vec<_> = batch.apps.iter().map(|app| success(app, calls)).collect();
    worker.complete(contract, batch.token, &outcomes);
}

/// All three applications succeeded with three calls on each phone; then 2 was requeued.
fn prepared(h: &dyn Harness, on_existing: OnExisting) -> (Contract, Worker) {
    let contract = h.prepare_with(contract(on_existing), 3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(3);
    complete(&mut worker, &contract, &batch, 3);
    assert_eq!(rows_of(h, 2), ["app_base 1", "app_call 6", "app_contact 1", "app_phone 2"]);
    let request = RequeueRequest {
        selector: RequeueSelector::AppIds(app_ids(&[2])),
        canary: None,
        execute: true,
        requested_by: "Anna".into(),
    };
    worker.store.requeue_apps(&contract, &request).expect("requeue");
    (contract, worker)
}

/// The number of an application's rows for each table that has some, by the view that says so.
fn rows_of(h: &dyn Harness, app_id: i64) -> Vec<String> {
    let rows = h.query(&format!(
        "SELECT table_name, COUNT(*) FROM {{vw_TargetRows}} WHERE app_id = {app_id}
         GROUP BY table_name ORDER BY table_name"
    ));
    let text = |cell: &Option<String>| cell.clone().expect("a value").replace("sandbox.", "");
    rows.iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join(" ")).collect()
}

fn rows_without_the_application_s_id_are_replaced(h: &dyn Harness) {
    let (contract, mut worker) = prepared(h, OnExisting::Replace);
    let batch = worker.claim(1);
    complete(&mut worker, &contract, &batch, 1);
    assert_eq!(rows_of(h, 2), ["app_base 1", "app_call 2", "app_contact 1", "app_phone 2"]);
    for other in [1, 3] {
        let rows = rows_of(h, other);
        assert_eq!(rows, ["app_base 1", "app_call 6", "app_contact 1", "app_phone 2"]);
    }
    h.assert_invariants();
}

fn rows_without_the_application_s_id_are_skipped(h: &dyn Harness) {
    let contract = h.prepare_with(contract(OnExisting::Skip), 2);
    // As another program left them: application 1 is complete, 2 has nothing.
    h.execute("INSERT INTO {app_base} (app_id, name) VALUES (1, 'theirs')");
    h.execute("INSERT INTO {app_contact} (con_id, app_id) VALUES (10, 1)");
    h.execute("INSERT INTO {app_phone} (con_id, kind) VALUES (10, 1)");
    h.execute("INSERT INTO {app_call} (con_id, kind, minutes) VALUES (10, 1, 90)");
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    complete(&mut worker, &contract, &batch, 3);
    assert_eq!(rows_of(h, 1), ["app_base 1", "app_call 1", "app_contact 1", "app_phone 1"]);
    assert_eq!(rows_of(h, 2), ["app_base 1", "app_call 6", "app_contact 1", "app_phone 2"]);
    assert_eq!(h.count("app_call", "minutes = 90"), 1);
}

fn rows_without_the_application_s_id_are_deleted_when_they_are_stale(h: &dyn Harness) {
    let (contract, mut worker) = prepared(h, OnExisting::Replace);
    let batch = worker.claim(1);
    let outcomes: Vec<_> = batch.apps.iter().map(failure).collect();
    worker.complete(&contract, batch.token, &outcomes);
    assert_eq!(rows_of(h, 2).len(), 4, "a failure deletes nothing");
    let request = StaleRowsRequest {
        app_ids: None,
        canary: None,
        execute: true,
        requested_by: "Anna".into(),
    };
    let deleted = worker.store.delete_stale_rows(&contract, &request).expect("delete");
    let tables: Vec<_> =
        deleted[0].tables.iter().map(|(table, n)| format!("{table} {n}")).collect();
    assert_eq!(tables, ["app_base 1", "app_contact 1", "app_phone 2", "app_call 6"]);
    assert_eq!(rows_of(h, 2), [""; 0]);
    assert_eq!(h.count("app_call", "1 = 1"), 12, "those of the others");
    h.assert_invariants();
}

fn rows_that_fit_no_parent_fail_only_their_application(h: &dyn Harness) {
    let contract = h.prepare_with(contract(OnExisting::Fail), 2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    let mut outcomes: Vec<_> = batch.apps.iter().map(|app| success(app, 1)).collect();
    let Ok(rows) = &mut outcomes[0].outcome else { panic!("rows") };
    rows[3] = calls(999, 1);
    worker.complete(&contract, batch.token, &outcomes);
    assert_eq!(rows_of(h, 1), [""; 0]);
    assert_eq!(rows_of(h, 2), ["app_base 1", "app_call 2", "app_contact 1", "app_phone 2"]);
    h.assert_invariants();
}
