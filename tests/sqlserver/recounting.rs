//! `usp_RecountSums`: after an upgrade, and without row versions.

use xmlshred::store::sqlserver::install::SqlFile;
use xmlshred::store::RetrySelector;

use crate::harness::{files, SqlServerHarness};
use crate::store::harness::{app_ids, failure, success, Harness, Worker};

crate::trials! {
    a_recount_that_is_due_is_done_by_the_next_installation,
    without_row_versions_a_recount_compares_and_gives_leases_their_time,
    an_upgrade_gives_leases_their_time_and_the_index_its_column,
}

/// The files with another text of one.
fn with(name: &str, from: &str, to: &str) -> &'static [SqlFile] {
    let change = |file: &SqlFile| match file.name == name {
        true => {
            assert_eq!(file.text.matches(from).count(), 1, "{name}: {from}");
            SqlFile { text: file.text.replace(from, to).leak(), ..*file }
        }
        false => *file,
    };
    files().iter().map(change).collect::<Vec<_>>().leak()
}

/// Applications 1 to 5: 1 and 2 succeeded, 3 failed, 4 is claimed, 5 is ready.
fn worked(h: &SqlServerHarness) -> Worker {
    let contract = h.prepare(5);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(3);
    let mut outcomes: Vec<_> = batch.apps.iter().map(success).collect();
    outcomes[2] = failure(&batch.apps[2]);
    worker.complete(&contract, batch.token, &outcomes);
    worker
}

/// The database as a version without the sums had left it.
fn without_sums(h: &SqlServerHarness) {
    // A view of Babelfish keeps its tables.
    h.database().execute(&h.own(
        "DROP VIEW pipeline.vw_QueueStatus;
         DROP VIEW pipeline.vw_PartitionProgress;
         DROP VIEW pipeline.vw_Reconciliation;
         DROP TABLE pipeline.processing_outcome;
         DROP TABLE pipeline.processing_written;
         DROP INDEX IX_processing_log_processed ON pipeline.processing_log;
         CREATE INDEX IX_processing_log_processed ON pipeline.processing_log (status, processed_at_utc);
         DELETE FROM pipeline.processing_install_file
         WHERE file_name IN (N'tables/processing_outcome.sql', N'tables/processing_written.sql',
                             N'migrations/0002_sums.sql', N'migrations/0004_status_without_lookups.sql',
                             N'migrations/0007_sums_of_the_queue.sql');",
    ));
}

fn wrong_sums(h: &SqlServerHarness) -> Vec<String> {
    let findings = h.connect().health_check().expect("findings");
    let wrong = findings.into_iter().filter(|f| f.finding == "wrong sums");
    wrong.map(|f| f.detail).collect()
}

/// Babelfish ignores TABLOCK, so it cannot show that a recount waits for the calls that run: they committed here.
fn a_recount_that_is_due_is_done_by_the_next_installation() {
    let h = SqlServerHarness::fresh();
    drop(worked(&h));
    assert_eq!(wrong_sums(&h), Vec::<String>::new(), "a new database has nothing to recount");
    without_sums(&h);
    let killed = with(
        "procs/usp_RecountSums.sql",
        "    IF COALESCE(@Execute",
        "    THROW 50033, N'it was killed', 1;\n\n    IF COALESCE(@Execute",
    );
    let error = h.installer().with_files(killed).install(None).expect_err("no recount").to_string();
    assert!(error.contains("the next installation repeats the recount"), "{error}");
    assert!(error.contains("it was killed"), "{error}");
    // What a call of the earlier version leaves that committed after the migration.
    h.execute("UPDATE {processing_outcome} SET applications = 1 WHERE outcome = 'success'");
    let wrong = wrong_sums(&h);
    assert!(wrong.len() == 1 && wrong[0].starts_with("not counted since"), "{wrong:?}");
    let plan = h.installer().plan(None).expect("a plan");
    assert!(plan.steps.iter().any(|step| step.object == "usp_RecountSums"), "{plan:?}");
    h.installer().install(None).expect("install");
    h.assert_invariants();
    assert_eq!(wrong_sums(&h), Vec::<String>::new());
    assert!(h.installer().plan(None).expect("a plan").is_empty());
}

