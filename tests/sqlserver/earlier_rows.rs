//! Rows of an earlier success, where only a server has what the tests need.

use std::time::Duration;

use xmlshred::contract::OnExisting;
use xmlshred::store::sqlserver::install::{Kind, FILES};
use xmlshred::store::{
    PurgeRequest, RequeueRequest, RequeueSelector, RetrySelector, StaleRowsRequest,
};

use crate::harness::SqlServerHarness;
use crate::store::harness::{app_ids, base, contacts, contract_with, failure, outcome, success};
use crate::store::harness::{Harness, Worker};

crate::trials! {
    rows_that_another_table_refers_to_are_not_deleted,
    a_success_replaces_its_own_rows_under_any_contract,
    reconciliation_tells_stale_rows_from_wrong_ones,
    a_claim_renewed_without_progress_is_found_and_released,
    version_1_is_migrated_with_its_data,
    purging_keeps_where_an_adopted_outcome_came_from,
}

/// Applications 1 to 3 succeeded, then 1 and 2 were requeued and failed.
fn stale(harness: &SqlServerHarness) -> Worker {
    let contract = harness.prepare_with(contract_with(1, OnExisting::Replace), 3);
    let mut worker = Worker::start(harness, &contract);
    let batch = worker.claim(3);
    worker.succeed(&contract, &batch);
    let request = RequeueRequest {
        selector: RequeueSelector::AppIds(app_ids(&[1, 2])),
        canary: None,
        execute: true,
        requested_by: "Anna".into(),
    };
    worker.store.requeue_apps(&contract, &request).expect("requeue");
    let batch = worker.claim(3);
    let outcomes: Vec<_> = batch.apps.iter().map(failure).collect();
    worker.complete(&contract, batch.token, &outcomes);
    harness.assert_invariants();
    worker
}

fn rows_that_another_table_refers_to_are_not_deleted() {
    let harness = SqlServerHarness::fresh();
    let mut worker = stale(&harness);
    harness.database().execute(
        "CREATE TABLE sandbox.invoice
         (invoice_id int NOT NULL PRIMARY KEY, app_id int NOT NULL REFERENCES sandbox.app_base (app_id));
         INSERT INTO sandbox.invoice (invoice_id, app_id) VALUES (1, 1);",
    );
    let all = StaleRowsRequest {
        app_ids: None,
        canary: None,
        execute: true,
        requested_by: "Anna".into(),
    };
    let contract = contract_with(1, OnExisting::Replace);
    let deleted = worker.store.delete_stale_rows(&contract, &all).expect("delete");
    let refused: Vec<_> =
        deleted.iter().map(|app| (app.app_id.0, app.refusal.is_some(), app.tables.len())).collect();
    assert_eq!(refused, [(1, true, 2), (2, false, 2)]);
    assert!(deleted[0].refusal.as_ref().expect("it").contains("app_base"), "{deleted:?}");
    assert_eq!(
        harness.count("app_base", "app_id = 1") + harness.count("app_contact", "app_id = 1"),
        3
    );
    assert_eq!(
        harness.count("app_base", "app_id = 2") + harness.count("app_contact", "app_id = 2"),
        0
    );
    assert_eq!(harness.count("processing_event", "event_type = 'rows_deleted'"), 1);
    harness.assert_invariants();
    harness.database().execute("DROP TABLE sandbox.invoice;");
    // The stage of the worker's connection is as good as before.
    assert_eq!(worker.retry(RetrySelector::All), [1, 2]);
    let batch = worker.claim(3);
    worker.succeed(&contract, &batch);
    assert_eq!(harness.count("app_contact", "1 = 1"), 6);
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}

/// The contract that wrote the rows replaced existing ones; the one installed since does not.
fn a_success_replaces_its_own_rows_under_any_contract() {
    for rule in [OnExisting::Fail, OnExisting::Skip] {
        let harness = SqlServerHarness::fresh();
        drop(stale(&harness));
        let contract = contract_with(2, rule);
        harness.connect().install_contract(&contract).expect("install");
        let mut worker = Worker::start(&harness, &contract);
        assert_eq!(worker.retry(RetrySelector::All), [1, 2]);
        let batch = worker.claim(3);
        let new = outcome(&batch.apps[0], Ok(vec![base(1, "new"), contacts(1, &[77])]));
        let completed = worker.complete(&contract, batch.token, &[new, failure(&batch.apps[1])]);
        assert_eq!(completed[0].rows(), [1, 1], "{rule:?}");
        assert_eq!(harness.count("app_base", "app_id = 1 AND name = 'new'"), 1);
        assert_eq!(harness.count("app_contact", "app_id = 1"), 1);
        assert_eq!(harness.count("app_contact", "app_id IN (2, 3)"), 4);
        assert_eq!(
            harness.count("processing_log", "app_id = 1 AND has_rows = 1 AND attempt = 3"),
            1
        );
        harness.assert_invariants();
        drop(worker);
        harness.leave();
    }
}

