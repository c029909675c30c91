//! `usp_CompleteApp`, which the executable does not call.

use crate::harness::SqlServerHarness;
use crate::store::harness::{ids, Harness, Worker};

crate::trials! {
    one_application_of_a_claim_is_completed_and_the_others_stay_claimed,
}

fn one_application_of_a_claim_is_completed_and_the_others_stay_claimed() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(2);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(2);
    assert_eq!(ids(&batch), [1, 2]);
    let tables = include_str!("../../sql/session_tables.sql");
    tables.split("\nGO\n").for_each(|batch| harness.database().execute(batch));
    harness.database().execute(&harness.own(&format!(
        "INSERT INTO #outcome (app_id, attempt, is_success, failure_category, failure_reason)
         VALUES (1, 1, 0, N'bad_value', N'failed by hand'), (2, 1, 0, N'bad_value', N'not yet');
         EXEC pipeline.usp_CompleteApp
             @claim_token = '{}',
             @contract_hash = 0x{},
             @app_id = 1;
         DROP TABLE #outcome;
         DROP TABLE #load_app;
         DROP TABLE #clear_app;
         DROP TABLE #loaded;",
        batch.token.0, contract.hash
    )));
    assert_eq!(harness.count("processing_log", "app_id = 1 AND status = 'failed'"), 1);
    assert_eq!(harness.count("processing_log", "1 = 1"), 1);
    let outcome = worker.store.get_claim_outcome(batch.token).expect("an outcome");
    assert_eq!(outcome.held, [xmlshred::id::AppId(2)]);
    assert_eq!(outcome.completed.len(), 1);
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}
