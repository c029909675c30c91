//! Inspecting: the status, one document, an application's life, failures, and the store's health.

use rusqlite::types::{Type, ValueRef};
use rusqlite::{named_params, Connection, OptionalExtension, Row, ToSql};

use super::binding::{instant, json_list, milliseconds};
use super::fault::Step;
use super::install::installed_tables;
use super::session::pause_in_force;
use super::statement::statement;
use super::target::quoted;
use super::transaction::{patiently, read, Work};
use crate::command::command;
use crate::document::{Document, DocumentEncoding};
use crate::figures::counted;
use crate::id::{AppId, ClaimToken, SessionId};
use crate::outcome::{Failure, FailureCategory};
use crate::store::{
    ActiveClaim, FailurePage, Finding, FinishedPage, LifeEvent, LoggedFailure, SessionState,
    SessionSummary, Status, Unprocessed, UnprocessedPage, WrittenApp, WrittenAttempt, WrittenPage,
};

const GET_STATUS: &str = include_str!("get_status.sql");
const SOURCE_ROWS: &str = statement(GET_STATUS, "source");
const STATES: &str = statement(GET_STATUS, "states");
const FAILED: &str = statement(GET_STATUS, "failures");
const TABLE_EXISTS: &str = statement(GET_STATUS, "table_exists");
const WRITTEN_ROWS: &str = statement(GET_STATUS, "written");
const STALE: &str = statement(GET_STATUS, "stale");
/// How many documents are known to be new, 100,000 at most.
const NOT_ENQUEUED: &str = statement(GET_STATUS, "not_enqueued");
const RECENT: &str = statement(GET_STATUS, "recent");
const CLAIMS: &str = statement(GET_STATUS, "claims");
const SESSIONS: &str = statement(GET_STATUS, "sessions");

const DOCUMENT: &str = statement(include_str!("read_document.sql"), "document");

const EXPLAIN_APP: &str = include_str!("explain_app.sql");
const LIFE: &str = statement(EXPLAIN_APP, "life");
const STATE: &str = statement(EXPLAIN_APP, "state");
const ROWS_OF: &str = statement(EXPLAIN_APP, "rows_of");
const QUARANTINED: &str = statement(EXPLAIN_APP, "quarantined");
const CONCLUDED: &str = statement(EXPLAIN_APP, "concluded");
const SOURCE: &str = statement(EXPLAIN_APP, "source");

const OF_FILE: &str = statement(include_str!("list_apps_of_file.sql"), "of_file");
const FAILURES: &str = statement(include_str!("list_failures.sql"), "page");
const UNPROCESSED: &str = statement(include_str!("list_unprocessed.sql"), "page");
const LIST_WRITTEN: &str = include_str!("list_written.sql");
const WRITTEN: &str = statement(LIST_WRITTEN, "written");
const WRITTEN_OF: &str = statement(LIST_WRITTEN, "written_of");
const FINISHED: &str = statement(include_str!("list_finished.sql"), "finished");
const FINDINGS: &str = statement(include_str!("health_check.sql"), "findings");

pub(super) fn get_status(connection: &mut Connection) -> Step<Status> {
    read(connection, |tx| {
        let mut status = Status {
            source: Some(tx.value(SOURCE_ROWS, [])?),
            stale: tx.value(STALE, [])?,
            table_rows: rows_of_tables(tx, |table| {
                tx.value(WRITTEN_ROWS, named_params! {":table": table})
            })?,
            claims: claims(tx)?,
            sessions: sessions(tx, i64::MIN, None, 50)?,
            paused: pause_in_force(tx)?,
            ..Status::default()
        };
        status.not_enqueued = Some(tx.value(NOT_ENQUEUED, [])?);
        let recent = named_params! {":now": tx.now};
        for (completed, seconds) in tx.all(RECENT, recent, |row| Ok((row.get(0)?, row.get(1)?)))? {
            (status.completed_recently, status.completed_in_seconds) = (completed, seconds);
        }
        for (state, count) in tx.all(STATES, [], |row| <(String, u64)>::try_from(row))? {
            match state.as_str() {
                "ready" => status.ready = count,
                "claimed" => status.claimed = count,
                "quarantined" => status.quarantined = count,
                "success" => status.success = count,
                _ => status.failed = count,
            }
        }
        status.failures = tx.all(FAILED, [], |row| <(FailureCategory, u64)>::try_from(row))?;
        Ok(status)
    })
}

