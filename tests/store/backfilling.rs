//! Backfilling: finished applications get what they lack, and keep what they have.

use xmlshred::contract::Contract;
use xmlshred::id::ContractHash;
use xmlshred::outcome::{AppOutcome, TableRows};
use xmlshred::store::{
    BackfillRequest, Backfilled, ClaimedApp, FailurePage, FinishedPage, Missing, RequeueRequest,
    RequeueSelector, RetrySelector, StoreError,
};
use xmlshred::value::{Decimal, Value};

use super::harness::{app_ids, failure, ids, outcome, Harness, Worker};

super::behaviours! {
    learned_tables_and_columns_are_filled_with_what_is_missing,
    a_preview_of_a_backfill_counts_and_changes_nothing,
    a_second_backfill_finds_nothing,
    what_is_there_stays_as_it_is,
    columns_alone_are_filled_without_inserting_rows,
    deleted_rows_come_back_and_count_once,
    an_application_that_is_not_finished_gets_nothing,
    another_attempt_or_document_than_was_shredded_gets_nothing,
    rows_that_the_database_refuses_leave_only_their_application_without,
    a_row_without_its_parent_is_refused,
    backfilling_with_another_contract_is_refused,
    a_backfilled_application_is_still_one_of_the_older_contract,
    a_requeue_after_a_backfill_replaces_all_rows,
    finished_applications_are_listed_by_page,
}

const SMALL: &str = r#"
[contract]
name = "backfill"
target_schema = "sandbox"

[document]
root = "a"

[[tables]]
name = "app_base"
each = "/a"
primary_key = ["app_id"]
app_column = "app_id"
on_existing = "replace"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
name   = { type = "nvarchar(50)", value = "@name", required = true }
"#;

/// What [`SMALL`] learns: a column, a table, one without the application's id, one without a key.
const LEARNED: &str = r#"
amount = { type = "decimal(38,2)", value = "@amount" }

[[tables]]
name = "app_contact"
each = "/a/contact"
primary_key = ["code"]
app_column = "app_id"
foreign_key = { columns = ["app_id"], references = "app_base" }
on_existing = "replace"
[tables.columns]
code   = { type = "varchar(20)", value = "@code" }
app_id = { type = "int", value = "APP_ID()" }
label  = { type = "nvarchar(20)", value = "@label" }

[[tables]]
name = "app_phone"
each = "/a/contact/phone"
primary_key = ["code", "kind"]
foreign_key = { columns = ["code"], references = "app_contact" }
on_existing = "replace"
[tables.columns]
code   = { type = "varchar(20)", value = "../@code" }
kind   = { type = "smallint", value = "@kind" }
number = { type = "varchar(30)", value = "@number" }

[[tables]]
name = "app_call"
each = "/a/note"
app_column = "app_id"
on_existing = "replace"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
note   = { type = "nvarchar(50)", value = "." }
"#;

fn small() -> Contract {
    Contract::parse(SMALL, "small.toml").expect("a valid contract").0
}

