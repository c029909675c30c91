//! The source table: what installing and enqueueing need of it.

use std::sync::mpsc::{channel, RecvTimeoutError};
use std::time::Duration;

use xmlshred::id::AppId;
use xmlshred::store::{EnqueueMode, Enqueued};

use crate::bench::Bench;
use crate::database::Sql;
use crate::harness::SqlServerHarness;
use crate::store::harness::Harness;

crate::trials! {
    a_source_without_a_unique_index_is_refused_with_the_statement,
    a_document_of_a_deprecated_type_is_refused_with_the_statement,
    an_id_that_is_no_integer_is_refused,
    a_database_of_an_old_compatibility_level_is_refused_first,
    a_target_table_without_an_index_is_a_warning,
    what_a_new_run_has_missed_is_found_and_counted_by_a_full_one,
    a_source_row_that_is_not_committed_is_waited_for,
    a_source_is_read_under_the_names_that_it_has,
    an_enqueue_that_waits_makes_others_busy_and_leaves_no_lock,
}

const LOAN: &str = r#"
[contract]
name = "loans"
target_schema = "dbo"

[document]
root = "Loan"
key = "/Loan/@id"

[[tables]]
name = "loan"
each = "/Loan"
on_existing = "replace"
primary_key = ["app_id"]
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
amount = { type = "int", value = "@amount", required = true }
"#;

/// Replaces the source table by one with these columns.
fn create_source(bench: &Bench, columns: &str) {
    bench.database.execute("DROP TABLE dbo.app_xml;");
    bench.database.execute(&format!("CREATE TABLE dbo.app_xml ({columns});"));
}

fn a_source_without_a_unique_index_is_refused_with_the_statement() {
    let bench = Bench::with_apps(0);
    create_source(&bench, "app_id bigint NOT NULL, version int NOT NULL, xml xml NULL");
    let refused = || {
        let (status, said) = bench.fail("install");
        assert_eq!(status, 2, "{said}");
        assert!(said.contains("has no unique, enabled and unfiltered index on app_id"), "{said}");
        said
    };
    let said = refused();
    for index in [
        "CREATE INDEX plain ON dbo.app_xml (app_id);",
        "CREATE UNIQUE INDEX of_a_version ON dbo.app_xml (app_id, version);",
        "CREATE UNIQUE INDEX of_another ON dbo.app_xml (version, app_id);",
    ] {
        bench.database.execute(index);
        refused();
    }
    assert_eq!(bench.value("SELECT OBJECT_ID('pipeline.processing_queue')"), "null");

    let statement = said.rsplit("create it with ").next().expect("a statement");
    bench.database.execute(statement.split(" (50030)").next().expect("its text"));
    bench.succeed("install --contract contract.toml");
    bench.database.execute("DROP INDEX [UX_app_xml_app_id] ON dbo.app_xml;");
    let doctor = bench.run("doctor --contract contract.toml");
    assert_eq!(doctor.status, 4, "{doctor:?}");
    assert!(doctor.stdout.contains("CREATE UNIQUE INDEX [UX_app_xml_app_id]"), "{doctor:?}");
}

fn a_document_of_a_deprecated_type_is_refused_with_the_statement() {
    let bench = Bench::with_apps(0);
    for (deprecated, statement) in [
        ("ntext", "ALTER TABLE [dbo].[app_xml] ALTER COLUMN [xml] nvarchar(max)"),
        ("text", "ALTER TABLE [dbo].[app_xml] ALTER COLUMN [xml] varchar(max)"),
        ("image", "ALTER TABLE [dbo].[app_xml] ALTER COLUMN [xml] varbinary(max)"),
    ] {
        create_source(&bench, &format!("app_id int NOT NULL PRIMARY KEY, xml {deprecated} NULL"));
        let (status, said) = bench.fail("install");
        assert_eq!(status, 2, "{said}");
        assert!(said.contains(&format!("the deprecated type {deprecated}")), "{said}");
        assert!(said.contains(statement), "{said}");
    }
}

