//! Transactions: they take the write lock when they start, and wait while others hold it.

use std::ops::Deref;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, TransactionBehavior};

use super::fault::{SqliteFault, Step};
use super::turn::Turn;
use crate::store::StoreError;

/// SQLite's own clock in milliseconds since 1970-01-01 UTC: the only clock of the store.
pub(super) const NOW: &str = "SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)";

/// How often SQLite itself asks for a lock before the transaction is started again: for about two seconds.
const BUSY_TRIES: i32 = 1000;

/// SQLite's busy handler. A transaction lasts a few milliseconds, so the pauses are shorter than those of
/// SQLite's own handler, which grow to a tenth of a second.
pub(super) fn wait_for_lock(tries: i32) -> bool {
    std::thread::sleep(Duration::from_micros(100 << tries.clamp(0, 4)));
    tries < BUSY_TRIES
}

/// How long to wait for a lock before it is an error. A process that is suspended inside a
/// transaction makes the others wait, so this is far longer than any transaction lasts.
const PATIENCE: Duration = Duration::from_secs(600);

/// A transaction and the single time that applies to all of it.
pub(super) struct Work<'c> {
    transaction: Transaction<'c>,
    /// Milliseconds since 1970-01-01 UTC.
    pub now: i64,
}

impl Deref for Work<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.transaction
    }
}

impl Work<'_> {
    /// Runs a statement; returns the number of rows that it changed.
    pub fn run(&self, sql: &str, parameters: impl Params) -> Step<u64> {
        Ok(self.prepare_cached(sql)?.execute(parameters)? as u64)
    }

    /// The first row of a query, if it has one.
    pub fn find<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row) -> rusqlite::Result<T>,
    ) -> Step<Option<T>> {
        Ok(self.prepare_cached(sql)?.query_row(parameters, read).optional()?)
    }

    /// The first value of a query that always has a row.
    pub fn value<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        parameters: impl Params,
    ) -> Step<T> {
        Ok(self.prepare_cached(sql)?.query_row(parameters, |row| row.get(0))?)
    }

    /// Every row of a query.
    pub fn all<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnMut(&Row) -> rusqlite::Result<T>,
    ) -> Step<Vec<T>> {
        let mut statement = self.prepare_cached(sql)?;
        let rows = statement.query_map(parameters, read)?.collect::<rusqlite::Result<_>>()?;
        Ok(rows)
    }

    /// Whether a query has a row.
    pub fn exists(&self, sql: &str, parameters: impl Params) -> Step<bool> {
        Ok(self.prepare_cached(sql)?.exists(parameters)?)
    }
}

/// Does `work` in one transaction that holds the write lock from its start. Commits if it returns
/// `Ok`; otherwise nothing remains. `work` runs again from the start after waiting for a lock.
pub(super) fn write<T>(connection: &mut Connection, work: impl FnMut(&Work) -> Step<T>) -> Step<T> {
    transact(connection, TransactionBehavior::Immediate, work)
}

/// Does `work` on one unchanging view of the database.
pub(super) fn read<T>(connection: &mut Connection, work: impl FnMut(&Work) -> Step<T>) -> Step<T> {
    transact(connection, TransactionBehavior::Deferred, work)
}

fn transact<T>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    mut work: impl FnMut(&Work) -> Step<T>,
) -> Step<T> {
    let attempt = || {
        let writes = matches!(behavior, TransactionBehavior::Immediate);
        let _turn = if writes { Turn::take(connection) } else { None };
        let transaction = connection.transaction_with_behavior(behavior)?;
        let now = transaction.prepare_cached(NOW)?.query_row([], |row| row.get(0))?;
        let in_hand = Work { transaction, now };
        let value = work(&in_hand)?;
        in_hand.transaction.commit()?;
        Ok(value)
    };
    patiently(attempt).map_err(|fault| fault.naming_damage(connection))
}

/// Tries again with growing pauses while another connection holds a lock.
pub(super) fn patiently<T>(attempt: impl FnMut() -> Step<T>) -> Step<T> {
    let done = patiently_unless(|| false, attempt)?;
    Ok(done.expect("nothing stops it"))
}

/// As [`patiently`], but gives up with `None` if `stop` returns true while a lock is held.
pub(super) fn patiently_unless<T>(
    stop: impl Fn() -> bool,
    mut attempt: impl FnMut() -> Step<T>,
) -> Step<Option<T>> {
    let since = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match attempt() {
            Err(fault) if !fault.is_busy() => return Err(fault),
            Err(_) if stop() => return Ok(None),
            Err(_) if since.elapsed() < PATIENCE => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(100));
            }
            Err(fault) => return Err(still_locked(&fault)),
            Ok(done) => return Ok(Some(done)),
        }
    }
}

fn still_locked(fault: &SqliteFault) -> SqliteFault {
    StoreError::Database(format!(
        "another process has held the store's lock for {} seconds ({fault:?}); find the process \
         that is suspended in a transaction, resume it or end it, and run again",
        PATIENCE.as_secs()
    ))
    .into()
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn failing(code: i32) -> SqliteFault {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()
    }

    #[test]
    fn a_held_lock_is_waited_for() {
        let mut locks = vec![
            ffi::SQLITE_BUSY,
            ffi::SQLITE_BUSY_SNAPSHOT,
            ffi::SQLITE_BUSY_RECOVERY,
            ffi::SQLITE_LOCKED,
            ffi::SQLITE_PROTOCOL,
        ];
        let done = patiently(|| match locks.pop() {
            Some(code) => Err(failing(code)),
            None => Ok(7),
        });
        assert_eq!(done.expect("no lock is left"), 7);
    }

    #[test]
    fn any_other_error_is_returned_at_once() {
        let mut tries = 0;
        let failed: Step<()> = patiently(|| {
            tries += 1;
            Err(failing(ffi::SQLITE_FULL))
        });
        assert!(failed.is_err());
        assert_eq!(tries, 1);
    }

    #[test]
    fn the_clock_counts_milliseconds_since_1970() {
        let mut connection = Connection::open_in_memory().expect("open");
        let now = read(&mut connection, |tx| Ok(tx.now)).expect("read");
        let here = chrono::Utc::now().timestamp_millis();
        assert!((here - now).abs() < 60_000, "{now} is not near {here}");
    }
}