/// Rows per target table, which are counted.
pub(super) fn table_rows(tx: &Work) -> Step<Vec<(String, Option<u64>)>> {
    rows_of_tables(tx, |table| tx.value(&format!("SELECT count(*) FROM {}", quoted(table)), []))
}

/// What this says of each target table; `None` of one that is missing.
fn rows_of_tables(tx: &Work, rows: impl Fn(&str) -> Step<u64>) -> Step<Vec<(String, Option<u64>)>> {
    let rows = |table: String| {
        let exists = tx.exists(TABLE_EXISTS, named_params! {":table": table})?;
        let rows = exists.then(|| rows(&table)).transpose()?;
        Ok((table, rows))
    };
    installed_tables(tx)?.into_iter().map(rows).collect()
}

fn claims(tx: &Work) -> Step<Vec<ActiveClaim>> {
    tx.all(CLAIMS, [], |row| {
        Ok(ActiveClaim {
            token: row.get(0)?,
            session: row.get(1)?,
            worker_name: row.get(2)?,
            apps: row.get(3)?,
            age_seconds: row.get(4)?,
            remaining_seconds: row.get(5)?,
            renewals: row.get(6)?,
        })
    })
}

/// The newest sessions that were seen since a time, or one of them.
pub(super) fn sessions(
    tx: &Work,
    since: i64,
    session: Option<SessionId>,
    most: u32,
) -> Step<Vec<SessionSummary>> {
    let parameters = named_params! {":since": since, ":session": session, ":sessions": most};
    tx.all(SESSIONS, parameters, |row| {
        let state: String = row.get(3)?;
        let wrong = || rusqlite::Error::InvalidColumnType(3, state.clone(), Type::Text);
        Ok(SessionSummary {
            session: row.get(0)?,
            worker_name: row.get(1)?,
            host_name: row.get(2)?,
            state: SessionState::from_name(&state).ok_or_else(wrong)?,
            started_at: instant(row.get(4)?),
            last_seen_at: instant(row.get(5)?),
            ended_at: row.get::<_, Option<i64>>(6)?.map(instant),
            exit_status: row.get(7)?,
            claimed: row.get(8)?,
            success: row.get(9)?,
            failed: row.get(10)?,
            released: row.get(11)?,
            reaped: row.get(12)?,
            refused: row.get(13)?,
            holds: row.get(14)?,
            program_version: row.get(15)?,
            contract_hash: row.get(16)?,
        })
    })
}

pub(super) fn read_document(connection: &Connection, app_id: AppId) -> Step<Option<Document>> {
    patiently(|| {
        let mut statement = connection.prepare_cached(DOCUMENT)?;
        let found = statement
            .query_row(named_params! {":app_id": app_id}, |row| Ok(document(row.get_ref(0)?)))
            .optional()?;
        Ok(found.flatten())
    })
}

pub(super) fn document(value: ValueRef<'_>) -> Option<Document> {
    let (bytes, encoding) = match value {
        ValueRef::Text(bytes) => (bytes, DocumentEncoding::Utf8),
        ValueRef::Blob(bytes) => (bytes, DocumentEncoding::Detect),
        _ => return None,
    };
    Some(Document { bytes: bytes.to_vec(), encoding })
}

pub(super) fn explain_app(connection: &mut Connection, app_id: AppId) -> Step<Vec<LifeEvent>> {
    read(connection, |tx| {
        let mut life = tx.all(LIFE, named_params! {":app_id": app_id}, |row| {
            Ok(LifeEvent {
                at: instant(row.get(0)?),
                event: row.get(1)?,
                attempt: row.get(2)?,
                worker_name: row.get(3)?,
                host: row.get(4)?,
                detail: row.get(5)?,
                claim: row.get(6)?,
            })
        })?;
        life.push(now(tx, app_id)?);
        Ok(life)
    })
}

pub(super) fn list_apps_of_file(
    connection: &mut Connection,
    name: &str,
) -> Step<Vec<(AppId, String)>> {
    let parameters = named_params! {":name": name};
    read(connection, |tx| tx.all(OF_FILE, parameters, |row| row.try_into()))
}

