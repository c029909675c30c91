//! `xmlshred install`: the objects of `sql/` and a contract, under one lock in one transaction.

mod files;
mod owner;
mod script;

use super::call::Call;
use super::claim::head;
use super::connection::{Connection, ResultSets};
use super::dialect::spoken;
use super::fault::Fault;
use super::record::Record;
use super::settings::ServerSettings;
use super::target;
use crate::contract::Contract;
use crate::store::{Result, StoreError};

pub use files::{Kind, Names, SqlFile, FILES};
pub use script::SCHEMA_VERSION;

/// The script that [`Installer::install`] runs, for people and for sqlcmd.
pub fn script(names: &Names, contract: Option<&Contract>) -> String {
    script::as_sqlcmd(names, &script::install_batches(FILES, names, contract))
}

/// The T-SQL that a contract gives: target tables, registration, `usp_LoadApps`, and the stage.
pub fn contract_script(schema: &str, contract: &Contract) -> String {
    let mut text = "SET ANSI_NULLS ON;\nSET QUOTED_IDENTIFIER ON;\nGO\n".to_owned();
    for batch in script::contract_batches(schema, contract) {
        text.push_str(batch.sql.trim_end());
        text.push_str("\nGO\n");
    }
    text.push_str("/* What a worker runs once per connection. */\n");
    text.push_str(&crate::store::sqlserver::contract_sql::stage_ddl(&contract.targets));
    text.push_str("GO\n");
    text
}

/// The batches that make the temp tables of a connection that are the same for every contract.
pub(super) fn session_tables() -> impl Iterator<Item = String> {
    files::batches(files::SESSION_TABLES).into_iter()
}

/// How an object in the database compares with this program's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As this program has it.
    Current,
    /// Not there.
    Missing,
    /// As another version of this program, or another contract, has it.
    Older,
    /// Changed since it was installed, or not installed by this program.
    Edited,
}

impl State {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Missing => "missing",
            Self::Older => "older",
            Self::Edited => "edited",
        }
    }
}

/// One file of `sql/`, and its object in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The file.
    pub file: &'static str,
    /// How they compare.
    pub state: State,
}

/// What an installation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installed {
    /// Everything was as it should be; nothing was touched.
    Unchanged,
    /// Objects were made or brought up to date.
    Changed,
}

/// A connection that installs and uninstalls.
pub struct Installer {
    connection: Connection,
    names: Names,
    files: &'static [SqlFile],
}

impl Installer {
    /// Connects with a login that may create objects.
    pub fn connect(settings: ServerSettings, names: Names) -> Result<Self> {
        let location = settings.location().to_owned();
        let connection = Connection::open(settings, "xmlshred install".to_owned())
            .map_err(|fault| fault.into_store_error(&location))?;
        Ok(Self { connection, names, files: FILES })
    }

    /// Installs these files instead of this version's.
    pub fn with_files(self, files: &'static [SqlFile]) -> Self {
        Self { files, ..self }
    }

    /// Installs what is missing, older or edited, and makes `contract` the installed one.
    ///
    /// # Errors
    /// [`StoreError::OtherVersion`] where a newer version is installed; [`StoreError::Refused`]
    /// where the source table is missing, or schema, source and targets have not one owner;
    /// [`StoreError::Drift`] where a target table is not what the contract describes. Nothing is
    /// left of an installation that failed.
    pub fn install(&mut self, contract: Option<&Contract>) -> Result<Installed> {
        self.refuse_newer()?;
        self.check_source()?;
        if self.is_current(contract)? {
            return Ok(Installed::Unchanged);
        }
        let script = script::install_batches(self.files, &self.names, contract);
        run(&mut self.connection, &script, Some(&self.names), contract)?;
        Ok(Installed::Changed)
    }

    /// Every object, in build order.
    pub fn info(&mut self) -> Result<Vec<ObjectInfo>> {
        let recorded = self.recorded()?;
        self.files
            .iter()
            .map(|file| Ok(ObjectInfo { file: file.name, state: self.state(file, &recorded)? }))
            .collect()
    }

    /// Removes the objects; with `with_data` the queue, log and other tables too. Source and
    /// target tables are never touched.
    ///
    /// # Errors
    /// [`StoreError::OtherVersion`] where a newer version is installed.
    pub fn uninstall(&mut self, with_data: bool) -> Result<()> {
        self.refuse_newer()?;
        let sql = script::uninstall_batch(self.files, &self.names, with_data);
        self.connection.batch_at_length(&sql).map(drop).map_err(|fault| self.error(fault))
    }

