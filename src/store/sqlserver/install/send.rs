//! One batch of an installation, on its way to the server.

use crate::store::sqlserver::connection::{Connection, ResultSets};
use crate::store::sqlserver::dialect::in_use;
use crate::store::sqlserver::fault::Result;

/// Sends a batch of an installation, in the parts that the engine needs; returns the last result.
pub fn send(connection: &mut Connection, sql: &str) -> Result<ResultSets> {
    let mut answer = ResultSets::new();
    for batch in (in_use().installation)(sql) {
        answer = connection.slow_batch(&batch)?;
    }
    Ok(answer)
}