/// Where the application is at this moment, and what happens next.
fn now(tx: &Work, app_id: AppId) -> Step<LifeEvent> {
    let queued = tx.find(STATE, named_params! {":app_id": app_id}, |row| {
        Ok(Queued {
            state: row.get(0)?,
            attempts: row.get(1)?,
            reaps: row.get(2)?,
            claim: row.get(3)?,
            lease_expires_at: row.get(4)?,
            worker_name: row.get(5)?,
            host: row.get(6)?,
        })
    })?;
    let rows_of: Option<u32> =
        tx.find(ROWS_OF, named_params! {":app_id": app_id}, |row| row.get(0))?;
    let detail = match &queued {
        None => unqueued(tx, app_id, rows_of)?,
        Some(queued) => {
            let rows = rows_of.map(|attempt| format!("; its rows are those of attempt {attempt}"));
            in_words(tx, app_id, queued)? + &rows.unwrap_or_default()
        }
    };
    let queued = queued.unwrap_or_default();
    Ok(LifeEvent {
        at: instant(tx.now),
        event: "now".to_owned(),
        attempt: queued.attempts,
        worker_name: queued.worker_name,
        host: queued.host,
        detail: Some(detail),
        claim: queued.claim,
    })
}

#[derive(Default)]
struct Queued {
    state: u8,
    attempts: Option<u32>,
    reaps: u32,
    claim: Option<ClaimToken>,
    lease_expires_at: Option<i64>,
    worker_name: Option<String>,
    host: Option<String>,
}

fn in_words(tx: &Work, app_id: AppId, queued: &Queued) -> Step<String> {
    Ok(match queued.state {
        1 => {
            let left = queued.lease_expires_at.unwrap_or(tx.now) - tx.now;
            format!("claimed; the lease expires in {} seconds unless it is renewed", left / 1000)
        }
        2 => {
            let parameters = named_params! {":app_id": app_id};
            let reason: Option<Option<String>> =
                tx.find(QUARANTINED, parameters, |row| row.get(0))?;
            let reason = reason.flatten().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("quarantined{reason}; fix the cause, then {}", retry(app_id))
        }
        _ => match pause_in_force(tx)? {
            Some(pause) => format!("ready, but claiming is paused: {}", pause.reason),
            None if queued.reaps > 0 => {
                format!(
                    "ready; reaped or refused {}, so its next batch is smaller",
                    counted(queued.reaps, "time")
                )
            }
            None => "ready for the next worker".to_owned(),
        },
    })
}

fn retry(app_id: AppId) -> String {
    command(&format!("retry --app-id {app_id}"))
}

fn unqueued(tx: &Work, app_id: AppId, rows_of: Option<u32>) -> Step<String> {
    let parameters = named_params! {":app_id": app_id};
    let concluded: Option<Option<String>> = tx.find(CONCLUDED, parameters, |row| row.get(0))?;
    Ok(match concluded {
        Some(None) => "finished".to_owned(),
        Some(Some(category)) => {
            let rows = match rows_of {
                Some(attempt) => format!("; its rows are those of attempt {attempt}"),
                None => String::new(),
            };
            format!("failed ({category}){rows}; fix the cause, then {}", retry(app_id))
        }
        None if tx.exists(SOURCE, parameters)? => {
            format!("in the source table, but not enqueued: run {}", command("enqueue"))
        }
        None => "unknown: not in the source table, the queue or the log".to_owned(),
    })
}

pub(super) fn list_unprocessed(
    connection: &mut Connection,
    page: &UnprocessedPage,
) -> Step<Vec<Unprocessed>> {
    let parameters = named_params! {":after": page.after, ":size": page.size.clamp(1, 10_000)};
    read(connection, |tx| {
        tx.all(UNPROCESSED, parameters, |row| {
            Ok(Unprocessed {
                app_id: row.get(0)?,
                document_bytes: row.get(1)?,
                reason: row.get(2)?,
            })
        })
    })
}

