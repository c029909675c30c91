//! The course of the work, as a report shows it.

use std::time::Duration;

use xmlshred::contract::OnExisting;
use xmlshred::id::SessionId;
use xmlshred::store::{Report, ReportQuery, SessionState, Store};

use super::harness::{contract_with, failure, success, Harness, Worker};

super::behaviours! {
    a_report_says_what_was_done_when_and_by_whom,
    a_report_has_the_incidents_of_each_session,
    a_report_has_percentiles_and_the_slowest_of_a_sample,
    a_report_of_one_session_has_nothing_of_others,
    a_report_since_then_has_nothing_of_before,
    a_report_lists_no_more_than_it_is_asked_for,
    a_report_reconciles_and_lists_contracts,
    a_report_of_an_empty_store_is_empty,
}

fn report(store: &mut dyn Store, query: ReportQuery) -> Report {
    store.get_report(&query).expect("report")
}

/// The first of two workers completes 1 to 6, of which 2 and 4 fail, and then loses 7 and 8; the second
/// completes 7, releases 8 and ends.
fn worked(h: &dyn Harness) -> (Worker, Worker) {
    let contract = h.prepare(8);
    let mut first = Worker::start(h, &contract);
    let batch = first.claim(6);
    let outcomes: Vec<_> = batch
        .apps
        .iter()
        .map(|app| {
            let mut outcome = match app.app_id.0 {
                2 | 4 => failure(app),
                _ => success(app),
            };
            outcome.shred_micros = 100 * app.app_id.0 as u64;
            outcome
        })
        .collect();
    first.complete(&contract, batch.token, &outcomes);
    let lost = first.claim(2);
    first.store.renew_lease(lost.token, Duration::from_secs(300)).expect("renew");
    h.expire_lease(lost.token);
    let mut second = Worker::start(h, &contract);
    second.reap();
    let batch = second.claim(1);
    let mut outcomes: Vec<_> = batch.apps.iter().map(success).collect();
    outcomes[0].shred_micros = 5_000;
    second.complete(&contract, batch.token, &outcomes);
    let batch = second.claim(1);
    second.store.release_claim(batch.token, "stopped").expect("release");
    second.store.end_session(second.session, 0).expect("end");
    (first, second)
}

fn a_report_says_what_was_done_when_and_by_whom(h: &dyn Harness) {
    let (mut first, second) = worked(h);
    let report = report(first.store.as_mut(), ReportQuery::PAGE);
    let sum = |of: fn(&xmlshred::store::Slice) -> u64| report.slices.iter().map(of).sum::<u64>();
    assert_eq!((sum(|s| s.claimed), sum(|s| s.success), sum(|s| s.failed)), (10, 5, 2));
    assert_eq!(sum(|s| s.rows_written), 15);
    assert!(sum(|s| s.document_bytes) > 700, "{report:?}");
    assert_eq!(sum(|s| s.shred_micros), 2_100 + 5_000);
    assert_eq!((report.slice_minutes, report.all_sessions), (1, 2));
    let (from, to) = report.span.expect("a span");
    assert!(from <= to && to <= report.taken_at, "{report:?}");
    let shown: Vec<_> = report
        .sessions
        .iter()
        .map(|s| (s.session, s.state, s.exit_status, s.success, s.failed, s.reaped, s.released))
        .collect();
    let of_first = (first.session, SessionState::Idle, None, 4, 2, 2, 0);
    let of_second = (second.session, SessionState::Ended, Some(0), 1, 0, 0, 1);
    assert!(shown.contains(&of_first) && shown.contains(&of_second), "{shown:?}");
    assert_eq!(report.sessions[0].host_name, "host");
}

fn a_report_has_the_incidents_of_each_session(h: &dyn Harness) {
    let (mut first, second) = worked(h);
    let report = report(first.store.as_mut(), ReportQuery { slices: 1, ..ReportQuery::PAGE });
    let of = |session: SessionId| {
        let mine = report.incidents.iter().filter(|one| one.session == session);
        mine.map(|one| (one.renewed, one.released, one.reaped, one.quarantined)).collect::<Vec<_>>()
    };
    assert_eq!(of(first.session), [(1, 0, 2, 0)]);
    assert_eq!(of(second.session), [(0, 1, 0, 0)]);
}

