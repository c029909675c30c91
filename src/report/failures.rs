//! What failed: by cause, or application by application.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{json, Value};

use super::table::{Align, Table};
use crate::command::bare_command;
use crate::figures::{count, counted};
use crate::screen::{Ink, Screen};
use crate::store::{FailureCause, FailureCauses, LoggedFailure};

/// The causes for people, each with the commands that go on from it.
pub fn render_causes(found: &FailureCauses, screen: Screen) -> String {
    let mut text = format!(
        "{} failed, for {}\n",
        counted(found.all_applications, "application"),
        counted(found.all_causes, "cause")
    );
    for cause in &found.causes {
        text.push('\n');
        text += &render_cause(cause, screen);
    }
    let left = found.all_causes - found.causes.len() as u64;
    if left > 0 {
        let _ = writeln!(text, "\n{} not shown: add --first N", counted(left, "cause"));
    }
    text
}

fn render_cause(cause: &FailureCause, screen: Screen) -> String {
    let failed = screen.ink(Ink::Bad, &count(cause.applications));
    let category = cause.category.name();
    let mut heading = format!("{failed}  {}", screen.ink(Ink::Heading, category));
    if let Some(target) = target(cause.table.as_deref(), cause.column.as_deref()) {
        let _ = write!(heading, "  {target}");
    }
    let mut table = Table::without_heading(&[Align::Left, Align::Left]);
    let mut row = |name: &str, text: &str| table.row([&format!("  {name}"), text]);
    row("reason", &cause.reason);
    if let Some(path) = &cause.path_shape {
        row("path", path);
    }
    if !cause.values.is_empty() {
        row("values", &values(cause));
    }
    if let Some(number) = cause.error_number {
        row("error", &number.to_string());
    }
    let (first, last) = (to_second(cause.first_at), to_second(cause.last_at));
    match first == last {
        true => row("at", &format!("{last} UTC")),
        false => row("at", &format!("{first} to {last} UTC")),
    }
    let lines = commands(cause);
    let line = |line: &String| format!("  {}\n", screen.ink(Ink::Command, line));
    let lines: String = lines.iter().map(line).collect();
    format!("{heading}\n{}{lines}", table.on(screen))
}

/// The commands that go on from a cause.
pub(super) fn commands(cause: &FailureCause) -> Vec<String> {
    let mut lines = vec![bare_command(&format!("explain {}", cause.example))];
    if let Some(fingerprint) = &cause.fingerprint {
        // The category makes it a seek on SQL Server.
        let category = cause.category;
        lines.push(bare_command(&format!(
            "export-failed --fingerprint {fingerprint} --category {category} failed-{fingerprint}"
        )));
        lines.push(bare_command(&format!("retry --fingerprint {fingerprint} --canary 10")));
    }
    lines
}

/// The values that a cause failed on, each with its applications.
fn values(cause: &FailureCause) -> String {
    let shown = |(value, applications): &(String, u64)| {
        let short: String = value.chars().take(40).collect();
        let rest = if short.len() < value.len() { "…" } else { "" };
        format!("`{short}{rest}` ({})", count(*applications))
    };
    cause.values.iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// `table.column`, as far as it is known.
fn target(table: Option<&str>, column: Option<&str>) -> Option<String> {
    match (table, column) {
        (Some(table), Some(column)) => Some(format!("{table}.{column}")),
        (table, column) => table.or(column).map(str::to_owned),
    }
}

/// The causes for programs: one JSON document, with field names that do not change.
pub fn causes_json(found: &FailureCauses) -> Value {
    let cause = |cause: &FailureCause| {
        json!({
            "applications": cause.applications,
            "category": cause.category.name(),
            "table": cause.table,
            "column": cause.column,
            "path_shape": cause.path_shape,
            "reason": cause.reason,
            "values": cause.values.iter()
                .map(|(value, applications)| json!({"value": value, "applications": applications}))
                .collect::<Vec<_>>(),
            "error_number": cause.error_number,
            "first_at": to_millisecond(cause.first_at),
            "last_at": to_millisecond(cause.last_at),
            "example_app_id": cause.example.0,
            "fingerprint": cause.fingerprint,
        })
    };
    json!({
        "applications": found.all_applications,
        "causes": found.all_causes,
        "listed": found.causes.iter().map(cause).collect::<Vec<_>>(),
    })
}

/// The columns of [`failure_cells`].
pub const FAILURE_HEADING: [&str; 8] =
    ["app_id", "category", "table", "column", "path", "value", "reason", "fingerprint"];

/// A failed application as a line of a list.
pub fn failure_cells(logged: &LoggedFailure) -> [Option<String>; 8] {
    let failure = &logged.failure;
    [
        Some(logged.app_id.to_string()),
        Some(failure.category.name().to_owned()),
        failure.table.clone(),
        failure.column.clone(),
        failure.path.clone(),
        failure.value.clone(),
        Some(failure.reason.clone()),
        logged.fingerprint.clone(),
    ]
}

/// The columns of [`cause_cells`].
pub const CAUSE_HEADING: [&str; 9] = [
    "applications",
    "example_app_id",
    "category",
    "table",
    "column",
    "path_shape",
    "value",
    "reason",
    "fingerprint",
];

/// A cause as a line of a list, with its most frequent value.
pub fn cause_cells(cause: &FailureCause) -> [Option<String>; 9] {
    [
        Some(cause.applications.to_string()),
        Some(cause.example.to_string()),
        Some(cause.category.name().to_owned()),
        cause.table.clone(),
        cause.column.clone(),
        cause.path_shape.clone(),
        cause.values.first().map(|(value, _)| value.clone()),
        Some(cause.reason.clone()),
        cause.fingerprint.clone(),
    ]
}

/// The applications for people.
pub fn render_failures(failures: &[LoggedFailure]) -> Table {
    let mut table = Table::new(&[
        ("app_id", Align::Right),
        ("fingerprint", Align::Left),
        ("category", Align::Left),
        ("target", Align::Left),
        ("value", Align::Left),
    ]);
    for logged in failures {
        let failure = &logged.failure;
        let target = target(failure.table.as_deref(), failure.column.as_deref());
        table.row([
            &logged.app_id.to_string(),
            logged.fingerprint.as_deref().unwrap_or(""),
            failure.category.name(),
            &target.unwrap_or_default(),
            failure.value.as_deref().unwrap_or(""),
        ]);
    }
    table
}

/// A failed application for programs, with field names that do not change.
pub fn failure_json(logged: &LoggedFailure) -> Value {
    let failure = &logged.failure;
    json!({
        "app_id": logged.app_id.0,
        "attempt": logged.attempt,
        "category": failure.category.name(),
        "reason": failure.reason,
        "table": failure.table,
        "column": failure.column,
        "path": failure.path,
        "line": failure.line,
        "column_number": failure.column_number,
        "value": failure.value,
        "error_number": logged.error_number,
        "fingerprint": logged.fingerprint,
        "processed_at": to_millisecond(logged.processed_at),
        "worker": logged.worker_name,
        "document_bytes": logged.document_bytes,
        "rows_of_attempt": logged.rows_of,
    })
}

fn to_second(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn to_millisecond(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
