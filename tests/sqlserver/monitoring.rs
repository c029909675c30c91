//! What a DBA reads in SSMS: each view and procedure for people, in a situation that was built.

use xmlshred::id::SessionId;
use xmlshred::id::{AppId, ContractHash};
use xmlshred::store::{EnqueueMode, Finding, Partition, RetrySelector, SessionStart, Share};

use crate::babelfish;
use crate::dashboard::every_panel_of_the_dashboard_is_answered;
use crate::database::Server;
use crate::grid::{self, Place};
use crate::harness::{self, SqlServerHarness};
use crate::page::{self, Block};
use crate::store::harness::{failure, ids, success, Harness, Worker};

type Test = fn(&SqlServerHarness);

/// Lists the tests of this file.
macro_rules! tests {
    ($($name:ident),+ $(,)?) => {
        pub const TESTS: &[(&str, Test)] = &[$((stringify!($name), $name)),+];
    };
}

tests! {
    the_queue_is_counted_by_state,
    every_state_is_counted_before_there_is_anything,
    the_claims_held_now_are_shown_with_their_time_left,
    a_session_is_working_idle_silent_or_ended,
    each_minute_of_each_worker_is_counted,
    a_share_says_when_it_will_be_done,
    failures_are_shown_with_their_place,
    failures_with_one_cause_are_one_line,
    what_killed_its_workers_is_in_quarantine,
    the_timeline_tells_what_happened_to_the_leases,
    what_was_written_is_reconciled_with_what_is_there,
    a_row_by_another_hand_is_found,
    what_was_paused_is_audited,
    every_panel_of_the_dashboard_is_answered,
    nothing_is_found_where_all_is_well,
    a_database_that_may_not_be_written_is_found,
    a_secondary_replica_is_found,
    readers_that_wait_for_writers_are_found,
    readers_that_wait_for_writers_are_found_and_helped,
    a_lost_index_is_found_and_made_again,
    a_disabled_index_is_found,
    a_disabled_index_is_found_and_rebuilt,
    a_pipeline_without_a_contract_is_found,
    an_expired_lease_is_found_and_reaped,
    workers_of_two_versions_are_found,
    a_worker_with_another_contract_is_found,
    a_skewed_clock_is_found,
    a_vanished_worker_is_found_and_forgotten_after_a_week,
    an_old_backlog_is_found,
    source_rows_that_nobody_enqueues_are_found,
    many_failures_are_found,
    what_is_in_quarantine_is_found,
    a_missing_target_table_is_found,
    a_missing_load_procedure_is_found,
    a_log_that_nobody_purges_is_found,
    an_object_changed_by_hand_is_found,
    what_agent_says_is_told,
    a_pause_is_found_and_resumed,
    every_query_of_the_documentation_runs,
}

/// The one value of a query.
fn one(h: &SqlServerHarness, sql: &str) -> String {
    let mut rows = h.ask(sql);
    assert_eq!((rows.len(), rows[0].len()), (1, 1), "{sql}: {rows:?}");
    rows.remove(0).remove(0).unwrap_or_default()
}

/// Of applications 1 to 6 the even ones failed, 7 to 8 are claimed, 9 is quarantined, 10 to 12 are
/// ready; one worker did it all.
pub fn situation(h: &SqlServerHarness) -> (xmlshred::contract::Contract, Worker) {
    let contract = h.prepare(12);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(6);
    let outcomes: Vec<_> = batch
        .apps
        .iter()
        .map(|app| if app.app_id.0 % 2 == 0 { failure(app) } else { success(app) })
        .collect();
    worker.complete(&contract, batch.token, &outcomes);
    worker.claim(2);
    let mut request = worker.request(1);
    request.after_app_id = Some(AppId(8));
    let dead = worker.claim_by(&request);
    assert_eq!(ids(&dead), [9]);
    h.expire_lease(dead.token);
    let reap = xmlshred::store::ReapRequest { max_reaps: 1, ..Default::default() };
    assert_eq!(worker.store.reap_expired(reap).expect("reap").quarantined, 1);
    (contract, worker)
}

/// What a new database of SQL Server has off: a finding of tests of its own.
const READERS_WAIT: &str = "readers wait for writers";

