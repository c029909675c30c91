//! A report for programs: one JSON document, with field names that do not change.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{json, Value};

use super::data::Overview;
use super::verdict::verdict;
use crate::report::failures::causes_json;
use crate::report::status::session_json;
use crate::store::{Finding, Incidents, Reconciled, SessionSummary, ShredTimes, SlowApp};

/// The document. `<` and `&` are written as escapes, so that no text ends the
/// script element that it is in.
pub fn overview_json(overview: &Overview) -> String {
    value(overview).to_string().replace('<', "\\u003c").replace('&', "\\u0026")
}

fn value(overview: &Overview) -> Value {
    let (status, report) = (&overview.status, &overview.report);
    let (kind, heading, figures) = verdict(overview);
    let list = |items: Vec<Value>| Value::Array(items);
    json!({
        "program_version": env!("CARGO_PKG_VERSION"),
        "scope": overview.scope,
        "taken_at": text(report.taken_at),
        "from": report.span.map(|(from, _)| text(from)),
        "to": report.span.map(|(_, to)| text(to)),
        "verdict": { "kind": kind.name(), "heading": heading, "figures": figures },
        "states": {
            "enqueued": overview.status.enqueued(),
            "success": status.success,
            "failed": status.failed,
            "quarantined": status.quarantined,
            "ready": status.ready,
            "claimed": status.claimed,
            "not_enqueued": overview.not_enqueued(),
            "stale": status.stale,
        },
        "findings": list(overview.findings.iter().map(finding).collect()),
        "failures": causes_json(&overview.causes),
        "throughput": {
            "slice_minutes": report.slice_minutes,
            "slices": list(report.slices.iter().map(|slice| json!({
                "at": text(slice.at),
                "claimed": slice.claimed,
                "success": slice.success,
                "failed": slice.failed,
                "rows_written": slice.rows_written,
                "document_bytes": slice.document_bytes,
                "shred_micros": slice.shred_micros,
            })).collect()),
        },
        "shred_times": report.shred_times.as_ref().map(shred_times),
        "slowest": list(report.slowest.iter().map(slow_app).collect()),
        "sessions": list(report.sessions.iter().map(|one| session(one, &report.incidents)).collect()),
        "all_sessions": report.all_sessions,
        "reconciliation": list(report.reconciliation.iter().map(reconciled).collect()),
        "contracts": list(report.contracts.iter().map(|contract| json!({
            "hash": contract.hash.to_string(),
            "name": contract.name,
            "installed_at": text(contract.installed_at),
            "retired_at": contract.retired_at.map(text),
        })).collect()),
        "settings": list(overview.settings.iter().map(|setting| json!({
            "name": setting.name,
            "value": setting.value,
            "from": setting.from,
        })).collect()),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "priority": finding.priority,
        "finding": finding.finding,
        "detail": finding.detail,
        "why": finding.why,
        "fix": finding.fix,
    })
}

fn shred_times(times: &ShredTimes) -> Value {
    json!({
        "attempts": times.attempts,
        "first_at": text(times.first_at),
        "p50_micros": times.p50,
        "p90_micros": times.p90,
        "p99_micros": times.p99,
        "max_micros": times.max,
    })
}

fn slow_app(app: &SlowApp) -> Value {
    json!({
        "app_id": app.app_id.0,
        "attempt": app.attempt,
        "succeeded": app.succeeded,
        "shred_micros": app.shred_micros,
        "document_bytes": app.document_bytes,
        "worker": app.worker_name,
    })
}

fn session(session: &SessionSummary, all: &[Incidents]) -> Value {
    let mine = all.iter().filter(|one| one.session == session.session);
    let mut value = session_json(session);
    value["incidents"] = mine.map(incidents).collect();
    value
}

fn incidents(incidents: &Incidents) -> Value {
    json!({
        "at": text(incidents.at),
        "renewed": incidents.renewed,
        "released": incidents.released,
        "reaped": incidents.reaped,
        "refused": incidents.refused,
        "quarantined": incidents.quarantined,
    })
}

fn reconciled(row: &Reconciled) -> Value {
    json!({
        "subject": row.subject,
        "expected": row.expected,
        "actual": row.actual,
        "difference": row.difference,
        "not_ours": row.not_ours,
        "stale": row.stale,
    })
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
