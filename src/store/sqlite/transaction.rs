//! Transactions: begun with the write lock, retried while others hold it.

use std::ops::Deref;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::fault::{Fault, Step};
use crate::store::StoreError;

/// SQLite's own clock in milliseconds since 1970-01-01 UTC: the only clock of the store.
const NOW: &str = "SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)";

/// How long SQLite itself waits for a lock before the transaction is begun afresh.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a lock may be in the way before it is an error. A process that was stopped in a
/// transaction makes the others wait, so this is far longer than any transaction lasts.
const PATIENCE: Duration = Duration::from_secs(600);

/// A transaction and the one time that counts in it.
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

/// Does `work` in one transaction that holds the write lock from its beginning; commits if it
/// gives `Ok`, else leaves nothing. `work` runs again from the start when a lock was in the way.
pub(super) fn write<T>(
    connection: &mut Connection,
    mut work: impl FnMut(&Work) -> Step<T>,
) -> Step<T> {
    patiently(|| in_transaction(connection, TransactionBehavior::Immediate, &mut work))
        .map_err(|fault| fault.naming_damage(connection))
}

/// Does `work` on one unchanging view of the database.
pub(super) fn read<T>(
    connection: &mut Connection,
    mut work: impl FnMut(&Work) -> Step<T>,
) -> Step<T> {
    patiently(|| in_transaction(connection, TransactionBehavior::Deferred, &mut work))
        .map_err(|fault| fault.naming_damage(connection))
}

fn in_transaction<T>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    work: &mut impl FnMut(&Work) -> Step<T>,
) -> Step<T> {
    let transaction = connection.transaction_with_behavior(behavior)?;
    let now = transaction.prepare_cached(NOW)?.query_row([], |row| row.get(0))?;
    let work_in_hand = Work { transaction, now };
    let value = work(&work_in_hand)?;
    work_in_hand.transaction.commit()?;
    Ok(value)
}

/// Tries again with growing pauses while a lock is in the way.
pub(super) fn patiently<T>(attempt: impl FnMut() -> Step<T>) -> Step<T> {
    let done = patiently_unless(|| false, attempt)?;
    Ok(done.expect("nobody asked to stop"))
}

/// As [`patiently`], but gives up, with `None`, if `stop` says so while a lock is in the way.
pub(super) fn patiently_unless<T>(
    stop: impl Fn() -> bool,
    mut attempt: impl FnMut() -> Step<T>,
) -> Step<Option<T>> {
    let since = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match attempt() {
            Err(fault) if fault.is_busy() && stop() => return Ok(None),
            Err(fault) if fault.is_busy() && since.elapsed() < PATIENCE => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(100));
            }
            Err(fault) if fault.is_busy() => return Err(still_locked(&fault)),
            other => return other.map(Some),
        }
    }
}

fn still_locked(fault: &Fault) -> Fault {
    StoreError::Database(format!(
        "another process has held the store's lock for {} seconds ({fault:?}); find the one that \
         is stopped in a transaction, let it continue or end it, and run again",
        PATIENCE.as_secs()
    ))
    .into()
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn failing(code: i32) -> Fault {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()
    }

    #[test]
    fn a_lock_in_the_way_is_tried_again() {
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
    fn any_other_error_is_told_at_once() {
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