/// All findings.
pub fn found(h: &SqlServerHarness, expected: &[(u8, &str)]) -> Vec<Finding> {
    let mut findings = h.connect().health_check().expect("check");
    findings.retain(|finding| finding.finding != READERS_WAIT);
    let told: Vec<_> = findings.iter().map(|f| (f.priority, f.finding.as_str())).collect();
    assert_eq!(told, expected, "{findings:#?}");
    findings
}

/// Runs a finding's fix, after which nothing is found.
fn fix(h: &SqlServerHarness, finding: &Finding) {
    h.database().execute(&finding.fix);
    found(h, &[]);
}

fn the_queue_is_counted_by_state(h: &SqlServerHarness) {
    situation(h);
    let counts = h
        .ask("SELECT CONCAT(state, ' ', applications) FROM pipeline.vw_QueueStatus ORDER BY state");
    let counts: Vec<_> = counts.iter().map(|row| row[0].as_deref().unwrap_or("")).collect();
    let expected =
        ["claimed 2", "failed 3", "not_enqueued 0", "quarantined 1", "ready 3", "success 3"];
    assert_eq!(counts, expected);
    h.put_documents(14);
    let new = "SELECT applications FROM pipeline.vw_QueueStatus WHERE state = 'not_enqueued'";
    assert_eq!(one(h, new), "2");
    h.connect().enqueue_apps(EnqueueMode::New).expect("enqueue");
    assert_eq!(one(h, new), "0");
}

fn every_state_is_counted_before_there_is_anything(h: &SqlServerHarness) {
    let counts = h.ask("SELECT applications FROM pipeline.vw_QueueStatus");
    assert_eq!(counts, vec![vec![Some("0".to_owned())]; 6]);
    h.put_documents(2);
    let all = "SELECT SUM(applications) FROM pipeline.vw_QueueStatus";
    assert_eq!(one(h, all), "2");
}

fn the_claims_held_now_are_shown_with_their_time_left(h: &SqlServerHarness) {
    situation(h);
    let claims = h.ask(
        "SELECT host_name, app_count, CASE WHEN remaining_seconds BETWEEN 0 AND 300 THEN 1 ELSE 0 END
         FROM pipeline.vw_ActiveClaims",
    );
    assert_eq!(claims, [["host", "2", "1"].map(|text| Some(text.to_owned()))]);
}

fn a_session_is_working_idle_silent_or_ended(h: &SqlServerHarness) {
    let (contract, mut working) = situation(h);
    Worker::start(h, &contract);
    let silent = Worker::start(h, &contract);
    let mut ended = Worker::start(h, &contract);
    ended.store.end_session(ended.session, 0).expect("end");
    h.database().execute(&h.own(&format!(
        "UPDATE pipeline.processing_session SET last_seen_at_utc = DATEADD(HOUR, -1, last_seen_at_utc)
         WHERE session_id = '{}'",
        silent.session.0
    )));
    let states = h.ask("SELECT state FROM pipeline.vw_Sessions ORDER BY state");
    let states: Vec<_> = states.into_iter().flatten().flatten().collect();
    assert_eq!(states, ["ended", "idle", "silent", "working"]);
    let holds = format!(
        "SELECT holds FROM pipeline.vw_Sessions WHERE session_id = '{}'",
        working.session.0
    );
    assert_eq!(one(h, &holds), "2");
    working.store.end_session(working.session, 0).expect("end");
}

fn each_minute_of_each_worker_is_counted(h: &SqlServerHarness) {
    situation(h);
    // The situation may have taken from one minute into the next.
    let sums = h.ask(
        "SELECT SUM(claimed), SUM(success), SUM(failed), SUM(rows_written)
         FROM pipeline.vw_Throughput WHERE minute_utc >= DATEADD(HOUR, -1, SYSUTCDATETIME())",
    );
    assert_eq!(sums, [["9", "3", "3", "9"].map(|text| Some(text.to_owned()))]);
}

