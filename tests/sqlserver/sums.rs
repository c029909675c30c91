//! `processing_outcome` and `processing_written`: the sums by which status and views answer, kept by what
//! changes queue and log. That they are right after a scenario is an invariant; here is how they are kept.

use xmlshred::contract::OnExisting;
use xmlshred::store::{EraseRequest, PurgeRequest, RetrySelector};

use crate::harness::SqlServerHarness;
use crate::store::harness::{app_ids, contract_with, failure, success, Harness, Worker};
use crate::store::stale;

crate::trials! {
    completions_of_other_sessions_do_not_wait_for_the_sums,
    the_sums_of_sessions_that_ended_are_a_row_each,
    the_sums_of_a_worker_that_was_killed_are_kept_when_it_is_purged,
    what_is_in_the_queue_again_is_in_no_sum,
    a_sum_that_a_statement_by_hand_made_wrong_is_found_and_corrected,
    a_queue_that_a_statement_by_hand_changed_is_found_and_counted,
    the_queue_of_an_earlier_version_is_counted,
    the_log_of_an_earlier_version_is_summed,
    the_report_finds_what_is_missing_by_sums,
    sums_that_are_locked_are_nobody_s_refusal,
}

/// The rows of both tables: of a session or of none, what, and how many.
fn rows(h: &SqlServerHarness) -> Vec<String> {
    let rows = h.ask(
        "SELECT r.kind, r.subject, SUM(r.amount), COUNT(*)
         FROM (SELECT CASE CONVERT(varchar(36), o.session_id)
                          WHEN '00000000-0000-0000-0000-000000000000' THEN 'none' ELSE 'session' END AS kind,
                      CONVERT(nvarchar(257), o.outcome) AS subject, o.applications AS amount
               FROM pipeline.processing_outcome AS o
               UNION ALL
               SELECT CASE CONVERT(varchar(36), w.session_id)
                          WHEN '00000000-0000-0000-0000-000000000000' THEN 'none' ELSE 'session' END,
                      w.table_name, w.row_count
               FROM pipeline.processing_written AS w) AS r
         GROUP BY r.kind, r.subject
         ORDER BY r.kind, r.subject",
    );
    let cells = |row: Vec<Option<String>>| {
        let row: Vec<String> = row.into_iter().flatten().map(|c| c.trim().to_owned()).collect();
        row.join(" ")
    };
    rows.into_iter().map(cells).collect()
}

/// Completes what it claims; `failing` is how many of them fail, the last ones.
fn work(
    worker: &mut Worker,
    contract: &xmlshred::contract::Contract,
    claimed: u32,
    failing: usize,
) {
    let batch = worker.claim(claimed);
    let succeed = batch.apps.len() - failing;
    let outcomes: Vec<_> = batch
        .apps
        .iter()
        .enumerate()
        .map(|(i, app)| if i < succeed { success(app) } else { failure(app) })
        .collect();
    worker.complete(contract, batch.token, &outcomes);
}

fn completions_of_other_sessions_do_not_wait_for_the_sums() {
    let h = SqlServerHarness::fresh();
    let contract = h.prepare(4);
    let (mut first, mut second) = (Worker::start(&h, &contract), Worker::start(&h, &contract));
    work(&mut first, &contract, 1, 0);
    // The first session's completion is under way, and so is a retry.
    let mut others = crate::database::Sql::connect(&h.database().name);
    others.execute(&h.own(
        "BEGIN TRANSACTION;
         UPDATE pipeline.processing_outcome SET applications = applications + 0;
         UPDATE pipeline.processing_written SET row_count = row_count + 0;
         INSERT INTO pipeline.processing_outcome (session_id, outcome, applications)
         VALUES ('00000000-0000-0000-0000-000000000000', 'success', 0);",
    ));
    work(&mut second, &contract, 3, 1);
    others.execute("ROLLBACK TRANSACTION;");
    drop(others);
    assert_eq!(
        rows(&h),
        [
            "none queued 4 1",
            "session app_base 3 2",
            "session app_contact 6 2",
            "session bad_value 1 1",
            "session queued -4 2",
            "session success 3 2"
        ]
    );
    h.assert_invariants();
    h.leave();
}

fn the_sums_of_sessions_that_ended_are_a_row_each() {
    let h = SqlServerHarness::fresh();
    let contract = h.prepare(6);
    for failing in [0, 1, 1] {
        let mut worker = Worker::start(&h, &contract);
        work(&mut worker, &contract, 2, failing);
        worker.store.end_session(worker.session, 0).expect("end");
        h.assert_invariants();
    }
    assert_eq!(
        rows(&h),
        [
            "none app_base 4 1",
            "none app_contact 8 1",
            "none bad_value 2 1",
            "none queued 0 1",
            "none success 4 1"
        ]
    );
    h.leave();
}

