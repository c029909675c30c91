//! Claiming, shredding and completing beside each other.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use xmlshred::outcome::FailureCategory;
use xmlshred::runner::{
    run, FailOn, Observer, Progress, Role, RunConfig, RunEnd, RunError, Shred, Shutdown,
};
use xmlshred::store::{ClaimedApp, Partition, Share};

use super::bench::{
    config, load, refuse, shred, shred_rows, Bench, Happenings, Neighbour, CONTRACT,
};
use super::disturbed::{unreachable_store, Call, Effect};

#[test]
fn everything_ready_becomes_rows_and_is_logged() {
    let bench = Bench::with_apps(30);
    let summary = bench.run(config(), shred);
    assert_eq!((summary.end, summary.claimed, summary.success), (RunEnd::Done, 30, 30));
    assert_eq!((summary.rows[0].table.as_str(), summary.rows[0].rows), ("result", 30));
    assert_eq!(summary.document_bytes, 3000);
    assert_eq!(bench.rows(), (1..=30).collect::<Vec<_>>());
    let session = &bench.status().sessions[0];
    assert_eq!((session.worker_name.as_str(), session.exit_status), ("bench", Some(0)));
    bench.assert_settled();
}

#[test]
fn failures_are_counted_by_category_and_decide_the_exit_status() {
    let odd_ones_fail = |app: &ClaimedApp, at| match app.app_id.0 {
        3 => refuse(app, FailureCategory::BadValue),
        5 | 10 => refuse(app, FailureCategory::TooLong),
        _ => shred(app, at),
    };
    for (fail_on, end) in [
        (FailOn::Any, RunEnd::SomeFailed),
        (FailOn::Percent(29.0), RunEnd::SomeFailed),
        (FailOn::Percent(30.0), RunEnd::Done),
        (FailOn::Never, RunEnd::Done),
    ] {
        let bench = Bench::with_apps(10);
        let summary = bench.run(RunConfig { fail_on, ..config() }, odd_ones_fail);
        assert_eq!((summary.end, summary.success, summary.failed), (end, 7, 3));
        let categories: Vec<_> = summary.failed_by_category.into_iter().collect();
        assert_eq!(categories, [("bad_value".into(), 1), ("too_long".into(), 2)]);
        assert_eq!(bench.status().sessions[0].exit_status, Some(end.exit_status().code()));
        bench.assert_settled();
    }
}

#[test]
fn a_limit_is_reached_and_never_passed() {
    let bench = Bench::with_apps(30);
    let limit = Some(10);
    let summary = bench.run(RunConfig { limit, ..config() }, shred);
    assert_eq!((summary.end, summary.claimed, summary.success), (RunEnd::Done, 10, 10));
    assert_eq!(bench.status().ready, 20);

    let again = bench.run(RunConfig { limit, ..config() }, shred);
    assert_eq!(again.claimed, 10);
    assert_eq!(bench.rows(), (1..=20).collect::<Vec<_>>());
    bench.assert_settled();
}

#[test]
fn a_batch_is_claimed_while_one_is_shredded_and_one_is_completed() {
    let bench = Bench::with_apps(6);
    let events = Happenings::default();

    // The first completion goes on only when the third claim was sent and the second batch is
    // being shredded, which goes on only when the first completion was sent.
    let script = {
        let events = events.clone();
        let (claims, completions) = (AtomicUsize::new(0), AtomicUsize::new(0));
        move |_, call| {
            match call {
                Call::Claim(_) if claims.fetch_add(1, Ordering::SeqCst) == 2 => {
                    events.happened("third claim");
                }
                Call::Complete(_) if completions.fetch_add(1, Ordering::SeqCst) == 0 => {
                    events.happened("first completion");
                    let met = events.wait_for("third claim", 1)
                        && events.wait_for("second batch shredding", 1);
                    events.happened(if met { "overlap" } else { "no overlap" });
                }
                _ => {}
            }
            Effect::Pass
        }
    };
    let shredder = {
        let events = events.clone();
        move |app: &ClaimedApp, at| {
            if app.app_id.0 == 3 {
                events.happened("second batch shredding");
                events.wait_for("first completion", 1);
            }
            shred(app, at)
        }
    };
    let config = RunConfig { workers: 1, batch_size: 2, ..config() };
    let summary = bench.run_by(config, bench.connect_by(script), shredder, &Shutdown::new());
    assert_eq!(summary.success, 6);
    assert_eq!((events.count("overlap"), events.count("no overlap")), (1, 0));
}

