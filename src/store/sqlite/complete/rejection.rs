//! Why the database does not take an application.

use crate::outcome::{Failure, FailureCategory};
use crate::store::sqlite::fault::{cause, number_and_message, Cause, SqliteFault, Step};

/// Why the database does not take an application.
pub struct Rejection {
    /// [`Cause::Data`] or [`Cause::Unknown`].
    pub cause: Cause,
    /// SQLite's extended result code.
    pub number: i32,
    /// As it is logged, if it is.
    pub failure: Failure,
}

impl Rejection {
    /// The rejection that a fault is. A fault that no application can be the cause of is returned.
    pub fn of(fault: SqliteFault) -> Step<Self> {
        match fault {
            SqliteFault::Row(row) => {
                let (cause, number, reason) = (row.cause, row.number, row.to_string());
                let mut failure = Failure::new(FailureCategory::ConstraintViolation, reason);
                failure.table = Some(row.table);
                failure.column = row.column;
                if let Some(value) = row.value {
                    failure = failure.with_value(&value);
                }
                Ok(Self { cause, number, failure })
            }
            SqliteFault::Sqlite(error) => match cause(&error) {
                Cause::Busy | Cause::Server => Err(error.into()),
                cause => {
                    let (number, message) = number_and_message(&error);
                    let reason =
                        format!("the database refused the application: {message} ({number})");
                    let failure = Failure::new(FailureCategory::ConstraintViolation, reason);
                    Ok(Self { cause, number, failure })
                }
            },
            SqliteFault::Store(error) => Err(error.into()),
        }
    }
}
