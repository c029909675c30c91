//! Erasing applications: nothing of them is left but the event that says so.

use xmlshred::contract::{Contract, OnExisting};
use xmlshred::store::{EnqueueMode, EraseRequest, Erased, StoreError};

use super::harness::{app_ids, contract_with, failure, Harness, Worker};

super::behaviours! {
    everything_of_an_application_is_erased_and_nothing_of_another,
    a_preview_of_erasing_counts_and_changes_nothing,
    applications_in_the_queue_are_erased_but_not_claimed_ones,
    rows_of_other_writers_are_erased_with_the_application,
    rows_that_others_refer_to_keep_the_whole_application,
    an_application_with_rows_in_a_lost_table_is_not_erased,
    erasing_with_another_contract_is_refused,
}

fn request(ids: &[i64], execute: bool) -> EraseRequest {
    EraseRequest { app_ids: app_ids(ids), execute, requested_by: "Anna".into() }
}

/// Application 1 failed, 2 and 3 succeeded. Their documents were withdrawn, except that of 3.
fn prepared(h: &dyn Harness) -> (Contract, Worker) {
    let contract = h.prepare_with(contract_with(1, OnExisting::Replace), 3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    let outcomes: Vec<_> = batch.apps.iter().map(failure).collect();
    worker.complete(&contract, batch.token, &outcomes);
    let batch = worker.claim(2);
    worker.succeed(&contract, &batch);
    withdraw(h, &[1, 2]);
    (contract, worker)
}

fn withdraw(h: &dyn Harness, ids: &[i64]) {
    ids.iter().for_each(|id| h.execute(&format!("DELETE FROM app_xml WHERE app_id = {id}")));
}

/// Rows of applications in targets, log, queue and events.
fn left(h: &dyn Harness, app_id: i64) -> [u64; 5] {
    let of = |table: &str| h.count(table, &format!("app_id = {app_id}"));
    ["app_base", "app_contact", "processing_log", "processing_queue", "processing_event"].map(of)
}

fn erase(worker: &mut Worker, contract: &Contract, ids: &[i64]) -> Vec<Erased> {
    worker.store.erase_apps(contract, &request(ids, true)).expect("erase")
}

fn everything_of_an_application_is_erased_and_nothing_of_another(h: &dyn Harness) {
    let (contract, mut worker) = prepared(h);
    let erased = erase(&mut worker, &contract, &[2, 1, 2, 99]);
    let of = |id: i64, attempts, tables: &[(&str, u64)]| Erased {
        app_id: app_ids(&[id])[0],
        attempts,
        tables: tables.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect(),
        refusal: None,
    };
    let tables = [("app_base", 1), ("app_contact", 2)];
    assert_eq!(erased, [of(1, 1, &[]), of(2, 1, &tables), of(99, 0, &[])]);
    assert_eq!(left(h, 1), [0, 0, 0, 0, 1]);
    assert_eq!(left(h, 2), [0, 0, 0, 0, 1]);
    assert_eq!(left(h, 3)[..4], [1, 2, 1, 0]);
    h.assert_invariants();

    let life = worker.store.explain_app(app_ids(&[2])[0]).expect("explain");
    let event = life.iter().find(|event| event.event == "erased").expect("the event");
    let detail = event.detail.clone().unwrap_or_default();
    assert!(detail.contains("by Anna: 3 rows, 1 attempt"), "{detail}");
    worker.store.enqueue_apps(EnqueueMode::Full).expect("enqueue");
    assert_eq!(h.count("processing_queue", "1 = 1"), 0, "no document, nothing to process");
}

fn a_preview_of_erasing_counts_and_changes_nothing(h: &dyn Harness) {
    let (contract, mut worker) = prepared(h);
    let before = [1, 2, 3].map(|id| left(h, id));
    let preview = worker.store.erase_apps(&contract, &request(&[1, 2], false)).expect("preview");
    assert_eq!([1, 2, 3].map(|id| left(h, id)), before);
    assert_eq!(preview, erase(&mut worker, &contract, &[1, 2]));
}

fn applications_in_the_queue_are_erased_but_not_claimed_ones(h: &dyn Harness) {
    let contract = h.prepare_with(contract_with(1, OnExisting::Replace), 3);
    let mut worker = Worker::start(h, &contract);
    h.quarantine(&mut worker, 1);
    let claimed = worker.claim(1);
    withdraw(h, &[1, 2, 3]);
    let erased = erase(&mut worker, &contract, &[1, 2, 3]);
    let refusals: Vec<bool> = erased.iter().map(|app| app.refusal.is_some()).collect();
    assert_eq!(refusals, [false, true, false]);
    let reason = erased[1].refusal.clone().unwrap_or_default();
    assert!(reason.contains("a worker has claimed it"), "{reason}");
    assert_eq!(h.count("processing_queue", "app_id IN (1, 3)"), 0);
    worker.succeed(&contract, &claimed);
    assert_eq!(left(h, 2)[..3], [1, 2, 1], "the worker was not disturbed");
    h.assert_invariants();
}

fn rows_of_other_writers_are_erased_with_the_application(h: &dyn Harness) {
    let (contract, mut worker) = prepared(h);
    h.execute("INSERT INTO {app_base} (app_id, name) VALUES (7, 'another program''s')");
    let erased = erase(&mut worker, &contract, &[7]);
    assert_eq!(erased[0].tables, [("app_base".to_owned(), 1)]);
    assert_eq!(left(h, 7)[0], 0);
}

fn rows_that_others_refer_to_keep_the_whole_application(h: &dyn Harness) {
    let (contract, mut worker) = prepared(h);
    h.execute(
        "CREATE TABLE letter (app_id INTEGER NOT NULL CONSTRAINT FK_letter_app REFERENCES {app_base} (app_id))",
    );
    h.execute("INSERT INTO letter (app_id) VALUES (2)");
    let before = left(h, 2);
    let erased = erase(&mut worker, &contract, &[1, 2]);
    assert_eq!(erased[0].refusal, None);
    assert!(erased[1].refusal.is_some(), "{erased:?}");
    assert_eq!(left(h, 2), before);
}

fn an_application_with_rows_in_a_lost_table_is_not_erased(h: &dyn Harness) {
    let (_, mut worker) = prepared(h);
    let mut smaller = contract_with(2, OnExisting::Replace);
    smaller.targets.truncate(1);
    worker.store.install_contract(&smaller).expect("install");
    let erased = erase(&mut worker, &smaller, &[1, 2]);
    assert_eq!(erased[0].refusal, None, "it wrote nothing");
    let reason = erased[1].refusal.clone().unwrap_or_default();
    assert!(reason.contains("app_contact") && reason.contains("install that contract"), "{reason}");
    assert_eq!(left(h, 2)[..3], [1, 2, 1]);
}

fn erasing_with_another_contract_is_refused(h: &dyn Harness) {
    let (_, mut worker) = prepared(h);
    let other = contract_with(9, OnExisting::Replace);
    let refused = worker.store.erase_apps(&other, &request(&[2], true));
    assert!(matches!(refused, Err(StoreError::ContractNotInstalled { .. })), "{refused:?}");
    assert_eq!(left(h, 2)[..3], [1, 2, 1]);
}