/// Which claims have more than a minute left.
fn leases(h: &SqlServerHarness) -> String {
    let has_time = "CASE WHEN lease_expires_at_utc > DATEADD(SECOND, 60, SYSUTCDATETIME()) THEN 'long' ELSE 'short' END";
    let query = format!(
        "SELECT c.has_time, COUNT(*)
         FROM (SELECT {has_time} AS has_time FROM pipeline.processing_claim) AS c
         GROUP BY c.has_time ORDER BY c.has_time"
    );
    h.ask(&query).into_iter().flatten().flatten().collect::<Vec<_>>().join(" ")
}

/// One claim whose lease expires soon, and one whose lease has expired.
fn claim_two(h: &SqlServerHarness, worker: &mut Worker) {
    let expired = worker.claim(1).token;
    let soon = worker.claim(1).token;
    let statement = "UPDATE pipeline.processing_claim
                     SET lease_expires_at_utc = DATEADD(SECOND, 50, SYSUTCDATETIME()) WHERE claim_token = @P1";
    h.database().with(|sql| sql.execute_with(&h.own(statement), &[&soon.0]));
    h.expire_lease(expired);
    assert_eq!(leases(h), "short 2");
}

/// Babelfish always has row versions: here the procedure finds none. That it then reads each table
/// of sums at one moment, and the log under shared locks, is in its text: TABLOCK, which Babelfish ignores.
fn without_row_versions_a_recount_compares_and_gives_leases_their_time() {
    let h = SqlServerHarness::fresh();
    let mut worker = worked(&h);
    let files = with(
        "procs/usp_RecountSums.sql",
        "SELECT d.is_read_committed_snapshot_on",
        "SELECT 0 * d.database_id",
    );
    h.installer().with_files(files).install(None).expect("install");
    let recount = |execute: char| {
        let rows = h.ask(&format!("EXEC pipeline.usp_RecountSums @Execute = '{execute}';"));
        let cells =
            |row: Vec<Option<String>>| row.into_iter().flatten().collect::<Vec<_>>().join(" ");
        rows.into_iter().map(cells).collect::<Vec<_>>()
    };
    assert_eq!(recount('Y'), Vec::<String>::new());
    worker.store.end_session(worker.session, 0).expect("end");
    assert_eq!(recount('Y'), Vec::<String>::new());
    h.execute("DELETE FROM {processing_log} WHERE app_id = 1");
    claim_two(&h, &mut worker);
    let wrong = ["success 2 1", "sandbox.app_base 2 1", "sandbox.app_contact 4 2"];
    assert_eq!(recount('N'), wrong);
    // The claims were held, so the worker could not renew; what has expired before is for the reaper.
    assert_eq!(leases(&h), "long 1 short 1");
    assert_eq!(recount('Y'), wrong);
    assert_eq!(recount('N'), Vec::<String>::new());
}

fn an_upgrade_gives_leases_their_time_and_the_index_its_column() {
    let h = SqlServerHarness::fresh();
    let mut worker = worked(&h);
    claim_two(&h, &mut worker);
    without_sums(&h);
    let index = "SELECT COUNT(*)
                 FROM sys.indexes AS i
                 INNER JOIN sys.index_columns AS k ON i.object_id = k.object_id AND i.index_id = k.index_id
                 WHERE i.object_id = OBJECT_ID(N'pipeline.processing_log')
                     AND LOWER(i.name) LIKE 'ix[_]processing[_]log[_]processed%'
                     AND COL_NAME(k.object_id, k.column_id) = 'is_latest'";
    let has_column = || h.ask(index)[0][0].clone();
    assert_eq!(has_column().as_deref(), Some("0"));
    h.installer().install(None).expect("install");
    assert_eq!(leases(&h), "long 1 short 1");
    assert_eq!(has_column().as_deref(), Some("1"));
    assert_eq!(worker.reap().claims, 1);
    worker.retry(RetrySelector::AppIds(app_ids(&[3])));
    h.assert_invariants();
}