fn a_share_says_when_it_will_be_done(h: &SqlServerHarness) {
    let contract = h.prepare(10);
    let mut worker = Worker::start(h, &contract);
    let mut request = worker.request(2);
    request.share = Share {
        partition: Some(Partition { instance_id: 1, instance_count: 2 }),
        ..Share::default()
    };
    let batch = worker.claim_by(&request);
    assert_eq!(ids(&batch), [1, 3]);
    worker.succeed(&contract, &batch);
    let progress = h.ask(
        "SELECT instance_id, instance_count, workers, ready, claimed, completed_10_min,
             CASE WHEN per_minute > 0 AND minutes_left >= 1 AND done_at_utc > SYSUTCDATETIME()
                 THEN 1 ELSE 0 END
         FROM pipeline.vw_PartitionProgress",
    );
    let expected = ["1", "2", "1", "3", "0", "2", "1"].map(|text| Some(text.to_owned()));
    assert_eq!(progress, [expected]);
}

fn failures_are_shown_with_their_place(h: &SqlServerHarness) {
    situation(h);
    let failures = h.ask(
        "SELECT app_id, failure_category, failure_column, failure_path, failure_line, is_redriven
         FROM pipeline.vw_RecentFailures ORDER BY app_id",
    );
    assert_eq!(failures.len(), 3);
    let first = ["2", "bad_value", "amount", "/a/b[2]/@amount", "3", "0"];
    assert_eq!(failures[0], first.map(|text| Some(text.to_owned())));
}

fn failures_with_one_cause_are_one_line(h: &SqlServerHarness) {
    let (_, mut worker) = situation(h);
    let causes = "SELECT applications, failure_category, failure_table, failure_column, path_shape,
             example_path
         FROM pipeline.vw_FailureFingerprints";
    let line = |n: &str| {
        [n, "bad_value", "app_base", "amount", "/a/b/@amount", "/a/b[2]/@amount"]
            .map(|text| Some(text.to_owned()))
    };
    assert_eq!(h.ask(causes), [line("3")]);
    worker.retry(RetrySelector::AppIds(vec![AppId(2)]));
    assert_eq!(h.ask(causes), [line("2")]);
}

fn what_killed_its_workers_is_in_quarantine(h: &SqlServerHarness) {
    situation(h);
    let quarantine = h.ask("SELECT app_id, lone_reaps, last_host_name FROM pipeline.vw_Quarantine");
    assert_eq!(quarantine, [["9", "1", "host"].map(|text| Some(text.to_owned()))]);
}

fn the_timeline_tells_what_happened_to_the_leases(h: &SqlServerHarness) {
    situation(h);
    let events = h.ask("SELECT event_type FROM pipeline.vw_LeaseTimeline ORDER BY event_id");
    let events: Vec<_> = events.into_iter().flatten().flatten().collect();
    assert_eq!(events, ["claimed", "claimed", "claimed", "reaped", "quarantined"]);
    let of_one = "SELECT COUNT(*) FROM pipeline.vw_LeaseTimeline WHERE app_id = 9";
    assert_eq!(one(h, of_one), "2");
}

/// Subject, expected, actual, difference, differing applications and rows that are not ours; without
/// stale rows, of which these situations have none.
fn reconciled(h: &SqlServerHarness) -> Vec<String> {
    let mut rows = h.ask("EXEC pipeline.usp_Reconcile;");
    let stale: Vec<_> = rows.iter_mut().map(|row| row.remove(5)).collect();
    assert_eq!(stale, [None, Some("0".to_owned()), Some("0".to_owned())]);
    let cell = |cell: Option<String>| cell.unwrap_or_else(|| "-".into());
    rows.into_iter().map(|row| row.into_iter().map(cell).collect::<Vec<_>>().join(" ")).collect()
}

fn what_was_written_is_reconciled_with_what_is_there(h: &SqlServerHarness) {
    situation(h);
    assert_eq!(
        reconciled(h),
        ["source rows 12 12 0 0 -", "sandbox.app_base 3 3 0 0 0", "sandbox.app_contact 6 6 0 0 0"]
    );
    let view = h.ask(
        "SELECT subject, expected, actual FROM pipeline.vw_Reconciliation WHERE subject = N'source rows'",
    );
    assert_eq!(view, [["source rows", "12", "12"].map(|text| Some(text.to_owned()))]);
    let written =
        "SELECT expected FROM pipeline.vw_Reconciliation WHERE subject = N'sandbox.app_contact'";
    assert_eq!(one(h, written), "6");
}