fn a_report_has_percentiles_and_the_slowest_of_a_sample(h: &dyn Harness) {
    let (mut first, _) = worked(h);
    let found = report(first.store.as_mut(), ReportQuery::PAGE);
    let times = found.shred_times.expect("times");
    assert_eq!((times.attempts, times.p50, times.p90, times.p99), (7, 400, 5_000, 5_000));
    assert_eq!(times.max, 5_000);
    let slowest: Vec<_> =
        found.slowest.iter().map(|app| (app.app_id.0, app.shred_micros, app.succeeded)).collect();
    assert_eq!(slowest[..3], [(7, 5_000, true), (6, 600, true), (5, 500, true)]);
    assert_eq!((slowest[3], slowest.len()), ((4, 400, false), 7));
    assert!(found.slowest[0].worker_name.is_some());
    assert_eq!(found.slowest[0].attempt, 2);
}

fn a_report_of_one_session_has_nothing_of_others(h: &dyn Harness) {
    let (mut first, second) = worked(h);
    let query = ReportQuery { session: Some(second.session), ..ReportQuery::PAGE };
    let found = report(first.store.as_mut(), query);
    assert_eq!(found.sessions.len(), 1);
    assert_eq!(found.slices.iter().map(|slice| slice.success).sum::<u64>(), 1);
    assert_eq!(found.slowest.len(), 1);
    assert_eq!(found.incidents.len(), 1, "{:?}", found.incidents);
    let unknown = ReportQuery { session: Some(SessionId(uuid::Uuid::nil())), ..ReportQuery::PAGE };
    let found = report(first.store.as_mut(), unknown);
    assert_eq!((found.sessions.len(), found.span, found.slices.len()), (0, None, 0));
}

fn a_report_since_then_has_nothing_of_before(h: &dyn Harness) {
    let (mut first, _) = worked(h);
    let recent = ReportQuery { since: Some(Duration::from_secs(3_600)), ..ReportQuery::PAGE };
    assert_eq!(report(first.store.as_mut(), recent).sessions.len(), 2);
    h.age_everything();
    let found = report(first.store.as_mut(), recent);
    assert_eq!((found.all_sessions, found.span, found.shred_times.is_none()), (0, None, true));
    assert!(found.slices.is_empty() && found.incidents.is_empty(), "{found:?}");
    // Sessions that were last seen before they started: the clock was put back.
    assert_eq!(report(first.store.as_mut(), ReportQuery::PAGE).all_sessions, 2);
}

fn a_report_lists_no_more_than_it_is_asked_for(h: &dyn Harness) {
    let (mut first, second) = worked(h);
    let query = ReportQuery { sessions: 1, sample: 3, events: 1, slices: 1, ..ReportQuery::PAGE };
    let found = report(first.store.as_mut(), query);
    assert_eq!((found.sessions.len(), found.all_sessions), (1, 2));
    assert_eq!(found.sessions[0].session, second.session);
    assert_eq!((found.slowest.len(), found.shred_times.expect("times").attempts), (3, 3));
    assert_eq!(found.slices.len(), 1);
    assert_eq!(found.incidents.len(), 1);
}

fn a_report_reconciles_and_lists_contracts(h: &dyn Harness) {
    let (mut first, _) = worked(h);
    h.put_documents(9);
    h.execute("DELETE FROM {app_contact} WHERE app_id = 3");
    first.store.install_contract(&contract_with(2, OnExisting::Replace)).expect("install");
    let found = report(first.store.as_mut(), ReportQuery::PAGE);
    let rows: Vec<_> = found
        .reconciliation
        .iter()
        .map(|row| {
            let subject = row.subject.rsplit('.').next().expect("a name");
            (subject, row.expected, row.actual, row.difference)
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("source rows", 9, Some(8), Some(-1)),
            ("app_base", 5, Some(5), Some(0)),
            ("app_contact", 10, Some(8), Some(-2)),
        ]
    );
    let contracts: Vec<_> =
        found.contracts.iter().map(|one| (one.hash.0[0], one.retired_at.is_none())).collect();
    assert_eq!(contracts, [(2, true), (1, false)]);
    assert_eq!(found.contracts[0].name, "suite");
}

fn a_report_of_an_empty_store_is_empty(h: &dyn Harness) {
    let mut store = h.connect();
    let found = report(store.as_mut(), ReportQuery::PAGE);
    assert_eq!((found.span, found.all_sessions, found.sessions.len()), (None, 0, 0));
    assert_eq!((found.contracts.len(), found.reconciliation.len()), (0, 1));
}
