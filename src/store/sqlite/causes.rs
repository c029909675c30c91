//! The causes of failure.

use rusqlite::{named_params, Connection, Row};

use super::binding::{instant, milliseconds};
use super::fault::Step;
use super::statement::statement;
use super::transaction::read;
use crate::store::{CauseQuery, FailureCause, FailureCauses};

const LIST_CAUSES: &str = include_str!("list_causes.sql");
const CAUSES: &str = statement(LIST_CAUSES, "causes");
const VALUES: &str = statement(LIST_CAUSES, "values");

pub(super) fn list_causes(connection: &mut Connection, query: &CauseQuery) -> Step<FailureCauses> {
    let since = query.since.map(milliseconds);
    read(connection, |tx| {
        let mut found = FailureCauses::default();
        let parameters = named_params! {":since": since, ":now": tx.now, ":causes": query.causes()};
        for (cause, all_causes, all_applications) in tx.all(CAUSES, parameters, cause)? {
            found.causes.push(cause);
            found.all_causes = all_causes;
            found.all_applications = all_applications;
        }
        for cause in &mut found.causes {
            let parameters = named_params! {
                ":fingerprint": cause.fingerprint,
                ":category": cause.category,
                ":since": since,
                ":now": tx.now,
                ":values": query.values(),
            };
            cause.values = tx.all(VALUES, parameters, |row| <(String, u64)>::try_from(row))?;
        }
        Ok(found)
    })
}

/// A cause, the number of all causes, and that of their applications.
fn cause(row: &Row) -> rusqlite::Result<(FailureCause, u64, u64)> {
    let cause = FailureCause {
        fingerprint: row.get(0)?,
        applications: row.get(1)?,
        category: row.get(2)?,
        table: row.get(3)?,
        column: row.get(4)?,
        path_shape: row.get(5)?,
        error_number: row.get(6)?,
        first_at: instant(row.get(7)?),
        last_at: instant(row.get(8)?),
        example: row.get(9)?,
        reason: row.get::<_, Option<String>>(10)?.unwrap_or_default(),
        values: Vec::new(),
    };
    Ok((cause, row.get(11)?, row.get(12)?))
}
