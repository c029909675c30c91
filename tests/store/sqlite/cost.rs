//! The cost of an operation does not depend on how much is queued or done.

use rusqlite::{Connection, StatementStatus};

use super::SqliteHarness;
use crate::store::harness::{failure, success, Harness, Worker};

/// The statements that a worker runs, by file.
const FILES: [(&str, &str); 8] = [
    ("claim_batch", include_str!("../../../src/store/sqlite/claim_batch.sql")),
    ("renew_lease", include_str!("../../../src/store/sqlite/renew_lease.sql")),
    ("complete_batch", include_str!("../../../src/store/sqlite/complete_batch.sql")),
    ("record_throughput", include_str!("../../../src/store/sqlite/record_throughput.sql")),
    ("release_claim", include_str!("../../../src/store/sqlite/release_claim.sql")),
    ("reap_expired", include_str!("../../../src/store/sqlite/reap_expired.sql")),
    ("get_claim_outcome", include_str!("../../../src/store/sqlite/get_claim_outcome.sql")),
    ("redrive", include_str!("../../../src/store/sqlite/redrive.sql")),
];

/// What `load` asks for each document.
const LOADING: &str = include_str!("../../../src/store/sqlite/load_documents.sql");

/// Name and text of each statement of a file.
fn statements(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    file.split("\n-- name: ").skip(1).map(|part| part.split_once('\n').expect("a name line"))
}

/// The steps of a statement's plan.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
    let steps = statement.raw_query().mapped(|row| row.get("detail"));
    steps.map(|step| step.expect(sql)).collect()
}

