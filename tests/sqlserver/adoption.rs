//! The log of an earlier system, taken over: what it finished is not done again.

use xmlshred::demo::generate::CONTRACT;

use crate::babelfish;
use crate::bench::Bench;
use crate::script::batches_of_sqlcmd;

crate::trials! {
    an_earlier_log_is_refused_until_it_is_adopted,
    what_the_earlier_system_finished_is_not_done_again,
    an_adopted_success_is_requeued_only_by_name,
    an_adopted_failure_is_retried_as_the_second_attempt,
    statuses_that_are_not_known_are_listed_before_anything_is_changed,
    a_log_in_another_schema_is_read_and_stays,
    what_is_queued_to_be_done_again_stays_unless_the_log_learned_it,
    a_log_that_cannot_be_adopted_is_refused_with_the_reason,
    the_script_for_sqlcmd_adopts_too,
}

/// The log of the earlier system in this schema, with an index that begins with app_id.
pub fn create_log(bench: &Bench, schema: &str, id_type: &str) {
    bench.database.execute(&format!(
        "CREATE TABLE {schema}.processing_log
         (
             log_id int NOT NULL IDENTITY (1, 1) CONSTRAINT PK_processing_log_log_id PRIMARY KEY,
             app_id {id_type} NULL,
             [status] varchar(20) NULL,
             failure_reason varchar(500) NULL,
             processing_time datetime2(6) NULL
                 CONSTRAINT DF_processing_log_processing_time DEFAULT GETUTCDATE(),
             [session_id] varchar(50) NULL
         );"
    ));
    bench.database.execute(&format!(
        "CREATE INDEX IX_processing_log_app_id ON {schema}.processing_log (app_id);"
    ));
}

/// Applications 1 to 6 of the source and what an earlier system left of them: 1 and 2 successful (2 after it
/// failed, and with a row that is equal in time), 3 failed after it was successful, 4 failed without a reason,
/// 5 and 6 not done, 900 successful without a source row, and one row of nothing.
const ROWS: &str = "
    (1, 'success', NULL, '2024-03-01T10:00:00'),
    (2, 'failed', 'first', '2024-03-01T10:00:00'),
    (2, 'failed', 'second', '2024-03-02T10:00:00'),
    (2, 'Success ', NULL, '2024-03-02T10:00:00'),
    (3, 'failed', 'a bad date', '2024-03-03T10:00:00.123456'),
    (3, 'success', NULL, '2024-03-02T10:00:00'),
    (4, 'failed', NULL, NULL),
    (900, 'success', NULL, '2024-03-04T10:00:00'),
    (NULL, 'lost', NULL, '2024-03-05T10:00:00')";

fn add_rows(bench: &Bench, schema: &str, rows: &str) {
    bench.database.execute(&format!(
        "INSERT INTO {schema}.processing_log (app_id, [status], failure_reason, processing_time) VALUES {rows};"
    ));
}

/// Six applications, and [`ROWS`] in the log with the name of ours.
fn bench_of(id_type: &str) -> Bench {
    let bench = Bench::with_apps(6);
    let schema = &bench.database.schema;
    bench.execute(&format!("CREATE SCHEMA {schema} AUTHORIZATION dbo;"));
    create_log(&bench, schema, id_type);
    add_rows(&bench, schema, ROWS);
    bench
}

/// Everything in a log, and what it is.
fn all_of(bench: &Bench, log: &str) -> Vec<Vec<Option<String>>> {
    let rows = format!(
        "SELECT log_id, app_id, status, failure_reason, CONVERT(varchar(30), processing_time, 126)
         FROM {log} ORDER BY log_id"
    );
    let id = format!("SELECT OBJECT_ID('{log}')");
    let mut all = bench.database.query(&bench.database.own(&rows));
    all.extend(bench.database.query(&bench.database.own(&id)));
    all
}

/// The imported rows, as `app_id attempt status category reason`.
fn imported(bench: &Bench) -> Vec<String> {
    let rows = bench.database.query(&bench.database.own(
        "SELECT CONCAT(l.app_id, ' ', l.attempt, ' ', l.status, ' ', l.failure_category, ' ', l.failure_reason)
         FROM pipeline.processing_log AS l ORDER BY l.app_id, l.attempt",
    ));
    rows.into_iter().flatten().flatten().map(|row| row.trim_end().to_owned()).collect()
}

