//! Triggers on target tables that refuse rows.

use crate::harness::SqlServerHarness;
use crate::store::harness::{success, Harness, Worker};

crate::trials! {
    a_trigger_that_raises_an_error_fails_only_its_application,
    a_trigger_that_rolls_back_fails_only_its_application,
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