/// Every procedure and view that reads the source reads these columns.
fn a_source_is_read_under_the_names_that_it_has() {
    let bench = Bench::with_apps(0);
    bench.database.execute("DROP TABLE dbo.app_xml;");
    bench.database.execute(
        "CREATE TABLE dbo.app_xml_staging (document_no int NOT NULL PRIMARY KEY, app_XML varchar(max) NOT NULL);",
    );
    for app_id in 1..=3 {
        let amount = if app_id == 3 { "many" } else { "10" };
        bench.database.execute(&format!(
            "INSERT INTO dbo.app_xml_staging (document_no, app_XML)
             VALUES ({app_id}, '<Loan id=\"{app_id}\" amount=\"{amount}\"/>');"
        ));
    }
    let settings = "source_table = \"dbo.app_xml_staging\"\n\
                    source_id_column = \"document_no\"\nsource_document_column = \"app_XML\"\n";
    bench.write("xmlshred.toml", settings);
    bench.write("contract.toml", LOAN);

    let (_, said) = bench.fail("install --source-id-column id --contract contract.toml");
    assert!(said.contains("its column id or app_XML does not exist"), "{said}");
    bench.succeed("install --contract contract.toml");
    let not_enqueued =
        "SELECT applications FROM pipeline.vw_QueueStatus WHERE state = 'not_enqueued'";
    assert_eq!(bench.value(not_enqueued), "3");
    bench.succeed("enqueue");
    assert_eq!(bench.value(not_enqueued), "0");
    let first = bench.run("run --contract contract.toml");
    assert_eq!(first.status, 1, "application 3 fails: {first:?}");
    assert_eq!(bench.value("SELECT COUNT(*) FROM dbo.loan"), "2");

    // Both documents get a new amount; only the one that was changed is done again.
    bench.database.execute(
        "UPDATE dbo.app_xml_staging SET app_XML = REPLACE(REPLACE(app_XML, 'many', '12'), '10', '11')
         WHERE document_no <> 1;",
    );
    bench.succeed("retry --app-id 3");
    bench.succeed("requeue --changed --contract contract.toml");
    bench.succeed("run --contract contract.toml");
    assert_eq!(bench.value("SELECT SUM(amount) FROM dbo.loan"), "33");
    let missing = "SELECT difference FROM pipeline.vw_Reconciliation WHERE subject = 'source rows'";
    assert_eq!(bench.value(missing), "0");
    let (status, said) = bench.fail("erase 3 --execute --contract contract.toml");
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("still in [dbo].[app_xml_staging]: delete it there first"), "{said}");
    bench.database.execute("DELETE FROM dbo.app_xml_staging WHERE document_no = 3;");
    bench.succeed("erase 3 --execute --contract contract.toml");
    assert_eq!(bench.value("SELECT SUM(amount) FROM dbo.loan"), "21");
    assert!(bench.succeed("explain 4").contains("not in the source table"));
}

fn an_id_that_is_no_integer_is_refused() {
    let bench = Bench::with_apps(0);
    create_source(&bench, "app_id varchar(20) NOT NULL PRIMARY KEY, xml xml NULL");
    let (status, said) = bench.fail("install");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("a column app_id of type varchar"), "{said}");
}

/// The server's level cannot be changed everywhere, so the script's bound is.
fn a_database_of_an_old_compatibility_level_is_refused_first() {
    let bench = Bench::with_apps(0);
    let script = bench.succeed("install --dry-run");
    let level = "IF @level < 110";
    let begin = script.split("\nGO\n").find(|batch| batch.contains(level)).expect("the check");
    let begin = begin.split(":on error exit").last().expect("T-SQL");
    let at_any_level = begin.replace(level, "IF @level < 1000");
    let error = bench.database.with(|sql| sql.try_query(&at_any_level)).expect_err("refused");
    assert!(error.to_string().contains("compatibility level"), "{error}");
    assert_eq!(bench.value("SELECT @@TRANCOUNT"), "0");
}

fn a_target_table_without_an_index_is_a_warning() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let well = bench.run("doctor --contract contract.toml").stdout;
    assert!(!well.contains("CREATE INDEX"), "{well}");
    bench.execute("DROP INDEX [IX_app_contact_app_id] ON sandbox.app_contact;");
    for command in ["doctor --contract contract.toml", "install --contract contract.toml"] {
        let said = bench.run(command);
        assert_eq!(said.status, 0, "{said:?}");
        let all = said.stdout + &said.stderr;
        assert!(all.contains("CREATE INDEX [IX_app_contact_app_id]"), "{command}: {all}");
    }
}

