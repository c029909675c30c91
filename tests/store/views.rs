//! The views show the same on every store after the same history.

use xmlshred::id::AppId;
use xmlshred::store::{ReapRequest, RetrySelector};

use super::harness::{failure, ids, success, Harness, Worker};

super::behaviours! {
    the_views_show_where_everything_is,
    the_views_show_what_workers_do,
    the_views_show_what_failed_and_why,
    the_views_show_what_was_quarantined,
    the_views_compare_log_and_tables,
}

/// A query's rows, cells separated by spaces; a number without the zeros behind its point.
fn shown(h: &dyn Harness, sql: &str) -> Vec<String> {
    let cell = |cell: Option<String>| match cell {
        None => "null".to_owned(),
        Some(text) if text.contains('.') && text.parse::<f64>().is_ok() => {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Some(text) => text,
    };
    let rows = h.query(sql).into_iter();
    rows.map(|row| row.into_iter().map(cell).collect::<Vec<_>>().join(" ")).collect()
}

/// Of ten applications, 1 to 3 succeeded, 4 and 5 failed, 5 was retried, 6 and 7 are claimed, 8 and 9
/// were released, and 11 arrived later. The worker of 1 to 5 ended.
fn history(h: &dyn Harness) -> (Worker, Worker) {
    let contract = h.prepare(10);
    let mut first = Worker::start(h, &contract);
    let batch = first.claim(5);
    let outcomes: Vec<_> = batch
        .apps
        .iter()
        .map(|app| if app.app_id.0 > 3 { failure(app) } else { success(app) })
        .collect();
    first.complete(&contract, batch.token, &outcomes);
    assert_eq!(first.retry(RetrySelector::AppIds(vec![AppId(5)])), [5]);
    first.store.end_session(first.session, 0).expect("end");
    let mut second = Worker::start(h, &contract);
    let mut request = second.request(2);
    request.after_app_id = Some(AppId(5));
    let held = second.claim_by(&request);
    assert_eq!(ids(&held), [6, 7]);
    second.store.renew_lease(held.token, request.lease).expect("renew");
    let mut request = second.request(2);
    request.after_app_id = Some(AppId(7));
    let released = second.claim_by(&request);
    second.store.release_claim(released.token, "a test").expect("release");
    h.put_document(11, Some(b"<a/>"));
    (first, second)
}

fn the_views_show_where_everything_is(h: &dyn Harness) {
    history(h);
    assert_eq!(
        shown(
            h,
            "SELECT state, applications, document_bytes,
                    CASE WHEN oldest_at_utc IS NULL THEN 0 ELSE 1 END,
                    CASE WHEN newest_at_utc IS NULL THEN 0 ELSE 1 END
             FROM {vw_QueueStatus} ORDER BY state",
        ),
        [
            "claimed 2 228 1 1",
            "failed 1 null 1 1",
            "not_enqueued 1 null 0 0",
            "quarantined 0 0 0 0",
            "ready 4 457 1 1",
            "success 3 null 1 1",
        ]
    );
    assert_eq!(
        shown(
            h,
            "SELECT instance_id, instance_count, app_id_start, app_id_end, workers, ready, claimed,
                    quarantined, completed_10_min,
                    CASE WHEN per_minute > 0 AND minutes_left > 0 AND done_at_utc IS NOT NULL THEN 1 END
             FROM {vw_PartitionProgress}",
        ),
        ["0 1 null null 1 4 2 0 5 1"]
    );
    h.assert_invariants();
}

fn the_views_show_what_workers_do(h: &dyn Harness) {
    history(h);
    assert_eq!(
        shown(
            h,
            "SELECT state, exit_status, claimed, success, failed, released, reaped, refused, holds,
                    agent_job, CASE WHEN silent_seconds IS NULL THEN 0 ELSE 1 END
             FROM {vw_Sessions} ORDER BY state",
        ),
        ["ended 0 5 3 2 0 0 0 0 null 0", "working null 4 0 0 2 0 0 2 null 1"]
    );
    assert_eq!(
        shown(
            h,
            "SELECT app_count, renewals, CASE WHEN age_seconds >= 0 THEN 1 END,
                    CASE WHEN remaining_seconds > 0 THEN 1 END
             FROM {vw_ActiveClaims}",
        ),
        ["2 1 1 1"]
    );
    assert_eq!(
        shown(
            h,
            "SELECT SUM(claimed), SUM(success), SUM(failed), SUM(released), MAX(failed_percent),
                    SUM(rows_written)
             FROM {vw_Throughput}",
        ),
        ["9 3 2 2 40 9"]
    );
    assert_eq!(
        shown(
            h,
            "SELECT event_type, app_id, app_count, attempt, error_number FROM {vw_LeaseTimeline}
             ORDER BY event_id",
        ),
        [
            "claimed null 5 null null",
            "requeued 5 null 1 null",
            "claimed null 2 null null",
            "renewed null 2 null null",
            "claimed null 2 null null",
            "released 8 null 1 null",
            "released 9 null 1 null",
        ]
    );
}

fn the_views_show_what_failed_and_why(h: &dyn Harness) {
    history(h);
    assert_eq!(
        shown(
            h,
            "SELECT app_id, attempt, failure_category, failure_table, failure_column, failure_value,
                    failure_path, failure_line, failure_column_number, error_number,
                    CASE WHEN is_latest = 1 THEN 1 ELSE 0 END,
                    CASE WHEN is_redriven = 1 THEN 1 ELSE 0 END, rows_of_attempt
             FROM {vw_RecentFailures} ORDER BY app_id",
        ),
        [
            "4 1 bad_value app_base amount x /a/b[2]/@amount 3 14 null 1 0 null",
            "5 1 bad_value app_base amount x /a/b[2]/@amount 3 14 null 1 1 null",
        ]
    );
    assert_eq!(
        shown(
            h,
            "SELECT applications, failure_category, failure_table, failure_column, path_shape,
                    error_number, example_app_id, example_value, example_path
             FROM {vw_FailureFingerprints}",
        ),
        ["1 bad_value app_base amount /a/b/@amount null 4 x /a/b[2]/@amount"]
    );
}

fn the_views_show_what_was_quarantined(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    h.expire_lease(batch.token);
    let request = ReapRequest { max_reaps: 1, ..ReapRequest::default() };
    worker.store.reap_expired(request).expect("reap");
    assert_eq!(
        shown(
            h,
            "SELECT app_id, cause, error_number, error_message, reaps, lone_reaps, attempts, document_bytes,
                    CASE WHEN quarantined_at_utc IS NULL OR last_worker_name IS NULL OR detail IS NULL
                         THEN 0 ELSE 1 END
             FROM {vw_Quarantine}",
        ),
        ["1 reaped null null 1 1 1 114 1"]
    );
}

fn the_views_compare_log_and_tables(h: &dyn Harness) {
    history(h);
    assert_eq!(
        shown(
            h,
            "SELECT subject, expected, actual, difference, not_ours, stale FROM {vw_Reconciliation}
             WHERE subject = 'source rows'",
        ),
        ["source rows 11 10 -1 null null"]
    );
    assert_eq!(
        shown(
            h,
            "SELECT expected, stale FROM {vw_Reconciliation}
             WHERE subject <> 'source rows' ORDER BY subject",
        ),
        ["3 0", "6 0"]
    );
}
