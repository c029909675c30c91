//! Why the database does not take an application.

use rusqlite::ffi;

use crate::outcome::{message_template, Failure, FailureCategory};
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
                if row.number == ffi::SQLITE_CONSTRAINT_TRIGGER {
                    // Others raise it, and with any values in it.
                    let message = message_template(&row.message);
                    let reason = row.to_string().replacen(&row.message, &message, 1);
                    let number = format!(" ({})", row.number);
                    let template = reason.strip_suffix(&number).unwrap_or(&reason);
                    rejection.failure = rejection.failure.with_template(template);
                }
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
