//! What `usp_HealthCheck` says about itself and its surroundings: permissions, locks, maintenance, mail.

use crate::database::Sql;
use crate::harness::SqlServerHarness;
use crate::monitoring::{found, found_where, found_where_called};
use crate::store::harness::Harness;
use xmlshred::store::sqlserver::install::{Generated, Kind, FILES, GENERATED};
use xmlshred::store::{EnqueueMode, Enqueued};

type Test = fn(&SqlServerHarness);

pub const TESTS: &[(&str, Test)] = &[
    ("what_the_caller_may_not_see_is_not_called_missing", what_the_caller_may_not_see),
    ("a_hidden_target_table_is_not_called_missing", a_hidden_target_table),
    ("agent_s_jobs_that_cannot_be_read_stop_no_check", agent_s_jobs_that_cannot_be_read),
    ("page_locks_and_escalation_are_found", page_locks_and_escalation),
    ("a_claim_index_of_another_name_is_missing", a_claim_index_of_another_name),
    ("what_a_contract_generates_is_fixed_with_the_contract", what_a_contract_generates),
    ("a_lock_that_is_held_too_long_is_a_finding", a_lock_that_is_held_too_long),
    ("a_lock_timeout_keeps_what_was_found_before", a_lock_timeout_keeps),
    ("an_enqueue_that_hangs_is_named", an_enqueue_that_hangs),
    ("applications_that_new_missed_are_found", applications_that_new_missed),
    ("findings_are_kept_in_a_table", findings_are_kept),
    ("findings_are_sent_by_mail", findings_are_sent),
];

const SEES: &str = "HAS_PERMS_BY_NAME(N'[$(Schema)]', N'SCHEMA', N'VIEW DEFINITION')";

fn names(findings: &[[String; 4]]) -> Vec<(&str, &str)> {
    findings.iter().map(|f| (f[0].as_str(), f[1].as_str())).collect()
}

fn what_the_caller_may_not_see(h: &SqlServerHarness) {
    h.prepare(1);
    // To a caller without permissions no object is there.
    let hidden = "FROM (SELECT * FROM sys.indexes WHERE 1 = 0) AS i";
    let catalog = ("FROM sys.indexes AS i", hidden);
    let seen = found_where(h, &[catalog]);
    assert!(!seen.is_empty(), "it is looked at");
    assert_eq!(names(&seen), vec![("1", "index missing"); seen.len()]);
    let findings = found_where(h, &[catalog, (SEES, "0")]);
    assert_eq!(names(&findings), [("3", "cannot look")], "{findings:?}");
    assert!(findings[0][3].starts_with("GRANT VIEW DEFINITION ON SCHEMA::"), "{findings:?}");
}

fn a_hidden_target_table(h: &SqlServerHarness) {
    h.prepare(1);
    h.execute("DROP TABLE {app_contact}");
    let permission = "HAS_PERMS_BY_NAME(QUOTENAME(t.schema_name), N'SCHEMA', N'VIEW DEFINITION')";
    let findings = found_where(h, &[(permission, "0")]);
    assert_eq!(names(&findings), [("3", "cannot look")]);
    assert!(
        findings[0][2].ends_with("hidden from this login: sandbox.app_contact"),
        "{findings:?}"
    );
}

fn agent_s_jobs_that_cannot_be_read(h: &SqlServerHarness) {
    h.prepare(1);
    h.connect().pause("storage is being moved", "Anna").expect("pause");
    h.database().execute(&h.own(
        "CREATE VIEW pipeline.vw_AgentJobs
         AS
         SELECT N'job' AS job_name, N'x' AS problem, N'y' AS fix
         FROM (VALUES (0)) AS v(zero) WHERE 1 / v.zero = 1;",
    ));
    let findings = h.connect().health_check();
    // As the Health job calls it.
    let job = "CREATE TABLE #reported
         (
             priority tinyint, finding nvarchar(60), detail nvarchar(1000), why nvarchar(400),
             fix nvarchar(1000), docs_page nvarchar(100)
         );
         INSERT INTO #reported (priority, finding, detail, why, fix, docs_page)
         EXEC pipeline.usp_HealthCheck;
         SELECT r.finding FROM #reported AS r ORDER BY r.priority;";
    let reported = h.database().with(|sql| sql.try_query(&h.own(job)));
    h.database().execute(&h.own("DROP VIEW pipeline.vw_AgentJobs;"));
    let findings = findings.expect("findings");
    let told: Vec<_> = findings.iter().map(|f| (f.priority, f.finding.as_str())).collect();
    assert_eq!(told, [(2, "claiming is paused"), (3, "cannot look")]);
    assert!(findings[1].detail.starts_with("at the jobs of SQL Server Agent: error "));
    let reported: Vec<_> =
        reported.expect("the job's step").into_iter().flatten().flatten().collect();
    assert_eq!(reported, ["claiming is paused", "cannot look"]);
}

