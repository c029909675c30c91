//! The counts in the database, read directly and not through the program's own counts.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Params, Row};

use crate::contract::Contract;
use crate::figures::count;
use crate::id::AppId;
use crate::report::{Align, Table};
use crate::store::StoreError;

use super::run::DemoError;

/// Where the applications are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) success: u64,
    pub(super) failed: u64,
    pub(super) quarantined: u64,
    /// Ready, or claimed by a worker, dead or alive.
    pub(super) unfinished: u64,
}

impl Counts {
    pub(super) fn concluded(&self) -> u64 {
        self.success + self.failed + self.quarantined
    }
}

/// The balance of a demonstration, counted in its database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof {
    /// Applications enqueued: all that the source table holds.
    pub enqueued: u64,
    /// Applications whose last attempt succeeded.
    pub success: u64,
    /// Applications whose last attempt failed.
    pub failed: u64,
    /// Applications quarantined.
    pub quarantined: u64,
    /// Applications still in the queue.
    pub unfinished: u64,
    /// Applications in no state, or with fewer rows in a table than their success logged.
    pub lost: u64,
    /// Applications that succeeded twice, or have more rows in a table than their last attempt
    /// logged.
    pub duplicated: u64,
    /// Rows per target table, in load order.
    pub rows: Vec<(String, u64)>,
}

impl Proof {
    /// Whether every application is concluded and in exactly one place, with all its rows once.
    pub fn holds(&self) -> bool {
        let concluded = self.success + self.failed + self.quarantined;
        self.enqueued == concluded && self.unfinished + self.lost + self.duplicated == 0
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { enqueued, success, failed, quarantined, .. } = self;
        let relation = if self.holds() { "=" } else { "vs" };
        write!(f, "{enqueued} enqueued {relation} {success} success + {failed} failed")?;
        write!(f, " + {quarantined} quarantined; ")?;
        if self.unfinished > 0 {
            write!(f, "{} unfinished, ", self.unfinished)?;
        }
        write!(f, "{} lost, {} duplicated", self.lost, self.duplicated)
    }
}

/// A view of the demonstration's database that cannot write to it.
pub(super) struct Ledger {
    connection: Connection,
}

/// Applications in one state; the last log row of an application that is not queued decides.
const COUNTS: &str = "
    SELECT (SELECT count(*) FROM vw_concluded WHERE status = 'success'),
           (SELECT count(*) FROM vw_concluded WHERE status = 'failed'),
           (SELECT count(*) FROM processing_queue WHERE state = 2),
           (SELECT count(*) FROM processing_queue WHERE state <> 2)";

const HELD_BY: &str = "
    SELECT count(*)
    FROM processing_queue AS q
    INNER JOIN processing_claim AS c ON c.claim_token = q.claim_token
    INNER JOIN processing_session AS s ON s.session_id = c.session_id
    WHERE s.worker_name = ?1";

const LEASE_LEFT: &str = "
    SELECT max(lease_expires_at_utc) - CAST(unixepoch('subsec') * 1000 AS INTEGER)
    FROM processing_claim";

const WORKERS: &str = "
    SELECT worker_name, coalesce(CAST(exit_status AS TEXT), 'killed'),
           claimed, success, failed, released, reaped
    FROM processing_session
    ORDER BY worker_name, started_at_utc";

const FAILURES: &str = "
    SELECT failure_category, count(*)
    FROM vw_concluded
    WHERE status = 'failed'
    GROUP BY failure_category
    ORDER BY count(*) DESC, failure_category";

const NOWHERE: &str = "
    SELECT app_id
    FROM app_xml AS x
    WHERE NOT EXISTS (SELECT 1 FROM processing_queue AS q WHERE q.app_id = x.app_id)
      AND NOT EXISTS (SELECT 1 FROM processing_log AS l WHERE l.app_id = x.app_id)";

const SUCCEEDED_TWICE: &str = "
    SELECT app_id FROM processing_log WHERE status = 'success' GROUP BY app_id HAVING count(*) > 1";

/// Applications whose rows in a table are not as many as their last attempt logged, by how many.
const DIFFERENCES: &str = "
    WITH logged AS (
        SELECT l.app_id, j.value AS n
        FROM vw_concluded AS l
        INNER JOIN json_each(l.rows_per_table) AS j ON j.key = ?1
        WHERE l.status = 'success'
    ),
    present AS (SELECT app_id, count(*) AS n FROM vw_TargetRows WHERE table_name = ?1 GROUP BY 1)
    SELECT coalesce(l.app_id, p.app_id), coalesce(p.n, 0) - coalesce(l.n, 0)
    FROM logged AS l
    FULL JOIN present AS p ON p.app_id = l.app_id
    WHERE coalesce(p.n, 0) <> coalesce(l.n, 0)";

const RECOVERED: &str = "SELECT min(app_id) FROM processing_event WHERE event_type = 'reaped'";

impl Ledger {
    pub(super) fn open(store: &Path) -> Result<Self, DemoError> {
        let open = || {
            let connection = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            connection.busy_timeout(Duration::from_secs(60))?;
            Ok(connection)
        };
        open().map(|connection| Self { connection }).map_err(wrong)
    }

