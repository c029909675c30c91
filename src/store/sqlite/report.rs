//! What a report says of the course of the work.

use std::collections::BTreeMap;

use rusqlite::{named_params, Connection, Row};

use super::binding::{instant, milliseconds};
use super::fault::Step;
use super::inspect::{sessions, table_rows};
use super::statement::statement;
use super::transaction::{read, Work};
use crate::store::{
    Incidents, InstalledContract, Reconciled, Report, ReportQuery, SessionSummary, ShredTimes,
    Slice, SlowApp,
};

const GET_REPORT: &str = include_str!("get_report.sql");
const SPAN: &str = statement(GET_REPORT, "span");
const SLICES: &str = statement(GET_REPORT, "slices");
const SAMPLE: &str = statement(GET_REPORT, "sample");
const INCIDENTS: &str = statement(GET_REPORT, "incidents");
const SOURCE_ROWS: &str = statement(GET_REPORT, "source_rows");
const WRITTEN: &str = statement(GET_REPORT, "written");
const CONTRACTS: &str = statement(GET_REPORT, "contracts");

const MINUTE: i64 = 60_000;
const SLOWEST: usize = 10;

/// When the sessions worked that are asked for, in milliseconds.
struct Span {
    from: i64,
    to: i64,
}

pub(super) fn get_report(connection: &mut Connection, query: &ReportQuery) -> Step<Report> {
    read(connection, |tx| {
        let since = query.since.map_or(i64::MIN, |since| tx.now - milliseconds(since));
        let mut report = Report {
            taken_at: instant(tx.now),
            sessions: sessions(tx, since, query.session, query.sessions())?,
            reconciliation: reconciliation(tx)?,
            contracts: tx.all(CONTRACTS, [], contract)?,
            ..Report::default()
        };
        let parameters = named_params! {":since": since, ":session": query.session};
        let bounds = |row: &Row| <(Option<i64>, Option<i64>, u64)>::try_from(row);
        let found = tx.find(SPAN, parameters, bounds)?;
        let Some((Some(from), Some(to), all_sessions)) = found else { return Ok(report) };
        // The clock may have been put back.
        let span = Span { from, to: to.max(from) };
        report.span = Some((instant(span.from), instant(span.to)));
        report.all_sessions = all_sessions;
        slices(tx, query, &span, &mut report)?;
        sample(tx, query, &span, &mut report)?;
        for session in &report.sessions {
            let incidents = incidents(tx, query, &span, session)?;
            report.incidents.extend(incidents);
        }
        Ok(report)
    })
}

fn slices(tx: &Work, query: &ReportQuery, span: &Span, report: &mut Report) -> Step<()> {
    let first = span.from - span.from.rem_euclid(MINUTE);
    let minutes = (span.to - first) / MINUTE / i64::from(query.slices()) + 1;
    report.slice_minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
    let parameters = named_params! {
        ":first": first,
        ":to": span.to,
        ":slice": minutes * MINUTE,
        ":session": query.session,
    };
    report.slices = tx.all(SLICES, parameters, |row| {
        Ok(Slice {
            at: instant(row.get(0)?),
            claimed: row.get(1)?,
            success: row.get(2)?,
            failed: row.get(3)?,
            rows_written: row.get(4)?,
            document_bytes: row.get(5)?,
            shred_micros: row.get(6)?,
        })
    })?;
    Ok(())
}

/// Percentiles and the slowest, of the newest attempts.
fn sample(tx: &Work, query: &ReportQuery, span: &Span, report: &mut Report) -> Step<()> {
    let attempt = |row: &Row| {
        let app = SlowApp {
            app_id: row.get(0)?,
            attempt: row.get(1)?,
            succeeded: row.get(2)?,
            shred_micros: row.get(3)?,
            document_bytes: row.get(4)?,
            worker_name: row.get(5)?,
        };
        Ok((app, row.get::<_, i64>(6)?))
    };
    let mut sample = Vec::new();
    for status in ["success", "failed"] {
        let parameters = named_params! {
            ":status": status,
            ":from": span.from,
            ":to": span.to,
            ":session": query.session,
            ":sample": query.sample(),
        };
        sample.extend(tx.all(SAMPLE, parameters, attempt)?);
    }
    // The newest of both, then the slowest first.
    sample.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
    sample.truncate(query.sample() as usize);
    sample.sort_by_key(|(app, _)| (std::cmp::Reverse(app.shred_micros), app.app_id));
    if let Some(first_at) = sample.iter().map(|(_, at)| *at).min() {
        let attempts = sample.len();
        let percentile = |percent: usize| {
            let place = (attempts * percent).div_ceil(100).max(1);
            sample[attempts - place].0.shred_micros
        };
        report.shred_times = Some(ShredTimes {
            attempts: attempts as u64,
            first_at: instant(first_at),
            p50: percentile(50),
            p90: percentile(90),
            p99: percentile(99),
            max: percentile(100),
        });
    }
    sample.truncate(SLOWEST);
    report.slowest = sample.into_iter().map(|(app, _)| app).collect();
    Ok(())
}

fn incidents(
    tx: &Work,
    query: &ReportQuery,
    span: &Span,
    session: &SessionSummary,
) -> Step<Vec<Incidents>> {
    let parameters = named_params! {
        ":session": session.session,
        ":from": span.from,
        ":slice": (span.to - span.from) / i64::from(query.slices()) + 1,
        ":events": query.events(),
    };
    tx.all(INCIDENTS, parameters, |row| {
        Ok(Incidents {
            session: session.session,
            at: instant(row.get(0)?),
            renewed: row.get(1)?,
            released: row.get(2)?,
            reaped: row.get(3)?,
            refused: row.get(4)?,
            quarantined: row.get(5)?,
        })
    })
}

fn reconciliation(tx: &Work) -> Step<Vec<Reconciled>> {
    let source = |row: &Row| <(u64, u64)>::try_from(row);
    let (expected, actual) = tx.find(SOURCE_ROWS, [], source)?.unwrap_or_default();
    let mut reconciled = vec![Reconciled {
        subject: "source rows".to_owned(),
        expected,
        actual: Some(actual),
        difference: Some(actual as i64 - expected as i64),
        not_ours: None,
        stale: None,
    }];
    let written = |row: &Row| Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?)));
    let written: BTreeMap<String, (u64, u64)> = tx.all(WRITTEN, [], written)?.into_iter().collect();
    let mut tables = table_rows(tx)?;
    tables.sort();
    reconciled.extend(tables.into_iter().map(|(table, actual)| {
        let (expected, stale) = written.get(&table).copied().unwrap_or_default();
        Reconciled {
            subject: table,
            expected,
            actual,
            difference: actual.map(|actual| (actual as i64 - expected as i64).min(0)),
            not_ours: actual.map(|actual| actual.saturating_sub(expected)),
            stale: Some(stale),
        }
    }));
    Ok(reconciled)
}

fn contract(row: &Row) -> rusqlite::Result<InstalledContract> {
    Ok(InstalledContract {
        hash: row.get(0)?,
        name: row.get(1)?,
        installed_at: instant(row.get(2)?),
        retired_at: row.get::<_, Option<i64>>(3)?.map(instant),
    })
}
