//! Workers that die at the worst places.

use super::stage::{wait_until, Stage, Worker};

const APPS: i64 = 24;

/// Runs a worker until it dies at a place that it passed `count - 1` times.
fn die_at(place: &str, count: u32) -> Stage {
    let stage = Stage::with_apps(APPS);
    let mut worker = Worker::start(
        stage
            .run("--workers 1 --batch-size 8 --lease 1s --worker-name victim")
            .env("XMLSHRED_FAILPOINT", format!("{place}:{count}")),
    );
    let status = worker.wait();
    // Windows has no signals: an abort is a negative status there.
    let died = status.code().is_none_or(|code| !(0..=5).contains(&code));
    assert!(died, "ended on its own with {status}");
    crate::store::assert_invariants(&stage.store());
    stage
}

/// Lets others conclude everything; returns the numbers of attempts in the order of the ids.
fn finish(stage: &Stage) -> Vec<i64> {
    wait_until("the victim's lease expires", || !stage.has_live_lease());
    stage.finish();
    stage.assert_all_concluded();
    stage.ids("SELECT attempt FROM processing_log ORDER BY app_id")
}

#[test]
fn a_worker_that_dies_after_claiming_loses_nothing() {
    let stage = die_at("after_claim", 1);
    assert_eq!((stage.claimed(), stage.number("SELECT count(*) FROM processing_log")), (8, 0));
    let attempts = finish(&stage);
    assert_eq!(attempts[..8], [2; 8]);
    assert_eq!(attempts[8..], [1; 16]);
}

#[test]
fn a_worker_that_dies_before_it_commits_has_written_nothing() {
    let stage = die_at("between_stage_and_commit", 1);
    assert!(stage.claimed() >= 8);
    for table in ["processing_log", "app_base", "app_contact", "scores"] {
        assert_eq!(stage.number(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    let attempts = finish(&stage);
    assert_eq!(attempts[..8], [2; 8]);
}

#[test]
fn a_worker_that_dies_after_it_committed_has_done_its_batch_once() {
    let stage = die_at("after_commit_before_answer", 1);
    assert_eq!(
        stage.ids("SELECT app_id FROM processing_log ORDER BY app_id"),
        [1, 2, 3, 4, 5, 6, 7, 8]
    );
    let attempts = finish(&stage);
    assert_eq!(attempts[..8], [1; 8]);
    assert_eq!(attempts.len(), 24);
}