fn a_row_by_another_hand_is_found(h: &SqlServerHarness) {
    situation(h);
    h.put_documents(13);
    h.execute("DELETE FROM {app_contact} WHERE con_id = 10");
    h.execute("INSERT INTO {app_base} (app_id, name) VALUES (13, 'by hand')");
    // No id of this pipeline: another program shares the table.
    h.execute(
        "INSERT INTO {app_base} (app_id, name) VALUES (500, 'of others'), (501, 'of others')",
    );
    assert_eq!(
        reconciled(h),
        [
            "source rows 13 12 -1 1 -",
            "sandbox.app_base 3 4 1 1 2",
            "sandbox.app_contact 6 5 -1 1 0",
        ]
    );
}

fn what_was_paused_is_audited(h: &SqlServerHarness) {
    h.ask("EXEC pipeline.usp_Pause @reason = N'storage is being moved', @requested_by = N'Anna';");
    h.ask("EXEC pipeline.usp_Resume @requested_by = N'Boris';");
    let audit = h.ask("SELECT paused_by, reason, resumed_by FROM pipeline.processing_pause");
    let expected = ["anna", "storage is being moved", "boris"];
    assert_eq!(audit, [expected.map(|text| Some(text.to_owned()))]);
    let again = h.ask("EXEC pipeline.usp_Resume;");
    assert_eq!(again[0][0].as_deref(), Some("not_paused"));
}

/// Priority, finding, detail and fix of what is found where facts of the server are other ones: a
/// procedure with another text in the place of each is called.
pub fn found_where(h: &SqlServerHarness, facts: &[(&str, &str)]) -> Vec<[String; 4]> {
    found_where_called(h, facts, "")
}

/// As [`found_where`], with arguments.
pub fn found_where_called(
    h: &SqlServerHarness,
    facts: &[(&str, &str)],
    arguments: &str,
) -> Vec<[String; 4]> {
    let check = harness::files().iter().find(|file| file.object() == "usp_HealthCheck");
    let text = check.expect("the check").text.replace("\r\n", "\n");
    let (_, body) = text.split_once("PROCEDURE [$(Schema)].[usp_HealthCheck]").expect("it");
    let body = body.trim_end().strip_suffix("GO").expect("the end of the batch");
    let other = facts.iter().fold(body.to_owned(), |body, (fact, instead)| {
        assert!(body.contains(fact), "the procedure does not ask for {fact}");
        body.replace(fact, instead)
    });
    let create = format!("CREATE OR ALTER PROCEDURE [$(Schema)].[usp_HealthCheckElsewhere]{other}");
    let create = create.replace("$(Schema)", &h.database().schema);
    let create = create.replace("$(SourceSchema)", "dbo").replace("$(SourceTable)", "app_xml");
    let create = create.replace("$(SourceIdColumn)", "app_id");
    match Server::from_environment().is_some_and(|server| server.is_babelfish) {
        true => babelfish::installation(&create).iter().for_each(|sql| h.database().execute(sql)),
        false => h.database().execute(&create),
    }
    let call = h.own(&format!("EXEC pipeline.usp_HealthCheckElsewhere {arguments};"));
    let rows = h.database().query_exactly(&call);
    h.database().execute(&h.own("DROP PROCEDURE pipeline.usp_HealthCheckElsewhere;"));
    let told =
        |row: Vec<Option<String>>| [0, 1, 2, 4].map(|cell| row[cell].clone().unwrap_or_default());
    rows.into_iter().map(told).collect()
}

fn nothing_is_found_where_all_is_well(h: &SqlServerHarness) {
    let contract = h.prepare(30);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(20);
    worker.succeed(&contract, &batch);
    worker.claim(3);
    found(h, &[]);
}

fn a_database_that_may_not_be_written_is_found(h: &SqlServerHarness) {
    h.prepare(1);
    let read_only = [("DATABASEPROPERTYEX(DB_NAME(), N'Updateability')", "N'READ_ONLY'")];
    let findings = found_where(h, &read_only);
    let told: Vec<_> = findings.iter().map(|f| (f[0].as_str(), f[1].as_str())).collect();
    assert!(told.contains(&("3", "not the primary")), "{findings:?}");
}

