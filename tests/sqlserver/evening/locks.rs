//! What is locked, for how long, and who waits for whom.

use std::time::{Duration, Instant};

use super::{not_sql_server, wait_until, Evening, Verdict};
use crate::bench::Bench;
use crate::database::{Database, Sql};

/// Ids 1 to 100 are inserted and not committed; 1001 is committed. With row versions, a reader sees
/// 1001 only.
pub(super) fn nothing_is_skipped(evening: &Evening) -> Verdict {
    let bench = Bench::ready(0);
    let name = bench.database.name.clone();
    bench.database.reconnect();
    let rcsi =
        format!("ALTER DATABASE [{name}] SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;");
    if let Err(error) = Sql::connect("master").try_query(&rcsi) {
        assert!(evening.is_babelfish(), "{error}");
    }
    let insert = |from: i64, to: i64| {
        let rows: Vec<String> = (from..=to).map(|id| format!("({id}, 0x3C612F3E)")).collect();
        format!("INSERT INTO dbo.app_xml (app_id, xml) VALUES {};", rows.join(", "))
    };
    let mut loader = Sql::connect(&name);
    loader.execute("BEGIN TRANSACTION;");
    loader.execute(&insert(1, 100));
    bench.execute(&insert(1001, 1001));
    let enqueue = bench.database.own("EXEC pipeline.usp_EnqueueApps;");
    let (told, ended) = std::sync::mpsc::channel();
    let enqueuer = std::thread::spawn({
        let name = name.clone();
        move || {
            let done = Sql::connect(&name).try_query(&enqueue).map_err(|error| error.to_string());
            let _ = told.send(());
            done
        }
    });
    // Either it waits for the loader, or it has ended and seen what it could.
    let waits = wait_until(|| match ended.try_recv() {
        Ok(()) => true,
        Err(_) => !evening.is_babelfish() && is_blocked(&name),
    });
    assert!(waits, "usp_EnqueueApps neither ended nor waited");
    loader.execute("COMMIT TRANSACTION;");
    enqueuer.join().expect("the thread").expect("usp_EnqueueApps");
    let first = bench.number("SELECT COUNT(*) FROM pipeline.processing_queue");
    bench.execute("EXEC pipeline.usp_EnqueueApps;");
    let queued = bench.number("SELECT COUNT(*) FROM pipeline.processing_queue");
    if evening.is_babelfish() {
        return not_sql_server();
    }
    match queued {
        101 => Verdict::Passed(format!("{first} of 101 at once, 101 after the next call")),
        _ => Verdict::Failed(format!("{queued} of 101 applications are queued")),
    }
}

fn is_blocked(database: &str) -> bool {
    let sql = format!(
        "SELECT COUNT(*) FROM sys.dm_exec_requests AS r
         WHERE r.database_id = DB_ID(N'{database}') AND r.blocking_session_id > 0"
    );
    Sql::connect("master").query(&sql)[0][0].as_deref() != Some("0")
}

/// Eight processes on one queue, from empty tables on: their plans are the first ones.
pub(super) fn eight_workers_do_not_deadlock(evening: &Evening) -> Verdict {
    let bench = Bench::ready(evening.documents);
    let before = deadlocks(evening);
    let began = Sql::connect("master").query("SELECT CONVERT(varchar(30), SYSUTCDATETIME(), 126)");
    let began = began[0][0].clone().expect("a time");
    evening.work_side_by_side(&bench, 8);
    bench.assert_all_concluded();
    if evening.is_babelfish() {
        return not_sql_server();
    }
    let found = deadlocks(evening) - before;
    if found == 0 {
        return Verdict::Passed(format!("{} documents, no deadlock", evening.documents));
    }
    // The session writes its events out two minutes late.
    let mut graphs = Vec::new();
    let end = Instant::now() + Duration::from_secs(150);
    while (graphs.len() as i64) < found && Instant::now() < end {
        std::thread::sleep(Duration::from_secs(5));
        graphs = graphs_since(&bench.database, &began);
    }
    for (number, graph) in (1..).zip(&graphs) {
        evening.write(&format!("deadlock_{number}.xdl"), graph);
    }
    Verdict::Failed(format!("{found} deadlocks; deadlock_*.xdl has {} of them", graphs.len()))
}

/// Deadlocks since the server started, of all databases.
fn deadlocks(evening: &Evening) -> i64 {
    if evening.is_babelfish() {
        return 0;
    }
    let rows = Sql::connect("master").query(
        "SELECT c.cntr_value FROM sys.dm_os_performance_counters AS c
         WHERE c.counter_name LIKE N'Number of Deadlocks/sec%' AND c.instance_name LIKE N'[_]Total%'",
    );
    rows[0][0].as_deref().expect("a counter").parse().expect("a number")
}

