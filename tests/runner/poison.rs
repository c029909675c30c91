//! Documents that break the program or that the database refuses: everything ends.

use xmlshred::outcome::{AppOutcome, FailureCategory};
use xmlshred::runner::{RunConfig, RunEnd, RunSummary};
use xmlshred::store::{ClaimedApp, FailurePage, LoggedFailure};

use super::bench::{config, refuse, shred, Bench, Neighbour};
use super::stopping::accounted_for;

fn failures(bench: &Bench) -> Vec<LoggedFailure> {
    let page = FailurePage { size: 1000, ..FailurePage::default() };
    bench.store().list_failures(&page).expect("failures")
}

fn run(bench: &Bench) -> RunSummary {
    let summary = bench.run(config(), shred);
    assert_eq!(summary.claimed, accounted_for(&summary), "{summary:?}");
    bench.assert_settled();
    summary
}

/// As a panic, without its message in the test's output.
fn panic() -> AppOutcome {
    std::panic::resume_unwind(Box::new("a defect"))
}

#[test]
fn an_application_that_makes_the_program_panic_fails_and_only_that_one() {
    let bench = Bench::with_apps(10);
    let summary = bench.run(config(), |app: &ClaimedApp, at| match app.app_id.0 {
        4 => panic(),
        _ => shred(app, at),
    });
    assert_eq!((summary.end, summary.exit_status), (RunEnd::SomeFailed, 1));
    assert_eq!((summary.success, summary.failed, summary.released), (9, 1, 0));
    assert_eq!(summary.failed_by_category["internal_error"], 1);
    let [failure] = &failures(&bench)[..] else { panic!("{:?}", failures(&bench)) };
    assert_eq!((failure.app_id.0, failure.attempt), (4, 1));
    assert_eq!(failure.failure.category, FailureCategory::InternalError);
    assert!(failure.failure.reason.contains("a defect"), "{}", failure.failure.reason);
    assert_eq!(failure.document_bytes, 100);
    bench.assert_settled();
}

#[test]
fn a_program_that_panics_on_everything_still_ends() {
    let bench = Bench::with_apps(100);
    let summary = bench.run(config(), |_: &ClaimedApp, _| -> AppOutcome { panic() });
    assert_eq!((summary.end, summary.failed), (RunEnd::SomeFailed, 100));
    assert_eq!(bench.status().ready, 0);
    bench.assert_settled();
}

/// Documents that panic are no reason to leave the others: 24 of them, with the lowest ids, used to
/// stop every run before anything was done.
#[test]
fn panics_on_the_first_documents_do_not_keep_the_rest_from_being_done() {
    let bench = Bench::with_apps(60);
    let summary = bench.run(config(), |app: &ClaimedApp, at| match app.app_id.0 {
        ..=24 => panic(),
        _ => shred(app, at),
    });
    assert_eq!((summary.success, summary.failed), (36, 24));
    assert_eq!(bench.status().ready, 0);
}

/// Refuses the rows of some applications with a number that says nothing.
fn poison(bench: &Bench, condition: &str) {
    bench.execute(&format!(
        "CREATE TRIGGER poison BEFORE INSERT ON result WHEN {condition}
         BEGIN SELECT json('application ' || NEW.app_id); END"
    ));
}

#[test]
fn an_application_that_the_database_refuses_without_a_reason_is_quarantined_in_one_run() {
    let bench = Bench::with_apps(20);
    poison(&bench, "NEW.app_id = 7");
    let summary = run(&bench);
    assert_eq!((summary.end, summary.exit_status), (RunEnd::SomeFailed, 1));
    assert_eq!((summary.success, summary.failed), (19, 0));
    assert_eq!((summary.refused, summary.quarantined), (3, 1));
    assert_eq!(bench.status().quarantined, 1);
}

#[test]
fn when_nothing_passes_a_run_says_so_once_and_the_next_ones_come_to_an_end() {
    let bench = Bench::with_apps(12);
    poison(&bench, "1");
    let first = run(&bench);
    assert_eq!((first.end, first.exit_status), (RunEnd::Lost, 5));
    let reason = first.stopped_by.expect("a reason");
    for part in ["error 1:", "malformed JSON"] {
        assert!(reason.contains(part), "{reason}");
    }
    // Those of the batch that was completed first.
    let (_, ids) = reason.rsplit_once("applications: ").expect("ids");
    let ids: Vec<i64> = ids.split(", ").map(|id| id.parse().expect("an id")).collect();
    assert!(ids.iter().all(|id| (1..=12).contains(id)), "{reason}");
    let mut runs = 1;
    while bench.status().ready > 0 {
        runs += 1;
        // At most one first refusal for each batch.
        assert!(runs <= 12, "it does not end");
        run(&bench);
    }
    assert_eq!(bench.status().quarantined, 12);
    assert_eq!(bench.rows(), Vec::<i64>::new());
}

