//! Leases that are renewed, lost and given up in time, and answers that do not come.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use xmlshred::id::ClaimToken;
use xmlshred::runner::{Role, RunConfig, RunEnd, RunSummary, Shutdown};
use xmlshred::store::sqlite::SqliteStore;
use xmlshred::store::{ClaimedApp, ReapRequest, Store};

use super::bench::{config, expire_leases, shred, Bench, Happenings, Neighbour};
use super::disturbed::{unreachable_store, Call, Effect};

#[test]
fn renewals_keep_a_batch_that_takes_longer_than_its_lease() {
    let bench = Bench::with_apps(1);
    let events = Happenings::default();
    let script = {
        let events = events.clone();
        move |_, call| {
            if let Call::Renew(_) = call {
                events.happened("renewal");
            }
            Effect::Pass
        }
    };
    let reaped = Arc::new(Mutex::new(None));
    let shredder = {
        let (path, reaped) = (bench.path(), reaped.clone());
        move |app: &ClaimedApp, at| {
            // Five thirds of a lease at least.
            events.wait_for("renewal", 5);
            let mut store = SqliteStore::open(&path).expect("open");
            let answer = store.reap_expired(ReapRequest::default()).expect("reap");
            *reaped.lock().unwrap() = Some(answer.claims);
            shred(app, at)
        }
    };
    let config = RunConfig { lease: Duration::from_millis(1500), ..config() };
    let summary = bench.run_by(config, bench.connect_by(script), shredder, &Shutdown::new());
    assert_eq!((summary.end, summary.success), (RunEnd::Done, 1));
    assert_eq!(*reaped.lock().unwrap(), Some(0));
    bench.assert_settled();
}

#[test]
fn a_batch_whose_renewals_do_not_land_is_abandoned_and_a_neighbour_finishes_it() {
    let bench = Bench::with_apps(10);
    let completions = Arc::new(Mutex::new(Vec::new()));
    let first_claim: Arc<Mutex<Option<ClaimToken>>> = Arc::default();
    let script = {
        let (completions, first_claim) = (completions.clone(), first_claim.clone());
        move |_, call| match call {
            Call::Claim(token) => {
                first_claim.lock().unwrap().get_or_insert(token);
                Effect::Pass
            }
            Call::Renew(token) if Some(token) == *first_claim.lock().unwrap() => {
                Effect::Refuse(unreachable_store())
            }
            Call::Complete(token) => {
                completions.lock().unwrap().push(token);
                Effect::Pass
            }
            _ => Effect::Pass,
        }
    };
    // The first document takes until the neighbour has reaped the batch and done it.
    let shredder = {
        let (path, contract) = (bench.path(), bench.contract.clone());
        move |app: &ClaimedApp, at| {
            if app.app_id.0 == 1 {
                let mut neighbour = Neighbour::new(path.clone(), contract.clone());
                let request = ReapRequest::default();
                while neighbour.store.reap_expired(request).expect("reap").claims == 0 {
                    std::thread::sleep(Duration::from_millis(20));
                }
                for _ in 0..2 {
                    let batch = neighbour.claim(4);
                    neighbour.complete(&batch);
                }
            }
            shred(app, at)
        }
    };
    let config = RunConfig { lease: Duration::from_secs(1), workers: 1, ..config() };
    let summary = bench.run_by(config, bench.connect_by(script), shredder, &Shutdown::new());
    assert_eq!((summary.end, summary.exit_status), (RunEnd::Lost, 5));
    assert!(summary.abandoned >= 4 && summary.lost_leases >= 1, "{summary:?}");
    let first_claim = first_claim.lock().unwrap().expect("a claim");
    assert!(!completions.lock().unwrap().contains(&first_claim), "completed what it gave up");
    assert_eq!(bench.rows(), (1..=10).collect::<Vec<_>>());
    bench.assert_settled();
}