/// The name that the log has got.
fn legacy(bench: &Bench) -> String {
    format!("pipeline.{}", bench.value("SELECT legacy_table FROM pipeline.processing_adoption"))
}

fn an_earlier_log_is_refused_until_it_is_adopted() {
    let bench = bench_of("int");
    let before = all_of(&bench, "pipeline.processing_log");
    let (status, said) = bench.fail("install");
    assert_eq!(status, 2, "{said}");
    for way in [
        "install into another schema with --schema",
        "take over the log of an earlier system with --adopt-log",
    ] {
        assert!(said.contains(way), "{said}");
    }
    assert_eq!(all_of(&bench, "pipeline.processing_log"), before);

    let schema = bench.database.schema.clone();
    let said = bench.succeed("install --contract contract.toml --adopt-log");
    let report = said.split_once("is adopted: ").expect("a report").1;
    assert_eq!(
        report,
        "5 applications, of which 2 failed\n  \
         4 rows with status \"failed\": failed\n  \
         4 rows with status \"success\": success\n  \
         3 rows with a later one of the same application\n  \
         1 row without app_id\n  \
         1 application without a source row\n  \
         1 application without processing_time\n"
    );
    assert!(said.contains(&format!("log {schema}.processing_log_legacy_20")), "{said}");
    assert_eq!(
        imported(&bench),
        [
            "1 1 success",
            "2 1 success",
            "3 1 failed adopted a bad date",
            "4 1 failed adopted the earlier log has no reason",
            "900 1 success",
        ]
    );
    let time = "SELECT CONCAT(DATEPART(DAY, processed_at_utc), ' ', DATEPART(MILLISECOND, processed_at_utc))
                FROM pipeline.processing_log WHERE app_id = 3";
    assert_eq!(bench.value(time), "3 123");
    let today = bench
        .value("SELECT YEAR(GETUTCDATE()) * 10000 + MONTH(GETUTCDATE()) * 100 + DAY(GETUTCDATE())");
    assert_eq!(legacy(&bench), format!("pipeline.processing_log_legacy_{today}"));
    assert_eq!(all_of(&bench, &legacy(&bench)), before, "renamed, and nothing else");

    // Again changes nothing, with and without the flag.
    let said = bench.succeed("install --contract contract.toml --adopt-log");
    assert!(!said.contains("adopted"), "{said}");
    assert!(bench.succeed("install").contains("is up to date"));
    assert_eq!(imported(&bench).len(), 5);

    let said = bench.succeed("uninstall --all");
    assert!(
        said.ends_with(
            "the earlier log is [pipeline].[processing_log] again\n"
                .replace("pipeline", &schema)
                .as_str()
        ),
        "{said}"
    );
    assert_eq!(all_of(&bench, "pipeline.processing_log"), before);
    let objects =
        format!("SELECT COUNT(*) FROM sys.tables WHERE schema_id = SCHEMA_ID('{schema}')");
    assert_eq!(bench.number(&objects), 1);
    // And once more from the beginning.
    bench.succeed("install --adopt-log");
    assert_eq!(imported(&bench).len(), 5);
}