fn page_locks_and_escalation(h: &SqlServerHarness) {
    h.prepare(1);
    let locks = ("i.allow_page_locks = 1", "i.is_primary_key = 1 AND t.name = N'processing_claim'");
    let escalation = ("t.lock_escalation_desc <> N'DISABLE'", "t.name = N'processing_queue'");
    let findings = found_where(h, &[locks, escalation]);
    let expected = [("2", "lock escalation allowed"), ("2", "page locks allowed")];
    assert_eq!(names(&findings), expected, "{findings:?}");
    let schema = &h.database().schema;
    let escalation =
        format!("ALTER TABLE [{schema}].processing_queue SET (LOCK_ESCALATION = DISABLE);");
    assert_eq!(findings[0][3], escalation);
    let end = format!(" ON [{schema}].processing_claim SET (ALLOW_PAGE_LOCKS = OFF);");
    assert!(findings[1][3].ends_with(&end), "{findings:?}");
}

fn a_claim_index_of_another_name(h: &SqlServerHarness) {
    h.prepare(1);
    let rename = |index: &str, table: &str, new: &str, keys: &str| {
        h.database().execute(&h.own(&format!(
            "DROP INDEX {index} ON pipeline.{table};
             CREATE INDEX {new} ON pipeline.{table} ({keys});"
        )));
    };
    rename("IX_processing_event_app", "processing_event", "IX_by_hand", "app_id");
    found(h, &[]);
    rename("IX_by_hand", "processing_event", "IX_processing_event_app", "app_id");
    let keys = "state, claim_token, reaps, app_id";
    rename("IX_processing_queue_claim", "processing_queue", "IX_by_hand", keys);
    let findings = found(h, &[(1, "index missing")]);
    h.database().execute(&h.own("DROP INDEX IX_by_hand ON pipeline.processing_queue;"));
    h.database().execute(&findings[0].fix);
    found(h, &[]);
}

/// As if every object had another text.
fn what_a_contract_generates(h: &SqlServerHarness) {
    h.prepare(1);
    let compared = "f.definition_checksum <> CONVERT";
    let mut findings = found_where(h, &[(compared, "f.definition_checksum = CONVERT")]);
    findings.retain(|finding| finding[1] == "object changed by hand");
    let mut generated = Vec::new();
    for [_, _, object, fix] in &findings {
        match GENERATED.iter().any(|known| known.object == object) {
            true => generated.push((object.as_str(), fix.as_str())),
            false => assert_eq!(fix, "xmlshred install", "{object}"),
        }
    }
    let with_contract = |known: &Generated| (known.object, "xmlshred install --contract FILE");
    generated.sort_unstable();
    let mut expected: Vec<_> = GENERATED.iter().map(with_contract).collect();
    expected.sort_unstable();
    assert_eq!(generated, expected);
    let modules = FILES.iter().filter(|file| matches!(file.kind(), Kind::Module(_))).count();
    assert_eq!(findings.len(), modules + GENERATED.len(), "every object was found");
}

fn a_lock_that_is_held_too_long(h: &SqlServerHarness) {
    h.prepare(1);
    h.connect().pause("storage is being moved", "Anna").expect("pause");
    let mut other = Sql::connect(&h.database().name);
    other.execute(&h.own("BEGIN TRANSACTION; TRUNCATE TABLE pipeline.processing_throughput;"));
    let findings = h.connect().health_check();
    other.execute("ROLLBACK TRANSACTION;");
    let findings = findings.expect("findings");
    let told: Vec<_> = findings.iter().map(|f| (f.priority, f.finding.as_str())).collect();
    assert_eq!(told, [(2, "claiming is paused"), (2, "locked")]);
}

/// Another error takes the place of the lock timeout.
fn a_lock_timeout_keeps(h: &SqlServerHarness) {
    h.prepare(1);
    h.connect().pause("storage is being moved", "Anna").expect("pause");
    let end = "    END TRY\n    BEGIN CATCH\n        IF ERROR_NUMBER() <> 1222";
    let thrown = "        THROW 51222, N'as if a lock was held', 1;\n    END TRY
    BEGIN CATCH\n        IF ERROR_NUMBER() <> 51222";
    let findings = found_where(h, &[(end, thrown)]);
    assert_eq!(names(&findings), [("2", "claiming is paused"), ("2", "locked")]);
}

