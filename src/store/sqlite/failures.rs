//! What failed and is not queued again.

use rusqlite::{named_params, Connection, Row};

use super::binding::instant;
use super::fault::Step;
use super::statement::statement;
use super::transaction::read;
use crate::outcome::Failure;
use crate::store::{FailurePage, LoggedFailure};

const PAGE: &str = statement(include_str!("list_failures.sql"), "page");

pub(super) fn list(connection: &mut Connection, page: &FailurePage) -> Step<Vec<LoggedFailure>> {
    read(connection, |tx| {
        let parameters = named_params! {
            ":category": page.category,
            ":fingerprint": page.fingerprint,
            ":after": page.after,
            ":size": page.size.clamp(1, 10_000),
        };
        let failures = tx
            .prepare_cached(PAGE)?
            .query_map(parameters, logged)?
            .collect::<rusqlite::Result<_>>()?;
        Ok(failures)
    })
}

fn logged(row: &Row) -> rusqlite::Result<LoggedFailure> {
    Ok(LoggedFailure {
        app_id: row.get(0)?,
        attempt: row.get(1)?,
        failure: Failure {
            category: row.get(2)?,
            table: row.get(3)?,
            column: row.get(4)?,
            path: row.get(5)?,
            line: row.get(6)?,
            column_number: row.get(7)?,
            value: row.get(8)?,
            reason: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
        },
        fingerprint: row.get(10)?,
        error_number: row.get(11)?,
        processed_at: instant(row.get(12)?),
        worker_name: row.get(13)?,
        document_bytes: row.get(14)?,
    })
}