pub(super) fn list_failures(
    connection: &mut Connection,
    page: &FailurePage,
) -> Step<Vec<LoggedFailure>> {
    let Some(from) = page.after.map_or(Some(i64::MIN), |AppId(id)| id.checked_add(1)) else {
        return Ok(Vec::new());
    };
    // A condition that is not in the statement keeps it from no index.
    let conditions = [
        page.category.map(|_| " AND l.failure_category = :category"),
        page.fingerprint.as_ref().map(|_| " AND l.fingerprint = :fingerprint"),
    ];
    let conditions: String = conditions.into_iter().flatten().collect();
    let sql = FAILURES.replace("/* conditions */", &conditions);
    read(connection, |tx| {
        let since = page.since.map_or(i64::MIN, |since| tx.now - milliseconds(since));
        let size = page.size.clamp(1, 10_000);
        let mut parameters: Vec<(&str, &dyn ToSql)> =
            vec![(":from", &from), (":since", &since), (":size", &size)];
        parameters.extend(page.category.as_ref().map(|c| (":category", c as &dyn ToSql)));
        parameters.extend(page.fingerprint.as_ref().map(|f| (":fingerprint", f as &dyn ToSql)));
        tx.all(&sql, &parameters[..], logged_failure)
    })
}

fn logged_failure(row: &Row) -> rusqlite::Result<LoggedFailure> {
    Ok(LoggedFailure {
        app_id: row.get(0)?,
        attempt: row.get(1)?,
        failure: Failure {
            category: row.get(2)?,
            table: row.get(3)?,
            column: row.get(4)?,
            path: row.get(5)?,
            line: row.get(6)?,
            column_number: row.get(7)?,
            value: row.get(8)?,
            reason: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
            template: None,
            each_value: false,
        },
        fingerprint: row.get(10)?,
        error_number: row.get(11)?,
        processed_at: instant(row.get(12)?),
        worker_name: row.get(13)?,
        rows_of: row.get(15)?,
        document_bytes: row.get(14)?,
    })
}

pub(super) fn list_written(
    connection: &mut Connection,
    page: &WrittenPage,
) -> Step<Vec<WrittenApp>> {
    let Some(from) = page.after.map_or(Some(i64::MIN), |AppId(id)| id.checked_add(1)) else {
        return Ok(Vec::new());
    };
    let size = page.size.clamp(1, 10_000);
    let unlogged = page.unlogged;
    read(connection, |tx| match &page.app_ids {
        Some(app_ids) => {
            let app_ids = json_list(app_ids);
            let parameters = named_params! {
                ":app_ids": app_ids, ":unlogged": unlogged, ":from": from, ":size": size,
            };
            tx.all(WRITTEN_OF, parameters, written_app)
        }
        None => {
            let parameters = named_params! {":unlogged": unlogged, ":from": from, ":size": size};
            tx.all(WRITTEN, parameters, written_app)
        }
    })
}

pub(super) fn list_finished(
    connection: &mut Connection,
    page: &FinishedPage,
) -> Step<Vec<WrittenApp>> {
    let Some(from) = page.after.map_or(Some(i64::MIN), |AppId(id)| id.checked_add(1)) else {
        return Ok(Vec::new());
    };
    read(connection, |tx| {
        let parameters = named_params! {
            ":app_ids": page.app_ids.as_deref().map(json_list),
            ":fingerprint": page.fingerprint,
            ":from": from,
            ":size": page.size.clamp(1, 10_000),
        };
        tx.all(FINISHED, parameters, written_app)
    })
}

fn written_app(row: &Row) -> rusqlite::Result<WrittenApp> {
    let attempt: Option<u32> = row.get(1)?;
    let logged = match attempt {
        Some(attempt) => Some(WrittenAttempt {
            attempt,
            claimed_at: instant(row.get(2)?),
            source_hash: row.get(3)?,
            contract: row.get(4)?,
        }),
        None => None,
    };
    Ok(WrittenApp { app_id: row.get(0)?, logged })
}

pub(super) fn health_check(connection: &mut Connection) -> Step<Vec<Finding>> {
    read(connection, |tx| {
        tx.all(FINDINGS, named_params! {":now": tx.now}, |row| {
            Ok(Finding {
                priority: row.get(0)?,
                finding: row.get(1)?,
                detail: row.get(2)?,
                why: row.get(3)?,
                fix: row.get(4)?,
            })
        })
    })
}