fn what_the_earlier_system_finished_is_not_done_again() {
    let bench = bench_of("bigint");
    bench.succeed("install --contract contract.toml --adopt-log");
    for enqueue in ["enqueue", "enqueue --full", "enqueue --app-id-start 1 --app-id-end 6"] {
        bench.succeed(enqueue);
        assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_queue"), 2, "{enqueue}");
    }
    let queued = "SELECT MIN(app_id) FROM pipeline.processing_queue";
    assert_eq!(bench.number(queued), 5);
    bench.succeed("run --contract contract.toml --fail-on never");
    assert_eq!(bench.number("SELECT COUNT(*) FROM sandbox.app_base WHERE app_id < 5"), 0);
    assert_eq!(
        bench.number("SELECT COUNT(*) FROM pipeline.processing_log WHERE app_id IN (5, 6)"),
        2
    );

    // The explanation names its origin.
    let explained = bench.succeed("explain 1");
    let log = legacy(&bench).replace("pipeline.", &format!("{}.", bench.database.schema));
    for part in
        [&format!("by the earlier system, from its log {log}"), "finished by the earlier system"]
    {
        assert!(explained.contains(part), "{part} is not in\n{explained}");
    }
    assert!(!explained.contains("enqueued") && !explained.contains("claimed"), "{explained}");
    let explained = bench.succeed("explain 3");
    assert!(explained.contains(&format!("{log}: a bad date")), "{explained}");
    assert!(explained.contains("failed (adopted)"), "{explained}");

    // Rows of the earlier system are neither expected nor missed, nor applications without a document.
    bench.execute(
        "SELECT * INTO sandbox.copy FROM sandbox.app_base WHERE app_id = 5;
         UPDATE sandbox.copy SET app_id = 1;
         INSERT INTO sandbox.app_base SELECT * FROM sandbox.copy;",
    );
    let reconciled = bench.database.query(&bench.database.own("EXEC pipeline.usp_Reconcile;"));
    let differing = |row: &&Vec<Option<String>>| {
        row[3].as_deref() != Some("0") || row[4].as_deref() != Some("0")
    };
    assert_eq!(reconciled.iter().filter(differing).count(), 0, "{reconciled:?}");
    assert_eq!(
        reconciled.iter().filter(|row| row[6].as_deref() == Some("1")).count(),
        1,
        "{reconciled:?}"
    );

    // Nothing that only looks or cleans up stumbles over them.
    bench.succeed("status");
    assert_eq!(bench.run("doctor --contract contract.toml").status, 0);
    let failures = "SELECT COUNT(*) FROM pipeline.vw_RecentFailures WHERE failure_category = 'adopted' AND worker_name IS NULL";
    assert_eq!(bench.number(failures), 2);
    let causes = "SELECT applications FROM pipeline.vw_FailureFingerprints WHERE failure_category = 'adopted'";
    assert_eq!(bench.number(causes), 2);
    bench.succeed("export-failed out --category adopted");
    bench.succeed("purge --older-than 0s");
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_log"), 7);
    bench.succeed("purge --older-than 0s --orphans");
    assert_eq!(
        bench.number("SELECT COUNT(*) FROM pipeline.processing_log"),
        6,
        "900 has no source row"
    );
    let stale = bench.database.query(&bench.database.own("EXEC pipeline.usp_DeleteStaleRows;"));
    assert_eq!(stale, Vec::<Vec<_>>::new());
}

/// A contract that replaces rows, which requeueing demands.
fn install_replacing(bench: &Bench) {
    let replacing = CONTRACT.replace("each =", "on_existing = \"replace\"\neach =");
    bench.write("contract.toml", &replacing);
    bench.succeed("install --contract contract.toml");
}

fn an_adopted_success_is_requeued_only_by_name() {
    let bench = bench_of("int");
    bench.succeed("install --contract contract.toml --adopt-log");
    bench.succeed("enqueue");
    bench.succeed("run --contract contract.toml --fail-on never");
    install_replacing(&bench);
    // Neither contract nor document of what the earlier system did is known.
    let selected = |selector: &str| -> Vec<String> {
        let requeue = format!("EXEC pipeline.usp_RequeueApps {selector}, @Execute = 'N';");
        let rows = bench.database.query(&bench.database.own(&requeue));
        rows.into_iter().map(|row| row[0].clone().expect("an id")).collect()
    };
    let hash = bench.value(
        "SELECT contract_hash FROM pipeline.processing_contract WHERE retired_at_utc IS NULL",
    );
    assert_eq!(selected(&format!("@not_by_contract = 0x{hash}")), ["5", "6"]);
    assert_eq!(selected("@changed_document = 'Y'"), Vec::<String>::new());
    assert_eq!(selected("@app_id_start = 1, @app_id_end = 5"), ["1", "2", "3", "4", "5"]);
    bench.succeed("requeue --app-id 1 --contract contract.toml");
    bench.succeed("run --contract contract.toml --fail-on never");
    let attempt = "SELECT attempt FROM pipeline.processing_log WHERE app_id = 1 AND is_latest = 1";
    assert_eq!(bench.number(attempt), 2);
}