#[test]
fn no_operation_of_a_worker_scans_a_table() {
    let harness = SqliteHarness::fresh();
    harness.prepare(1);
    let connection = super::connection(harness.path());
    let mut seen = 0;
    for (file, text) in FILES {
        for (name, sql) in statements(text) {
            for step in plan(&connection, sql) {
                let table = step.strip_prefix("SCAN ").unwrap_or("");
                let table = table.split(' ').next().unwrap_or("");
                // Tables that a statement itself creates are small, and so is the list of a batch.
                let own = ["", "level", "candidate", "json_each", "CONSTANT"].contains(&table);
                assert!(own, "{file}, {name}: {step}");
                let is_all_ready = sql.contains("state = 0") && step.ends_with("(state=?)");
                assert!(!is_all_ready, "{file}, {name}: {step}");
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen} statements were looked at");
}

/// Steps of each statement of `load`, for a record that the file does not have and for one that it has.
fn loading_steps(harness: &SqliteHarness, hash: &str) -> Vec<(&'static str, i32)> {
    let connection = super::connection(harness.path());
    let asking = statements(LOADING).filter(|(name, _)| {
        !["insert", "replace", "add_file", "has_content", "take_place"].contains(name)
    });
    let steps = asking.map(|(name, sql)| {
        let mut statement = connection.prepare(sql).expect(sql);
        for (parameter, value) in
            [(":place_id", 7), (":record_number", 1), (":has_envelope", 0), (":app_id", 1)]
        {
            if let Some(index) = statement.parameter_index(parameter).expect(name) {
                statement.raw_bind_parameter(index, value).expect(name);
            }
        }
        for (parameter, value) in [
            (":source_hash", hash),
            (":file_name", "big.xml#1"),
            (":file_path", "big.xml#1"),
            (":record_path", "/r/a"),
            (":whole_path", "big.xml"),
        ] {
            if let Some(index) = statement.parameter_index(parameter).expect(name) {
                statement.raw_bind_parameter(index, value).expect(name);
            }
        }
        let mut rows = statement.raw_query();
        while rows.next().expect(sql).is_some() {}
        drop(rows);
        (name, statement.get_status(StatementStatus::VmStep))
    });
    steps.collect()
}

#[test]
fn a_record_costs_the_same_however_many_of_its_file_are_loaded() {
    let harness = SqliteHarness::fresh();
    let records = |from: u32, to: u32| {
        harness.execute(&format!(
            "INSERT INTO processing_file
             SELECT value, 'big.xml#' || value, 'big.xml#' || value, 7, value, '/r/a', 0, 4,
                 'hash ' || value, 0, 0
             FROM (WITH RECURSIVE n (value) AS
                 (SELECT {from} UNION ALL SELECT value + 1 FROM n WHERE value < {to}) SELECT value FROM n)"
        ));
    };
    records(1, 20);
    let few = ["hash 0", "hash 9"].map(|hash| loading_steps(&harness, hash));
    assert!(few[0].len() > 6, "{few:?}");
    records(21, 9000);
    let many = ["hash 0", "hash 9"].map(|hash| loading_steps(&harness, hash));
    for ((name, few), (_, many)) in few.iter().flatten().zip(many.iter().flatten()) {
        assert!(*many < few + 10, "{name}: {few} steps became {many}");
    }
}

/// Steps of SQLite's virtual machine that claiming 10 applications takes.
fn claiming_steps(harness: &SqliteHarness) -> i32 {
    let connection = super::connection(harness.path());
    let file = FILES[0].1;
    statements(file)
        .filter(|(name, _)| ["first", "pick"].contains(name))
        .map(|(_, sql)| {
            let mut statement = connection.prepare(sql).expect(sql);
            for (name, value) in [
                (":from", i64::MIN),
                (":to", i64::MAX),
                (":now", i64::MAX),
                (":instance_id", 0),
                (":instance_count", 1),
                (":reaps", 0),
                (":limit", 10),
            ] {
                if let Some(index) = statement.parameter_index(name).expect(name) {
                    statement.raw_bind_parameter(index, value).expect(name);
                }
            }
            let mut rows = statement.raw_query();
            while rows.next().expect(sql).is_some() {}
            drop(rows);
            statement.get_status(StatementStatus::VmStep)
        })
        .sum()
}

#[test]
fn claiming_costs_the_same_however_much_is_queued_or_done() {
    let harness = SqliteHarness::fresh();
    harness.prepare(50);
    let few = claiming_steps(&harness);
    harness.execute(
        "INSERT INTO app_xml (app_id, xml)
         SELECT value, '<a/>' FROM (WITH RECURSIVE n (value) AS
             (SELECT 51 UNION ALL SELECT value + 1 FROM n WHERE value < 20000) SELECT value FROM n)",
    );
    harness.connect().enqueue_apps(Default::default()).expect("enqueue");
    let many = claiming_steps(&harness);
    assert_eq!(few, many, "20,000 are queued");
    harness.execute(
        "INSERT INTO processing_log
             (app_id, attempt, status, has_rows, session_id, claim_token, enqueued_at_utc, claimed_at_utc,
              processed_at_utc, shred_micros, document_bytes, rows_written, rows_per_table, contract_hash)
         SELECT app_id, 1, 'success', 1, '', '', 0, 0, 0, 0, 0, 0, json_object(), '' FROM processing_queue
         WHERE app_id <= 19000;
         DELETE FROM processing_queue WHERE app_id <= 19000",
    );
    let after = claiming_steps(&harness);
    assert_eq!(few, after, "19,000 of them are done");
}

/// What people ask, and the values of its parameters.
const INSPECTING: [&str; 4] = [
    include_str!("../../../src/store/sqlite/get_status.sql"),
    include_str!("../../../src/store/sqlite/get_report.sql"),
    include_str!("../../../src/store/sqlite/list_causes.sql"),
    include_str!("../../../src/store/sqlite/health_check.sql"),
];

/// Steps of each statement that status, report, failures and doctor run, and of each view.
fn inspecting_steps(harness: &SqliteHarness) -> Vec<(String, i32)> {
    let connection = super::connection(harness.path());
    let views = harness
        .query_as_is("SELECT name FROM sqlite_schema WHERE name GLOB 'vw_[A-Z]*' ORDER BY 1");
    let views = views.into_iter().flatten().flatten();
    let views =
        views.filter(|view| !["vw_TargetRows", "vw_Reconciliation"].contains(&view.as_str()));
    let ordered = |view: String| match view.as_str() {
        "vw_RecentFailures" => {
            format!("SELECT * FROM {view} ORDER BY processed_at_utc DESC LIMIT 3")
        }
        _ => format!("SELECT * FROM {view}"),
    };
    let statements = INSPECTING.iter().flat_map(|file| statements(file));
    let statements = statements.map(|(_, sql)| sql.to_owned()).chain(views.map(ordered));
    let steps = |sql: String| {
        let mut statement = connection.prepare(&sql).expect(&sql);
        for (name, value) in [
            (":now", 10_000_000),
            (":from", 0),
            (":to", 10_000_000),
            (":first", 0),
            (":since", 0),
            (":slice", 60_000),
            (":sample", 3),
            (":sessions", 3),
            (":events", 3),
            (":causes", 3),
            (":values", 3),
        ] {
            if let Some(index) = statement.parameter_index(name).expect(name) {
                statement.raw_bind_parameter(index, value).expect(name);
            }
        }
        if let Some(index) = statement.parameter_index(":status").expect("a name") {
            statement.raw_bind_parameter(index, "success").expect("status");
        }
        let mut rows = statement.raw_query();
        while rows.next().expect(&sql).is_some() {}
        drop(rows);
        let steps = statement.get_status(StatementStatus::VmStep);
        (sql, steps)
    };
    statements.map(steps).collect()
}

#[test]
fn inspecting_costs_the_same_however_much_is_done() {
    let harness = SqliteHarness::fresh();
    let contract = harness.prepare(20);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(10);
    let outcomes: Vec<_> = batch
        .apps
        .iter()
        .map(|app| if app.app_id.0 > 5 { failure(app) } else { success(app) })
        .collect();
    worker.complete(&contract, batch.token, &outcomes);
    let few = inspecting_steps(&harness);
    assert!(few.len() > 25, "{few:?}");
    harness.execute(
        "INSERT INTO app_xml (app_id, xml)
         SELECT value, '<a/>' FROM (WITH RECURSIVE n (value) AS
             (SELECT 101 UNION ALL SELECT value + 1 FROM n WHERE value < 5100) SELECT value FROM n);
         INSERT INTO processing_log
             (app_id, attempt, status, has_rows, session_id, claim_token, enqueued_at_utc, claimed_at_utc,
              processed_at_utc, shred_micros, document_bytes, rows_written, rows_per_table, contract_hash)
         SELECT app_id, 1, 'success', 1, '', '', 0, 0, 5000000, 0, 0, 0, json_object('app_base', 0), ''
         FROM app_xml WHERE app_id > 100;
         UPDATE processing_enqueue SET lowest_new = NULL",
    );
    let many = inspecting_steps(&harness);
    for ((sql, few), (_, many)) in few.iter().zip(&many) {
        assert!(*many < few + 200, "{few} steps became {many}: {sql}");
    }
}
