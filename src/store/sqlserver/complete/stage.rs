//! The temp tables of a connection, from which a procedure completes or backfills.

use tiberius::TokenRow;

use super::inline::InlineRows;
use super::rows;
use crate::contract::{Contract, TargetTable, STAGE_APP_ID, STAGE_ROW};
use crate::outcome::AppOutcome;
use crate::store::sqlserver::call::Call;
use crate::store::sqlserver::connection::{Connection, ResultSets};
use crate::store::sqlserver::fault::Result;
use crate::store::sqlserver::{contract_sql, install};

const OUTCOME: &str = "#outcome";

/// Rows sorted so: by the stage's index.
const ORDER: [&str; 2] = [STAGE_APP_ID, STAGE_ROW];

/// The temp tables that a connection has, so that they are created once.
#[derive(Default)]
pub(crate) struct Stage {
    /// Whether the database reads rows out of a call.
    inlines: bool,
    /// The connection's generation, and the batch that created the tables.
    created: Option<(u64, String)>,
    /// The tables that may have rows.
    filled: Vec<String>,
}

/// The columns of a temp table, and their types.
type Columns = Vec<(String, String)>;

/// Rows that are not in the stage yet: the call brings them.
#[derive(Default)]
pub(super) struct Luggage {
    pieces: Vec<Piece>,
}

/// What the call puts into one temp table.
struct Piece {
    table: String,
    columns: Columns,
    rows: InlineRows,
}

impl Stage {
    /// Without a table; `inlines` says whether the database has OPENJSON.
    pub(crate) fn new(inlines: bool) -> Self {
        Self { inlines, ..Self::default() }
    }

    /// Loads outcomes and rows into the emptied temp tables.
    pub(super) fn fill(
        &mut self,
        connection: &mut Connection,
        contract: &Contract,
        outcomes: &[AppOutcome],
    ) -> Result<()> {
        self.load(connection, contract, outcomes, false).map(drop)
    }

    /// As [`Stage::fill`], except for the rows of tables with few: [`Stage::call`] brings them.
    pub(super) fn pack(
        &mut self,
        connection: &mut Connection,
        contract: &Contract,
        outcomes: &[AppOutcome],
    ) -> Result<Luggage> {
        self.load(connection, contract, outcomes, self.inlines)
    }

    fn load(
        &mut self,
        connection: &mut Connection,
        contract: &Contract,
        outcomes: &[AppOutcome],
        inlines: bool,
    ) -> Result<Luggage> {
        self.prepare(connection, contract)?;
        let mut outcomes: Vec<&AppOutcome> = outcomes.iter().collect();
        outcomes.sort_by_key(|app| app.app_id);
        let mut luggage = Luggage::default();
        let columns = rows::OUTCOME_COLUMNS.map(|(name, kind)| (name.to_owned(), kind.to_owned()));
        let columns = columns.to_vec();
        let of_outcomes = || outcomes.iter().copied().map(rows::outcome_row);
        match inlines.then(|| InlineRows::new(of_outcomes())).flatten() {
            Some(rows) => luggage.pieces.push(Piece { table: OUTCOME.to_owned(), columns, rows }),
            None => self.bulk_load(connection, OUTCOME, &columns, &[], of_outcomes())?,
        }
        for (index, table) in contract.targets.iter().enumerate() {
            if rows::stage_rows(&outcomes, index, table).next().is_some() {
                let inlines = inlines.then_some(&mut luggage);
                self.load_table(connection, &outcomes, index, table, inlines)?;
            }
        }
        Ok(luggage)
    }

    /// Loads the rows of one table, or packs them if they are few.
    fn load_table(
        &mut self,
        connection: &mut Connection,
        outcomes: &[&AppOutcome],
        index: usize,
        table: &TargetTable,
        luggage: Option<&mut Luggage>,
    ) -> Result<()> {
        let (name, columns) = (contract_sql::stage_name(table), rows::stage_columns(table));
        let staged = || rows::stage_rows(outcomes, index, table);
        let mut long_values = rows::long_values(outcomes, index, table).peekable();
        if let Some(luggage) = luggage.filter(|_| long_values.peek().is_none()) {
            if let Some(rows) = InlineRows::new(staged()) {
                luggage.pieces.push(Piece { table: name, columns, rows });
                return Ok(());
            }
        }
        self.bulk_load(connection, &name, &columns, &ORDER, staged())?;
        for long in long_values {
            connection.execute(&long.statement(table), long.parameters())?;
        }
        Ok(())
    }

    fn bulk_load<'r>(
        &mut self,
        connection: &mut Connection,
        table: &str,
        columns: &[(String, String)],
        order: &[&str],
        rows: impl Iterator<Item = TokenRow<'r>>,
    ) -> Result<()> {
        self.filled.push(table.to_owned());
        let columns: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        connection.bulk_load(table, &columns, order, rows)
    }

    /// Puts what was packed into its tables, calls the procedure and empties the tables, in one request.
    /// If anything of it fails, the rest is not done, and the tables are emptied before they are filled
    /// again.
    pub(super) fn call(
        &mut self,
        connection: &mut Connection,
        call: &Call,
        luggage: Luggage,
    ) -> Result<ResultSets> {
        let (exec, mut parameters) = call.statement(&connection.settings().schema);
        let mut batch = String::from("SET NOCOUNT ON;\nSET XACT_ABORT ON;\n");
        for Piece { table, columns, rows } in luggage.pieces {
            let columns: Vec<_> = columns.iter().map(|(n, k)| (n.as_str(), k.as_str())).collect();
            batch.push_str(&rows.statement(&table, &columns, parameters.len() + 1));
            parameters.extend(rows.parameters());
            self.filled.push(table);
        }
        batch.push_str(&exec);
        batch.push_str(&emptied(&self.filled));
        let sets = connection.ask_with(&batch, parameters, call)?;
        self.filled.clear();
        Ok(sets)
    }

    /// Creates the temp tables unless this connection has those of the contract, and empties them.
    fn prepare(&mut self, connection: &mut Connection, contract: &Contract) -> Result<()> {
        let ddl = contract_sql::stage_ddl_of(&contract.targets, rows::stage_type);
        if let Some((generation, created)) = &self.created {
            // If the connection breaks after this check, the batch fails and nothing is lost.
            if *generation == connection.generation() && *created == ddl {
                if !self.filled.is_empty() {
                    connection.batch(&emptied(&self.filled))?;
                    self.filled.clear();
                }
                return Ok(());
            }
            if *generation == connection.generation() {
                // The connection has the tables of another contract, perhaps of the same names.
                connection.hang_up();
            }
        }
        self.created = None;
        self.filled.clear();
        for batch in install::session_tables() {
            connection.batch(&batch)?;
        }
        connection.batch(&ddl)?;
        self.created = Some((connection.generation(), ddl));
        Ok(())
    }
}

fn emptied(tables: &[String]) -> String {
    tables.iter().map(|table| format!("TRUNCATE TABLE {table};\n")).collect()
}