fn an_adopted_failure_is_retried_as_the_second_attempt() {
    let bench = bench_of("int");
    bench.succeed("install --contract contract.toml --adopt-log");
    bench.succeed("retry --category adopted");
    assert_eq!(bench.number("SELECT MIN(attempts) + COUNT(*) FROM pipeline.processing_queue"), 3);
    bench.succeed("run --contract contract.toml --fail-on never");
    let attempts = bench.database.query(&bench.database.own(
        "SELECT CONCAT(app_id, ' ', attempt, ' ', is_latest) FROM pipeline.processing_log
         WHERE app_id IN (3, 4) ORDER BY app_id, attempt",
    ));
    let attempts: Vec<String> = attempts.into_iter().flatten().flatten().collect();
    assert_eq!(attempts, ["3 1 0", "3 2 1", "4 1 0", "4 2 1"]);
    let explained = bench.succeed("explain 3");
    for part in ["by the earlier system", "requeued", "enqueued", "claimed"] {
        assert!(explained.contains(part), "{part} is not in\n{explained}");
    }
    // Where an outcome came from is kept.
    bench.succeed("purge --older-than 0s");
    assert_eq!(
        bench.number("SELECT COUNT(*) FROM pipeline.processing_log WHERE app_id IN (3, 4)"),
        4
    );
}

