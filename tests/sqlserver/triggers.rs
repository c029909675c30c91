//! Triggers on target tables that refuse rows.

use crate::harness::SqlServerHarness;
use crate::store::harness::{success, Harness, Worker};

crate::trials! {
    a_trigger_that_raises_an_error_fails_only_its_application,
    a_trigger_that_rolls_back_fails_only_its_application,
    errors_of_triggers_are_causes_by_their_words,
}

/// Completes three applications, of which the trigger's `refusal` is done to the second.
fn refuse_the_second(refusal: &str) {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(3);
    harness.database().execute(&format!(
        "CREATE TRIGGER sandbox.tr_app_base ON sandbox.app_base AFTER INSERT AS
         BEGIN
             IF EXISTS (SELECT 1 FROM inserted AS i WHERE i.app_id = 2)
             BEGIN
                 {refusal}
             END;
         END;"
    ));
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(3);
    let outcomes: Vec<_> = batch.apps.iter().map(success).collect();
    let completed = worker.complete(&contract, batch.token, &outcomes);
    let failed: Vec<bool> = completed.iter().map(|app| app.failure().is_some()).collect();
    assert_eq!(failed, [false, true, false], "{completed:?}");
    assert_eq!(harness.count("app_base", "1 = 1"), 2);
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}

fn a_trigger_that_raises_an_error_fails_only_its_application() {
    refuse_the_second("RAISERROR(N'not this one', 16, 1);");
}

fn a_trigger_that_rolls_back_fails_only_its_application() {
    refuse_the_second("ROLLBACK TRANSACTION; RAISERROR(N'not this one', 16, 1);");
}

/// They share the number 50000: what differs in the words is a cause, what differs in values is not. (Babelfish
/// has no hexadecimal digits of some hashes, so not every message does.)
fn errors_of_triggers_are_causes_by_their_words() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(4);
    harness.database().execute(
        "CREATE TRIGGER sandbox.tr_app_base ON sandbox.app_base AFTER INSERT AS
         BEGIN
             IF EXISTS (SELECT 1 FROM inserted AS i WHERE i.app_id = 1)
                 RAISERROR(N'order 17 of ''Smith'' (6F9619FF-8B86-D011-B42D-00C04FC964FF) is closed', 16, 1);
             IF EXISTS (SELECT 1 FROM inserted AS i WHERE i.app_id = 2)
                 RAISERROR(N'order 4 of ''O'' (00000000-8B86-D011-B42D-00C04FC964FF) is closed', 16, 1);
             IF EXISTS (SELECT 1 FROM inserted AS i WHERE i.app_id = 3)
                 RAISERROR(N'nobody knows the customer', 16, 1);
         END;",
    );
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(4);
    let outcomes: Vec<_> = batch.apps.iter().map(success).collect();
    let completed = worker.complete(&contract, batch.token, &outcomes);
    let failed: Vec<bool> = completed.iter().map(|app| app.failure().is_some()).collect();
    assert_eq!(failed, [true, true, true, false], "{completed:?}");
    let fingerprints = harness.database().query(&harness.database().own(
        "SELECT l.fingerprint FROM pipeline.processing_log AS l WHERE l.status = 'failed' ORDER BY l.app_id",
    ));
    assert_eq!(fingerprints[0], fingerprints[1], "values differ");
    assert_ne!(fingerprints[0], fingerprints[2], "words differ");
    drop(worker);
    harness.leave();
}