/// Refuses the rows of some applications as a full disk does: a table without a free row id.
fn fill_the_disk(bench: &Bench, condition: &str) {
    bench.execute(&format!(
        "CREATE TABLE full_table (id INTEGER PRIMARY KEY AUTOINCREMENT);
         INSERT INTO full_table (id) VALUES (9223372036854775807);
         CREATE TRIGGER full BEFORE INSERT ON result WHEN {condition}
         BEGIN INSERT INTO full_table (id) VALUES (NULL); END"
    ));
}

#[test]
fn a_full_disk_stops_every_run_and_quarantines_nothing() {
    let bench = Bench::with_apps(6);
    fill_the_disk(&bench, "1");
    for _ in 0..12 {
        let summary = run(&bench);
        assert_eq!((summary.end, summary.exit_status), (RunEnd::Lost, 5));
        let reason = summary.stopped_by.expect("a reason");
        assert!(reason.contains("disk is full") && reason.contains("applications: "), "{reason}");
    }
    assert_eq!((bench.status().ready, bench.status().quarantined), (6, 0));
    assert!(bench.ids("SELECT app_id FROM processing_queue WHERE lone_reaps > 0").is_empty());
    bench.execute("DROP TRIGGER full");
    assert_eq!(run(&bench).end, RunEnd::Done);
    assert_eq!(bench.rows(), (1..=6).collect::<Vec<_>>());
}

/// It has the lowest id and a batch of its own: it used to stop every run, and nothing was done.
#[test]
fn a_document_that_alone_fills_the_disk_stops_one_run_and_is_quarantined_by_the_next() {
    let bench = Bench::with_apps(20);
    fill_the_disk(&bench, "NEW.app_id = 1");
    let one_by_one = || bench.run(RunConfig { batch_size: 1, ..config() }, shred);
    let first = one_by_one();
    assert_eq!((first.end, first.exit_status), (RunEnd::Lost, 5));
    let reason = first.stopped_by.expect("a reason");
    assert!(reason.contains("disk is full") && reason.ends_with("applications: 1"), "{reason}");
    let second = one_by_one();
    assert_eq!((second.end, second.exit_status), (RunEnd::SomeFailed, 1));
    assert_eq!(bench.rows(), (2..=20).collect::<Vec<_>>());
    assert_eq!((bench.status().ready, bench.status().quarantined), (0, 1));
    bench.assert_settled();
}

#[test]
fn two_documents_with_one_mistake_and_two_dead_workers_stop_no_run() {
    let bench = Bench::with_apps(8);
    bench.execute(
        "CREATE TRIGGER mistake BEFORE INSERT ON result WHEN NEW.app_id IN (1, 2)
         BEGIN SELECT RAISE(ABORT, 'not wanted'); END",
    );
    let mut dead = Neighbour::new(bench.path(), bench.contract.clone());
    for size in [8, 4] {
        assert_eq!(dead.claim(8).apps.len(), size);
        bench.expire_leases();
        dead.store.reap_expired(Default::default()).expect("reap");
    }
    let summary = run(&bench);
    assert_eq!((summary.end, summary.success, summary.failed), (RunEnd::SomeFailed, 6, 2));
    let failed: Vec<i64> = failures(&bench).iter().map(|failure| failure.app_id.0).collect();
    assert_eq!(failed, [1, 2]);
}

#[test]
fn a_failed_repetition_leaves_what_was_good() {
    let bench = Bench::with_apps(3);
    assert_eq!(run(&bench).success, 3);
    bench.execute(
        "INSERT INTO processing_queue
             (app_id, state, attempts, reaps, lone_reaps, document_bytes, enqueued_at_utc)
         SELECT app_id, 0, 1, 0, 0, 1, 0 FROM processing_log;
         INSERT INTO processing_event (occurred_at_utc, event_type, app_id)
         SELECT 0, 'requeued', app_id FROM processing_log",
    );
    let category = FailureCategory::BadValue;
    let summary = bench.run(config(), move |app: &ClaimedApp, _| refuse(app, category));
    assert_eq!(summary.failed, 3);
    assert_eq!(bench.rows(), [1, 2, 3]);
    assert_eq!(bench.status().stale, 3);
    bench.assert_settled();
}
