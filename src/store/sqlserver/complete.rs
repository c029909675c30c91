//! Completing: rows and outcomes travel to temp tables, and one procedure concludes them.

use std::collections::HashMap;

use super::call::Call;
use super::connection::{Connection, ResultSets};
use super::contract_sql;
use super::dialect::spoken;
use super::fault::Fault;
use super::outcome::completed_by_app;
use super::stage::Decimals;
use super::{install, stage};
use crate::contract::Contract;
use crate::id::AppId;
use crate::id::ClaimToken;
use crate::outcome::AppOutcome;
use crate::store::{failpoint, Completed};

/// The temp tables of a connection, so that they are made once.
#[derive(Default)]
pub(super) struct Stage {
    /// The connection that has them, and the batch that made them.
    made: Option<(u64, String)>,
}

/// What is to be concluded.
pub(super) struct Completion<'c> {
    pub(super) token: ClaimToken,
    pub(super) contract: &'c Contract,
    pub(super) outcomes: &'c [AppOutcome],
}

impl Completion<'_> {
    /// Stages and concludes; one entry per outcome, in the order given.
    pub(super) fn run(
        &self,
        connection: &mut Connection,
        stage: &mut Stage,
    ) -> Result<Vec<Completed>, Fault> {
        let mut asked_for = 0;
        connection.patiently(Fault::is_transient, |connection| {
            // A connection that broke may have committed, or be about to: the claim knows.
            if asked_for > 0 {
                if let Some(done) = self.concluded_already(connection)? {
                    return Ok(done);
                }
            }
            asked_for += 1;
            self.run_once(connection, stage)
        })
    }

    fn run_once(
        &self,
        connection: &mut Connection,
        stage: &mut Stage,
    ) -> Result<Vec<Completed>, Fault> {
        stage.prepare(connection, self.contract)?;
        self.fill(connection)?;
        failpoint::hit(failpoint::BETWEEN_STAGE_AND_COMMIT);
        let sets = connection.call_once(&self.call(), None)?;
        failpoint::hit(failpoint::AFTER_COMMIT_BEFORE_ANSWER);
        self.in_order(sets)
    }

    fn call(&self) -> Call {
        Call::new("usp_CompleteBatch")
            .with("@claim_token", self.token.0)
            .with("@contract_hash", self.contract.hash.0)
    }

    fn fill(&self, connection: &mut Connection) -> Result<(), Fault> {
        let outcomes = self.outcomes.iter().map(stage::outcome_row);
        connection.bulk_load("#outcome", &stage::OUTCOME_COLUMNS, outcomes)?;
        for (index, table) in self.contract.targets.iter().enumerate() {
            let rows = stage::stage_rows(self.outcomes, index, table, decimals());
            let mut rows = rows.peekable();
            if rows.peek().is_none() {
                continue;
            }
            let columns = stage::stage_columns(table);
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            connection.bulk_load(&contract_sql::stage_name(table), &columns, rows)?;
            for long in stage::long_values(self.outcomes, index, table) {
                connection.execute(&long.statement(table), long.parameters())?;
            }
        }
        Ok(())
    }

    /// The answer of an earlier try whose connection broke, if it concluded everything.
    fn concluded_already(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<Vec<Completed>>, Fault> {
        let call = Call::new("usp_GetClaimOutcome").with("@claim_token", self.token.0);
        let bound = Some(connection.settings().command_timeout);
        let sets = connection.call_once(&call, bound)?;
        let mut concluded = completed_by_app(sets, self.contract.targets.len())?.completed;
        Ok(self.outcomes.iter().map(|app| concluded.remove(&app.app_id)).collect())
    }

    fn in_order(&self, sets: ResultSets) -> Result<Vec<Completed>, Fault> {
        let mut answered: HashMap<AppId, Completed> =
            completed_by_app(sets, self.contract.targets.len())?.completed;
        self.outcomes
            .iter()
            .map(|app| {
                answered.remove(&app.app_id).ok_or_else(|| {
                    Fault::Unexpected(format!(
                        "{} did not say what became of application {}",
                        self.call().procedure,
                        app.app_id
                    ))
                })
            })
            .collect()
    }
}

fn decimals() -> Decimals {
    match spoken().decimals_as_text {
        true => Decimals::Text,
        false => Decimals::Native,
    }
}

impl Stage {
    /// Makes the temp tables if this connection has none for the contract, and empties them.
    fn prepare(&mut self, connection: &mut Connection, contract: &Contract) -> Result<(), Fault> {
        let ddl = decimals().stage_ddl(&contract.targets);
        if let Some((generation, made)) = &self.made {
            // A connection may break between this look and the batch, which then fails: no harm.
            if *generation == connection.generation() && *made == ddl {
                let clear = contract_sql::clear_stage(&contract.targets);
                return connection.batch(&format!("TRUNCATE TABLE #outcome;\n{clear}")).map(drop);
            }
            if *generation == connection.generation() {
                // Another contract's tables of the same names are in the way.
                connection.hang_up();
            }
        }
        self.made = None;
        for batch in install::session_tables() {
            connection.batch(&batch)?;
        }
        connection.batch(&ddl)?;
        self.made = Some((connection.generation(), ddl));
        Ok(())
    }
}
