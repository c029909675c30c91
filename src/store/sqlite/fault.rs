//! Errors inside an operation, before they become the caller's.

use rusqlite::{ffi, Connection, ErrorCode};

use crate::store::StoreError;

/// Result of one step of an operation.
pub(super) type Step<T> = Result<T, SqliteFault>;

/// An error inside an operation.
#[derive(Debug)]
pub(super) enum SqliteFault {
    /// Already in the caller's terms.
    Store(StoreError),
    /// The database refused a row of a target table; [`RefusedRow::cause`] is never
    /// [`Cause::Busy`] or [`Cause::Broken`].
    Row(Box<RefusedRow>),
    /// Any other error of SQLite.
    Sqlite(rusqlite::Error),
}

/// What an error of SQLite comes from. It decides what becomes of the applications of a completion
/// ([`Store::complete_batch`](crate::store::Store::complete_batch)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A lock that another connection holds: wait and repeat.
    Busy,
    /// The data of one application.
    Data,
    /// The space, the memory, the permissions or the tables. Usually every application would be
    /// refused, but it may be the rows of one alone that need too much of them.
    Server,
    /// The disk or the file itself: to go on could do harm.
    Broken,
    /// Not known. It may be the data of one application.
    Unknown,
}

/// The cause of an error. By primary result code:
///
/// | cause | codes |
/// |---|---|
/// | busy | `BUSY` 5, `LOCKED` 6, `PROTOCOL` 15 |
/// | data | `TOOBIG` 18, `CONSTRAINT` 19, which a trigger's `RAISE` also gives, `MISMATCH` 20 |
/// | server | `PERM` 3, `NOMEM` 7, `READONLY` 8, `FULL` 13, `CANTOPEN` 14, `SCHEMA` 17, `NOLFS` 22, `AUTH` 23, and `ERROR` 1 that names a missing object |
/// | broken | `IOERR` 10, `CORRUPT` 11, `NOTADB` 26 |
/// | unknown | every other one, such as `ERROR` 1 of a function in a trigger |
pub(super) fn cause(error: &rusqlite::Error) -> Cause {
    match code(error) {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed,
        ) => Cause::Busy,
        Some(ErrorCode::TooBig | ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch) => {
            Cause::Data
        }
        Some(
            ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::DiskFull
            | ErrorCode::CannotOpen
            | ErrorCode::SchemaChanged
            | ErrorCode::NoLargeFileSupport
            | ErrorCode::AuthorizationForStatementDenied,
        ) => Cause::Server,
        Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Cause::Broken
        }
        Some(ErrorCode::Unknown) if names_missing_object(error) => Cause::Server,
        _ => Cause::Unknown,
    }
}

/// SQLite's primary result code, also of a statement that does not compile.
pub(super) fn code(error: &rusqlite::Error) -> Option<ErrorCode> {
    match error {
        rusqlite::Error::SqliteFailure(error, _) | rusqlite::Error::SqlInputError { error, .. } => {
            Some(error.code)
        }
        _ => None,
    }
}

/// Whether a statement does not compile (again) because something that it names does not exist.
/// SQLite has no code for that, but its texts have not changed for decades.
fn names_missing_object(error: &rusqlite::Error) -> bool {
    let text = error.to_string();
    text.contains("no such ") || text.contains("has no column named ")
}

/// A row that the database refused, with its place where it is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RefusedRow {
    /// Why.
    pub cause: Cause,
    /// SQLite's extended result code.
    pub number: i32,
    /// SQLite's message.
    pub message: String,
    /// The target table.
    pub table: String,
    /// The column, or several joined by commas.
    pub column: Option<String>,
    /// The value of the column.
    pub value: Option<String>,
    /// 1-based number of the application's row in the table; `None` when deleting.
    pub row: Option<usize>,
}

impl From<rusqlite::Error> for SqliteFault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for SqliteFault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SqliteFault> for StoreError {
    fn from(fault: SqliteFault) -> Self {
        match fault {
            SqliteFault::Store(error) => error,
            SqliteFault::Row(refused) => Self::Database(refused.to_string()),
            SqliteFault::Sqlite(error) => Self::Database(describe(&error)),
        }
    }
}

