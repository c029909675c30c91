//! `xmlshred install`: the objects of `sql/` and a contract, under one lock in one transaction.

mod adoption;
mod describe;
mod files;
mod found;
mod generated;
mod owner;
mod ownership;
mod plan;
mod recount;
mod script;
mod send;
mod state;
mod version;

use super::call::Call;
use super::connection::settings::ServerSettings;
use super::connection::{Connection, ResultSets};
use super::fault::ServerFault;
use super::record::{Record, Value};
use super::{contract_sql, target};
use crate::contract::Contract;
use crate::id::ContractHash;
use crate::store::{AlterTables, InstallPlan, PlannedStep, Result, StoreError};

use found::{found, is_ours, Found};
use script::Options;
use send::send;
use state::{recorded_query, state, Known, Recorded};

pub use adoption::{Adopted, Adoption};
pub use files::{Kind, Names, SqlFile, FILES};
pub use generated::{Generated, GENERATED};
pub use script::SCHEMA_VERSION;
pub use state::State;
pub(super) use version::{check_version, get_contract, VERSION_PROCEDURE};

/// The script that [`Installer::install`] runs, for reading and for sqlcmd.
pub fn script(
    names: &Names,
    contract: Option<&Contract>,
    alter: AlterTables,
    adoption: Option<&Adoption>,
) -> String {
    let options = Options { alter, adoption };
    let mut batches = script::install_batches(FILES, names, contract, options);
    batches.push(script::Batch {
        part: "the recount of the sums".to_owned(),
        sql: recount::batch(names),
    });
    batches.extend(adoption.map(|_| script::Batch {
        part: "the earlier log".to_owned(),
        sql: adoption::import(names),
    }));
    script::as_sqlcmd(names, &batches)
}

/// The T-SQL of a contract: target tables, registration, `usp_LoadApps`, and the stage.
pub fn contract_script(schema: &str, contract: &Contract) -> String {
    let mut text = "SET ANSI_NULLS ON;\nSET QUOTED_IDENTIFIER ON;\nGO\n".to_owned();
    for batch in script::contract_batches(schema, contract, AlterTables::Own) {
        text.push_str(batch.sql.trim_end());
        text.push_str("\nGO\n");
    }
    text.push_str("/* A worker runs this once per connection. */\n");
    text.push_str(&contract_sql::stage_ddl(&contract.targets));
    text.push_str("GO\n");
    text
}

/// The batches that create the temp tables of a connection that do not depend on the contract.
pub(super) fn session_tables() -> impl Iterator<Item = String> {
    files::batches(files::SESSION_TABLES).into_iter()
}

/// One file of `sql/`, and its object in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The file.
    pub file: &'static str,
    /// How they compare.
    pub state: State,
}

/// A connection that installs and uninstalls.
pub struct Installer {
    connection: Connection,
    names: Names,
    files: &'static [SqlFile],
    alter: AlterTables,
    adoption: Option<Adoption>,
}

/// What [`Installer::uninstall`] has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uninstalled {
    /// What has one of the names and is of others.
    pub kept: Vec<String>,
    /// The log of an earlier system that has its name again.
    pub restored: Option<String>,
}

impl Installer {
    /// Connects with a login that has permission to create objects.
    pub fn connect(settings: ServerSettings, names: Names) -> Result<Self> {
        let location = settings.location().to_owned();
        let connection =
            Connection::open(settings, None).map_err(|fault| fault.into_store_error(&location))?;
        Ok(Self { connection, names, files: FILES, alter: AlterTables::Own, adoption: None })
    }

    /// Installs these files instead of this version's.
    pub fn with_files(self, files: &'static [SqlFile]) -> Self {
        Self { files, ..self }
    }

    /// Gives missing columns to these target tables.
    pub fn altering(self, alter: AlterTables) -> Self {
        Self { alter, ..self }
    }

    /// Takes over this log of an earlier system.
    pub fn adopting(self, adoption: Option<Adoption>) -> Self {
        Self { adoption, ..self }
    }

