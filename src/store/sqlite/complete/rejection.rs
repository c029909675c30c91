//! Why the database does not take an application.

use rusqlite::ffi;

use crate::outcome::{message_template, without_quoted, Failure, FailureCategory};
use crate::reason::Reason;
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
        // The database's message has the key in brackets, behind the constraint.
        let template = |reason: &str| reason.split(" (").next().unwrap_or(reason).to_owned();
        let because = |cause, number, reason: String, template: String| {
            let reason = Reason::of_others(reason, template);
            let failure = Failure::new(FailureCategory::ConstraintViolation, reason);
            Self { cause, number, failure }
        };
        match fault {
            SqliteFault::Row(row) => {
                let reason = row.to_string();
                let template = match row.number {
                    // Others raise it, and with any values in it.
                    ffi::SQLITE_CONSTRAINT_TRIGGER => {
                        let message = message_template(&row.message);
                        let reason = reason.replacen(&row.message, &message, 1);
                        let number = format!(" ({})", row.number);
                        without_quoted(reason.strip_suffix(&number).unwrap_or(&reason)).into_owned()
                    }
                    _ => template(&reason),
                };
                let mut rejection = because(row.cause, row.number, reason, template);
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
                    let template = template(&reason);
                    Ok(because(cause, number, reason, template))
                }
            },
            // Others may have no rows for that table.
            SqliteFault::Store(drift @ StoreError::Drift { .. }) => {
                let reason = drift.to_string();
                let template = template(&reason);
                Ok(because(Cause::Server, ffi::SQLITE_ERROR, reason, template))
            }
            SqliteFault::Store(error) => Err(error.into()),
        }
    }
}