fn the_sums_of_a_worker_that_was_killed_are_kept_when_it_is_purged() {
    let h = SqlServerHarness::fresh();
    let contract = h.prepare(3);
    work(&mut Worker::start(&h, &contract), &contract, 3, 1);
    h.age_everything();
    let request = PurgeRequest {
        older_than: std::time::Duration::from_secs(86_400),
        chunk: 1000,
        orphans: false,
        execute: true,
    };
    assert_eq!(h.connect().purge_log(request).expect("purge").sessions, 1);
    assert_eq!(
        rows(&h),
        [
            "none app_base 2 1",
            "none app_contact 4 1",
            "none bad_value 1 1",
            "none queued 0 1",
            "none success 2 1"
        ]
    );
    h.assert_invariants();
    h.leave();
}

fn what_is_in_the_queue_again_is_in_no_sum() {
    let h = SqlServerHarness::fresh();
    let contract = h.prepare_with(contract_with(1, OnExisting::Replace), 4);
    let mut worker = Worker::start(&h, &contract);
    work(&mut worker, &contract, 4, 2);
    let states = |h: &SqlServerHarness| {
        let status = h.connect().get_status().expect("status");
        (status.success, status.failed, status.ready)
    };
    assert_eq!(states(&h), (2, 2, 0));
    assert_eq!(worker.retry(RetrySelector::AppIds(app_ids(&[3]))), [3]);
    assert_eq!(states(&h), (2, 1, 1));
    h.assert_invariants();
    work(&mut worker, &contract, 1, 1);
    assert_eq!(states(&h), (2, 2, 0));
    h.assert_invariants();
    worker.retry(RetrySelector::AppIds(app_ids(&[3, 4])));
    work(&mut worker, &contract, 2, 0);
    assert_eq!(states(&h), (4, 0, 0));
    h.execute("DELETE FROM {app_xml} WHERE app_id = 1");
    let erase =
        EraseRequest { app_ids: app_ids(&[1]), execute: true, requested_by: "the suite".into() };
    worker.store.erase_apps(&contract, &erase).expect("erase");
    assert_eq!(states(&h), (3, 0, 0));
    h.assert_invariants();
    h.leave();
}

fn a_sum_that_a_statement_by_hand_made_wrong_is_found_and_corrected() {
    let h = SqlServerHarness::fresh();
    let contract = h.prepare(5);
    work(&mut Worker::start(&h, &contract), &contract, 5, 2);
    let recount = |execute: char| {
        let rows = h.ask(&format!("EXEC pipeline.usp_RecountSums @Execute = '{execute}';"));
        let cells =
            |row: Vec<Option<String>>| row.into_iter().flatten().collect::<Vec<_>>().join(" ");
        rows.into_iter().map(cells).collect::<Vec<_>>()
    };
    assert_eq!(recount('Y'), Vec::<String>::new());
    h.execute("DELETE FROM {processing_log} WHERE app_id IN (1, 5)");
    h.execute("UPDATE {processing_log} SET has_rows = 0 WHERE app_id = 2");
    let wrong = ["bad_value 2 1", "success 3 2", "sandbox.app_base 3 1", "sandbox.app_contact 6 2"];
    let findings = h.connect().health_check().expect("findings");
    let found: Vec<_> = findings.iter().filter(|f| f.finding == "wrong sums").collect();
    assert_eq!(found.len(), 1, "{findings:?}");
    assert_eq!(
        found[0].detail,
        "failed applications with outcome bad_value: 2 counted, 1 in the log"
    );
    assert_eq!(recount('N'), wrong);
    assert_eq!(recount('N'), wrong, "reporting corrects nothing");
    // Its fix.
    h.database().query(&found[0].fix);
    assert_eq!(recount('N'), Vec::<String>::new());
    let findings = h.connect().health_check().expect("findings");
    assert!(findings.iter().all(|f| f.finding != "wrong sums"), "{findings:?}");
    let status = h.connect().get_status().expect("status");
    assert_eq!((status.success, status.failed), (2, 1));
}

fn a_queue_that_a_statement_by_hand_changed_is_found_and_counted() {
    let h = SqlServerHarness::fresh();
    let contract = h.prepare(5);
    work(&mut Worker::start(&h, &contract), &contract, 2, 1);
    h.execute("DELETE FROM {processing_queue} WHERE app_id = 4");
    let findings = h.connect().health_check().expect("findings");
    let found: Vec<_> = findings.iter().filter(|f| f.finding == "wrong sums").collect();
    assert_eq!(found.len(), 1, "{findings:?}");
    assert_eq!(found[0].detail, "applications in the queue: 3 counted, 2 found");
    let wrong = h.ask("EXEC pipeline.usp_RecountSums @Execute = 'N';");
    let subjects: Vec<_> = wrong.iter().map(|row| row[0].as_deref().unwrap_or_default()).collect();
    assert_eq!(subjects, ["queued", "queued bytes"]);
    assert_eq!(h.connect().get_status().expect("status").ready, 3);
    // Its fix.
    h.database().query(&found[0].fix);
    assert_eq!(h.connect().get_status().expect("status").ready, 2);
    let findings = h.connect().health_check().expect("findings");
    assert!(findings.iter().all(|f| f.finding != "wrong sums"), "{findings:?}");
    assert!(h.ask("EXEC pipeline.usp_RecountSums @Execute = 'N';").is_empty());
}