/// The graphs that the session system_health has of this database.
fn graphs_since(database: &Database, began: &str) -> Vec<String> {
    let sql = format!(
        "WITH event AS
         (
             SELECT CONVERT(xml, f.event_data) AS x
             FROM sys.fn_xe_file_target_read_file(N'system_health*.xel', NULL, NULL, NULL) AS f
             WHERE f.object_name = N'xml_deadlock_report'
         )
         SELECT CONVERT(nvarchar(max), e.x.query('(event/data/value/deadlock)[1]'))
         FROM event AS e
         WHERE e.x.value('(event/@timestamp)[1]', 'datetime2(3)') >= '{began}'"
    );
    let rows = Sql::connect("master").try_query_exactly(&sql).expect("system_health");
    let graphs = rows.into_iter().flatten().flatten();
    graphs.filter(|graph| graph.contains(&database.name)).collect()
}

/// A partition's claim looks at four rows for each that it picks. If it kept the locks of the other
/// three, its neighbours would skip them.
pub(super) fn residual_rows(evening: &Evening) -> Verdict {
    let bench = Bench::ready(400);
    let mut claimer = Sql::connect(&bench.database.name);
    claimer.execute("BEGIN TRANSACTION;");
    let picked = claimer.query(&bench.database.own(
        "SELECT TOP (25) q.app_id
         FROM pipeline.processing_queue AS q
             WITH (UPDLOCK, READPAST, READCOMMITTEDLOCK, INDEX (IX_processing_queue_claim))
         WHERE q.state = 0 AND q.claim_token IS NULL AND q.reaps = 0 AND q.app_id % 4 = 1
         ORDER BY q.app_id",
    ));
    assert_eq!(picked.len(), 25);
    if evening.is_babelfish() {
        return not_sql_server();
    }
    let held = claimer.query(
        "SELECT COUNT(*) FROM sys.dm_tran_locks AS l
         WHERE l.request_session_id = @@SPID AND l.resource_type = N'KEY' AND l.request_mode = N'U'",
    );
    let held: i64 = held[0][0].as_deref().expect("a count").parse().expect("a number");
    claimer.execute("ROLLBACK TRANSACTION;");
    match held {
        25..=50 => Verdict::Passed(format!("{held} key locks for 25 rows picked out of 100")),
        _ => Verdict::Failed(format!("{held} key locks for 25 rows picked out of 100")),
    }
}

/// A transaction holds rows of the queue, the log and the sessions, as a completion that hangs does.
/// Without row versions, what waits for it meets the lock timeout.
pub(super) fn monitoring_does_not_wait(evening: &Evening) -> Verdict {
    let bench = Bench::ready(50);
    bench.run("run");
    bench.add_apps(50);
    bench.succeed("enqueue");
    let name = &bench.database.name;
    bench.database.reconnect();
    let off =
        format!("ALTER DATABASE [{name}] SET READ_COMMITTED_SNAPSHOT OFF WITH ROLLBACK IMMEDIATE;");
    if let Err(error) = Sql::connect("master").try_query(&off) {
        assert!(evening.is_babelfish(), "{error}");
    }
    let mut holder = Sql::connect(name);
    holder.execute("BEGIN TRANSACTION;");
    for held in [
        "UPDATE pipeline.processing_queue SET document_bytes = document_bytes",
        "UPDATE pipeline.processing_log SET attempt = attempt",
        "UPDATE pipeline.processing_session SET claimed = claimed",
    ] {
        holder.execute(&bench.database.own(held));
    }
    let mut waited = Vec::new();
    for asked in [
        "EXEC pipeline.usp_GetStatus",
        "SELECT COUNT(*) FROM pipeline.vw_ActiveClaims",
        "SELECT COUNT(*) FROM pipeline.vw_Sessions",
    ] {
        let mut reader = Sql::connect(name);
        reader.execute("SET LOCK_TIMEOUT 3000;");
        if let Err(error) = reader.try_query(&bench.database.own(asked)) {
            waited.push(format!("{asked}: {error}"));
        }
    }
    holder.execute("ROLLBACK TRANSACTION;");
    match waited.is_empty() {
        _ if evening.is_babelfish() => not_sql_server(),
        true => Verdict::Passed("nothing waited".to_owned()),
        false => Verdict::Failed(waited.join("; ")),
    }
}