    /// Imports what is left of the log that is being adopted; `None` where there is none or it was
    /// complete. Calls `progress` with the number of applications after each chunk.
    ///
    /// # Errors
    /// A call fails. What was imported stays, and the next call continues.
    pub fn import_log(&mut self, progress: impl FnMut(u64)) -> Result<Option<Adopted>> {
        let adopted = adoption::import_log(&mut self.connection, &self.names, progress);
        adopted.map_err(|fault| self.error(fault))
    }

    /// Installs what is missing, older or edited, and makes `contract` the installed one. Returns what it
    /// did: what [`Installer::plan`] said before.
    ///
    /// # Errors
    /// [`StoreError::OtherVersion`] where a newer version is installed; [`StoreError::Refused`]
    /// where something of others has a name that the installation needs,
    /// the source table is missing, has a column of an unsupported type or no unique index on
    /// `app_id`, or schema, source and targets have different owners;
    /// [`StoreError::Drift`] where a target table does not fit the contract. A failed installation
    /// changes nothing.
    pub fn install(&mut self, contract: Option<&Contract>) -> Result<InstallPlan> {
        let plan = self.plan(contract)?;
        if let Some(error) = plan.error(self.connection.settings().location()) {
            return Err(error);
        }
        if plan.is_empty() && self.adoption.is_none() {
            return Ok(plan);
        }
        let options = Options { alter: self.alter, adoption: self.adoption.as_ref() };
        let script = script::install_batches(self.files, &self.names, contract, options);
        let with = With { names: Some(&self.names), contract, alter: self.alter };
        run(&mut self.connection, &script, with)?;
        let recounted = send(&mut self.connection, &recount::batch(&self.names));
        let again = "everything else is installed, and the next installation repeats the recount";
        recounted.map_err(|fault| self.error(explained(fault, again)))?;
        Ok(plan)
    }

    /// What [`Installer::install`] would do, and everything that it would refuse. It changes nothing.
    ///
    /// # Errors
    /// [`StoreError::OtherVersion`] where a newer version is installed; a query fails.
    pub fn plan(&mut self, contract: Option<&Contract>) -> Result<InstallPlan> {
        let mut found = self.found(contract)?;
        // The log that is taken over gives its name away.
        let frees = |adoption: &Adoption| adoption.is_of_our_name(&self.names);
        if self.adoption.as_ref().is_some_and(frees) {
            found.retain(|name| !name.is_log());
        }
        self.refuse_newer(&found)?;
        let recorded = self.recorded(&found)?;
        let mut steps: Vec<PlannedStep> = Vec::new();
        steps.extend(self.problem(&script::level_problem(), "database", "raise it")?);
        steps.extend(plan::in_the_way(&found));
        steps.extend(self.source_problem()?);
        steps.extend(plan::objects(self.files, &found, &recorded));
        steps.extend(plan::recount(&recorded));
        if let Some(contract) = contract {
            steps.extend(plan::missing_schema(&mut self.connection, &self.names, contract)?);
            let tables = plan::tables(&mut self.connection, contract, self.alter);
            steps.extend(tables.map_err(|fault| self.error(fault))?);
            steps.extend(plan::generated(self.names.schema(), &recorded, contract));
            let installed = match is_ours(&found, VERSION_PROCEDURE) {
                true => get_contract(&mut self.connection).map_err(|fault| self.error(fault))?,
                false => None,
            };
            if installed != Some(contract.hash) {
                steps.push(PlannedStep::register(contract, installed));
            }
        }
        let owners = owner::check(&mut self.connection, Some(&self.names), contract);
        steps.extend(plan::refused(owners, "owners")?);
        Ok(InstallPlan { steps })
    }

