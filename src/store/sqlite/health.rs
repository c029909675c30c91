//! What is unwell.

use rusqlite::{named_params, Connection};

use super::fault::Step;
use super::statement::statement;
use super::transaction::read;
use crate::store::Finding;

const FINDINGS: &str = statement(include_str!("health_check.sql"), "findings");

pub(super) fn check(connection: &mut Connection) -> Step<Vec<Finding>> {
    read(connection, |tx| {
        let findings = tx
            .prepare_cached(FINDINGS)?
            .query_map(named_params! {":now": tx.now}, |row| {
                Ok(Finding {
                    priority: row.get(0)?,
                    finding: row.get(1)?,
                    detail: row.get(2)?,
                    why: row.get(3)?,
                    fix: row.get(4)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(findings)
    })
}