/// A read-only database replaces it: both have the same property.
fn a_secondary_replica_is_found(h: &SqlServerHarness) {
    h.prepare(1);
    let name = &h.database().name;
    h.database().sessions.close();
    h.database()
        .execute(&format!("ALTER DATABASE [{name}] SET READ_ONLY WITH ROLLBACK IMMEDIATE;"));
    let findings = h.ask("EXEC pipeline.usp_HealthCheck;");
    h.database().execute(&format!("ALTER DATABASE [{name}] SET READ_WRITE;"));
    assert!(findings.iter().any(|row| row[1].as_deref() == Some("not the primary")));
}

fn readers_that_wait_for_writers_are_found(h: &SqlServerHarness) {
    h.prepare(1);
    let off =
        "FROM (SELECT DB_ID() AS database_id, DB_NAME() AS name, CONVERT(bit, 0) AS is_read_committed_snapshot_on) AS d";
    let findings = found_where(h, &[("FROM sys.databases AS d", off)]);
    let name = &h.database().name;
    let detail = format!("database {name} has READ_COMMITTED_SNAPSHOT OFF");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0][..3], ["3", READERS_WAIT, &detail]);
    let fix =
        format!("ALTER DATABASE [{name}] SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;");
    assert!(findings[0][3].starts_with(&fix), "{findings:?}");
}

fn readers_that_wait_for_writers_are_found_and_helped(h: &SqlServerHarness) {
    h.prepare(1);
    h.database().sessions.close();
    h.database().execute(&format!(
        "ALTER DATABASE [{}] SET READ_COMMITTED_SNAPSHOT OFF WITH ROLLBACK IMMEDIATE;",
        h.database().name
    ));
    let findings = h.database().query_exactly(&h.own("EXEC pipeline.usp_HealthCheck;"));
    assert_eq!(findings[0][1].as_deref(), Some(READERS_WAIT), "{findings:?}");
    h.database().execute(findings[0][4].as_deref().expect("a fix"));
    assert_eq!(h.ask("EXEC pipeline.usp_HealthCheck;"), Vec::<Vec<Option<String>>>::new());
}

fn a_disabled_index_is_found(h: &SqlServerHarness) {
    h.prepare(1);
    // Babelfish has other names for indexes.
    let disabled = "FROM (SELECT x.object_id, x.index_id,
            CASE WHEN LOWER(x.name) LIKE N'ix_processing_event_app%'
                THEN N'IX_processing_event_app' ELSE x.name END AS name,
            CASE WHEN LOWER(x.name) LIKE N'ix_processing_event_app%' THEN 1 ELSE 0 END AS is_disabled,
            CONVERT(bit, 0) AS allow_page_locks
        FROM sys.indexes AS x)";
    let findings = found_where(h, &[("FROM sys.indexes", disabled)]);
    let fix = format!(
        "ALTER INDEX [IX_processing_event_app] ON [{}].processing_event REBUILD;",
        h.database().schema
    );
    let detail = "IX_processing_event_app on processing_event";
    assert_eq!(findings[0], ["1", "index disabled", detail, &fix], "{findings:?}");
}

fn a_disabled_index_is_found_and_rebuilt(h: &SqlServerHarness) {
    h.prepare(1);
    h.database().execute(
        &h.own("ALTER INDEX IX_processing_event_app ON pipeline.processing_event DISABLE;"),
    );
    let findings = found(h, &[(1, "index disabled")]);
    assert!(findings[0].fix.ends_with(" REBUILD;"), "{findings:?}");
    fix(h, &findings[0]);
}

fn a_pipeline_without_a_contract_is_found(h: &SqlServerHarness) {
    found(h, &[(1, "no contract installed")]);
    h.prepare(1);
    found(h, &[]);
}

fn many_failures_are_found(h: &SqlServerHarness) {
    let contract = h.prepare(40);
    let mut worker = Worker::start(h, &contract);
    let mut work = |failures: usize| {
        let batch = worker.claim(20);
        let outcome = |(i, app)| if i < failures { failure(app) } else { success(app) };
        let outcomes: Vec<_> = batch.apps.iter().enumerate().map(outcome).collect();
        worker.complete(&contract, batch.token, &outcomes);
    };
    work(1);
    found(h, &[]);
    work(4);
    let findings = found(h, &[(1, "failure rate")]);
    assert_eq!(findings[0].detail, "5 of 40 failed in the last hour, 12.5%");
    h.ask(&findings[0].fix);
}