    /// The statements by which [`Installer::install`] would change target tables that it did not
    /// create.
    ///
    /// # Errors
    /// A query fails.
    pub fn alterations(&mut self, contract: &Contract) -> Result<Vec<String>> {
        let found = target::column_changes(&mut self.connection, contract, self.alter);
        let found = found.map_err(|fault| self.error(fault))?;
        let altered = found.into_iter().filter(|c| c.of_others && c.obstacles.is_empty());
        Ok(altered.map(|change| change.statement).collect())
    }

    /// The statements for indexes of target tables that are missing: without one, completions scan
    /// the table.
    ///
    /// # Errors
    /// A query fails.
    pub fn missing_indexes(&mut self, contract: &Contract) -> Result<Vec<String>> {
        target::without_index(&mut self.connection, contract).map_err(|fault| self.error(fault))
    }

    /// Every object, in build order.
    pub fn info(&mut self) -> Result<Vec<ObjectInfo>> {
        let found = self.found(None)?;
        let recorded = self.recorded(&found)?;
        let info =
            |file: &SqlFile| ObjectInfo { file: file.name, state: state(file, &found, &recorded) };
        Ok(self.files.iter().map(info).collect())
    }

    /// Removes the objects; with `with_data` the queue, log and other tables too. Source and
    /// target tables are never touched, and a log that was adopted has its name again.
    ///
    /// # Errors
    /// [`StoreError::OtherVersion`] where a newer version is installed.
    pub fn uninstall(&mut self, with_data: bool) -> Result<Uninstalled> {
        let found = self.found(None)?;
        self.refuse_newer(&found)?;
        let batches = ownership::uninstall(self.files, &self.names, with_data);
        let connection = &mut self.connection;
        let last = batches.iter().try_fold(ResultSets::new(), |_, sql| send(connection, sql));
        let done = last.and_then(|last| {
            send(connection, script::COMMIT)?;
            let restored = last.iter().flatten().next();
            restored.map(|record| record.get("log_name")).transpose()
        });
        if done.is_err() {
            let _ = self.connection.batch("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;");
        }
        let restored = done.map_err(|fault| self.error(fault))?;
        let is_kept =
            |name: &&Found| name.is_in_the_way && name.kind != "ROLE" && name.kind != "CONSTRAINT";
        let kept = found.iter().filter(is_kept).map(|name| name.shown.clone()).collect();
        Ok(Uninstalled { kept, restored })
    }

    /// What has a name that the installation takes.
    fn found(&mut self, contract: Option<&Contract>) -> Result<Vec<Found>> {
        let found = found(&mut self.connection, self.files, &self.names, contract);
        found.map_err(|fault| self.error(fault))
    }

    fn error(&self, fault: ServerFault) -> StoreError {
        fault.into_store_error(self.connection.settings().location())
    }

    /// This version does not know the objects of a newer one.
    fn refuse_newer(&mut self, found: &[Found]) -> Result<()> {
        if !is_ours(found, VERSION_PROCEDURE) {
            return Ok(());
        }
        let answer = self.connection.ask(&Call::new(VERSION_PROCEDURE));
        let answer = answer.map_err(|fault| self.error(fault))?;
        match check_version(self.connection.settings().location(), Some(&answer)) {
            Err(StoreError::OtherVersion { installed, needed, .. }) if installed < needed => Ok(()),
            result => result.map(drop),
        }
    }

    /// What keeps applications from being claimed from the source table.
    fn source_problem(&mut self) -> Result<Option<PlannedStep>> {
        const OBJECT: &str = "source table";
        let missing = plan::refused(self.check_source(), OBJECT)?;
        let query = self.names.fill(&files::source_problem());
        match missing {
            Some(missing) => Ok(Some(missing)),
            None => self.problem(&query, OBJECT, "correct the table"),
        }
    }

    /// What a query says is wrong, in its column `problem`.
    fn problem(&mut self, query: &str, object: &str, next: &str) -> Result<Option<PlannedStep>> {
        let problem: Option<String> = self.ask(query, "problem")?;
        Ok(problem.map(|problem| plan::decide(object, &problem, next)))
    }

