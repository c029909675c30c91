//! The sums by which status and views answer: right whichever program writes, and enough without a count.

use rusqlite::{Connection, StatementStatus};
use xmlshred::store::sqlite::SqliteStore;
use xmlshred::store::{ReportQuery, Store};

use super::upgrading::{declared, make};
use super::{connection, SqliteHarness};
use crate::store::harness::{success, Harness, Worker};
use crate::store::invariants::violations;

/// What the sums of queue and documents are, and what is found.
const SUMS: &str = "
    SELECT e.documents || ' ' || e.orphans || ' ' || o.applications || ' ' || o.document_bytes,
           (SELECT count(*) FROM app_xml) || ' ' ||
           (SELECT count(*)
            FROM (SELECT app_id FROM processing_queue UNION SELECT app_id FROM processing_log) AS k
            WHERE NOT EXISTS (SELECT 1 FROM app_xml AS x WHERE x.app_id = k.app_id)) || ' ' ||
           (SELECT count(*) || ' ' || coalesce(sum(document_bytes), 0) FROM processing_queue)
    FROM processing_enqueue AS e, processing_outcome AS o
    WHERE o.outcome = 'queued'";

/// What any program may do to source, queue and log; `:a` and `:b` are ids.
const CHANGES: [&str; 20] = [
    "INSERT INTO app_xml VALUES (:a, 'a')",
    "INSERT OR REPLACE INTO app_xml VALUES (:a, 'a')",
    "INSERT OR IGNORE INTO app_xml VALUES (:a, 'a')",
    "INSERT OR FAIL INTO app_xml VALUES (:a, 'a'), (:b, 'b')",
    "INSERT INTO app_xml VALUES (:a, 'a') ON CONFLICT (app_id) DO UPDATE SET xml = 'b'",
    "INSERT INTO app_xml (xml) VALUES ('a')",
    "INSERT INTO app_xml VALUES (-1, 'a')",
    "DELETE FROM app_xml WHERE app_id IN (:a, :b)",
    "DELETE FROM app_xml WHERE app_id NOT BETWEEN 1 AND 6",
    "UPDATE app_xml SET app_id = :a WHERE app_id = :b",
    "UPDATE OR REPLACE app_xml SET app_id = :a WHERE app_id = :b",
    "UPDATE OR IGNORE app_xml SET app_id = :a WHERE app_id = :b",
    "INSERT INTO processing_queue VALUES (:a, 0, NULL, 0, 0, 0, :b, 1)",
    "DELETE FROM processing_queue WHERE app_id IN (:a, :b)",
    "UPDATE processing_queue SET document_bytes = :b WHERE app_id = :a",
    "INSERT INTO processing_log VALUES (:a, :b, 1, 'failed', 0, 'bad_value', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
         NULL, NULL, NULL, 's', 't', 0, 0, 0, 0, 0, 0, NULL, NULL, 'c', NULL)",
    "DELETE FROM processing_log WHERE app_id IN (:a, :b)",
    "DELETE FROM processing_log WHERE app_id = :a AND attempt = :b",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA recursive_triggers = OFF",
];

#[test]
fn the_sums_are_right_whatever_a_program_does() {
    let store = SqliteHarness::fresh();
    let program = connection(store.path());
    program.execute_batch("PRAGMA synchronous = OFF").expect("fast");
    let mut state: u64 = 1;
    let mut below = |most: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % most
    };
    let mut done = 0;
    for step in 0..6_000 {
        let change = CHANGES[below(CHANGES.len())];
        let [a, b] = [0; 2].map(|_| (below(6) + 1).to_string());
        let sql = change.replace(":a", &a).replace(":b", &b);
        done += usize::from(program.execute_batch(&sql).is_ok());
        let (sums, found): (String, String) =
            program.query_row(SUMS, [], |row| row.try_into()).expect("sums");
        assert_eq!(sums, found, "step {step}: {sql}");
    }
    assert!(done > 3_000, "{done} changes were made");
}