fn an_enqueue_that_hangs(h: &SqlServerHarness) {
    h.prepare(1);
    h.put_documents(2);
    h.execute("UPDATE {processing_watermark} SET moved_at_utc = DATEADD(DAY, -2, moved_at_utc)");
    let findings = found(h, &[(2, "source rows not enqueued")]);
    assert!(!findings[0].detail.contains("another one runs"), "{findings:?}");
    let mut other = Sql::connect(&h.database().name);
    other.execute(&format!(
        "BEGIN TRANSACTION;
         EXEC sp_getapplock @Resource = N'xmlshred {} enqueue', @LockMode = 'Exclusive',
             @LockOwner = 'Transaction', @LockTimeout = 0;",
        h.database().schema
    ));
    let findings = h.connect().health_check();
    other.execute("ROLLBACK TRANSACTION;");
    let findings = findings.expect("findings");
    assert!(findings[0].detail.ends_with("; another one runs or hangs"), "{findings:?}");
}

fn applications_that_new_missed(h: &SqlServerHarness) {
    h.prepare(1);
    h.execute("UPDATE {processing_watermark} SET app_id = 1000000");
    h.put_documents(3);
    let mut store = h.connect();
    assert_eq!(store.enqueue_apps(EnqueueMode::New).expect("enqueue"), Enqueued::Added(0));
    found(h, &[]);
    assert_eq!(store.enqueue_apps(EnqueueMode::Full).expect("enqueue"), Enqueued::Added(2));
    let findings = found(h, &[(2, "applications missed by new")]);
    assert!(findings[0].detail.ends_with(" UTC found 2"), "{findings:?}");
    store.enqueue_apps(EnqueueMode::Full).expect("enqueue");
    found(h, &[]);
}

fn findings_are_kept(h: &SqlServerHarness) {
    h.prepare(1);
    h.connect().pause("storage is being moved", "Anna").expect("pause");
    let check = "EXEC pipeline.usp_HealthCheck @OutputSchemaName = N'sandbox',
             @OutputTableName = N'kept findings';";
    let kept = "SELECT finding, CASE WHEN checked_at_utc > '2020-01-01' THEN 1 END
         FROM sandbox.[kept findings]";
    for times in 1..=2 {
        h.ask(check);
        let expected = ["claiming is paused", "1"].map(|text| Some(text.to_owned()));
        assert_eq!(h.ask(kept), vec![expected.to_vec(); times]);
    }
    h.database().execute("DROP TABLE sandbox.[kept findings];");
}

fn findings_are_sent(h: &SqlServerHarness) {
    h.prepare(1);
    h.database().execute(&h.own(
        "CREATE TABLE pipeline.mail (recipients nvarchar(400), subject nvarchar(255), body nvarchar(max));",
    ));
    h.database().execute(&h.own(
        "CREATE PROCEDURE pipeline.sp_send_dbmail
             @profile_name nvarchar(128), @recipients nvarchar(max), @subject nvarchar(255),
             @body nvarchar(max), @body_format varchar(20)
         AS
         INSERT INTO pipeline.mail (recipients, subject, body) VALUES (@recipients, @subject, @body);",
    ));
    let stand_in = [("[msdb].[dbo].[sp_send_dbmail]", "[$(Schema)].[sp_send_dbmail]")];
    let send = "@EmailRecipients = N'dba@contoso.com'";
    assert_eq!(found_where_called(h, &stand_in, send), Vec::<[String; 4]>::new());
    let sent = "SELECT recipients, subject, body FROM pipeline.mail";
    assert_eq!(h.ask(sent), Vec::<Vec<Option<String>>>::new(), "no mail that says nothing");
    h.connect().pause("a < b", "Anna").expect("pause");
    found_where_called(h, &stand_in, send);
    let mail = h.ask(sent);
    h.database().execute(&h.own("DROP PROCEDURE pipeline.sp_send_dbmail;"));
    h.database().execute(&h.own("DROP TABLE pipeline.mail;"));
    assert_eq!(mail.len(), 1);
    let text: Vec<_> = mail[0].iter().map(|cell| cell.as_deref().unwrap_or_default()).collect();
    assert_eq!(text[0], "dba@contoso.com");
    assert!(text[1].ends_with(": 1 findings, 0 urgent"), "{text:?}");
    assert!(text[2].starts_with("<p>2 claiming is paused: since "), "{text:?}");
    assert!(text[2].contains("a &lt; b"), "{text:?}");
}
