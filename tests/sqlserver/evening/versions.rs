//! Row versions: ghosts that nobody may clean up, and locks on transactions instead of rows.

use std::process::Command;

use super::{not_sql_server, Evening, Verdict};
use crate::bench::Bench;
use crate::database::Sql;

/// A query on a readable secondary keeps the rows that were deleted on the primary.
pub(super) fn ghosts(evening: &Evening) -> Verdict {
    let bench = Bench::ready(0);
    if evening.is_babelfish() {
        return not_sql_server();
    }
    let (Ok(join), Ok(secondary)) =
        (std::env::var("XMLSHRED_EVENING_DATABASE"), std::env::var("XMLSHRED_EVENING_SECONDARY"))
    else {
        return Verdict::NotApplicable(
            "it needs an availability group; XMLSHRED_EVENING_DATABASE is a command \
             that adds a database to it, XMLSHRED_EVENING_SECONDARY a connection string without database"
                .to_owned(),
        );
    };
    let name = &bench.database.name;
    let joined = Command::new(join).arg(name).status().expect("the command");
    assert!(joined.success(), "the command that adds the database ended with {joined}");
    let mut reader =
        Sql::connect_as(&format!("{secondary};Database={name};ApplicationIntent=ReadOnly"));
    // Reads on a secondary are mapped to snapshots; an open transaction keeps its one.
    reader.execute("BEGIN TRANSACTION;");
    reader.execute(&bench.database.own("SELECT COUNT(*) FROM pipeline.processing_queue"));
    bench.add_apps(evening.documents);
    bench.succeed("enqueue");
    let half = evening.documents / 2;
    let reads = || {
        bench.succeed(&format!("{} --limit {half}", evening.worker()));
        let calls = bench.database.query(&bench.database.own(
            "SELECT SUM(s.execution_count), SUM(s.total_logical_reads)
             FROM sys.dm_exec_procedure_stats AS s
             WHERE s.database_id = DB_ID() AND s.object_id = OBJECT_ID(N'pipeline.usp_ClaimBatch')",
        ));
        let number =
            |at: usize| calls[0][at].as_deref().unwrap_or("0").parse::<i64>().expect("a number");
        (number(0), number(1))
    };
    let (calls, total) = reads();
    let (calls_later, total_later) = reads();
    let early = total / calls.max(1);
    let late = (total_later - total) / (calls_later - calls).max(1);
    reader.execute("ROLLBACK TRANSACTION;");
    match late <= early * 2 + 200 {
        true => Verdict::Passed(format!("{early} reads a claim at first, {late} later")),
        false => Verdict::Failed(format!("{early} reads a claim at first, {late} later")),
    }
}

/// What READPAST does with locks on transactions, no page says.
pub(super) fn optimized_locking(evening: &Evening) -> Verdict {
    let bench = Bench::ready(evening.documents.min(1000));
    if !evening.is_babelfish() {
        let name = bench.database.name.clone();
        if evening.major_version >= 17 {
            bench.database.reconnect();
            let mut master = Sql::connect("master");
            for option in ["ACCELERATED_DATABASE_RECOVERY = ON", "OPTIMIZED_LOCKING = ON"] {
                master.execute(&format!("ALTER DATABASE [{name}] SET {option};"));
            }
        }
        let is_on = bench.value(
            "SELECT COALESCE(CONVERT(int, DATABASEPROPERTYEX(DB_NAME(), N'IsOptimizedLockingOn')), 0)",
        );
        if is_on != "1" {
            return Verdict::NotApplicable(
                "Azure SQL Database and SQL Server 2025 have optimized locking".to_owned(),
            );
        }
    }
    evening.work_side_by_side(&bench, 4);
    bench.assert_all_concluded();
    if evening.is_babelfish() {
        return not_sql_server();
    }
    Verdict::Passed("four workers: every application once".to_owned())
}