    fn error(&self, fault: Fault) -> StoreError {
        fault.into_store_error(self.connection.settings().location())
    }

    /// This version does not know what a newer one has put there.
    fn refuse_newer(&mut self) -> Result<()> {
        let procedure = self.names.fill("[$(Schema)].[usp_GetContract]");
        if !self.exists(&procedure)? {
            return Ok(());
        }
        let call = Call::new("usp_GetContract");
        let answer = self.connection.call(&call).and_then(|mut sets| head(&mut sets));
        let head = answer.map_err(|fault| self.error(fault))?;
        match check_version(&head, self.connection.settings().location()) {
            Err(error @ StoreError::OtherVersion { installed, needed, .. })
                if installed > needed =>
            {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    fn exists(&mut self, object: &str) -> Result<bool> {
        let sql = format!("SELECT OBJECT_ID(N'{object}') AS id;");
        Ok(self.ask(&sql, |record| record.integer_or_null("id"))?.is_some())
    }

    fn check_source(&mut self) -> Result<()> {
        let source = self.names.fill("[$(SourceSchema)].[$(SourceTable)]");
        if self.exists(&source)? {
            return Ok(());
        }
        Err(StoreError::Refused(format!(
            "the source table {source} is not in {}: create it with the columns app_id and xml, \
             or name the one that is there with --source-table",
            self.connection.settings().location()
        )))
    }

    fn is_current(&mut self, contract: Option<&Contract>) -> Result<bool> {
        let recorded = self.recorded()?;
        for file in self.files {
            if self.state(file, &recorded)? != State::Current {
                return Ok(false);
            }
        }
        let Some(contract) = contract else { return Ok(true) };
        let schema = self.names.schema().to_owned();
        let text = script::load_procedure(&schema, contract);
        Ok(recorded
            .get(script::LOAD_APPS)
            .is_some_and(|known| known.file == files::checksum(&text) && known.is_untouched)
            && self.installed_is(contract)?)
    }

    fn installed_is(&mut self, contract: &Contract) -> Result<bool> {
        let sql = self.names.fill("EXEC [$(Schema)].[usp_GetContract];");
        let installed = self.ask(&sql, |record| record.contract_or_null("contract_hash"))?;
        Ok(installed == Some(contract.hash))
    }

    fn state(&mut self, file: &SqlFile, recorded: &Recorded) -> Result<State> {
        if !self.is_there(file)? {
            return Ok(State::Missing);
        }
        Ok(match recorded.get(file.name) {
            Some(known) if !known.is_untouched => State::Edited,
            Some(known) if known.file == file.checksum() => State::Current,
            Some(_) => State::Older,
            None => match file.kind() {
                Kind::Module(_) => State::Edited,
                Kind::Migration => State::Missing,
                Kind::Table | Kind::Other => State::Older,
            },
        })
    }

    fn is_there(&mut self, file: &SqlFile) -> Result<bool> {
        if matches!(file.kind(), Kind::Migration | Kind::Other) {
            // A grant, a role or a migration leaves nothing to look for but its record.
            return Ok(true);
        }
        let object = self.names.fill(&format!("[$(Schema)].[{}]", file.object()));
        self.exists(&object)
    }

    /// What `processing_install_file` says; nothing where it is not there.
    fn recorded(&mut self) -> Result<Recorded> {
        let table = self.names.fill("[$(Schema)].[processing_install_file]");
        if !self.exists(&table)? {
            return Ok(Recorded::default());
        }
        let sets = send(&mut self.connection, &recorded_query(self.files, &self.names));
        let sets = sets.map_err(|fault| self.error(fault))?;
        let mut recorded = Recorded::default();
        for record in sets.into_iter().flatten() {
            let read = || {
                let file = record.contract_or_null("file_checksum")?.map_or([0; 32], |h| h.0);
                let is_untouched = record.integer("is_untouched")? == 1;
                Ok((record.text("file_name")?.to_owned(), Known { file, is_untouched }))
            };
            let (name, known) = read().map_err(|fault| self.error(fault))?;
            recorded.insert(name, known);
        }
        Ok(recorded)
    }

    fn ask<T>(
        &mut self,
        sql: &str,
        read: impl FnOnce(&Record) -> std::result::Result<T, Fault>,
    ) -> Result<T> {
        let answer = self.connection.batch(sql).and_then(|mut sets| read(&head(&mut sets)?));
        answer.map_err(|fault| self.error(fault))
    }
}

type Recorded = std::collections::HashMap<String, Known>;

/// What was recorded of a file when it was installed.
struct Known {
    file: [u8; 32],
    /// Its object is still as it was right after.
    is_untouched: bool,
}

fn recorded_query(files: &[SqlFile], names: &Names) -> String {
    let load_apps = (script::LOAD_APPS, "usp_LoadApps");
    let modules = files
        .iter()
        .filter(|file| matches!(file.kind(), Kind::Module(_)))
        .map(|file| (file.name, file.object()))
        .chain([load_apps]);
    let cases: String = modules
        .map(|(file, object)| {
            let now = script::definition_checksum(names.schema(), object);
            format!("        WHEN N'{file}' THEN {now}\n")
        })
        .collect();
    names.fill(&format!(
        "SELECT
    f.file_name,
    f.file_checksum,
    CASE
        WHEN f.definition_checksum IS NULL THEN 1
        WHEN f.definition_checksum = CASE f.file_name
{cases}        END THEN 1
        ELSE 0
    END AS is_untouched
FROM [$(Schema)].[processing_install_file] AS f;"
    ))
}

/// Makes a contract the installed one, with its target tables and its `usp_LoadApps`.
pub(super) fn install_contract(connection: &mut Connection, contract: &Contract) -> Result<()> {
    let schema = connection.settings().schema_name().to_owned();
    let mut batches = vec![script::begin_contract(&schema)];
    batches.extend(script::contract_batches(&schema, contract));
    batches.push(script::end_contract(&schema, contract));
    batches.push(script::commit());
    run(connection, &batches, None, Some(contract))
}

/// Refuses an installation of another version than this program works with; `head` is the answer
/// of usp_GetContract.
pub(super) fn check_version(head: &Record, location: &str) -> Result<()> {
    let read = || {
        let installed = head.integer_or_null("schema_version")?;
        Ok((installed, head.text_or_null("program_version")?.unwrap_or("(unknown)").to_owned()))
    };
    let (installed, installed_by) =
        read().map_err(|fault: Fault| fault.into_store_error(location))?;
    let needed = i64::from(SCHEMA_VERSION);
    match installed {
        Some(installed) if installed == needed => Ok(()),
        installed => Err(StoreError::OtherVersion {
            location: location.to_owned(),
            // What is there was not recorded, so that an installation makes sure of it.
            installed: installed.unwrap_or(0),
            installed_by,
            needed,
        }),
    }
}

/// Runs a script whose last batch commits; before that, the target tables are held against the
/// contract, and the owners of all tables against the schema's. Whatever fails, nothing stays.
fn run(
    connection: &mut Connection,
    batches: &[script::Batch],
    names: Option<&Names>,
    contract: Option<&Contract>,
) -> Result<()> {
    let result = run_batches(connection, batches, names, contract);
    if result.is_err() {
        // The connection may be gone, and the transaction with it.
        let _ = connection.batch("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;");
    }
    result
}

fn run_batches(
    connection: &mut Connection,
    batches: &[script::Batch],
    names: Option<&Names>,
    contract: Option<&Contract>,
) -> Result<()> {
    let location = connection.settings().location().to_owned();
    for batch in batches {
        if batch.sql == script::COMMIT {
            contract.map_or(Ok(()), |contract| target::check(connection, contract))?;
            owner::check(connection, names, contract)?;
        }
        send(connection, &batch.sql)
            .map_err(|fault| explained(fault, &batch.part).into_store_error(&location))?;
    }
    Ok(())
}

/// Sends a batch of an installation; the answer to the last of those that stand for it.
fn send(connection: &mut Connection, sql: &str) -> std::result::Result<ResultSets, Fault> {
    let mut answer = ResultSets::new();
    for batch in (spoken().installation)(sql) {
        answer = connection.batch_at_length(&batch)?;
    }
    Ok(answer)
}

/// Says which part of the script the server refused.
fn explained(fault: Fault, part: &str) -> Fault {
    match fault {
        Fault::Server { number, message } => {
            Fault::Server { number, message: format!("{part}: {message}") }
        }
        other => other,
    }
}