fn reconciliation_tells_stale_rows_from_wrong_ones() {
    let harness = SqlServerHarness::fresh();
    let worker = stale(&harness);
    let text = |rows: Vec<Vec<Option<String>>>| -> Vec<String> {
        let cell = |cell: Option<String>| cell.unwrap_or_else(|| "-".into());
        rows.into_iter()
            .map(|row| row.into_iter().map(cell).collect::<Vec<_>>().join(" "))
            .collect()
    };
    let reconciled = harness.ask("EXEC pipeline.usp_Reconcile;");
    assert_eq!(
        text(reconciled),
        [
            "source rows 3 3 0 0 - -",
            "sandbox.app_base 3 3 0 0 2 0",
            "sandbox.app_contact 6 6 0 0 4 0",
        ]
    );
    harness.database().execute("DELETE FROM sandbox.app_contact WHERE con_id = 10;");
    let reconciled = text(harness.ask("EXEC pipeline.usp_Reconcile;"));
    assert_eq!(reconciled[2], "sandbox.app_contact 6 5 -1 1 4 0");
    let view = "SELECT subject, expected, stale FROM pipeline.vw_Reconciliation ORDER BY subject";
    assert_eq!(
        text(harness.ask(view)),
        ["sandbox.app_base 3 2", "sandbox.app_contact 6 4", "source rows 3 -"]
    );
    let failures =
        "SELECT app_id, attempt, rows_of_attempt FROM pipeline.vw_RecentFailures ORDER BY app_id";
    assert_eq!(text(harness.ask(failures)), ["1 2 1", "2 2 1"]);
    drop(worker);
    harness.leave();
}

fn a_claim_renewed_without_progress_is_found_and_released() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(3);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(2);
    let mut found = |expected: bool| {
        let findings = worker.store.health_check().expect("findings");
        let finding = findings.into_iter().find(|one| one.finding == "claim without progress");
        assert_eq!(finding.is_some(), expected, "{finding:?}");
        finding
    };
    harness.execute("UPDATE {processing_claim} SET renewals = 5");
    found(false);
    harness.execute(
        "UPDATE {processing_claim}
         SET renewals = 4, claimed_at_utc = DATEADD(HOUR, -1, claimed_at_utc)",
    );
    found(false);
    harness.execute("UPDATE {processing_claim} SET renewals = 5");
    let finding = found(true).expect("it");
    assert!(finding.detail.contains("applications: 2,"), "{finding:?}");
    harness.database().execute(&finding.fix);
    found(false);
    assert_eq!(harness.count("processing_queue", "state = 0 AND attempts = 0"), 3);
    let late: Vec<_> = batch.apps.iter().map(success).collect();
    worker.store.complete_batch(batch.token, &contract, &late, 3).expect_err("lost");

    // One that completes part of its claim makes progress.
    let batch = worker.claim(3);
    worker.complete(&contract, batch.token, &[success(&batch.apps[0])]);
    harness.execute(
        "UPDATE {processing_claim}
         SET renewals = 50, claimed_at_utc = DATEADD(HOUR, -1, claimed_at_utc)",
    );
    let findings = worker.store.health_check().expect("findings");
    assert!(findings.iter().all(|one| one.finding != "claim without progress"), "{findings:?}");
    drop(worker);
    harness.leave();
}

/// Makes the objects those of version 1, as far as the tables are concerned.
const VERSION_1: &str = "
ALTER TABLE pipeline.processing_log DROP CONSTRAINT CK_processing_log_has_rows;
IF OBJECT_ID(N'pipeline.DF_processing_log_has_rows') IS NOT NULL
    ALTER TABLE pipeline.processing_log DROP CONSTRAINT DF_processing_log_has_rows;
ALTER TABLE pipeline.processing_log DROP COLUMN has_rows;
IF OBJECT_ID(N'pipeline.DF_processing_session_refused') IS NOT NULL
    ALTER TABLE pipeline.processing_session DROP CONSTRAINT DF_processing_session_refused;
ALTER TABLE pipeline.processing_session DROP COLUMN refused;
ALTER TABLE pipeline.processing_event DROP COLUMN error_number;
DROP INDEX IX_processing_queue_claim ON pipeline.processing_queue;
ALTER TABLE pipeline.processing_queue ADD available_at_utc datetime2(3) NULL;
CREATE INDEX IX_processing_queue_claim
    ON pipeline.processing_queue (state, claim_token, reaps, app_id)
    INCLUDE (document_bytes, available_at_utc);
ALTER TABLE pipeline.processing_file DROP COLUMN record_path;
ALTER TABLE pipeline.processing_file DROP COLUMN has_envelope;
ALTER TABLE pipeline.processing_file DROP COLUMN stored_hash;
IF OBJECT_ID(N'pipeline.DF_processing_file_has_replaced') IS NOT NULL
    ALTER TABLE pipeline.processing_file DROP CONSTRAINT DF_processing_file_has_replaced;