fn what_is_in_quarantine_is_found(h: &SqlServerHarness) {
    situation(h);
    let findings = found(h, &[(2, "quarantined applications")]);
    assert_eq!(findings[0].detail, "applications: 1, the first is 9");
    h.ask(&findings[0].fix);
}

fn a_lost_index_is_found_and_made_again(h: &SqlServerHarness) {
    h.prepare(1);
    h.database()
        .execute(&h.own("DROP INDEX IX_processing_event_app ON pipeline.processing_event;"));
    let findings = found(h, &[(1, "index missing")]);
    fix(h, &findings[0]);
}

fn an_expired_lease_is_found_and_reaped(h: &SqlServerHarness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    h.execute(&format!(
        "UPDATE {{processing_claim}} SET lease_expires_at_utc = DATEADD(HOUR, -1, claimed_at_utc)
         WHERE claim_token = '{}'",
        batch.token.0
    ));
    let findings = found(h, &[(1, "expired leases")]);
    fix(h, &findings[0]);
    assert_eq!(ids(&worker.claim(2)), [1]);
}

/// A session of a worker with these properties.
fn session(h: &SqlServerHarness, version: &str, contract_hash: ContractHash) -> SessionId {
    let session = SessionId(uuid::Uuid::new_v4());
    let start = SessionStart {
        session,
        worker_name: "other".into(),
        host: "otherhost".into(),
        pid: 1,
        program_version: version.into(),
        contract_hash,
        agent_job: None,
        agent_step: None,
    };
    h.connect().start_session(&start).expect("start");
    session
}

fn workers_of_two_versions_are_found(h: &SqlServerHarness) {
    let contract = h.prepare(1);
    session(h, "0.0.1", contract.hash);
    let second = session(h, "0.0.2", contract.hash);
    let findings = found(h, &[(2, "workers of mixed versions")]);
    assert!(findings[0].detail.contains(": 0.0.1 to 0.0.2"), "{findings:?}");
    h.connect().end_session(second, 0).expect("end");
    found(h, &[]);
}

fn a_worker_with_another_contract_is_found(h: &SqlServerHarness) {
    h.prepare(1);
    session(h, "0.0.1", ContractHash([9; 32]));
    let findings = found(h, &[(1, "worker with another contract")]);
    assert!(findings[0].detail.contains("otherhost"), "{findings:?}");
}

fn a_skewed_clock_is_found(h: &SqlServerHarness) {
    let contract = h.prepare(1);
    session(h, "0.0.1", contract.hash);
    found(h, &[]);
    h.execute("UPDATE {processing_session} SET clock_skew_ms = -90000");
    let findings = found(h, &[(3, "clock skew")]);
    assert!(findings[0].detail.contains("-90000"), "{findings:?}");
}

fn a_vanished_worker_is_found_and_forgotten_after_a_week(h: &SqlServerHarness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    h.expire_lease(batch.token);
    worker.reap();
    h.execute(
        "UPDATE {processing_session} SET last_seen_at_utc = DATEADD(HOUR, -2, last_seen_at_utc)",
    );
    let findings = found(h, &[(2, "worker vanished")]);
    assert!(findings[0].detail.contains(": runs in a week 1, "), "{findings:?}");
    h.execute(
        "UPDATE {processing_session} SET last_seen_at_utc = DATEADD(DAY, -7, last_seen_at_utc)",
    );
    found(h, &[]);
}

fn an_old_backlog_is_found(h: &SqlServerHarness) {
    let contract = h.prepare(3);
    h.execute("UPDATE {processing_queue} SET enqueued_at_utc = DATEADD(DAY, -2, enqueued_at_utc)");
    let findings = found(h, &[(1, "old backlog")]);
    assert!(findings[0].why.starts_with("no worker is active"), "{findings:?}");
    let mut worker = Worker::start(h, &contract);
    worker.claim(1);
    let findings = found(h, &[(2, "old backlog")]);
    assert!(findings[0].detail.ends_with(": 2; active claims: 1"), "{findings:?}");
}

fn source_rows_that_nobody_enqueues_are_found(h: &SqlServerHarness) {
    h.prepare(1);
    h.put_documents(2);
    found(h, &[]);
    h.execute("UPDATE {processing_watermark} SET moved_at_utc = DATEADD(DAY, -2, moved_at_utc)");
    let findings = found(h, &[(2, "source rows not enqueued")]);
    fix(h, &findings[0]);
}

