//! The temp tables of a connection, which bulk load fills.

use super::rows;
use crate::contract::{Contract, STAGE_APP_ID, STAGE_ROW};
use crate::outcome::AppOutcome;
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::dialect::in_use;
use crate::store::sqlserver::fault::Result;
use crate::store::sqlserver::{contract_sql, install};
use crate::value::SqlType;

/// The temp tables that a connection has, so that they are created once.
#[derive(Default)]
pub(crate) struct Stage {
    /// The connection's generation, and the batch that created the tables.
    created: Option<(u64, String)>,
}

impl Stage {
    /// Loads outcomes and rows into the emptied temp tables.
    pub(super) fn fill(
        &mut self,
        connection: &mut Connection,
        contract: &Contract,
        outcomes: &[AppOutcome],
    ) -> Result<()> {
        self.prepare(connection, contract)?;
        let mut outcomes: Vec<&AppOutcome> = outcomes.iter().collect();
        outcomes.sort_by_key(|app| app.app_id);
        let outcome_rows = outcomes.iter().copied().map(rows::outcome_row);
        connection.bulk_load("#outcome", &rows::OUTCOME_COLUMNS, &[], outcome_rows)?;
        for (index, table) in contract.targets.iter().enumerate() {
            let mut staged = rows::stage_rows(&outcomes, index, table).peekable();
            if staged.peek().is_none() {
                continue;
            }
            let columns = rows::stage_columns(table);
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            let order = [STAGE_APP_ID, STAGE_ROW];
            connection.bulk_load(&contract_sql::stage_name(table), &columns, &order, staged)?;
            for long in rows::long_values(&outcomes, index, table) {
                connection.execute(&long.statement(table), long.parameters())?;
            }
        }
        Ok(())
    }

    /// Creates the temp tables unless this connection has those of the contract, and empties them.
    fn prepare(&mut self, connection: &mut Connection, contract: &Contract) -> Result<()> {
        let ddl = contract_sql::stage_ddl_of(&contract.targets, stage_type);
        if let Some((generation, created)) = &self.created {
            // If the connection breaks after this check, the batch fails and nothing is lost.
            if *generation == connection.generation() && *created == ddl {
                let clear = contract_sql::clear_stage(&contract.targets);
                return connection.batch(&format!("TRUNCATE TABLE #outcome;\n{clear}")).map(drop);
            }
            if *generation == connection.generation() {
                // The connection has the tables of another contract, perhaps of the same names.
                connection.hang_up();
            }
        }
        self.created = None;
        for batch in install::session_tables() {
            connection.batch(&batch)?;
        }
        connection.batch(&ddl)?;
        self.created = Some((connection.generation(), ddl));
        Ok(())
    }
}

/// The stage's type, unless this engine needs decimals as text.
fn stage_type(sql_type: SqlType) -> String {
    match sql_type {
        SqlType::Decimal { .. } | SqlType::Money if in_use().decimals_as_text => {
            contract_sql::stage_text(Some(50))
        }
        other => contract_sql::stage_type(other),
    }
}
