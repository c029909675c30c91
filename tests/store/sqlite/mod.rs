//! The embedded store in the suite, and the behaviour that only it has.

mod columns;
mod contention;
mod cost;
mod counting;
mod file;
mod loading;
mod lost;
mod refusals;
mod types;
mod upgrading;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use rusqlite::types::Value;
use rusqlite::Connection;
use tempfile::TempDir;
use xmlshred::id::ClaimToken;
use xmlshred::store::sqlite::SqliteStore;
use xmlshred::store::Store;

use super::harness::{Cause, Harness};
use super::{invariants, Behaviour};

/// Runs a behaviour on a new store.
pub fn run(behaviour: Behaviour) {
    behaviour(&SqliteHarness::fresh());
}

/// A store, usually in its own folder, which is deleted with it.
pub struct SqliteHarness {
    /// A connection from outside, kept open: closing the last one would remove the write-ahead log.
    outside: Mutex<Connection>,
    path: PathBuf,
    _folder: Option<TempDir>,
}

impl SqliteHarness {
    pub fn fresh() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store.db");
        drop(SqliteStore::open_or_create(&path).expect("create"));
        Self { _folder: Some(folder), ..Self::on(path) }
    }

    /// An existing store.
    pub fn on(path: PathBuf) -> Self {
        Self { outside: Mutex::new(connection(&path)), path, _folder: None }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A query's rows as text.
    pub fn query_as_is(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let connection = self.connection();
        let mut statement = connection.prepare(sql).expect(sql);
        let width = statement.column_count();
        let rows = statement
            .query_map([], |row| (0..width).map(|i| Ok(as_text(row.get(i)?))).collect())
            .expect(sql);
        rows.map(|row| row.expect(sql)).collect()
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.outside.lock().expect("no test panicked in it")
    }
}

/// A connection that is not the program's.
pub fn connection(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("open");
    connection.busy_timeout(std::time::Duration::from_secs(60)).expect("timeout");
    // A test's data need not survive a power failure.
    connection.execute_batch("PRAGMA synchronous = OFF").expect("pragma");
    connection
}

fn as_text(value: Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
    };
    Some(text)
}

/// SQLite has no schemas: removes the braces.
fn plain(sql: &str) -> String {
    sql.replace(['{', '}'], "")
}

impl Harness for SqliteHarness {
    fn connect(&self) -> Box<dyn Store> {
        Box::new(SqliteStore::open(&self.path).expect("open"))
    }

    fn put_document(&self, app_id: i64, document: Option<&[u8]>) {
        self.connection()
            .execute(
                "INSERT INTO app_xml (app_id, xml) VALUES (?1, ?2)
                 ON CONFLICT (app_id) DO UPDATE SET xml = excluded.xml",
                (app_id, document),
            )
            .expect("put");
    }

    fn execute(&self, sql: &str) {
        self.connection().execute_batch(&plain(sql)).expect(sql);
    }

    fn query(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let in_lower_case = |cell: Option<String>| cell.map(|text| text.to_lowercase());
        let rows = self.query_as_is(&plain(sql)).into_iter();
        rows.map(|row| row.into_iter().map(in_lower_case).collect()).collect()
    }

    fn expire_lease(&self, token: ClaimToken) {
        let expired = self
            .connection()
            .execute(
                "UPDATE processing_claim SET lease_expires_at_utc = claimed_at_utc - 1
                 WHERE claim_token = ?1",
                [token.0.to_string()],
            )
            .expect("expire");
        assert_eq!(expired, 1, "claim {token:?} does not exist");
    }

    fn put_clock_back(&self) {
        let times = self.query(
            "SELECT name FROM pragma_table_info('processing_queue') WHERE name GLOB '*_utc'",
        );
        for time in times.into_iter().flatten().flatten() {
            self.execute(&format!("UPDATE processing_queue SET {time} = {time} + 3600000"));
        }
    }

    fn refuse_rows(&self, name: &str, cause: Cause) {
        let fails = match cause {
            // A function that fails is SQLite's error 1, which has no cause of its own.
            Cause::Unknown => "SELECT json(NEW.name)",
            // A table without a free row id is full, as a disk is.
            Cause::Server => "INSERT INTO full_table (id) VALUES (NULL)",
        };
        self.execute(&format!(
            "CREATE TABLE IF NOT EXISTS full_table (id INTEGER PRIMARY KEY AUTOINCREMENT);
             INSERT OR IGNORE INTO full_table (id) VALUES (9223372036854775807);
             CREATE TRIGGER refuse_{name} BEFORE INSERT ON app_base WHEN NEW.name = '{name}'
             BEGIN {fails}; END"
        ));
    }

    fn cure(&self) {
        self.execute("DROP TRIGGER refuse_poison");
    }

    fn age_everything(&self) {
        const HUNDRED_DAYS: i64 = 100 * 86_400_000;
        self.connection()
            .execute_batch(&format!(
                "UPDATE processing_log SET processed_at_utc = processed_at_utc - {HUNDRED_DAYS};
                 UPDATE processing_event SET occurred_at_utc = occurred_at_utc - {HUNDRED_DAYS};
                 UPDATE processing_session SET ended_at_utc = ended_at_utc - {HUNDRED_DAYS},
                     last_seen_at_utc = last_seen_at_utc - {HUNDRED_DAYS};"
            ))
            .expect("age");
    }

    fn violations(&self) -> Vec<String> {
        invariants::violations(&self.path)
    }
}