    fn check_source(&mut self) -> Result<()> {
        let source = self.names.fill("[$(SourceSchema)].[$(SourceTable)]");
        let sql = format!("SELECT OBJECT_ID(N'{source}') AS id;");
        if self.ask::<i64>(&sql, "id")?.is_some() {
            return Ok(());
        }
        Err(StoreError::Refused(format!(
            "the source table {source} does not exist in {}; create it with the columns {} and {}, \
             or name another one with --source-table",
            self.connection.settings().location(),
            self.names.fill("$(SourceIdColumn)"),
            self.names.fill("$(SourceDocumentColumn)"),
        )))
    }

    /// The rows of `processing_install_file`; none where the table does not exist.
    fn recorded(&mut self, found: &[Found]) -> Result<Recorded> {
        if !is_ours(found, "processing_install_file") {
            return Ok(Recorded::new());
        }
        let sets = send(&mut self.connection, &recorded_query(self.files, &self.names));
        let read = |record: &Record| {
            let file = record.get_or_null::<ContractHash>("file_checksum")?;
            let file = file.map_or([0; 32], |checksum| checksum.0);
            let is_edited = record.get("is_edited")?;
            Ok((record.get("file_name")?, Known { file, is_edited }))
        };
        let recorded = sets.and_then(|sets| sets.iter().flatten().map(read).collect());
        recorded.map_err(|fault| self.error(fault))
    }

    /// The value of a query.
    fn ask<T: Value>(&mut self, sql: &str, column: &str) -> Result<Option<T>> {
        let answer = self.connection.query(sql).and_then(|record| record.get_or_null(column));
        answer.map_err(|fault| self.error(fault))
    }
}

/// Makes a contract the installed one, with its target tables and its `usp_LoadApps`.
pub(super) fn install_contract(connection: &mut Connection, contract: &Contract) -> Result<()> {
    let schema = connection.settings().schema_name().to_owned();
    let found = found(connection, FILES, &Names::in_schema(&schema), Some(contract));
    let found = found.map_err(|fault| fault.into_store_error(connection.settings().location()))?;
    let plan = InstallPlan { steps: plan::in_the_way(&found) };
    if let Some(error) = plan.error(connection.settings().location()) {
        return Err(error);
    }
    let with = With { names: None, contract: Some(contract), alter: AlterTables::Own };
    run(connection, &script::contract_alone(&schema, contract), with)
}

/// What a script is run with.
#[derive(Clone, Copy)]
struct With<'a> {
    names: Option<&'a Names>,
    contract: Option<&'a Contract>,
    alter: AlterTables,
}

/// Runs a script whose last batch commits. The columns of the target tables are looked at first, because
/// the script has room for one refusal only. Before the last batch, the target tables must fit the contract,
/// and all tables must have the schema's owner. A failure rolls everything back.
fn run(connection: &mut Connection, batches: &[script::Batch], with: With<'_>) -> Result<()> {
    let location = connection.settings().location().to_owned();
    if let Some(contract) = with.contract {
        let changes = target::column_changes(connection, contract, with.alter);
        let changes = changes.map_err(|fault| fault.into_store_error(&location))?;
        if let Some(refused) = changes.iter().find_map(target::ColumnChange::error) {
            return Err(refused);
        }
    }
    let result = batches.iter().try_for_each(|batch| {
        if batch.sql == script::COMMIT {
            with.contract.map_or(Ok(()), |contract| target::check(connection, contract))?;
            owner::check(connection, with.names, with.contract)?;
        }
        send(connection, &batch.sql)
            .map(drop)
            .map_err(|fault| explained(fault, &batch.part).into_store_error(&location))
    });
    if result.is_err() {
        // If the connection is gone, so is the transaction.
        let _ = connection.batch("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;");
    }
    result
}

/// Names the part of the script that failed.
fn explained(fault: ServerFault, part: &str) -> ServerFault {
    match fault {
        ServerFault::Server { number, message } => {
            ServerFault::Server { number, message: format!("{part}: {message}") }
        }
        other => other,
    }
}