/// Applications: 1 is claimed and 2 is ready, both with a document, 3 is ready without one; 4 succeeded, and 5 did
/// so without a document; 6 is a document that nothing knows.
const WORK_OF_VERSION_9: &str = "
    INSERT INTO app_xml (app_id, xml) VALUES (1, '<a/>'), (2, '<a/>'), (4, '<a/>'), (6, '<a/>');
    UPDATE processing_enqueue SET lowest_new = 6;
    INSERT INTO processing_session
        (session_id, worker_name, host_name, process_id, program_version, contract_hash, started_at_utc,
         last_seen_at_utc, claimed)
    VALUES ('00000000-0000-0000-0000-00000000000b', 'w', 'h', 1, '1', printf('%064d', 0), 0, 0, 1);
    INSERT INTO processing_claim VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-00000000000b', 0, 9, 9, 1, 0);
    INSERT INTO processing_queue VALUES
        (1, 1, '00000000-0000-0000-0000-00000000000a', 1, 0, 0, 10, 5), (2, 0, NULL, 0, 0, 0, 20, 5), (3, 0, NULL, 0, 0, 0, 40, 5);
    INSERT INTO processing_log
        (app_id, attempt, status, has_rows, session_id, claim_token, enqueued_at_utc, claimed_at_utc,
         processed_at_utc, shred_micros, document_bytes, rows_written, rows_per_table, contract_hash)
    VALUES
        (4, 1, 'success', 1, 'r', 't2', 0, 0, 10, 0, 4, 0, '{}', 'c'),
        (5, 1, 'success', 1, 'r', 't2', 0, 0, 10, 0, 4, 0, '{}', 'c');";

/// How a worker of version 9 completes application 1.
const COMPLETION_OF_VERSION_9: &str = "
    BEGIN IMMEDIATE;
    DELETE FROM processing_queue WHERE app_id = 1 AND state = 1 AND claim_token = '00000000-0000-0000-0000-00000000000a';
    INSERT INTO processing_sums_at_once (only_row) VALUES (1);
    INSERT INTO processing_log
        (app_id, attempt, status, has_rows, session_id, claim_token, enqueued_at_utc, claimed_at_utc,
         processed_at_utc, shred_micros, document_bytes, rows_written, rows_per_table, contract_hash)
    VALUES (1, 1, 'success', 1, '00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-00000000000a', 0, 0, 20, 0, 4, 0, '{}', 'c');
    INSERT INTO processing_outcome (outcome, applications) VALUES ('success', 1)
    ON CONFLICT (outcome) DO UPDATE SET applications = applications + excluded.applications;
    DELETE FROM processing_sums_at_once;
    DELETE FROM processing_claim WHERE claim_token = '00000000-0000-0000-0000-00000000000a';
    UPDATE processing_session SET success = 1;
    COMMIT;";

#[test]
fn a_store_of_version_9_is_upgraded_with_its_sums() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    make(&path, 9, include_str!("version_9.sql"), WORK_OF_VERSION_9);
    let mut store = SqliteStore::open_or_create(&path).expect("upgrade");
    let upgraded = SqliteHarness::on(path.clone());
    assert_eq!(declared(&upgraded), declared(&SqliteHarness::fresh()));
    let sums = upgraded.query_as_is(SUMS);
    assert_eq!(sums.concat(), ["4 2 3 70", "4 2 3 70"].map(|sum| Some(sum.to_owned())));
    assert_eq!(violations(&path), Vec::<String>::new());
    let counts = |store: &mut SqliteStore| {
        let status = store.get_status().expect("status");
        (status.source, status.ready, status.claimed, status.success, status.not_enqueued)
    };
    assert_eq!(counts(&mut store), (Some(4), 2, 1, 2, Some(1)));

    connection(&path).execute_batch(COMPLETION_OF_VERSION_9).expect("a worker of version 9");
    assert_eq!(violations(&path), Vec::<String>::new());
    assert_eq!(counts(&mut store), (Some(4), 2, 0, 3, Some(1)));
}

