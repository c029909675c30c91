//! What a run needs of a server, looked at one by one.

use chrono::Utc;

use super::connection::Connection;
use super::fault::Fault;
use super::record::Record;
use super::target;
use crate::contract::Contract;

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFact {
    /// What was looked at, in a word or two.
    pub what: &'static str,
    /// How it is, and what to do where it is not as it should be.
    pub text: String,
    /// `None` is well, `Some(false)` worth a look, `Some(true)` keeps a run from working.
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

/// What a worker calls; `shred_worker` may.
const CALLED: &[&str] = &[
    "usp_GetContract",
    "usp_StartSession",
    "usp_EndSession",
    "usp_ClaimBatch",
    "usp_RenewLease",
    "usp_CompleteBatch",
    "usp_CompleteApp",
    "usp_ReleaseClaim",
    "usp_ReapExpired",
    "usp_GetClaimOutcome",
    "usp_GetStatus",
];

/// Clocks that differ by more are worth a look.
const SKEW_MS: i64 = 60_000;

pub(super) fn examine(
    connection: &mut Connection,
    contract: Option<&Contract>,
) -> Result<Vec<ServerFact>, Fault> {
    let mut facts = vec![certificate(connection), version(connection)?, clock(connection)?];
    facts.extend(permissions(connection)?);
    if let Some(contract) = contract {
        facts.push(match target::check(connection, contract) {
            Ok(()) => ServerFact::well("target tables", "fit the contract"),
            Err(error) => ServerFact::problem("target tables", error.to_string()),
        });
    }
    Ok(facts)
}

fn certificate(connection: &Connection) -> ServerFact {
    match connection.settings().checks_certificate {
        Some(true) => ServerFact::well("TLS", "the server's certificate is checked"),
        Some(false) => ServerFact::warning(
            "TLS",
            "the server's certificate is not checked: give the server one that this machine \
             believes, or name its authority with --ca-file",
        ),
        None => ServerFact::well("TLS", "as the connection string says"),
    }
}

fn first(connection: &mut Connection, sql: &str) -> Result<Record, Fault> {
    super::claim::head(&mut connection.batch(sql)?)
}

fn version(connection: &mut Connection) -> Result<ServerFact, Fault> {
    let head = first(
        connection,
        "SELECT CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion')) AS version,
                CONVERT(nvarchar(128), SUSER_SNAME()) AS login;",
    )?;
    let (version, login) = (head.text_or_null("version")?, head.text_or_null("login")?);
    let text = format!("version {}, as {}", version.unwrap_or("?"), login.unwrap_or("?"));
    Ok(ServerFact::well("server", text))
}

/// Half the time of the question is taken off.
fn clock(connection: &mut Connection) -> Result<ServerFact, Fault> {
    let asked = Utc::now();
    let head = first(
        connection,
        "SELECT DATEDIFF_BIG(MILLISECOND, '19700101', SYSUTCDATETIME()) AS server_ms;",
    )?;
    let answered = Utc::now();
    let here = (asked.timestamp_millis() + answered.timestamp_millis()) / 2;
    let skew = here - head.integer("server_ms")?;
    Ok(match skew.abs() > SKEW_MS {
        false => ServerFact::well("clock", format!("differs from the server's by {skew} ms")),
        true => ServerFact::warning(
            "clock",
            format!(
                "differs from the server's by {skew} ms: leases do not depend on it, but log \
                 files and tables will not agree; synchronise it"
            ),
        ),
    })
}

fn permissions(connection: &mut Connection) -> Result<Vec<ServerFact>, Fault> {
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
        if record.integer("is_there")? == 0 || record.integer("is_allowed")? == 0 {
            refused.push(record.text("name")?.to_owned());
        }
    }
    Ok(match refused.as_slice() {
        [] => vec![ServerFact::well("permissions", "may call what a worker calls")],
        missing => vec![ServerFact::problem(
            "permissions",
            format!(
                "not there, or not allowed to this login: {}; run xmlshred install, and add the \
                 login's user to the role shred_worker",
                missing.join(", ")
            ),
        )],
    })
}
