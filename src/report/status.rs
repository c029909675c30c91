//! The states of the applications in a store.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{json, Map, Value};

use crate::store::{ActiveClaim, SessionSummary, Status};

use super::table::{Align, Cell, Table};
use crate::figures::{count, duration};
use crate::screen::{Ink, Screen};

/// A store's status for people, ending in a line break.
pub fn render_status(status: &Status, screen: Screen) -> String {
    let tables = [rows(status), claims(status), sessions(status)];
    let first = [pause(status).on(screen), counts(status).on(screen), balance(status, screen)];
    let tables = tables.iter().filter(|table| !table.is_empty()).map(|table| table.on(screen));
    let texts: Vec<String> =
        first.into_iter().filter(|text| !text.is_empty()).chain(tables).collect();
    texts.join("\n")
}

/// Two sentences: what all enqueued applications add up to, and how long the others take.
fn balance(status: &Status, screen: Screen) -> String {
    let Status { ready, claimed, quarantined, success, failed, .. } = status;
    let sum = format!(
        "{} enqueued = {} success + {} failed + {} quarantined + {} to do; {} not enqueued",
        count(status.enqueued()),
        count(*success),
        count(*failed),
        count(*quarantined),
        count(ready + claimed),
        not_enqueued(status),
    );
    let rate = rate(status, " in the last 10 minutes; ");
    let lines = std::iter::once(sum).chain(rate);
    lines.map(|line| screen.fit(&line).into_owned() + "\n").collect()
}

/// `0`, `100,000 or more`, or `unknown`.
pub(super) fn not_enqueued(status: &Status) -> String {
    match status.not_enqueued {
        Some(Status::MOST_NOT_ENQUEUED..) => {
            format!("{} or more", count(Status::MOST_NOT_ENQUEUED))
        }
        number => count_if_seen(number),
    }
}

/// `12.3 applications/s` and `4 min 01 s left`, with what is between them.
pub(super) fn rate(status: &Status, between: &str) -> Option<String> {
    let rate = format!("{:.1} applications/s", status.rate()?);
    let left = match status.time_left() {
        Some(left) => format!("{} left", duration(left)),
        None => "nothing to do".to_owned(),
    };
    Some(format!("{rate}{between}{left}"))
}

/// The columns of [`status_cells`].
pub const STATUS_HEADING: [&str; 2] = ["state", "applications"];

/// A line for each state, with those that are known.
pub fn status_cells(status: &Status) -> Vec<[Option<String>; 2]> {
    let states = [
        ("source", status.source),
        ("not_enqueued", status.not_enqueued),
        ("ready", Some(status.ready)),
        ("claimed", Some(status.claimed)),
        ("quarantined", Some(status.quarantined)),
        ("success", Some(status.success)),
        ("failed", Some(status.failed)),
    ];
    let line = |(state, number): (&str, Option<u64>)| {
        [Some(state.to_owned()), number.map(|number| number.to_string())]
    };
    states.into_iter().map(line).collect()
}

fn pause(status: &Status) -> Table {
    let mut table = Table::without_heading(&[Align::Left, Align::Left]);
    if let Some(pause) = &status.paused {
        let since = format!("since {} UTC", to_second(pause.since));
        table.row([Cell::inked("claiming is paused", Ink::Doubtful), since.into()]);
        table.row(["  by", &pause.by]);
        table.row(["  because", &pause.reason]);
    }
    table
}

fn counts(status: &Status) -> Table {
    let mut table = Table::without_heading(&[Align::Left, Align::Right]);
    table.row(["source documents", &count_if_seen(status.source)]);
    let mut row = |name: &str, number: u64, ink: Option<Ink>| {
        let ink = ink.filter(|_| number > 0);
        table.row([Cell::inked(name, ink), Cell::inked(count(number), ink)]);
    };
    for (name, number) in states(status) {
        row(name, number, state_ink(name));
    }
    for (category, failed) in &status.failures {
        row(&format!("  {category}"), *failed, None);
    }
    if status.stale > 0 {
        row("failed, with rows of an earlier success", status.stale, Some(Ink::Doubtful));
    }
    table
}