#[test]
fn a_batch_ends_at_4_mib_of_documents() {
    let bench = Bench::with_documents(&[1_500_000; 5]);
    let config = RunConfig { batch_size: 100, ..config() };
    assert_eq!(claims(&bench, config, shred), [2, 2, 1]);
}

/// The sizes of the batches that a run claims.
fn claims(bench: &Bench, config: RunConfig, shredder: impl Shred + 'static) -> Vec<usize> {
    let claimed = Arc::new(Mutex::new(Vec::new()));
    let script = {
        let claimed = claimed.clone();
        move |_, call| {
            if let Call::Claimed(apps, _) = call {
                claimed.lock().unwrap().push(apps);
            }
            Effect::Pass
        }
    };
    bench.run_by(config, bench.connect_by(script), shredder, &Shutdown::new());
    let claimed = claimed.lock().unwrap();
    claimed.clone()
}

#[test]
fn a_batch_has_no_more_applications_than_have_ten_thousand_rows() {
    let contract = CONTRACT.replace("[\"app_id\"]", "[\"app_id\", \"number\"]");
    let bench = Bench::with_contract(&contract, &[100; 16]);
    let config = RunConfig { workers: 1, ..config() };
    let claimed = claims(&bench, config, |app: &ClaimedApp, _| shred_rows(app, 5_000));
    assert_eq!(claimed.iter().sum::<usize>(), 16);
    // Three batches are in flight: when the fourth is claimed, one has told how many rows there are.
    assert_eq!(claimed[0], 4, "the first knows nothing: {claimed:?}");
    assert!(claimed[3..].iter().all(|apps| *apps == 2), "{claimed:?}");
    bench.assert_settled();
}

/// Counts document bytes that are claimed and not yet completed.
#[derive(Clone, Default)]
struct Bytes {
    now: Arc<AtomicI64>,
    most: Arc<AtomicI64>,
}

impl Bytes {
    fn watch(&self) -> impl Fn(Role, Call) -> Effect + Send + Sync + 'static {
        let bytes = self.clone();
        move |_, call| {
            match call {
                Call::Claimed(_, claimed) => {
                    let now = bytes.now.fetch_add(claimed as i64, Ordering::SeqCst);
                    bytes.most.fetch_max(now + claimed as i64, Ordering::SeqCst);
                }
                Call::Completed(completed) => {
                    bytes.now.fetch_sub(completed as i64, Ordering::SeqCst);
                }
                _ => {}
            }
            Effect::Pass
        }
    }
}

#[test]
fn documents_in_flight_never_take_more_than_half_the_bytes_allowed() {
    let bench = Bench::with_documents(&[10_000; 40]);
    let bytes = Bytes::default();
    let config = RunConfig { batch_size: 25, max_bytes_in_flight: 120_000, ..config() };
    let summary = bench.run_by(config, bench.connect_by(bytes.watch()), shred, &Shutdown::new());
    assert_eq!(summary.success, 40);
    let most = bytes.most.load(Ordering::SeqCst);
    assert!(most <= 60_000, "{most} bytes of documents in flight");
}