impl SqliteFault {
    /// The same error; a damaged file is named by its path.
    pub fn naming_damage(self, connection: &Connection) -> Self {
        match self {
            Self::Sqlite(error) if is_damage(&error) => {
                let location = connection.path().unwrap_or_default();
                damaged(location.to_owned(), &error).into()
            }
            other => other,
        }
    }

    /// Whether another connection holds a lock.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Sqlite(error) if cause(error) == Cause::Busy)
    }
}

impl std::fmt::Display for RefusedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { number, message, table, .. } = self;
        match self.row {
            Some(row) => {
                write!(f, "the database refused row {row} for table {table}: {message} ({number})")
            }
            None => write!(
                f,
                "the database refused to delete the application's earlier rows from table \
                 {table}: {message} ({number})"
            ),
        }
    }
}

/// The extended result code, or 0 if the error is not SQLite's own, and the message.
pub(super) fn number_and_message(error: &rusqlite::Error) -> (i32, String) {
    match error {
        rusqlite::Error::SqliteFailure(code, Some(message)) => {
            (code.extended_code, message.clone())
        }
        rusqlite::Error::SqlInputError { error, msg, .. } => (error.extended_code, msg.clone()),
        _ => (0, error.to_string()),
    }
}

/// Whether the file is not, or no longer, what SQLite wrote.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(code(error), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || is_damaged_json(error)
}

/// All JSON in the store is its own, which is valid when it is written. SQLite has no code for it.
fn is_damaged_json(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(_, Some(text)) if text == "malformed JSON")
}

/// The error for a damaged file.
pub(super) fn damaged(location: String, error: &rusqlite::Error) -> StoreError {
    StoreError::Damaged { location, reason: describe(error) }
}

/// The error with its number and, where there is one, the next step.
pub(super) fn describe(error: &rusqlite::Error) -> String {
    let hint = match code(error) {
        Some(ErrorCode::DiskFull) => "; free space on the disk and run again",
        Some(ErrorCode::ReadOnly) => "; make the file and its folder writable and run again",
        Some(ErrorCode::SystemIoFailure) => "; check the disk and run again",
        _ => "",
    };
    match error {
        rusqlite::Error::SqliteFailure(ffi::Error { extended_code, .. }, _) => {
            format!("SQLite error {extended_code}: {error}{hint}")
        }
        _ => format!("SQLite: {error}{hint}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32, message: &str) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(message.to_owned()))
    }

    #[test]
    fn every_result_code_has_its_cause() {
        let of = |cause_of: Cause| -> Vec<i32> {
            (1..=28).filter(|code| cause(&failure(*code, "text")) == cause_of).collect()
        };
        assert_eq!(of(Cause::Busy), [5, 6, 15]);
        assert_eq!(of(Cause::Data), [18, 19, 20]);
        assert_eq!(of(Cause::Server), [3, 7, 8, 13, 14, 17, 22, 23]);
        assert_eq!(of(Cause::Broken), [10, 11, 26]);
        assert_eq!(of(Cause::Unknown), [1, 2, 4, 9, 12, 16, 21, 24, 25, 27, 28]);
    }

    #[test]
    fn an_extended_code_has_the_cause_of_its_primary_code() {
        assert_eq!(cause(&failure(ffi::SQLITE_CONSTRAINT_TRIGGER, "not wanted")), Cause::Data);
        assert_eq!(cause(&failure(ffi::SQLITE_IOERR_WRITE, "disk I/O error")), Cause::Broken);
        assert_eq!(cause(&failure(ffi::SQLITE_BUSY_SNAPSHOT, "locked")), Cause::Busy);
    }

    #[test]
    fn a_missing_object_is_the_server_s() {
        for text in ["no such table: main.audit", "table t has no column named x"] {
            assert_eq!(cause(&failure(1, text)), Cause::Server, "{text}");
        }
        assert_eq!(cause(&failure(1, "malformed JSON")), Cause::Unknown);
    }

    #[test]
    fn an_error_of_the_binding_has_no_number() {
        let error = rusqlite::Error::InvalidParameterCount(1, 2);
        assert_eq!((cause(&error), number_and_message(&error).0), (Cause::Unknown, 0));
    }
}