/// Steps of SQLite's virtual machine that each statement takes by which people are answered.
fn steps(store: &SqliteHarness) -> Vec<(String, i32)> {
    let connection = connection(store.path());
    let files = [
        include_str!("../../../src/store/sqlite/get_status.sql"),
        include_str!("../../../src/store/sqlite/get_report.sql"),
        include_str!("../../../src/store/sqlite/health_check.sql"),
    ];
    let views = [
        "vw_QueueStatus",
        "vw_PartitionProgress",
        "vw_Reconciliation",
        "vw_Quarantine",
        "vw_ActiveClaims",
    ];
    let views = views.map(|view| (view.to_owned(), format!("SELECT * FROM {view}")));
    let statements = files
        .iter()
        .flat_map(|file| file.split("\n-- name: ").skip(1))
        .map(|part| part.split_once('\n').expect("a name line"))
        .map(|(name, sql)| (name.to_owned(), sql.to_owned()));
    statements
        .chain(views)
        .map(|(name, sql)| {
            let steps = steps_of(&connection, &sql);
            (name, steps)
        })
        .collect()
}

fn steps_of(connection: &Connection, sql: &str) -> i32 {
    let mut statement = connection.prepare(sql).expect(sql);
    let now = [
        (":now", 2_000_000_000_000_i64),
        (":since", i64::MIN),
        (":sessions", 50),
        (":slice", 1),
        (":sample", 100),
    ];
    for (name, value) in now {
        if let Some(index) = statement.parameter_index(name).expect(name) {
            statement.raw_bind_parameter(index, value).expect(name);
        }
    }
    let mut rows = statement.raw_query();
    while rows.next().expect(sql).is_some() {}
    drop(rows);
    statement.get_status(StatementStatus::VmStep)
}

#[test]
fn status_report_and_health_cost_the_same_however_much_there_is() {
    let store = SqliteHarness::fresh();
    let contract = store.prepare(20);
    let _worker = Worker::start(&store, &contract);
    let share = "UPDATE processing_session SET instance_id = 0, instance_count = 1";
    let fill = |from: u32, to: u32| {
        let sql = format!(
            "INSERT INTO app_xml (app_id, xml)
             SELECT value, '<a/>' FROM (WITH RECURSIVE n (value) AS
                 (SELECT {from} UNION ALL SELECT value + 1 FROM n WHERE value < {to}) SELECT value FROM n);
             INSERT INTO processing_queue
             SELECT app_id, 0, NULL, 0, 0, 0, 4, 2000000000000 FROM app_xml
             WHERE app_id BETWEEN {from} AND {to} AND app_id % 2 = 0;
             INSERT INTO processing_log
                 (app_id, attempt, status, has_rows, session_id, claim_token, enqueued_at_utc, claimed_at_utc,
                  processed_at_utc, shred_micros, document_bytes, rows_written, rows_per_table, contract_hash)
             SELECT app_id, 1, 'success', 1, 's', 't', 0, 0, app_id, 0, 4, 0, '{{}}', 'c' FROM app_xml
             WHERE app_id BETWEEN {from} AND {to} AND app_id % 2 = 1;
             UPDATE processing_enqueue SET lowest_new = NULL;
             {share};"
        );
        connection(store.path()).execute_batch(&sql).expect("fill");
    };
    fill(21, 60);
    let few = steps(&store);
    assert!(few.len() > 20, "{few:?}");
    fill(61, 9_000);
    for ((name, few), (_, many)) in few.iter().zip(&steps(&store)) {
        assert!(*many < few + 40, "{name}: {few} steps became {many}");
    }
}

#[test]
fn status_says_what_was_written_and_a_report_what_is_there() {
    let store = SqliteHarness::fresh();
    let contract = store.prepare(2);
    let mut worker = Worker::start(&store, &contract);
    let batch = worker.claim(2);
    let outcomes: Vec<_> = batch.apps.iter().map(success).collect();
    worker.complete(&contract, batch.token, &outcomes);
    store.execute("DELETE FROM app_contact WHERE app_id = 1");
    let status = worker.store.get_status().expect("status");
    let rows = [("app_base".to_owned(), Some(2)), ("app_contact".to_owned(), Some(4))];
    assert_eq!(status.table_rows, rows);
    let report = worker.store.get_report(&ReportQuery::PAGE).expect("report");
    let row = report.reconciliation.iter().find(|row| row.subject == "app_contact");
    let row = row.expect("the table");
    assert_eq!((row.expected, row.actual, row.difference), (4, Some(2), Some(-2)));
    store.execute("DROP TABLE app_contact");
    let status = worker.store.get_status().expect("status");
    assert_eq!(status.table_rows[1], ("app_contact".to_owned(), None));
}
