//! The log of an earlier system: registered in the installation's transaction, imported after it in
//! chunks that each commit.

use super::files::{Names, SqlFile};
use super::ownership;
use crate::contract::Contract;
use crate::store::failpoint::{self, AMID_ADOPTION};
use crate::store::sqlserver::call::Call;
use crate::store::sqlserver::connection::settings::checked_identifier;
use crate::store::sqlserver::connection::{first, Connection};
use crate::store::sqlserver::contract_sql::literal;
use crate::store::sqlserver::fault::Result;
use crate::store::sqlserver::record::Record;

/// The log's name is ours too.
pub const LOG: &str = "processing_log";

const ADOPT: &str = include_str!("adopt_log.sql");
const REGISTER: &str = include_str!("register_adoption.sql");

/// The log to take over, and what its statuses mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adoption {
    /// Its schema and its name; `None` is `processing_log` in the pipeline's schema.
    log: Option<(String, String)>,
    /// Statuses and their outcomes: `success`, `failed` or `ignore`.
    answers: Vec<(String, &'static str)>,
}

impl Adoption {
    /// The outcomes that a status can mean.
    pub const OUTCOMES: [&'static str; 3] = ["success", "failed", "ignore"];

    /// The log `schema.table`, or that with the name of ours if there is none.
    pub fn of(log: Option<&str>) -> std::result::Result<Self, String> {
        let Some(log) = log else { return Ok(Self::default()) };
        let Some((schema, table)) = log.split_once('.') else {
            return Err(format!("{log:?} is not SCHEMA.TABLE"));
        };
        let schema = checked_identifier("schema of the log", schema)?;
        let log = Some((schema, checked_identifier("log", table)?));
        Ok(Self { log, answers: Vec::new() })
    }

    /// Adds what a status means, as `STATUS=OUTCOME`.
    pub fn answer(mut self, text: &str) -> std::result::Result<Self, String> {
        let outcome_of = |name: &str| Self::OUTCOMES.into_iter().find(|outcome| *outcome == name);
        let answer = text.rsplit_once('=');
        match answer.and_then(|(status, name)| Some((status, outcome_of(name)?))) {
            Some((status, outcome)) => {
                self.answers.push((status.trim().to_lowercase(), outcome));
                Ok(self)
            }
            None => {
                let outcomes = Self::OUTCOMES.join(", ");
                Err(format!("{text:?} is not STATUS=OUTCOME, with an outcome of {outcomes}"))
            }
        }
    }

    /// Whether it takes over the log that has the name of ours.
    pub(super) fn is_of_our_name(&self, names: &Names) -> bool {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        self.log.as_ref().is_none_or(|(schema, log)| same(schema, names.schema()) && same(log, LOG))
    }
}

/// The batches before anything is created: they check the log and free its name.
pub fn adopt(
    adoption: &Adoption,
    files: &[SqlFile],
    names: &Names,
    contract: Option<&Contract>,
) -> [(&'static str, String); 2] {
    let (schema, table) = adoption.log.clone().unwrap_or((names.schema().into(), LOG.into()));
    let answers: String = adoption
        .answers
        .iter()
        .map(|(status, outcome)| {
            format!(
                "INSERT INTO #adoption_answer (status, outcome)\nVALUES ({}, '{outcome}');\n\n",
                literal(status)
            )
        })
        .collect();
    let adopt = ADOPT
        .replace("$(LogSchema)", &literal(&schema))
        .replace("$(LogTable)", &literal(&table))
        .replace("$(Answers)\n", &answers);
    [
        ("the earlier log", names.fill(&adopt)),
        ("the names of the installation", ownership::find(files, names, contract)),
    ]
}

/// The batch after everything is created.
pub fn register(names: &Names) -> String {
    names.fill(REGISTER)
}

/// The batch after the commit, for a script that runs without this program.
pub fn import(names: &Names) -> String {
    format!("EXEC [{}].[usp_AdoptLog];\n", names.schema())
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// The log, as `schema.table`.
    pub log: String,
    /// Applications that were successful.
    pub success: u64,
    /// Applications that failed.
    pub failed: u64,
    /// Rows that a later one of the same application replaces.
    pub rows_superseded: u64,
    /// Rows with a status that is ignored.
    pub rows_ignored: u64,
    /// Applications of which only such rows exist: not imported.
    pub apps_ignored: u64,
    /// Rows without an application.
    pub rows_without_id: u64,
    /// Imported applications without a source row.
    pub apps_without_source: u64,
    /// Imported applications without a time.
    pub apps_without_time: u64,
    /// Each of its statuses, the outcome that it means, and its rows.
    pub statuses: Vec<(String, String, u64)>,
}

/// Imports what is left of the log that is being adopted; `None` where there is none or it was complete.
/// Calls `progress` with the number of applications after each chunk.
pub(super) fn import_log(
    connection: &mut Connection,
    names: &Names,
    mut progress: impl FnMut(u64),
) -> Result<Option<Adopted>> {
    if !is_adopting(connection, names)? {
        return Ok(None);
    }
    loop {
        let mut sets =
            connection.call(&Call::slow("usp_AdoptLog").with("@max_chunks", 1u32))?.into_iter();
        let adoption = first(sets.next())?;
        let statuses = sets.next().unwrap_or_default();
        let adopted = read(&adoption, &statuses)?;
        if adoption.get("is_complete")? {
            return Ok(Some(adopted));
        }
        failpoint::hit(AMID_ADOPTION);
        progress(adopted.success + adopted.failed);
    }
}

fn is_adopting(connection: &mut Connection, names: &Names) -> Result<bool> {
    let table = format!("[{}].[processing_adoption]", names.schema());
    let sql = format!(
        "DECLARE @n int = 0;
IF OBJECT_ID(N'{table}', N'U') IS NOT NULL
BEGIN
    SELECT @n = COUNT(*) FROM {table} AS a WHERE a.completed_at_utc IS NULL;
END;
SELECT @n AS n;"
    );
    Ok(connection.query(&sql)?.get::<i64>("n")? == 1)
}

fn read(adoption: &Record, statuses: &[Record]) -> Result<Adopted> {
    let schema: String = adoption.get("legacy_schema")?;
    let table: String = adoption.get("legacy_table")?;
    let statuses = statuses.iter().map(|status| {
        Ok((status.get("status")?, status.get("outcome")?, status.get("row_count")?))
    });
    Ok(Adopted {
        log: format!("{schema}.{table}"),
        success: adoption.get("success")?,
        failed: adoption.get("failed")?,
        rows_superseded: adoption.get("rows_superseded")?,
        rows_ignored: adoption.get("rows_ignored")?,
        apps_ignored: adoption.get("apps_ignored")?,
        rows_without_id: adoption.get("rows_without_id")?,
        apps_without_source: adoption.get("apps_without_source")?,
        apps_without_time: adoption.get("apps_without_time")?,
        statuses: statuses.collect::<Result<_>>()?,
    })
}

/// Whether what was found is a log that could be adopted.
pub(super) fn is_log(kind: &str, object: &str, shown: &str) -> bool {
    kind == "TABLE" && object == LOG && shown.starts_with("table ")
}
