//! How fast a run is, beside two ways to write the same rows without a queue, a claim or a log: as fast as a
//! client can, and row by row as the earlier system did. And what the run waited for.

use std::time::Instant;

use tiberius::ColumnData;

use super::{not_sql_server, Evening, Verdict};
use crate::bench::Bench;
use crate::database::Sql;

/// A run may take so much longer than the claimless client.
const AIM: f64 = 1.3;

/// Rows that are inserted one by one: enough for a rate.
const ONE_BY_ONE: usize = 2_000;

/// A target table, and the rows that the run has written.
struct Written {
    name: String,
    rows: Vec<Vec<ColumnData<'static>>>,
}

pub(super) fn a_run_beside_a_claimless_client(evening: &Evening) -> Verdict {
    let bench = Bench::ready(evening.documents);
    let waits = Waits::now(evening);
    let began = Instant::now();
    bench.succeed(&evening.worker());
    let run = began.elapsed().as_secs_f64();
    let waits = waits.since(evening);
    let mut sql = Sql::connect(&bench.database.name);
    let tables = take_rows(&mut sql);
    let rows: usize = tables.iter().map(|table| table.rows.len()).sum();

    let began = Instant::now();
    let loaded: Result<(), String> = tables.iter().try_for_each(|table| {
        let name = format!("sandbox.{}", table.name);
        sql.bulk_load(&name, &table.rows).map_err(|error| format!("{name}: {error}"))
    });
    let bulk = began.elapsed().as_secs_f64();
    empty(&mut sql, &tables);

    let (count, began) = (rows.min(ONE_BY_ONE), Instant::now());
    let each = tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row)));
    each.take(count).for_each(|(table, row)| sql.insert(&format!("sandbox.{}", table.name), row));
    let one_by_one = began.elapsed().as_secs_f64() * rows as f64 / count.max(1) as f64;

    let rate = |seconds: f64| evening.documents as f64 / seconds;
    let figures = format!(
        "what,applications a second\nrun,{:.1}\nbulk load into the targets,{:.1}\nrow by row,{:.1}\n",
        rate(run),
        rate(bulk),
        rate(one_by_one)
    );
    eprint!("{figures}{waits}");
    evening.write("rates.csv", &figures);
    evening.write("waits.csv", &waits);
    if evening.is_babelfish() {
        // Its bulk load reads decimals wrongly.
        return not_sql_server();
    }
    let times = format!("{:.2} times the bulk load; rates.csv, waits.csv", run / bulk);
    match loaded {
        Err(error) => Verdict::Failed(error),
        Ok(()) if run > bulk * AIM => Verdict::Failed(times),
        Ok(()) => Verdict::Passed(times),
    }
}

/// Reads the rows of the target tables, parents first, and deletes them.
fn take_rows(sql: &mut Sql) -> Vec<Written> {
    let names = sql.query(
        "SELECT t.name FROM sys.tables AS t WHERE SCHEMA_NAME(t.schema_id) = N'sandbox'
         ORDER BY (SELECT COUNT(*) FROM sys.foreign_keys AS f WHERE f.parent_object_id = t.object_id), t.object_id",
    );
    let names = names.into_iter().filter_map(|mut row| row.remove(0));
    let tables: Vec<Written> = names
        .map(|name| Written { rows: sql.cells(&format!("SELECT * FROM sandbox.[{name}]")), name })
        .collect();
    empty(sql, &tables);
    tables
}

/// Children have keys that parents must not lose: as often as there are tables, each is deleted that can be.
fn empty(sql: &mut Sql, tables: &[Written]) {
    for _ in tables {
        for table in tables.iter().rev() {
            let _ = sql.try_query(&format!("DELETE FROM sandbox.[{}];", table.name));
        }
    }
}

/// Milliseconds that were waited on the whole server, by what for.
struct Waits(Vec<(String, i64)>);

impl Waits {
    fn now(evening: &Evening) -> Self {
        if evening.is_babelfish() {
            return Self(Vec::new());
        }
        // Threads that wait for work wait for nothing.
        let rows = Sql::connect("master").query(
            "SELECT w.wait_type, w.wait_time_ms FROM sys.dm_os_wait_stats AS w
             WHERE w.wait_time_ms > 0 AND w.wait_type NOT LIKE N'%SLEEP%' AND w.wait_type NOT LIKE N'%QUEUE%'
                 AND w.wait_type NOT LIKE N'%TIMER%' AND w.wait_type NOT LIKE N'XE[_]%'
                 AND w.wait_type NOT LIKE N'%IDLE%' AND w.wait_type NOT LIKE N'BROKER%'",
        );
        let wait = |row: Vec<Option<String>>| {
            Some((row[0].clone()?, row[1].as_deref()?.parse::<i64>().ok()?))
        };
        Self(rows.into_iter().filter_map(wait).collect())
    }

    /// The ten longest since then, as lines of a file.
    fn since(self, evening: &Evening) -> String {
        let before = |name: &str| self.0.iter().find(|(known, _)| known == name).map_or(0, |w| w.1);
        let now = Self::now(evening).0.into_iter();
        let mut grown: Vec<(i64, String)> =
            now.map(|(name, ms)| (ms - before(&name), name)).filter(|(ms, _)| *ms > 0).collect();
        grown.sort_unstable_by(|one, other| other.cmp(one));
        let lines: String =
            grown.iter().take(10).map(|(ms, name)| format!("{name},{ms}\n")).collect();
        format!("wait,milliseconds\n{lines}")
    }
}
