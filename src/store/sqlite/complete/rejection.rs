//! Why the database does not take an application.

use rusqlite::ffi;

use crate::outcome::{Failure, FailureCategory};
use crate::store::sqlite::fault::{cause, number_and_message, Cause, SqliteFault, Step};
use crate::store::StoreError;

/// Why the database does not take an application.
pub struct Rejection {
    /// [`Cause::Data`], [`Cause::Server`] or [`Cause::Unknown`].
    pub cause: Cause,
    /// SQLite's extended result code.
    pub number: i32,
    /// As it is logged, if it is.
    pub failure: Failure,
}

impl Rejection {
    /// The rejection that a fault is. A fault that no application can be the cause of is returned.
    pub fn of(fault: SqliteFault) -> Step<Self> {
        let because = |cause, number, reason| {
            let failure = Failure::new(FailureCategory::ConstraintViolation, reason);
            Self { cause, number, failure }
        };
        match fault {
            SqliteFault::Row(row) => {
                let mut rejection = because(row.cause, row.number, row.to_string());
                rejection.failure.table = Some(row.table);
                rejection.failure.column = row.column;
                if let Some(value) = row.value {
                    rejection.failure = rejection.failure.with_value(&value);
                }
                Ok(rejection)
            }
            SqliteFault::Sqlite(error) => match cause(&error) {
                Cause::Busy | Cause::Broken => Err(error.into()),
                cause => {
                    let (number, message) = number_and_message(&error);
                    let reason =
                        format!("the database refused the application: {message} ({number})");
                    Ok(because(cause, number, reason))
                }
            },
            // Others may have no rows for that table.
            SqliteFault::Store(drift @ StoreError::Drift { .. }) => {
                Ok(because(Cause::Server, ffi::SQLITE_ERROR, drift.to_string()))
            }
            SqliteFault::Store(error) => Err(error.into()),
        }
    }
}
