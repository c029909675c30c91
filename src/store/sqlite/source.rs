//! The source table, to draft a contract from its documents.

use rusqlite::{named_params, Connection, OptionalExtension};

use super::fault::Step;
use super::inspect::document;
use super::statement::statement;
use super::transaction::patiently;
use crate::id::AppId;
use crate::store::SourceRow;

const SOURCE: &str = include_str!("source.sql");
const BOUNDS: &str = statement(SOURCE, "bounds");
const ROW_FROM: &str = statement(SOURCE, "row_from");

pub(super) fn bounds(connection: &Connection) -> Step<Option<(AppId, AppId)>> {
    patiently(|| {
        let ends = connection.query_row(BOUNDS, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (low, high): (Option<AppId>, Option<AppId>) = ends;
        Ok(low.zip(high))
    })
}

pub(super) fn row_from(connection: &Connection, app_id: AppId) -> Step<Option<SourceRow>> {
    patiently(|| {
        let mut statement = connection.prepare_cached(ROW_FROM)?;
        let row = statement.query_row(named_params! {":app_id": app_id}, |row| {
            Ok((row.get(0)?, document(row.get_ref(1)?)))
        });
        Ok(row.optional()?)
    })
}