    pub(super) fn counts(&self) -> Result<Counts, DemoError> {
        self.one(COUNTS, [], |row| {
            Ok(Counts {
                success: row.get(0)?,
                failed: row.get(1)?,
                quarantined: row.get(2)?,
                unfinished: row.get(3)?,
            })
        })
    }

    /// Applications that a worker, dead or alive, has claimed and not concluded.
    pub(super) fn held_by(&self, worker: &str) -> Result<u64, DemoError> {
        self.one(HELD_BY, [worker], |row| row.get(0))
    }

    /// How long the last lease still lasts; `None` where all have expired.
    pub(super) fn lease_left(&self) -> Result<Option<Duration>, DemoError> {
        let left: Option<i64> = self.one(LEASE_LEFT, [], |row| row.get(0))?;
        Ok(left.and_then(|left| u64::try_from(left).ok()).map(Duration::from_millis))
    }

    /// An application that was reaped from a dead worker.
    pub(super) fn recovered_app(&self) -> Result<Option<AppId>, DemoError> {
        let app: Option<i64> = self.one(RECOVERED, [], |row| row.get(0))?;
        Ok(app.map(AppId))
    }

    /// The counts of each worker.
    pub(super) fn worker_table(&self) -> Result<Table, DemoError> {
        let numbers = ["claimed", "success", "failed", "released", "reaped"];
        let mut columns = vec![("worker", Align::Left), ("exit", Align::Right)];
        columns.extend(numbers.map(|name| (name, Align::Right)));
        let mut table = Table::new(&columns);
        let rows = self.all(WORKERS, [], |row| {
            let mut cells = vec![row.get::<_, String>(0)?, row.get(1)?];
            for column in 2..7 {
                cells.push(count(row.get(column)?));
            }
            Ok(cells)
        })?;
        for row in rows {
            table.row(row);
        }
        Ok(table)
    }

    /// How the applications ended.
    pub(super) fn outcome_table(&self) -> Result<Table, DemoError> {
        let counts = self.counts()?;
        let mut table = Table::new(&[("status", Align::Left), ("applications", Align::Right)]);
        table.row(["success", &count(counts.success)]);
        table.row(["failed", &count(counts.failed)]);
        let categories =
            self.all(FAILURES, [], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        for (category, number) in categories {
            table.row([format!("  {category}"), count(number)]);
        }
        table.row(["quarantined", &count(counts.quarantined)]);
        Ok(table)
    }

    /// The balance.
    pub(super) fn prove(&self, contract: &Contract) -> Result<Proof, DemoError> {
        let Counts { success, failed, quarantined, unfinished } = self.counts()?;
        let enqueued = self.one("SELECT count(*) FROM app_xml", [], |row| row.get(0))?;
        let mut lost = self.ids(NOWHERE)?;
        let mut duplicated = self.ids(SUCCEEDED_TWICE)?;
        let mut rows = Vec::new();
        for target in &contract.targets {
            let table = quoted(&target.name);
            let differences = self.all(DIFFERENCES, [&target.name], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            })?;
            for (app_id, difference) in differences {
                if difference < 0 { &mut lost } else { &mut duplicated }.push(app_id);
            }
            let sql = format!("SELECT count(*) FROM {table}");
            rows.push((target.name.clone(), self.one(&sql, [], |row| row.get(0))?));
        }
        let (lost, duplicated) = (distinct(lost), distinct(duplicated));
        Ok(Proof { enqueued, success, failed, quarantined, unfinished, lost, duplicated, rows })
    }

    fn ids(&self, sql: &str) -> Result<Vec<i64>, DemoError> {
        self.all(sql, [], |row| row.get(0))
    }

    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, DemoError> {
        self.connection.query_row(sql, params, read).map_err(wrong)
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, DemoError> {
        let mut statement = self.connection.prepare(sql).map_err(wrong)?;
        let rows = statement.query_map(params, read).map_err(wrong)?;
        rows.collect::<rusqlite::Result<_>>().map_err(wrong)
    }
}

fn distinct(mut ids: Vec<i64>) -> u64 {
    ids.sort_unstable();
    ids.dedup();
    ids.len() as u64
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn wrong(error: rusqlite::Error) -> DemoError {
    StoreError::Database(error.to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof() -> Proof {
        let (enqueued, success, failed, quarantined) = (5000, 4931, 66, 3);
        Proof { enqueued, success, failed, quarantined, ..Proof::default() }
    }

    #[test]
    fn a_balance_that_holds_is_an_equation() {
        let text = "5000 enqueued = 4931 success + 66 failed + 3 quarantined; 0 lost, 0 duplicated";
        assert!(proof().holds());
        assert_eq!(proof().to_string(), text);
    }

    #[test]
    fn whatever_is_missing_or_too_much_breaks_it() {
        for broken in [
            Proof { success: 4930, ..proof() },
            Proof { unfinished: 1, ..proof() },
            Proof { lost: 1, ..proof() },
            Proof { duplicated: 1, ..proof() },
        ] {
            assert!(!broken.holds(), "{broken}");
        }
        let broken = Proof { success: 4930, unfinished: 1, lost: 2, ..proof() };
        let text = "5000 enqueued vs 4930 success + 66 failed + 3 quarantined; \
                    1 unfinished, 2 lost, 0 duplicated";
        assert_eq!(broken.to_string(), text);
    }
}
