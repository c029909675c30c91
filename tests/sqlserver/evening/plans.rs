//! What the optimizer makes of the procedures, and what it costs.

use std::collections::BTreeMap;

use super::{is_done, not_sql_server, wait_until, Evening, Verdict};
use crate::bench::Bench;

/// One process works through two halves, with the plans that it compiled against empty targets.
/// The second half costs what the first did, if no plan reads the rows that exist already.
pub(super) fn completing_is_linear(evening: &Evening) -> Verdict {
    let half = evening.documents / 2;
    let bench = Bench::ready(0);
    let mut worker = bench
        .command(&format!("{} --follow --poll 1s --log-level warn", evening.worker()))
        .spawn()
        .expect("start");
    let phase = || {
        bench.add_apps(half);
        bench.succeed("enqueue");
        assert!(wait_until(|| is_done(&bench)), "the worker did not finish {half} documents");
        match evening.is_babelfish() {
            true => BTreeMap::new(),
            false => reads(&bench),
        }
    };
    let (first, second) = (phase(), phase());
    let _ = worker.kill();
    let _ = worker.wait();
    if evening.is_babelfish() {
        return not_sql_server();
    }
    save_plans(evening, &bench, "usp_LoadApps");
    save_plans(evening, &bench, "usp_CompleteBatch");
    save_statements(evening, &bench);
    let mut grown = Vec::new();
    let mut figures = String::from("procedure,reads per call at first,reads per call later\n");
    for (procedure, (calls, total)) in &second {
        let (calls_before, total_before) = first.get(procedure).copied().unwrap_or((0, 0));
        let (early, late) = (calls_before.max(1), (calls - calls_before).max(1));
        let (early, late) = (total_before / early, (total - total_before) / late);
        figures += &format!("{procedure},{early},{late}\n");
        // A level more in each B-tree is not growth with the number of rows.
        let completes = ["usp_LoadApps", "usp_CompleteBatch"].contains(&procedure.as_str());
        if completes && late > early * 3 / 2 + 500 {
            grown.push(format!("{procedure}: {early} reads a call, then {late}"));
        }
    }
    evening.write("reads.csv", &figures);
    match (!second.contains_key("usp_LoadApps"), grown.is_empty()) {
        (true, _) => Verdict::Failed("sys.dm_exec_procedure_stats has no usp_LoadApps".to_owned()),
        (_, true) => Verdict::Passed(format!("{half} + {half} documents; reads.csv")),
        (_, false) => Verdict::Failed(grown.join("; ")),
    }
}

/// Calls and logical reads of each procedure so far.
pub(super) fn reads(bench: &Bench) -> BTreeMap<String, (i64, i64)> {
    let rows = bench.database.query_exactly(&bench.database.own(
        "SELECT OBJECT_NAME(s.object_id), SUM(s.execution_count), SUM(s.total_logical_reads)
         FROM sys.dm_exec_procedure_stats AS s
         WHERE s.database_id = DB_ID() AND OBJECT_SCHEMA_NAME(s.object_id) + N'.' = N'pipeline.'
         GROUP BY s.object_id",
    ));
    let number = |text: &Option<String>| text.as_deref().unwrap_or("0").parse().expect("a number");
    let row = |row: Vec<Option<String>>| {
        (row[0].clone().unwrap_or_default(), (number(&row[1]), number(&row[2])))
    };
    rows.into_iter().map(row).collect()
}

/// The plans of a procedure in the cache, for SSMS; their texts.
fn save_plans(evening: &Evening, bench: &Bench, procedure: &str) -> Vec<String> {
    let sql = format!(
        "SELECT CONVERT(nvarchar(max), p.query_plan)
         FROM sys.dm_exec_procedure_stats AS s
         CROSS APPLY sys.dm_exec_query_plan(s.plan_handle) AS p
         WHERE s.database_id = DB_ID() AND s.object_id = OBJECT_ID(N'pipeline.{procedure}')"
    );
    let plans = bench.database.query_exactly(&bench.database.own(&sql));
    let plans: Vec<String> = plans.into_iter().flatten().flatten().collect();
    for (number, plan) in (1..).zip(&plans) {
        evening.write(&format!("{procedure}_{number}.sqlplan"), plan);
    }
    plans
}

/// Reads of each statement, where somebody wants to know which one it was.
fn save_statements(evening: &Evening, bench: &Bench) {
    let rows = bench.database.query_exactly(&bench.database.own(
        "SELECT OBJECT_NAME(t.objectid), s.execution_count, s.total_logical_reads, s.min_logical_reads,
             s.max_logical_reads, s.last_logical_reads,
             SUBSTRING(t.[text], s.statement_start_offset / 2 + 1, 100)
         FROM sys.dm_exec_query_stats AS s
         CROSS APPLY sys.dm_exec_sql_text(s.sql_handle) AS t
         WHERE t.dbid = DB_ID() AND OBJECT_SCHEMA_NAME(t.objectid) + N'.' = N'pipeline.'
         ORDER BY s.total_logical_reads DESC",
    ));
    let cell = |cell: Option<String>| {
        cell.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ").replace(',', ";")
    };
    let line = |row: Vec<Option<String>>| row.into_iter().map(cell).collect::<Vec<_>>().join(",");
    let lines: Vec<String> = rows.into_iter().map(line).collect();
    evening.write(
        "statements.csv",
        &format!("procedure,executions,reads,least,most,last,statement\n{}\n", lines.join("\n")),
    );
}

/// The lowest count of reaps, too, is the first row of an index and not the least of all.
pub(super) fn a_claim_seeks(evening: &Evening) -> Verdict {
    let bench = Bench::ready(evening.documents.min(500));
    bench.succeed(&format!("{} --limit 100", evening.worker()));
    if evening.is_babelfish() {
        return not_sql_server();
    }
    let plans = save_plans(evening, &bench, "usp_ClaimBatch");
    if plans.is_empty() {
        return Verdict::Failed("the plan of usp_ClaimBatch is not in the cache".to_owned());
    }
    match plans.iter().flat_map(|plan| scans(plan)).next() {
        None => Verdict::Passed("usp_ClaimBatch_*.sqlplan".to_owned()),
        Some(scan) => Verdict::Failed(format!("{scan}: usp_ClaimBatch_*.sqlplan")),
    }
}

/// Operators of a plan that scan the queue or the claims.
fn scans(plan: &str) -> Vec<String> {
    let operators = plan.split("<RelOp ").skip(1);
    let scan = |operator: &str| {
        let (_, rest) = operator.split_once("PhysicalOp=\"")?;
        let (name, rest) = rest.split_once('"')?;
        let tables = ["Table=\"[processing_queue]\"", "Table=\"[processing_claim]\""];
        let is_scan = name.ends_with("Scan") && tables.iter().any(|table| rest.contains(table));
        is_scan.then(|| format!("{name} of a table of the queue"))
    };
    operators.filter_map(scan).collect()
}
