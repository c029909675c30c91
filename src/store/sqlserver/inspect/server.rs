//! What a run needs of a server.

use chrono::Utc;

use crate::contract::Contract;
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::contract_sql::bracketed;
use crate::store::sqlserver::fault::Result;
use crate::store::sqlserver::target;

/// A property of the server that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFact {
    /// The property, in a word or two.
    pub what: &'static str,
    /// Its state, and how to correct it.
    pub text: String,
    /// `None` is well, `Some(false)` a warning, `Some(true)` prevents a run.
    pub verdict: Option<bool>,
}

impl ServerFact {
    fn well(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, text: text.into(), verdict: None }
    }

    fn warning(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, text: text.into(), verdict: Some(false) }
    }

    fn problem(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, text: text.into(), verdict: Some(true) }
    }
}

/// The procedures that a worker calls.
const CALLED: &[&str] = &[
    "usp_GetContract",
    "usp_StartSession",
    "usp_EndSession",
    "usp_ClaimBatch",
    "usp_RenewLease",
    "usp_CompleteBatch",
    "usp_ReleaseClaim",
    "usp_ReapExpired",
    "usp_GetClaimOutcome",
    "usp_GetStatus",
];

/// A larger difference of clocks is a warning.
const SKEW_MS: i64 = 60_000;

pub(crate) fn inspect_server(
    connection: &mut Connection,
    contract: Option<&Contract>,
) -> Result<Vec<ServerFact>> {
    let mut facts = vec![certificate(connection), version(connection)?, clock(connection)?];
    facts.extend(permissions(connection)?);
    facts.push(source(connection)?);
    if let Some(contract) = contract {
        facts.push(match target::check(connection, contract) {
            Ok(()) => ServerFact::well("target tables", "fit the contract"),
            Err(error) => ServerFact::problem("target tables", error.to_string()),
        });
        let missing = target::without_index(connection, contract)?;
        facts.extend(missing.iter().map(|index| {
            ServerFact::warning(
                "target tables",
                format!("a completion scans a table whose index is missing: {index}"),
            )
        }));
    }
    Ok(facts)
}

fn certificate(connection: &Connection) -> ServerFact {
    match connection.settings().checks_certificate {
        Some(true) => ServerFact::well("TLS", "the server's certificate is checked"),
        Some(false) => ServerFact::warning(
            "TLS",
            "the server's certificate is not checked: give the server one that this machine \
             trusts, or name its authority with --ca-file",
        ),
        None => ServerFact::well("TLS", "as the connection string says"),
    }
}

fn version(connection: &mut Connection) -> Result<ServerFact> {
    let head = connection.query(
        "SELECT CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion')) AS version,
                CONVERT(nvarchar(128), SUSER_SNAME()) AS login;",
    )?;
    let (version, login) = (head.get::<String>("version")?, head.get::<String>("login")?);
    Ok(ServerFact::well("server", format!("version {version}, as {login}")))
}

/// The query's duration counts half.
fn clock(connection: &mut Connection) -> Result<ServerFact> {
    let asked = Utc::now();
    let head = connection
        .query("SELECT DATEDIFF_BIG(MILLISECOND, '19700101', SYSUTCDATETIME()) AS server_ms;")?;
    let answered = Utc::now();
    let here = (asked.timestamp_millis() + answered.timestamp_millis()) / 2;
    let skew = here - head.get::<i64>("server_ms")?;
    Ok(match skew.abs() > SKEW_MS {
        false => ServerFact::well("clock", format!("differs from the server's by {skew} ms")),
        true => ServerFact::warning(
            "clock",
            format!(
                "differs from the server's by {skew} ms: leases do not depend on it, but log \
                 files and tables differ; synchronise it"
            ),
        ),
    })
}

fn source(connection: &mut Connection) -> Result<ServerFact> {
    let schema = connection.settings().schema_name();
    let head = connection
        .query(&format!("SELECT {}.ufn_SourceProblem() AS problem;", bracketed(schema)))?;
    Ok(match head.get_or_null::<String>("problem")? {
        None => ServerFact::well("source table", "has what a claim needs"),
        Some(problem) => ServerFact::problem("source table", problem),
    })
}

fn permissions(connection: &mut Connection) -> Result<Vec<ServerFact>> {
    let schema = connection.settings().schema_name().to_owned();
    let rows: Vec<String> = CALLED
        .iter()
        .map(|procedure| {
            let object = format!("[{schema}].[{procedure}]");
            format!(
                "SELECT N'{procedure}' AS name,
                 CASE WHEN OBJECT_ID(N'{object}') IS NULL THEN 0 ELSE 1 END AS is_there,
                 COALESCE(HAS_PERMS_BY_NAME(N'{object}', N'OBJECT', N'EXECUTE'), 0) AS is_allowed"
            )
        })
        .collect();
    let sets = connection.batch(&rows.join("\nUNION ALL\n"))?;
    let mut refused = Vec::new();
    for record in sets.iter().flatten() {
        if !record.get::<bool>("is_there")? || !record.get::<bool>("is_allowed")? {
            refused.push(record.get::<String>("name")?);
        }
    }
    Ok(match refused.as_slice() {
        [] => vec![ServerFact::well("permissions", "may call what a worker calls")],
        missing => vec![ServerFact::problem(
            "permissions",
            format!(
                "this login has no permission to execute {}, or the procedure is missing: run \
                 xmlshred install, and add the login's user to the role shred_worker",
                missing.join(", ")
            ),
        )],
    })
}