/// The states of an enqueued application.
pub(super) fn states(status: &Status) -> [(&'static str, u64); 5] {
    [
        ("ready", status.ready),
        ("claimed", status.claimed),
        ("quarantined", status.quarantined),
        ("success", status.success),
        ("failed", status.failed),
    ]
}

/// The colour of a state that applications are in.
pub(super) fn state_ink(state: &str) -> Option<Ink> {
    match state {
        "claimed" => Some(Ink::Note),
        "success" => Some(Ink::Good),
        "quarantined" | "failed" => Some(Ink::Bad),
        _ => None,
    }
}

fn rows(status: &Status) -> Table {
    let mut table = Table::new(&[("table", Align::Left), ("rows", Align::Right)]);
    for (name, rows) in &status.table_rows {
        table.row([name, &count_if_seen(*rows)]);
    }
    table
}

/// A table that the login cannot see is not an empty one.
fn count_if_seen(rows: Option<u64>) -> String {
    rows.map_or_else(|| "unknown".to_owned(), count)
}

fn claims(status: &Status) -> Table {
    let mut table = Table::new(&[
        ("claimed by", Align::Left),
        ("applications", Align::Right),
        ("since", Align::Right),
        ("lease left", Align::Right),
        ("renewals", Align::Right),
    ]);
    for claim in &status.claims {
        table.row::<Cell>([
            (&claim.worker_name).into(),
            count(claim.apps).into(),
            duration(seconds(claim.age_seconds)).into(),
            lease_left(claim.remaining_seconds),
            count(claim.renewals).into(),
        ]);
    }
    table
}

/// How long a lease still lasts.
pub(super) fn lease_left(remaining: i64) -> Cell {
    match remaining {
        0.. => duration(seconds(remaining)).into(),
        _ => Cell::inked("expired", Ink::Bad),
    }
}

fn seconds(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

fn sessions(status: &Status) -> Table {
    let mut columns = vec![
        ("worker", Align::Left),
        ("started (UTC)", Align::Left),
        ("ended", Align::Left),
        ("exit", Align::Right),
        ("claimed", Align::Right),
        ("success", Align::Right),
        ("failed", Align::Right),
    ];
    // Seldom more than zeros, which would make the table too wide for a terminal.
    let shows = |number: fn(&SessionSummary) -> u64| status.sessions.iter().any(|s| number(s) > 0);
    let (released, reaped) = (shows(|s| s.released), shows(|s| s.reaped));
    columns.extend(released.then_some(("released", Align::Right)));
    columns.extend(reaped.then_some(("reaped", Align::Right)));
    let mut table = Table::new(&columns);
    for session in &status.sessions {
        let exit = session.exit_status.map_or_else(String::new, |status| status.to_string());
        let is_bad = session.exit_status.is_some_and(|status| status > 0);
        let failed = (session.failed > 0).then_some(Ink::Bad);
        let mut cells: Vec<Cell> = vec![
            (&session.worker_name).into(),
            to_second(session.started_at).into(),
            ended(session).into(),
            Cell::inked(exit, is_bad.then_some(Ink::Bad)),
            count(session.claimed).into(),
            count(session.success).into(),
            Cell::inked(count(session.failed), failed),
        ];
        cells.extend(released.then(|| count(session.released).into()));
        cells.extend(reaped.then(|| count(session.reaped).into()));
        table.row(cells);
    }
    table
}

/// When a session ended, or was last seen: without the date if that is the day of its start.
fn ended(session: &SessionSummary) -> String {
    let shown = |at: DateTime<Utc>| match at.date_naive() == session.started_at.date_naive() {
        true => at.format("%H:%M:%S").to_string(),
        false => to_second(at),
    };
    match session.ended_at {
        Some(at) => shown(at),
        None => format!("seen {}", shown(session.last_seen_at)),
    }
}

fn to_second(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A store's status for programs. The field names do not change.
pub fn status_json(status: &Status) -> Value {
    let failures: Map<String, Value> =
        status.failures.iter().map(|(category, n)| (category.name().into(), json!(n))).collect();
    let tables: Vec<Value> = status
        .table_rows
        .iter()
        .map(|(table, rows)| json!({ "table": table, "rows": rows }))
        .collect();
    let paused = status.paused.as_ref().map(|pause| {
        let since = pause.since.to_rfc3339_opts(SecondsFormat::Millis, true);
        json!({ "since": since, "by": pause.by, "reason": pause.reason })
    });
    json!({
        "source": status.source,
        "ready": status.ready,
        "claimed": status.claimed,
        "quarantined": status.quarantined,
        "success": status.success,
        "failed": status.failed,
        "failed_by_category": failures,
        "stale": status.stale,
        "not_enqueued": status.not_enqueued,
        "apps_per_second": status.rate(),
        "seconds_left": status.time_left().map(|left| left.as_secs()),
        "rows": tables,
        "claims": status.claims.iter().map(JsonClaim::from).collect::<Vec<_>>(),
        "sessions": status.sessions.iter().map(session_json).collect::<Vec<_>>(),
        "paused": paused,
    })
}

#[derive(Serialize)]
struct JsonClaim<'a> {
    token: String,
    session: String,
    worker: &'a str,
    applications: u64,
    age_seconds: i64,
    remaining_seconds: i64,
    renewals: u64,
}

impl<'a> From<&'a ActiveClaim> for JsonClaim<'a> {
    fn from(claim: &'a ActiveClaim) -> Self {
        Self {
            token: claim.token.0.to_string(),
            session: claim.session.0.to_string(),
            worker: &claim.worker_name,
            applications: claim.apps,
            age_seconds: claim.age_seconds,
            remaining_seconds: claim.remaining_seconds,
            renewals: claim.renewals,
        }
    }
}

/// A session, for programs.
pub(super) fn session_json(session: &SessionSummary) -> Value {
    let text = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({
        "session": session.session.0.to_string(),
        "worker": session.worker_name,
        "host": session.host_name,
        "state": session.state.name(),
        "started_at": text(session.started_at),
        "last_seen_at": text(session.last_seen_at),
        "ended_at": session.ended_at.map(text),
        "exit_status": session.exit_status,
        "claimed": session.claimed,
        "success": session.success,
        "failed": session.failed,
        "released": session.released,
        "reaped": session.reaped,
        "refused": session.refused,
        "holds": session.holds,
        "program_version": session.program_version,
        "contract_hash": session.contract_hash.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use uuid::Uuid;

    use crate::id::{ClaimToken, ContractHash, SessionId};
    use crate::outcome::FailureCategory;
    use crate::store::{Pause, SessionState};

    use super::*;

    fn status() -> Status {
        let time = |second| Utc.with_ymd_and_hms(2025, 3, 1, 8, 0, second).unwrap();
        let session = |name: &str, ended_at: Option<DateTime<Utc>>| SessionSummary {
            session: SessionId(Uuid::nil()),
            worker_name: name.into(),
            host_name: "db1".into(),
            state: if ended_at.is_some() { SessionState::Ended } else { SessionState::Working },
            started_at: time(1),
            last_seen_at: time(30),
            ended_at,
            exit_status: ended_at.map(|_| 130),
            claimed: 2000,
            success: 1960,
            failed: 30,
            released: 10,
            reaped: 0,
            refused: 0,
            holds: 0,
            program_version: "1.2.3".into(),
            contract_hash: ContractHash([0; 32]),
        };
        let claim = |remaining_seconds| ActiveClaim {
            token: ClaimToken(Uuid::nil()),
            session: SessionId(Uuid::nil()),
            worker_name: "db1:4711".into(),
            apps: 25,
            age_seconds: 65,
            remaining_seconds,
            renewals: 3,
        };
        Status {
            source: Some(5000),
            ready: 2944,
            claimed: 25,
            quarantined: 1,
            success: 2000,
            failed: 30,
            stale: 0,
            not_enqueued: Some(100_000),
            completed_recently: 1000,
            completed_in_seconds: Some(100),
            failures: vec![(FailureCategory::BadValue, 20), (FailureCategory::MalformedXml, 10)],
            table_rows: vec![("app_base".into(), Some(2000)), ("app_contact".into(), Some(3124))],
            claims: vec![claim(55), claim(-10)],
            sessions: vec![session("db1:4711", None), session("db2:99", Some(time(31)))],
            paused: None,
        }
    }

    #[test]
    fn a_table_that_the_login_cannot_see_is_not_called_empty() {
        let status = Status { table_rows: vec![("t".into(), None)], ..Status::default() };
        let text = render_status(&status, Screen::PLAIN);
        assert_eq!(text.matches("unknown").count(), 3, "{text}");
        let json = status_json(&status).to_string();
        assert!(json.contains(r#""rows":[{"table":"t","rows":null}]"#), "{json}");
        assert!(json.contains(r#""source":null"#), "{json}");
    }

    #[test]
    fn the_table_shows_where_everything_is() {
        insta::assert_snapshot!(render_status(&status(), Screen::PLAIN), @r#"
        source documents  5,000
        ready             2,944
        claimed              25
        quarantined           1
        success           2,000
        failed               30
          bad_value          20
          malformed_xml      10

        5,000 enqueued = 2,000 success + 30 failed + 1 quarantined + 2,969 to do; 100,000 or more not enqueued
        10.0 applications/s in the last 10 minutes; 4 min 56 s left

        table         rows
        app_base     2,000
        app_contact  3,124

        claimed by  applications       since  lease left  renewals
        db1:4711              25  1 min 05 s      55.0 s         3
        db1:4711              25  1 min 05 s     expired         3

        worker    started (UTC)        ended          exit  claimed  success  failed  released
        db1:4711  2025-03-01 08:00:01  seen 08:00:30          2,000    1,960      30        10
        db2:99    2025-03-01 08:00:01  08:00:31        130    2,000    1,960      30        10
        "#);
    }

    #[test]
    fn a_pause_is_said_first() {
        let since = Utc.with_ymd_and_hms(2025, 3, 1, 8, 0, 0).unwrap();
        let paused = Pause { since, by: "Anna".into(), reason: "storage is being moved".into() };
        let status = Status { paused: Some(paused), ..Status::default() };
        let text = render_status(&status, Screen::PLAIN);
        let first: Vec<&str> = text.lines().take(3).map(str::trim_end).collect();
        assert_eq!(
            first,
            [
                "claiming is paused  since 2025-03-01 08:00:00 UTC",
                "  by                Anna",
                "  because           storage is being moved",
            ]
        );
    }

    #[test]
    fn json_has_stable_field_names() {
        insta::assert_snapshot!(status_json(&status()).to_string(), @r#"{"source":5000,"ready":2944,"claimed":25,"quarantined":1,"success":2000,"failed":30,"failed_by_category":{"bad_value":20,"malformed_xml":10},"stale":0,"not_enqueued":100000,"apps_per_second":10.0,"seconds_left":296,"rows":[{"table":"app_base","rows":2000},{"table":"app_contact","rows":3124}],"claims":[{"token":"00000000-0000-0000-0000-000000000000","session":"00000000-0000-0000-0000-000000000000","worker":"db1:4711","applications":25,"age_seconds":65,"remaining_seconds":55,"renewals":3},{"token":"00000000-0000-0000-0000-000000000000","session":"00000000-0000-0000-0000-000000000000","worker":"db1:4711","applications":25,"age_seconds":65,"remaining_seconds":-10,"renewals":3}],"sessions":[{"session":"00000000-0000-0000-0000-000000000000","worker":"db1:4711","host":"db1","state":"working","started_at":"2025-03-01T08:00:01.000Z","last_seen_at":"2025-03-01T08:00:30.000Z","ended_at":null,"exit_status":null,"claimed":2000,"success":1960,"failed":30,"released":10,"reaped":0,"refused":0,"holds":0,"program_version":"1.2.3","contract_hash":"0000000000000000000000000000000000000000000000000000000000000000"},{"session":"00000000-0000-0000-0000-000000000000","worker":"db2:99","host":"db1","state":"ended","started_at":"2025-03-01T08:00:01.000Z","last_seen_at":"2025-03-01T08:00:30.000Z","ended_at":"2025-03-01T08:00:31.000Z","exit_status":130,"claimed":2000,"success":1960,"failed":30,"released":10,"reaped":0,"refused":0,"holds":0,"program_version":"1.2.3","contract_hash":"0000000000000000000000000000000000000000000000000000000000000000"}],"paused":null}"#);
    }

    #[test]
    fn an_empty_store_shows_its_zeros_only() {
        insta::assert_snapshot!(render_status(&Status::default(), Screen::PLAIN), @r#"
        source documents  unknown
        ready                   0
        claimed                 0
        quarantined             0
        success                 0
        failed                  0

        0 enqueued = 0 success + 0 failed + 0 quarantined + 0 to do; unknown not enqueued
        "#);
    }
}