fn the_queue_of_an_earlier_version_is_counted() {
    let h = SqlServerHarness::fresh();
    let contract = h.prepare(6);
    let mut worker = Worker::start(&h, &contract);
    work(&mut worker, &contract, 3, 1);
    let held = worker.claim(1);
    // A view of Babelfish keeps its columns.
    h.database().execute(&h.own(
        "DROP VIEW pipeline.vw_QueueStatus;
         DELETE FROM pipeline.processing_outcome WHERE outcome = 'queued';
         IF OBJECT_ID(N'pipeline.DF_processing_outcome_document_bytes') IS NOT NULL
             ALTER TABLE pipeline.processing_outcome DROP CONSTRAINT DF_processing_outcome_document_bytes;
         ALTER TABLE pipeline.processing_outcome DROP COLUMN document_bytes;
         DELETE FROM pipeline.processing_install_file
         WHERE file_name IN (N'tables/processing_outcome.sql', N'migrations/0007_sums_of_the_queue.sql');",
    ));
    assert!(!h.installer().install(None).expect("install").is_empty());
    h.assert_invariants();
    let states = |h: &SqlServerHarness| {
        let status = h.connect().get_status().expect("status");
        (status.ready, status.claimed, status.success, status.failed)
    };
    assert_eq!(states(&h), (2, 1, 2, 1));
    worker.complete(&contract, held.token, &[success(&held.apps[0])]);
    assert_eq!(states(&h), (2, 0, 3, 1));
    h.assert_invariants();
}

fn the_log_of_an_earlier_version_is_summed() {
    let h = SqlServerHarness::fresh();
    let contract = h.prepare(6);
    let mut worker = Worker::start(&h, &contract);
    work(&mut worker, &contract, 5, 2);
    worker.retry(RetrySelector::AppIds(app_ids(&[4])));
    // A view of Babelfish keeps its tables.
    h.database().execute(&h.own(
        "DROP VIEW pipeline.vw_QueueStatus;
         DROP VIEW pipeline.vw_PartitionProgress;
         DROP VIEW pipeline.vw_Reconciliation;
         DROP TABLE pipeline.processing_outcome;
         DROP TABLE pipeline.processing_written;
         DELETE FROM pipeline.processing_install_file
         WHERE file_name IN (N'tables/processing_outcome.sql', N'tables/processing_written.sql',
                             N'migrations/0002_sums.sql', N'migrations/0007_sums_of_the_queue.sql');",
    ));
    assert!(!h.installer().install(None).expect("install").is_empty());
    assert_eq!(
        rows(&h),
        [
            "none app_base 3 1",
            "none app_contact 6 1",
            "none bad_value 1 1",
            "none queued 2 1",
            "none success 3 1"
        ]
    );
    h.assert_invariants();
    work(&mut worker, &contract, 2, 0);
    h.assert_invariants();
    let status = h.connect().get_status().expect("status");
    assert_eq!((status.success, status.failed), (5, 1));
}

fn the_report_finds_what_is_missing_by_sums() {
    let h = SqlServerHarness::fresh();
    let contract = h.prepare(3);
    work(&mut Worker::start(&h, &contract), &contract, 3, 0);
    h.put_documents(5);
    // Its source row is gone: it does not hide that 4 and 5 are new.
    h.execute("DELETE FROM {app_xml} WHERE app_id = 1");
    let report = h.connect().get_report(&xmlshred::store::ReportQuery::PAGE).expect("report");
    let row = &report.reconciliation[0];
    assert_eq!((row.subject.as_str(), row.difference), ("source rows", Some(-2)));
    let written: Vec<_> =
        report.reconciliation[1..].iter().map(|row| (row.subject.as_str(), row.expected)).collect();
    assert_eq!(written, [("sandbox.app_base", 3), ("sandbox.app_contact", 6)]);
    h.leave();
}

/// From now on, all that adds to the sums finds them locked for 30 seconds, which this does not wait for.
pub fn lock_sums(database: &crate::database::Database) {
    database.execute(&database.own("DROP PROCEDURE pipeline.usp_AddSums;"));
    database.execute(&database.own(
        "CREATE PROCEDURE pipeline.usp_AddSums AS BEGIN THROW 50033, N'the sums are locked; call again', 1; END;",
    ));
}

fn sums_that_are_locked_are_nobody_s_refusal() {
    let h = SqlServerHarness::fresh();
    let (contract, mut worker) = stale::stale(&h, 3);
    h.execute("DELETE FROM {app_xml} WHERE app_id = 3");
    lock_sums(h.database());
    let refused = worker.store.delete_stale_rows(&contract, &stale::all(true));
    assert!(refused.expect_err("an error").to_string().contains("(50033)"));
    let erase =
        EraseRequest { app_ids: app_ids(&[3]), execute: true, requested_by: "the suite".into() };
    let refused = worker.store.erase_apps(&contract, &erase);
    assert!(refused.expect_err("an error").to_string().contains("(50033)"));
    assert_eq!(h.count("app_base", "1 = 1"), 3, "nothing was deleted");
    h.assert_invariants();
}