fn statuses_that_are_not_known_are_listed_before_anything_is_changed() {
    let bench = bench_of("int");
    add_rows(
        &bench,
        &bench.database.schema,
        "(5, 'Done', NULL, '2024-03-04T10:00:00'), (5, 'running', NULL, '2024-03-05T10:00:00'),
         (6, 'running', NULL, '2024-03-05T10:00:00'), (7, NULL, NULL, '2024-03-05T10:00:00'),
         (8, 'rejected=2', 'no', '2024-03-05T10:00:00')",
    );
    let before = all_of(&bench, "pipeline.processing_log");
    let (status, said) = bench.fail("install --adopt-log");
    assert_eq!(status, 2, "{said}");
    for part in [
        "\"\" in 1 row",
        "\"done\" in 1 row",
        "\"running\" in 2 rows",
        "\"rejected=2\" in 1 row",
        "--adopt-status",
        "(50044)",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    assert_eq!(all_of(&bench, "pipeline.processing_log"), before);
    for wrong in ["done", "done=finished"] {
        let (status, said) = bench.fail(&format!("install --adopt-log --adopt-status {wrong}"));
        assert_eq!(status, 2, "{said}");
        assert!(said.contains("is not STATUS=OUTCOME"), "{said}");
    }
    let said = bench.succeed(
        "install --adopt-log --adopt-status DONE=success --adopt-status running=ignore --adopt-status =failed \
         --adopt-status rejected=2=failed",
    );
    for part in [
        "8 applications, of which 4 failed",
        "2 rows with status \"running\": ignore",
        "2 rows with an ignored status",
        "1 application with no other row, not imported",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    let imported = imported(&bench);
    for row in
        ["5 1 success", "7 1 failed adopted the earlier log has no reason", "8 1 failed adopted no"]
    {
        assert!(imported.contains(&row.to_owned()), "{imported:?}");
    }
    bench.succeed("enqueue");
    assert_eq!(
        bench.number("SELECT SUM(app_id) FROM pipeline.processing_queue"),
        6,
        "and it alone"
    );
}

fn a_log_in_another_schema_is_read_and_stays() {
    let bench = Bench::with_apps(6);
    create_log(&bench, "sandbox", "int");
    add_rows(&bench, "sandbox", ROWS);
    let before = all_of(&bench, "sandbox.processing_log");
    let said = bench.succeed("install --contract contract.toml --adopt-log sandbox.processing_log");
    assert!(said.contains("log sandbox.processing_log is adopted: 5 applications"), "{said}");
    assert_eq!(all_of(&bench, "sandbox.processing_log"), before);
    assert!(bench.succeed("explain 1").contains("from its log sandbox.processing_log"));
    let (_, said) = bench.fail("install --adopt-log dbo.app_xml");
    assert!(said.contains("another log is adopted already, sandbox.processing_log"), "{said}");
    let said = bench.succeed("uninstall --all");
    assert!(!said.contains("again"), "{said}");
    assert_eq!(all_of(&bench, "sandbox.processing_log"), before);
}

fn what_is_queued_to_be_done_again_stays_unless_the_log_learned_it() {
    let bench = Bench::with_apps(6);
    create_log(&bench, "sandbox", "int");
    add_rows(&bench, "sandbox", ROWS);
    bench.succeed("install --contract contract.toml --adopt-log sandbox.processing_log");
    install_replacing(&bench);
    bench.succeed("enqueue");
    bench.succeed("requeue --app-id 1 --contract contract.toml");
    bench.succeed("retry --category adopted");
    let queued = || -> Vec<String> {
        let ids = "SELECT app_id FROM pipeline.processing_queue ORDER BY app_id";
        bench.database.query(&bench.database.own(ids)).into_iter().flatten().flatten().collect()
    };
    assert_eq!(queued(), ["1", "3", "4", "5", "6"]);
    // The earlier system repaired 3 and did 5.
    add_rows(
        &bench,
        "sandbox",
        "(3, 'success', NULL, '2024-04-01T10:00:00'), (5, 'success', NULL, '2024-04-01T10:00:00')",
    );
    bench.execute("EXEC pipeline.usp_AdoptLog @again = 'Y';");
    assert_eq!(queued(), ["1", "4", "6"]);
    assert_eq!(imported(&bench)[2], "3 1 success");
}

fn a_log_that_cannot_be_adopted_is_refused_with_the_reason() {
    let bench = Bench::with_apps(1);
    bench.database.execute("CREATE TABLE sandbox.history (app_id varchar(10), state varchar(10));");
    for (log, reasons) in [
        ("", &["there is no such table", "name the log with --adopt-log SCHEMA.TABLE (50043)"][..]),
        ("sandbox.nothing", &["there is no such table"]),
        (
            "sandbox.history",
            &[
                "its app_id is not bigint, int, smallint or tinyint",
                "it has no column status",
                "it has no column processing_time",
                "CREATE INDEX IX_history_app_id ON [sandbox].[history] (app_id)",
            ],
        ),
        ("history", &["\"history\" is not SCHEMA.TABLE"]),
    ] {
        let (status, said) = bench.fail(&format!("install --adopt-log {log}"));
        assert_eq!(status, 2, "{said}");
        for reason in reasons {
            assert!(said.contains(reason), "{reason} is not in\n{said}");
        }
    }
    let made = format!("SELECT SCHEMA_ID('{}')", bench.database.schema);
    assert_eq!(bench.value(&made), "null");

    // A pipeline that is at work already.
    bench.succeed("install --contract contract.toml");
    bench.succeed("enqueue");
    create_log(&bench, "sandbox", "int");
    let (_, said) = bench.fail("install --adopt-log sandbox.processing_log");
    assert!(said.contains("applications are already in the queue or the log"), "{said}");
    let (_, said) = bench.fail("install --adopt-log");
    assert!(said.contains("it is the log of this pipeline"), "{said}");

    let (status, said) = bench.fail("install --store sqlite:a.db --adopt-log");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("--adopt-log takes over a log in SQL Server"), "{said}");
}

fn the_script_for_sqlcmd_adopts_too() {
    let bench = bench_of("int");
    add_rows(&bench, &bench.database.schema, "(6, 'done', NULL, '2024-03-05T10:00:00')");
    let script = bench.succeed("install --script --adopt-log --adopt-status done=success");
    for batch in batches_of_sqlcmd(&script, &bench.database.schema) {
        let batches = match crate::program::is_babelfish() {
            true => babelfish::installation(&batch),
            false => vec![batch],
        };
        batches.iter().for_each(|batch| bench.database.execute(batch));
    }
    assert_eq!(imported(&bench).len(), 6);
    assert!(bench.succeed("install").contains("is up to date"));
    bench.succeed("enqueue");
    assert_eq!(bench.number("SELECT SUM(app_id) FROM pipeline.processing_queue"), 5);
}
