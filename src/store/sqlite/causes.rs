//! The causes of failure.

use std::sync::LazyLock;

use rusqlite::{named_params, Connection, Row};

use super::binding::{instant, milliseconds};
use super::fault::Step;
use super::statement::statement;
use super::transaction::read;
use crate::store::{CauseQuery, FailureCause, FailureCauses};

const LIST_CAUSES: &str = include_str!("list_causes.sql");
const VALUES: &str = statement(LIST_CAUSES, "values");

/// Before every failure: the view has this number in its text.
const EVER: i64 = -9_223_372_036_854_775_807;

/// The causes since a time: the query of the view, with a parameter.
static CAUSES: LazyLock<String> = LazyLock::new(|| {
    let view = include_str!("views/vw_FailureFingerprints.sql");
    let (_, query) = view.split_once(" AS\n").expect("a view");
    let query = query.trim_end().trim_end_matches(';').replace(&EVER.to_string(), ":since");
    statement(LIST_CAUSES, "causes").replace("vw_FailureFingerprints", &format!("({query})"))
});

pub(super) fn list_causes(connection: &mut Connection, query: &CauseQuery) -> Step<FailureCauses> {
    read(connection, |tx| {
        let since = query.since.map_or(EVER, |since| tx.now - milliseconds(since));
        let mut found = FailureCauses::default();
        let parameters = named_params! {":since": since, ":causes": query.causes()};
        for (cause, all_causes, all_applications) in tx.all(&CAUSES, parameters, cause)? {
            found.causes.push(cause);
            found.all_causes = all_causes;
            found.all_applications = all_applications;
        }
        for cause in &mut found.causes {
            let parameters = named_params! {
                ":fingerprint": cause.fingerprint,
                ":since": since,
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