fn learned() -> Contract {
    Contract::parse(&format!("{SMALL}{LEARNED}"), "learned.toml").expect("a valid contract").0
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// What [`SMALL`] makes of a document.
fn before(app: &ClaimedApp) -> AppOutcome {
    let values = vec![Value::Int(app.app_id.0), text("name")];
    outcome(app, Ok(vec![TableRows { width: 2, values }]))
}

/// What [`learned`] makes of it: an amount, two contacts with a phone each, and a note.
fn after(app: &ClaimedApp) -> AppOutcome {
    let id = app.app_id.0;
    let code = |n: i64| text(&format!("c{}", id * 10 + n));
    let amount = Value::Decimal(Decimal { units: 1250, scale: 2 });
    let base = vec![Value::Int(id), text("name"), amount];
    let contacts = (0..2).flat_map(|n| [code(n), Value::Int(id), text("home")]).collect();
    let phones = (0..2).flat_map(|n| [code(n), Value::Int(1), text("555")]).collect();
    outcome(
        app,
        Ok(vec![
            TableRows { width: 3, values: base },
            TableRows { width: 3, values: contacts },
            TableRows { width: 3, values: phones },
            TableRows { width: 2, values: vec![Value::Int(id), text("seen")] },
        ]),
    )
}

/// Applications 1 to `n` were finished with [`small`], and [`learned`] is installed now. Returns what
/// is made of them again.
fn prepared(h: &dyn Harness, n: i64) -> (Contract, Worker, Vec<AppOutcome>) {
    let small = h.prepare_with(small(), n);
    let mut worker = Worker::start(h, &small);
    let batch = worker.claim(n as u32);
    let outcomes: Vec<_> = batch.apps.iter().map(before).collect();
    worker.complete(&small, batch.token, &outcomes);
    let learned = learned();
    worker.store.install_contract(&learned).expect("install");
    worker.contract_hash = learned.hash;
    (learned, worker, batch.apps.iter().map(after).collect())
}

fn request(apps: &[AppOutcome]) -> BackfillRequest {
    BackfillRequest {
        apps: apps.to_vec(),
        insert_rows: true,
        execute: true,
        requested_by: "Anna".into(),
    }
}

fn backfill(worker: &mut Worker, contract: &Contract, apps: &[AppOutcome]) -> Vec<Backfilled> {
    worker.store.backfill_apps(contract, &request(apps)).expect("backfill")
}

fn missing(table: &str, column: Option<&str>, count: u64) -> Missing {
    Missing { table: table.into(), column: column.map(str::to_owned), count }
}

/// All that [`prepared`] lacks.
fn everything() -> Vec<Missing> {
    vec![
        missing("app_base", Some("amount"), 1),
        missing("app_contact", None, 2),
        missing("app_phone", None, 2),
        missing("app_call", None, 1),
    ]
}

const TABLES: [&str; 4] = ["app_base", "app_contact", "app_phone", "app_call"];

fn counts(h: &dyn Harness) -> [u64; 4] {
    TABLES.map(|table| h.count(table, "1 = 1"))
}

/// Everything that a backfill may change.
fn contents(h: &dyn Harness) -> Vec<Vec<Vec<Option<String>>>> {
    [
        "SELECT app_id, name, amount FROM {app_base} ORDER BY app_id",
        "SELECT code, app_id, label FROM {app_contact} ORDER BY code",
        "SELECT code, kind, number FROM {app_phone} ORDER BY code",
        "SELECT app_id, note FROM {app_call} ORDER BY app_id",
        "SELECT app_id, attempt, has_rows, rows_written FROM {processing_log} ORDER BY app_id, attempt",
        "SELECT app_id, event_type FROM {processing_event} ORDER BY event_id",
    ]
    .map(|sql| h.query(sql))
    .into()
}

fn refusal(app: &Backfilled) -> &str {
    assert_eq!(app.missing, [], "{app:?}");
    app.refusal.as_deref().unwrap_or_default()
}

fn learned_tables_and_columns_are_filled_with_what_is_missing(h: &dyn Harness) {
    let (contract, mut worker, apps) = prepared(h, 2);
    let done = backfill(&mut worker, &contract, &apps);
    assert_eq!(done.iter().map(|app| app.app_id.0).collect::<Vec<_>>(), [1, 2]);
    for app in &done {
        assert_eq!((&app.missing, &app.refusal), (&everything(), &None));
    }
    assert_eq!(counts(h), [2, 4, 4, 2]);
    assert_eq!(h.count("app_base", "amount IS NOT NULL"), 2);
    h.assert_invariants();

    let log = "SELECT attempt, has_rows, rows_written FROM {processing_log} WHERE app_id = 1 ORDER BY attempt";
    let cell = |text: &str| Some(text.to_owned());
    let rows = h.query(log);
    assert_eq!(rows[0], [cell("1"), cell("0"), cell("1")]);
    assert_eq!(rows[1], [cell("2"), cell("1"), cell("6")]);
    let life = worker.store.explain_app(app_ids(&[1])[0]).expect("explain");
    let events: Vec<&str> = life.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(events.iter().filter(|event| **event == "claimed").count(), 1, "{life:?}");
    let event = life.iter().find(|event| event.event == "backfilled").expect("the event");
    let detail = event.detail.clone().unwrap_or_default();
    assert!(detail.contains("by Anna: 5 rows, 1 value"), "{detail}");
    let wrote: Vec<_> =
        life.iter().filter(|e| e.event == "wrote" && e.attempt == Some(2)).collect();
    assert_eq!(wrote.len(), 4, "the attempt has the rows of both: {life:?}");
}

fn a_preview_of_a_backfill_counts_and_changes_nothing(h: &dyn Harness) {
    let (contract, mut worker, apps) = prepared(h, 2);
    let before = contents(h);
    let preview = BackfillRequest { execute: false, ..request(&apps) };
    let preview = worker.store.backfill_apps(&contract, &preview).expect("preview");
    assert_eq!(contents(h), before);
    assert_eq!(preview, backfill(&mut worker, &contract, &apps));
    assert_ne!(contents(h), before);
}

fn a_second_backfill_finds_nothing(h: &dyn Harness) {
    let (contract, mut worker, mut apps) = prepared(h, 2);
    backfill(&mut worker, &contract, &apps);
    let once = contents(h);
    apps.iter_mut().for_each(|app| app.attempt = 2);
    for app in backfill(&mut worker, &contract, &apps) {
        assert_eq!((app.missing, app.refusal), (vec![], None));
    }
    assert_eq!(contents(h), once);
}

fn what_is_there_stays_as_it_is(h: &dyn Harness) {
    let (contract, mut worker, apps) = prepared(h, 2);
    h.execute("UPDATE {app_base} SET name = 'edited', amount = '7.00' WHERE app_id = 1");
    h.execute("INSERT INTO {app_contact} (code, app_id, label) VALUES ('c10', 1, 'work')");
    h.execute("INSERT INTO {app_contact} (code, app_id, label) VALUES ('c20', 2, NULL)");
    h.execute("INSERT INTO {app_call} (app_id, note) VALUES (1, 'by hand')");
    let done = backfill(&mut worker, &contract, &apps);
    assert_eq!(done[0].missing, [missing("app_contact", None, 1), missing("app_phone", None, 2)]);
    let second = [
        missing("app_base", Some("amount"), 1),
        missing("app_contact", None, 1),
        missing("app_contact", Some("label"), 1),
        missing("app_phone", None, 2),
        missing("app_call", None, 1),
    ];
    assert_eq!(done[1].missing, second);
    assert_eq!(h.count("app_base", "app_id = 1 AND name = 'edited' AND amount = '7.00'"), 1);
    assert_eq!(h.count("app_contact", "code = 'c10' AND label = 'work'"), 1);
    assert_eq!(h.count("app_contact", "code = 'c20' AND label = 'home'"), 1);
    assert_eq!(h.count("app_call", "app_id = 1 AND note = 'by hand'"), 1);
    assert_eq!(counts(h), [2, 4, 4, 2]);
}

fn columns_alone_are_filled_without_inserting_rows(h: &dyn Harness) {
    let (contract, mut worker, apps) = prepared(h, 1);
    let columns = BackfillRequest { insert_rows: false, ..request(&apps) };
    let done = worker.store.backfill_apps(&contract, &columns).expect("backfill");
    assert_eq!(done[0].missing, [missing("app_base", Some("amount"), 1)]);
    assert_eq!(counts(h), [1, 0, 0, 0]);
    h.assert_invariants();
}

fn deleted_rows_come_back_and_count_once(h: &dyn Harness) {
    let (contract, mut worker, mut apps) = prepared(h, 1);
    backfill(&mut worker, &contract, &apps);
    h.execute("DELETE FROM {app_phone} WHERE code = 'c10'");
    apps[0].attempt = 2;
    let done = backfill(&mut worker, &contract, &apps);
    assert_eq!(done[0].missing, [missing("app_phone", None, 1)]);
    assert_eq!(counts(h), [1, 2, 2, 1]);
    let life = worker.store.explain_app(app_ids(&[1])[0]).expect("explain");
    let of_phones = |event: &&xmlshred::store::LifeEvent| {
        let detail = event.detail.as_deref().unwrap_or_default();
        event.event == "wrote" && event.attempt == Some(3) && detail.contains("app_phone")
    };
    let wrote = life.iter().find(of_phones).expect("the rows of the phones");
    assert!(wrote.detail.as_deref().is_some_and(|d| d.starts_with("2 rows")), "{wrote:?}");
}

fn an_application_that_is_not_finished_gets_nothing(h: &dyn Harness) {
    let small = h.prepare_with(small(), 3);
    let mut worker = Worker::start(h, &small);
    let first = worker.claim(2);
    let outcomes = [before(&first.apps[0]), failure(&first.apps[1])];
    worker.complete(&small, first.token, &outcomes);
    let learned = learned();
    worker.store.install_contract(&learned).expect("install");
    worker.contract_hash = learned.hash;
    let requeue = RequeueRequest {
        selector: RequeueSelector::AppIds(app_ids(&[1])),
        canary: None,
        execute: true,
        requested_by: "the suite".into(),
    };
    worker.store.requeue_apps(&learned, &requeue).expect("requeue");
    let held = worker.claim(1);
    assert_eq!(ids(&held), [1]);
    let before = counts(h);
    let apps: Vec<_> = first.apps.iter().map(after).collect();
    let done = backfill(&mut worker, &learned, &apps);
    assert!(refusal(&done[0]).contains("in the queue"), "{done:?}");
    assert!(refusal(&done[1]).contains("no longer"), "{done:?}");
    assert_eq!(counts(h), before);
    worker.complete(&learned, held.token, &[after(&held.apps[0])]);
    assert_eq!(counts(h), [1, 2, 2, 1], "the worker was not disturbed");
    h.assert_invariants();
}

fn another_attempt_or_document_than_was_shredded_gets_nothing(h: &dyn Harness) {
    let (contract, mut worker, mut apps) = prepared(h, 2);
    apps[0].attempt = 2;
    apps[1].source_hash = Some(super::harness::hash(b"another"));
    let done = backfill(&mut worker, &contract, &apps);
    for app in &done {
        assert!(refusal(app).contains("no longer those that were shredded"), "{app:?}");
    }
    assert_eq!(counts(h), [2, 0, 0, 0]);
}

fn rows_that_the_database_refuses_leave_only_their_application_without(h: &dyn Harness) {
    let (contract, mut worker, apps) = prepared(h, 2);
    // The key of a contact of application 1 is a row of application 2.
    h.execute("INSERT INTO {app_contact} (code, app_id, label) VALUES ('c11', 2, 'another''s')");
    let done = backfill(&mut worker, &contract, &apps);
    assert_ne!(refusal(&done[0]), "");
    assert_eq!((&done[1].missing, &done[1].refusal), (&everything(), &None));
    assert_eq!(h.count("app_base", "app_id = 1 AND amount IS NULL"), 1, "all or nothing");
    assert_eq!(h.count("app_contact", "app_id = 1"), 0);
    assert_eq!(h.count("app_contact", "label = 'another''s'"), 1);
    assert_eq!(h.count("processing_log", "app_id = 1"), 1);
}

fn a_row_without_its_parent_is_refused(h: &dyn Harness) {
    let (contract, mut worker, mut apps) = prepared(h, 1);
    if let Ok(rows) = &mut apps[0].outcome {
        rows[1] = TableRows::default();
    }
    let done = backfill(&mut worker, &contract, &apps);
    assert_ne!(refusal(&done[0]), "");
    assert_eq!(counts(h), [1, 0, 0, 0]);
}

fn backfilling_with_another_contract_is_refused(h: &dyn Harness) {
    let (_, mut worker, apps) = prepared(h, 1);
    let mut other = learned();
    other.hash = ContractHash([9; 32]);
    let refused = worker.store.backfill_apps(&other, &request(&apps));
    assert!(matches!(refused, Err(StoreError::ContractNotInstalled { .. })), "{refused:?}");
    assert_eq!(counts(h), [1, 0, 0, 0]);
}

fn a_backfilled_application_is_still_one_of_the_older_contract(h: &dyn Harness) {
    let (contract, mut worker, apps) = prepared(h, 1);
    backfill(&mut worker, &contract, &apps);
    let mut requeue = RequeueRequest {
        selector: RequeueSelector::OlderContract(contract.hash),
        canary: None,
        execute: false,
        requested_by: "the suite".into(),
    };
    let found = worker.store.requeue_apps(&contract, &requeue).expect("requeue");
    assert_eq!(found.len(), 1, "its name is what the older contract made of it");
    requeue.execute = true;
    worker.store.requeue_apps(&contract, &requeue).expect("requeue");
    let batch = worker.claim(1);
    worker.complete(&contract, batch.token, &[after(&batch.apps[0])]);
    requeue.execute = false;
    assert_eq!(worker.store.requeue_apps(&contract, &requeue).expect("requeue"), []);
}

fn a_requeue_after_a_backfill_replaces_all_rows(h: &dyn Harness) {
    let (contract, mut worker, apps) = prepared(h, 1);
    backfill(&mut worker, &contract, &apps);
    let requeue = RequeueRequest {
        selector: RequeueSelector::AppIds(app_ids(&[1])),
        canary: None,
        execute: true,
        requested_by: "the suite".into(),
    };
    worker.store.requeue_apps(&contract, &requeue).expect("requeue");
    let batch = worker.claim(1);
    assert_eq!(batch.apps[0].attempt, 3);
    worker.complete(&contract, batch.token, &[after(&batch.apps[0])]);
    assert_eq!(counts(h), [1, 2, 2, 1]);
    h.assert_invariants();
}

fn finished_applications_are_listed_by_page(h: &dyn Harness) {
    let small = h.prepare_with(small(), 4);
    let mut worker = Worker::start(h, &small);
    let batch = worker.claim(3);
    let outcomes: Vec<_> = batch.apps.iter().map(failure).collect();
    worker.complete(&small, batch.token, &outcomes);
    let failures = FailurePage { size: 1, ..FailurePage::default() };
    let failed = worker.store.list_failures(&failures).expect("failures");
    let fingerprint = failed[0].fingerprint.clone().expect("a fingerprint");
    worker.retry(RetrySelector::AppIds(app_ids(&[2, 3])));
    let batch = worker.claim(3);
    let outcomes: Vec<_> = batch.apps.iter().map(before).collect();
    worker.complete(&small, batch.token, &outcomes);
    h.execute("DELETE FROM app_xml WHERE app_id = 3");

    let page = FinishedPage { size: 10, ..FinishedPage::default() };
    let mut list = |page: &FinishedPage| -> Vec<i64> {
        let apps = worker.store.list_finished(page).expect("list");
        apps.iter().map(|app| app.app_id.0).collect()
    };
    assert_eq!(list(&page), [2, 3, 4], "1 failed; a source row is not needed");
    let mut narrow = page.clone();
    narrow.size = 1;
    narrow.after = Some(app_ids(&[2])[0]);
    assert_eq!(list(&narrow), [3]);
    let fingerprint = FinishedPage { fingerprint: Some(fingerprint), ..page.clone() };
    assert_eq!(list(&fingerprint), [2, 3], "4 never failed");
    let named = FinishedPage { app_ids: Some(app_ids(&[1, 4, 9])), ..page };
    assert_eq!(list(&named), [4]);
}