fn added(harness: &SqlServerHarness, mode: EnqueueMode) -> u64 {
    match harness.connect().enqueue_apps(mode).expect("enqueue") {
        Enqueued::Added(apps) => apps,
        Enqueued::Busy => panic!("busy"),
    }
}

fn insert(app_id: i64) -> String {
    format!("INSERT INTO dbo.app_xml (app_id, xml) VALUES ({app_id}, NULL);")
}

/// Another session, in a transaction that has inserted a source row.
fn inserting(harness: &SqlServerHarness, app_id: i64) -> Sql {
    let mut other = Sql::connect(&harness.database().name);
    other.execute(&format!("BEGIN TRANSACTION; {}", insert(app_id)));
    other
}

fn what_a_new_run_has_missed_is_found_and_counted_by_a_full_one() {
    let harness = SqlServerHarness::fresh();
    let database = harness.database();
    let missed = || {
        let sql = "SELECT full_apps_missed FROM pipeline.processing_watermark;";
        database.query(&database.own(sql))[0][0].clone()
    };
    database.execute(&insert(2_000_000));
    assert_eq!(added(&harness, EnqueueMode::New), 1);
    assert_eq!(missed(), None);
    // Far below what a new run reads again.
    let mut other = inserting(&harness, 1);
    database.execute(&insert(2_000_001));
    assert_eq!(added(&harness, EnqueueMode::New), 1);
    other.execute("COMMIT TRANSACTION;");
    // What new would have found is not counted.
    database.execute(&insert(2_000_002));
    database.execute(&insert(1_999_999));
    assert_eq!(added(&harness, EnqueueMode::Full), 3);
    assert_eq!(missed().as_deref(), Some("1"));
    assert_eq!(added(&harness, EnqueueMode::New), 0);
    assert_eq!(missed().as_deref(), Some("1"));
    assert_eq!(added(&harness, EnqueueMode::Full), 0);
    assert_eq!(missed().as_deref(), Some("0"));
    harness.assert_invariants();
    harness.leave();
}

fn a_source_row_that_is_not_committed_is_waited_for() {
    let harness = SqlServerHarness::fresh();
    let mut other = inserting(&harness, 1);
    harness.database().execute(&insert(2_000_000));
    std::thread::scope(|scope| {
        let (answer, answered) = channel();
        let mut store = harness.connect();
        scope.spawn(move || answer.send(store.enqueue_apps(EnqueueMode::New)));
        // Any answer before the commit is wrong.
        let early = answered.recv_timeout(Duration::from_millis(700));
        other.execute("COMMIT TRANSACTION;");
        assert!(matches!(early, Err(RecvTimeoutError::Timeout)), "{early:?}");
        let enqueued = answered.recv().expect("an answer").expect("enqueue");
        assert_eq!(enqueued, Enqueued::Added(2));
    });
    harness.leave();
}

fn an_enqueue_that_waits_makes_others_busy_and_leaves_no_lock() {
    let harness = SqlServerHarness::fresh();
    harness.put_documents(2);
    let mut other = Sql::connect(&harness.database().name);
    // The key is taken: an enqueue waits for it, with the enqueue lock.
    other.execute(&harness.own(
        "BEGIN TRANSACTION;
         INSERT INTO pipeline.processing_queue
             (app_id, state, attempts, reaps, lone_reaps, document_bytes, enqueued_at_utc)
         VALUES (1, 0, 0, 0, 0, 0, SYSUTCDATETIME());",
    ));
    std::thread::scope(|scope| {
        // It may find the enqueue lock taken by the third before it waits itself.
        let waiting = scope.spawn(|| loop {
            match harness.connect().enqueue_apps(EnqueueMode::New).expect("enqueue") {
                Enqueued::Added(apps) => return apps,
                Enqueued::Busy => {}
            }
        });
        let mut third = harness.connect();
        let nothing = EnqueueMode::Range { start: AppId(3), end: AppId(3) };
        while third.enqueue_apps(nothing).expect("enqueue") != Enqueued::Busy {
            assert!(!waiting.is_finished(), "it did not wait");
        }
        other.execute("ROLLBACK TRANSACTION;");
        assert_eq!(waiting.join().expect("the enqueue"), 2);
    });
    assert_eq!(added(&harness, EnqueueMode::Full), 0);
    harness.leave();
}
