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
    /// The database refused a row: the document is at fault, not the store.
    Data(Box<RefusedRow>),
    /// Any other error of SQLite.
    Sqlite(rusqlite::Error),
}

/// A row that the database refused, with its place where it is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RefusedRow {
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
            SqliteFault::Data(refused) => Self::Database(refused.to_string()),
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
        let Self::Sqlite(error) = self else { return false };
        matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::FileLockingProtocolFailed
            )
        )
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

/// The extended result code and message if a row's data is the cause: a constraint, a trigger
/// that refuses, a value of another type than its STRICT column's. Nothing else is a data reason.
pub(super) fn data_reason(error: &rusqlite::Error) -> Option<(i32, String)> {
    let rusqlite::Error::SqliteFailure(code, message) = error else { return None };
    let data = matches!(code.code, ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch);
    data.then(|| (code.extended_code, message.clone().unwrap_or_else(|| code.to_string())))
}

/// Whether the file is not, or no longer, what SQLite wrote.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// The error for a damaged file.
pub(super) fn damaged(location: String, error: &rusqlite::Error) -> StoreError {
    StoreError::Damaged { location, reason: describe(error) }
}

/// The error with its number and, where there is one, the next step.
pub(super) fn describe(error: &rusqlite::Error) -> String {
    let hint = match error.sqlite_error_code() {
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