ALTER TABLE pipeline.processing_file DROP COLUMN has_replaced;
DROP TABLE pipeline.processing_outcome;
DROP TABLE pipeline.processing_written;
DELETE FROM pipeline.processing_install_file WHERE file_name LIKE 'migrations/%';
INSERT INTO pipeline.processing_install (schema_version, program_version) VALUES (1, N'0.0.1');
";

fn version_1_is_migrated_with_its_data() {
    let harness = SqlServerHarness::with_source("varbinary(max)");
    harness.installer().install(None).expect("install");
    let contract = harness.prepare(4);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(2);
    worker.complete(&contract, batch.token, &[success(&batch.apps[0]), failure(&batch.apps[1])]);
    let held = worker.claim(1);

    for view in FILES.iter().rev().filter(|file| file.kind() == Kind::Module("VIEW")) {
        let drop = format!("DROP VIEW IF EXISTS pipeline.{};", view.object());
        harness.database().execute(&harness.own(&drop));
    }
    for statement in VERSION_1.split(";\n").filter(|statement| !statement.trim().is_empty()) {
        harness.database().execute(&harness.own(statement));
    }
    harness.database().execute(&harness.own(
        "INSERT INTO pipeline.processing_file
             (app_id, file_path, file_name, place_id, record_number, document_bytes, source_hash, loaded_at_utc, login_name)
         VALUES (3, N'3.xml', N'3.xml', 5, 0, 1, CONVERT(binary(32), 0x05), SYSUTCDATETIME(), N'me');",
    ));
    harness.installer().install(None).expect("migrate");
    let column = |table: &str, column: &str| {
        let sql = format!("SELECT COL_LENGTH('pipeline.{table}', '{column}')");
        harness.ask(&sql)[0][0].is_some()
    };
    assert!(!column("processing_queue", "available_at_utc"));
    assert!(column("processing_log", "has_rows") && column("processing_session", "refused"));
    assert!(column("processing_file", "record_path") && column("processing_file", "has_envelope"));
    assert!(column("processing_file", "has_replaced") && column("processing_file", "stored_hash"));
    // A varbinary column has the bytes of the file.
    let stored = "SELECT app_id FROM pipeline.processing_file
                  WHERE stored_hash = source_hash AND has_replaced = 0";
    assert_eq!(harness.ask(stored), [[Some("3".to_owned())]]);
    let with_rows = harness.ask("SELECT app_id FROM pipeline.processing_log WHERE has_rows = 1");
    assert_eq!(with_rows, [[Some("1".to_owned())]]);
    harness.assert_invariants();

    // An earlier claim is completed, and what is new works.
    worker.succeed(&contract, &held);
    harness.execute(
        "INSERT INTO {processing_event} (occurred_at_utc, event_type, app_id, login_name, error_number)
         VALUES (SYSUTCDATETIME(), 'rows_deleted', 2, 'x', 1)",
    );
    let batch = worker.claim(4);
    worker.succeed(&contract, &batch);
    harness.assert_invariants();
    let changed = harness.installer().install(None).expect("again");
    assert!(changed.is_empty(), "{changed:?}");
}

/// An adopted failure that was retried is superseded, and the only thing that says where it came from.
fn purging_keeps_where_an_adopted_outcome_came_from() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(2);
    harness.execute(
        "INSERT INTO {processing_log}
         (
             app_id, attempt, is_latest, status, failure_category, failure_reason, session_id, claim_token,
             enqueued_at_utc, claimed_at_utc, processed_at_utc, shred_micros, document_bytes, rows_written,
             contract_hash
         )
         SELECT 1, 1, 1, 'failed', 'adopted', 'a bad date', z.id, z.id, z.day, z.day, z.day, 0, 0, 0,
             CONVERT(binary(32), 0x00)
         FROM (SELECT CONVERT(uniqueidentifier, '00000000-0000-0000-0000-000000000000') AS id,
             CONVERT(datetime2(3), '2024-03-01') AS day) AS z",
    );
    harness.execute("UPDATE {processing_queue} SET attempts = 1 WHERE app_id = 1");
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(2);
    worker.succeed(&contract, &batch);
    let purge = PurgeRequest {
        older_than: Duration::from_secs(0),
        chunk: 1000,
        orphans: false,
        execute: true,
    };
    worker.store.purge_log(purge).expect("purge");
    let attempts =
        "SELECT CONCAT(app_id, ' ', attempt) FROM pipeline.processing_log ORDER BY app_id, attempt";
    let attempts: Vec<_> = harness.ask(attempts).into_iter().flatten().flatten().collect();
    assert_eq!(attempts, ["1 1", "1 2", "2 1"]);
    drop(worker);
    harness.leave();
}