fn a_missing_target_table_is_found(h: &SqlServerHarness) {
    h.prepare(1);
    h.execute("DROP TABLE {app_contact}");
    let findings = found(h, &[(1, "target table missing")]);
    assert_eq!(findings[0].detail, "sandbox.app_contact");
}

fn a_missing_load_procedure_is_found(h: &SqlServerHarness) {
    h.prepare(1);
    h.database().execute(&h.own("DROP PROCEDURE pipeline.usp_LoadApps;"));
    let findings = found(h, &[(1, "object missing")]);
    assert_eq!(findings[0].detail, "usp_LoadApps");
}

fn a_log_that_nobody_purges_is_found(h: &SqlServerHarness) {
    let contract = h.prepare(1);
    Worker::start(h, &contract).claim(1);
    h.execute("UPDATE {processing_event} SET occurred_at_utc = DATEADD(DAY, -98, occurred_at_utc)");
    let findings = found(h, &[(3, "log is not purged")]);
    fix(h, &findings[0]);
}

fn an_object_changed_by_hand_is_found(h: &SqlServerHarness) {
    h.prepare(1);
    let recorded = "UPDATE {processing_install_file} SET definition_checksum = 0x00
         WHERE file_name = N'views/vw_Quarantine.sql'";
    // As if its text had been another one: the present text serves the tests that follow.
    h.execute(
        "UPDATE {processing_install_file} SET file_checksum = definition_checksum
         WHERE file_name = N'views/vw_Quarantine.sql'",
    );
    h.execute(recorded);
    let findings = found(h, &[(2, "object changed by hand")]);
    assert_eq!(findings[0].detail, "vw_Quarantine");
    h.execute(
        "UPDATE {processing_install_file} SET definition_checksum = file_checksum
         WHERE file_name = N'views/vw_Quarantine.sql'",
    );
    found(h, &[]);
}

fn what_agent_says_is_told(h: &SqlServerHarness) {
    h.prepare(1);
    h.database().execute(&h.own(
        "CREATE VIEW pipeline.vw_AgentJobs
         AS
         SELECT N'xmlshred - Reaper' AS job_name, N'is disabled' AS problem, N'enable it' AS fix
         UNION ALL
         SELECT N'xmlshred - Purge' AS job_name, NULL AS problem, NULL AS fix;",
    ));
    let findings = found(h, &[(2, "Agent job")]);
    assert_eq!(findings[0].detail, "xmlshred - Reaper: is disabled");
    h.database().execute(&h.own("DROP VIEW pipeline.vw_AgentJobs;"));
    found(h, &[]);
}

fn a_pause_is_found_and_resumed(h: &SqlServerHarness) {
    h.prepare(1);
    h.connect().pause("storage is being moved", "Anna").expect("pause");
    let findings = found(h, &[(2, "claiming is paused")]);
    assert!(findings[0].detail.ends_with("by Anna: storage is being moved"), "{findings:?}");
    fix(h, &findings[0]);
}

fn every_query_of_the_documentation_runs(h: &SqlServerHarness) {
    let contract = h.prepare(6);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(6);
    let outcomes: Vec<_> = batch.apps.iter().map(success).collect();
    worker.complete(&contract, batch.token, &outcomes);
    show(h, "healthy");
    let unhealthy = SqlServerHarness::fresh();
    situation(&unhealthy);
    unhealthy.execute(
        "UPDATE {processing_claim}
         SET lease_expires_at_utc = DATEADD(HOUR, -1, claimed_at_utc)",
    );
    show(&unhealthy, "unhealthy");
    unhealthy.leave();
}

/// Runs the queries on monitoring and holds their grids to the page.
fn show(h: &SqlServerHarness, situation: &'static str) {
    let page = grid::full_path("docs/operate.md");
    let text = std::fs::read_to_string(&page).expect("the page").replace("\r\n", "\n");
    let blocks = page::blocks(&text, Some("Monitoring"));
    assert!(!blocks.is_empty());
    for Block { text, ordinal, .. } in blocks {
        let place = Place { page: page.clone(), ordinal, situation };
        grid::shown(h.database(), &page::own(&h.database().schema, &text), &place);
    }
}