#[test]
fn a_batch_that_was_reaped_writes_nothing_and_is_done_again() {
    let bench = Bench::with_apps(8);
    let shredder = {
        let (path, reaps) = (bench.path(), AtomicUsize::new(0));
        move |app: &ClaimedApp, at| {
            if app.app_id.0 == 1 && reaps.fetch_add(1, Ordering::SeqCst) == 0 {
                expire_leases(&path);
                let mut store = SqliteStore::open(&path).expect("open");
                store.reap_expired(ReapRequest::default()).expect("reap");
            }
            shred(app, at)
        }
    };
    let config = RunConfig { workers: 1, ..config() };
    let summary = bench.run(config, shredder);
    assert_eq!((summary.end, summary.success), (RunEnd::Lost, 8));
    assert_eq!(summary.claimed, summary.success + summary.abandoned);
    assert_eq!(bench.rows(), (1..=8).collect::<Vec<_>>());
    bench.assert_settled();
}

/// Runs eight applications with one kind of call disturbed the first two times.
fn run_disturbed(
    matches: fn(Call) -> bool,
    effect: fn() -> Effect,
) -> (Bench, RunSummary, Vec<(Role, Call)>) {
    let bench = Bench::with_apps(8);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let script = {
        let (calls, times) = (calls.clone(), AtomicUsize::new(0));
        move |role, call| {
            calls.lock().unwrap().push((role, call));
            match matches(call) && times.fetch_add(1, Ordering::SeqCst) < 2 {
                true => effect(),
                false => Effect::Pass,
            }
        }
    };
    let summary = bench.run_by(config(), bench.connect_by(script), shred, &Shutdown::new());
    let calls = calls.lock().unwrap().clone();
    (bench, summary, calls)
}

fn assert_all_done_once(bench: &Bench, summary: &RunSummary) {
    assert_eq!((summary.end, summary.claimed, summary.success), (RunEnd::Done, 8, 8));
    assert_eq!(bench.ids("SELECT count(*) FROM processing_log"), [8]);
    assert_eq!(bench.ids("SELECT DISTINCT attempt FROM processing_log"), [1]);
    bench.assert_settled();
}

#[test]
fn a_claim_whose_answer_is_lost_is_asked_for_again_by_its_token() {
    let (bench, summary, calls) =
        run_disturbed(|call| matches!(call, Call::Claimed(..)), || Effect::Lose);
    assert_all_done_once(&bench, &summary);
    let mut tokens = calls.iter().filter_map(|(_, call)| match call {
        Call::Claim(token) => Some(token),
        _ => None,
    });
    assert_eq!(tokens.next(), tokens.next());
}

#[test]
fn a_completion_whose_answer_is_lost_is_asked_after_and_counted_once() {
    let (bench, summary, calls) =
        run_disturbed(|call| matches!(call, Call::Completed(_)), || Effect::Lose);
    assert_all_done_once(&bench, &summary);
    let completing: Vec<Call> =
        calls.iter().filter(|(role, _)| *role == Role::Complete).map(|(_, call)| *call).collect();
    let lost = completing.iter().position(|call| matches!(call, Call::Completed(_))).unwrap();
    assert!(matches!(completing[lost + 1], Call::Outcome(_)), "{completing:?}");
    let sent = |token| completing.iter().filter(|call| **call == Call::Complete(token)).count();
    let Call::Complete(first) = completing[0] else { panic!("{completing:?}") };
    assert_eq!(sent(first), 1, "sent again although it had landed");
}

#[test]
fn a_completion_that_did_not_land_is_sent_again() {
    let (bench, summary, _) = run_disturbed(
        |call| matches!(call, Call::Complete(_)),
        || Effect::Refuse(unreachable_store()),
    );
    assert_all_done_once(&bench, &summary);
}

#[test]
fn a_reap_that_is_not_answered_is_tried_again() {
    let (bench, summary, _) =
        run_disturbed(|call| call == Call::Reap, || Effect::Refuse(unreachable_store()));
    assert_all_done_once(&bench, &summary);
}
