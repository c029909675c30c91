//! The import of an earlier system's log that is killed, or that cannot go on.

use std::process::Stdio;

use crate::adoption::create_log;
use crate::bench::{Bench, Said};

crate::trials! {
    an_adoption_that_was_killed_continues_where_it_was,
    until_an_adoption_is_complete_nothing_is_taken,
    a_status_that_appears_while_a_log_is_imported_is_asked_for,
}

/// Applications of which a chunk is the first 4,000.
const MANY: i64 = 9_000;

/// A log of [`MANY`] applications, each third with a row more, each tenth failed.
fn bench_of_many() -> Bench {
    let bench = Bench::with_apps(3);
    let schema = &bench.database.schema;
    bench.execute(&format!("CREATE SCHEMA {schema} AUTHORIZATION dbo;"));
    create_log(&bench, schema, "int");
    let digits = "(VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))";
    bench.execute(&format!(
        "INSERT INTO pipeline.processing_log (app_id, [status], failure_reason, processing_time)
         SELECT n.i, CASE WHEN n.i % 10 = 0 AND k.k = 0 THEN 'failed' ELSE 'success' END, 'no',
             DATEADD(SECOND, -k.k, '2024-03-01T10:00:00')
         FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 1 AS i
               FROM {digits} AS a(d) CROSS JOIN {digits} AS b(d) CROSS JOIN {digits} AS c(d) CROSS JOIN {digits} AS e(d)) AS n
         INNER JOIN (VALUES (0), (1)) AS k(k) ON k.k = 0 OR n.i % 3 = 0
         WHERE n.i <= {MANY};"
    ));
    bench
}

/// Kills the installation after its first chunk.
fn killed() -> Bench {
    let bench = bench_of_many();
    let mut command = bench.command("install --contract contract.toml --adopt-log");
    let said = Said::of(command.env("XMLSHRED_FAILPOINT", "amid_adoption").stdin(Stdio::null()));
    assert_eq!(said.status, -1, "{said:?}");
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_log"), 4000);
    bench
}

fn an_adoption_that_was_killed_continues_where_it_was() {
    let bench = killed();
    let said = bench.succeed("install --contract contract.toml");
    for part in [
        "is up to date",
        "9,000 applications, of which 900 failed",
        "3,000 rows with a later one of the same application",
        "8,997 applications without a source row",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    let counts = "SELECT CONCAT(COUNT(*), ' ', COUNT(DISTINCT app_id), ' ', SUM(CASE status WHEN 'failed' THEN 1 ELSE 0 END))
                  FROM pipeline.processing_log WHERE is_latest = 1 AND attempt = 1";
    assert_eq!(bench.value(counts), "9000 9000 900");
    bench.succeed("enqueue");
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_queue"), 0);
}

fn until_an_adoption_is_complete_nothing_is_taken() {
    let bench = killed();
    for command in ["enqueue", "retry --all", "run --contract contract.toml"] {
        let (status, said) = bench.fail(command);
        assert_eq!(status, if command.starts_with("run ") { 5 } else { 2 }, "{command}: {said}");
        assert!(
            said.contains("are not all imported yet, 4000 so far") && said.contains("(50034)"),
            "{command}: {said}"
        );
    }
    let erase = bench.database.own("EXEC pipeline.usp_EraseApps @app_ids = N'1';");
    let refused = bench.database.with(|sql| sql.try_query(&erase)).expect_err("a refusal");
    assert!(refused.to_string().contains("are not all imported yet"), "{refused}");
    let doctor = bench.run("doctor --contract contract.toml").stdout;
    assert!(doctor.contains("adoption not complete"), "{doctor}");
    // By hand, in chunks of another size.
    bench.execute("EXEC pipeline.usp_AdoptLog @chunk_size = 700, @max_chunks = 3;");
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_log"), 6100);
    bench.execute("EXEC pipeline.usp_AdoptLog;");
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_log"), MANY);
    bench.succeed("enqueue");
    bench.succeed("run --contract contract.toml");
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_log"), MANY);
}

fn a_status_that_appears_while_a_log_is_imported_is_asked_for() {
    let bench = killed();
    let log = bench.value("SELECT legacy_table FROM pipeline.processing_adoption");
    bench.execute(&format!(
        "INSERT INTO pipeline.{log} (app_id, [status], processing_time)
         VALUES (8000, 'revoked', '2024-04-01'), (10, 'revoked', '2024-04-01');"
    ));
    for install in ["install", "install --adopt-log"] {
        let (status, said) = bench.fail(install);
        assert_eq!(status, 2, "{said}");
        assert!(said.contains("\"revoked\"") && said.contains("(50044)"), "{said}");
    }
    let imported = bench.number("SELECT COUNT(*) FROM pipeline.processing_log");
    assert!((4000..8000).contains(&imported), "{imported}");
    let said = bench.succeed("install --adopt-log --adopt-status revoked=failed");
    assert!(said.contains("9,000 applications, of which 900 failed"), "{said}");
    let status = "SELECT status FROM pipeline.processing_log WHERE app_id =";
    assert_eq!(bench.value(&format!("{status} 8000")), "failed");
    assert_eq!(bench.value(&format!("{status} 10")), "failed", "it was imported before that");
}