#[test]
fn a_document_larger_than_all_bytes_allowed_is_shredded_alone() {
    let mut sizes = vec![1_000; 12];
    sizes[6] = 1_000_000;
    let bench = Bench::with_documents(&sizes);
    let bytes = Bytes::default();
    let beside = Arc::new(Mutex::new(Vec::new()));
    let shredder = {
        let (bytes, beside) = (bytes.clone(), beside.clone());
        move |app: &ClaimedApp, at| {
            if app.app_id.0 == 7 {
                beside.lock().unwrap().push(bytes.now.load(Ordering::SeqCst) - 1_000_000);
            }
            shred(app, at)
        }
    };
    let config = RunConfig { workers: 4, max_bytes_in_flight: 100_000, ..config() };
    let connect = bench.connect_by(bytes.watch());
    let summary = bench.run_by(config, connect, shredder, &Shutdown::new());
    assert_eq!(summary.success, 12);
    assert_eq!(*beside.lock().unwrap(), [0]);
}

#[test]
fn each_instance_takes_its_part_and_all_take_everything() {
    let bench = Bench::with_apps(20);
    for instance_id in 0..3 {
        let partition = Some(Partition { instance_id, instance_count: 3 });
        let share = Share { partition, ..Share::default() };
        let summary = bench.run(RunConfig { share, ..config() }, shred);
        let part = (1..=20).filter(|id| id % 3 == i64::from(instance_id)).count();
        assert_eq!(summary.success, part as u64);
    }
    assert_eq!(bench.rows().len(), 20);
    bench.assert_settled();
}

#[test]
fn what_a_neighbour_holds_does_not_keep_a_worker_waiting() {
    let bench = Bench::with_apps(3);
    let mut neighbour = Neighbour::new(bench.path(), bench.contract.clone());
    let batch = neighbour.claim(3);
    let summary = bench.run(config(), shred);
    assert_eq!((summary.end, summary.claimed), (RunEnd::Done, 0));
    neighbour.complete(&batch);
    bench.assert_settled();
}

#[test]
fn what_a_dead_worker_left_is_reaped_and_done() {
    let bench = Bench::with_apps(10);
    Neighbour::new(bench.path(), bench.contract.clone()).claim(4);
    bench.expire_leases();
    let summary = bench.run(config(), shred);
    assert_eq!((summary.end, summary.success), (RunEnd::Done, 10));
    assert_eq!(bench.ids("SELECT count(*) FROM processing_log WHERE attempt = 2"), [4]);
    bench.assert_settled();
}

#[test]
fn a_following_worker_takes_what_is_enqueued_later() {
    let bench = Bench::with_apps(3);
    let shutdown = Shutdown::new();
    let script = {
        let (path, shutdown, empty) = (bench.path(), shutdown.clone(), AtomicUsize::new(0));
        move |_, call| {
            if call == Call::Empty {
                match empty.fetch_add(1, Ordering::SeqCst) {
                    0 => load(path.clone(), &[100; 5]),
                    _ => drop(shutdown.request()),
                }
            }
            Effect::Pass
        }
    };
    let config = RunConfig { follow: true, ..config() };
    let summary = bench.run_by(config, bench.connect_by(script), shred, &shutdown);
    assert_eq!((summary.end, summary.success), (RunEnd::Interrupted, 8));
    bench.assert_settled();
}

#[test]
fn an_observer_sees_the_end_and_what_is_unfinished() {
    struct Last(Option<Progress>);
    impl Observer for Last {
        fn wants_to_do(&self) -> bool {
            true
        }
        fn progress(&mut self, progress: &Progress) {
            self.0 = Some(*progress);
        }
    }
    let bench = Bench::with_apps(9);
    let (mut last, shutdown) = (Last(None), Shutdown::new());
    let contract = bench.contract.clone();
    run(config(), contract, bench.connect(), Arc::new(shred), &shutdown, &mut last).unwrap();
    let progress = last.0.expect("was called");
    assert_eq!((progress.claimed, progress.success, progress.failed), (9, 9, 0));
}

#[test]
fn a_store_that_cannot_be_reached_at_first_keeps_the_run_from_beginning() {
    let bench = Bench::with_apps(1);
    let connect = Arc::new(|_| Err(unreachable_store()));
    let contract = bench.contract.clone();
    let error = run(config(), contract, connect, Arc::new(shred), &Shutdown::new(), &mut ());
    assert!(matches!(error, Err(RunError::Store(_))), "{error:?}");
}
