//! Threads that hang: their claims come free, and the run ends.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use xmlshred::runner::{Role, RunConfig, RunEnd, Shutdown};
use xmlshred::store::{ClaimedApp, ReapRequest, Renewal, StoreError};

use super::bench::{config, shred, Bench, Happenings, Neighbour};
use super::disturbed::{Call, Effect};

/// A run whose timeouts are short.
fn impatient() -> RunConfig {
    RunConfig {
        lease: Duration::from_millis(400),
        answer_timeout: Duration::from_millis(500),
        document_timeout: Duration::from_millis(100),
        ..config()
    }
}

/// Another worker finishes what is left, once the leases have expired and without any help.
fn assert_another_finishes(bench: &Bench, apps: i64) {
    let mut store = bench.store();
    let mut looks = 0;
    while bench.status().claimed > 0 {
        store.reap_expired(ReapRequest::default()).expect("reap");
        looks += 1;
        assert!(looks < 3000, "a claim is held for ever: {:?}", bench.status().claims);
        std::thread::sleep(Duration::from_millis(20));
    }
    let rest = bench.run(config(), shred);
    assert_eq!(rest.end, RunEnd::Done, "{rest:?}");
    assert_eq!(bench.rows(), (1..=apps).collect::<Vec<_>>());
    bench.assert_settled();
}

#[test]
fn a_completion_that_hangs_frees_its_claim_and_ends_the_run() {
    let bench = Bench::with_apps(8);
    let script = |_, call| {
        if let Call::Complete(_) = call {
            Happenings::default().wait_for("the end of the world", 1);
        }
        Effect::Pass
    };
    let summary = bench.run_by(impatient(), bench.connect_by(script), shred, &Shutdown::new());
    assert_eq!((summary.end, summary.exit_status), (RunEnd::StoreUnreachable, 4));
    assert!(summary.unsettled > 0, "{summary:?}");
    let reason = summary.stopped_by.expect("a reason");
    assert_eq!(reason, "the store has not answered a complete call for 2.0 s");
    assert_another_finishes(&bench, 8);
}

#[test]
fn a_claim_that_hangs_ends_the_run() {
    let bench = Bench::with_apps(8);
    let script = |_, call| {
        if let Call::Claim(_) = call {
            Happenings::default().wait_for("the end of the world", 1);
        }
        Effect::Pass
    };
    let config = RunConfig { follow: true, ..impatient() };
    let summary = bench.run_by(config, bench.connect_by(script), shred, &Shutdown::new());
    assert_eq!((summary.end, summary.claimed), (RunEnd::StoreUnreachable, 0));
    assert_another_finishes(&bench, 8);
}

#[test]
fn a_document_that_hangs_frees_its_claim_and_counts_as_a_death() {
    let bench = Bench::with_apps(8);
    let shredder = |app: &ClaimedApp, at| {
        if app.app_id.0 == 2 {
            Happenings::default().wait_for("the end of the world", 1);
        }
        shred(app, at)
    };
    let config = RunConfig { follow: true, workers: 2, ..impatient() };
    let summary = bench.run_by(config, bench.connect(), shredder, &Shutdown::new());
    assert_eq!((summary.end, summary.exit_status), (RunEnd::Lost, 5));
    assert_eq!((summary.abandoned, summary.lost_leases), (4, 1), "{summary:?}");
    let reason = summary.stopped_by.expect("a reason");
    assert!(reason.starts_with("application 2 has been shredded for 2.0 s without an end"));
    assert_another_finishes(&bench, 8);
    assert_eq!(bench.ids("SELECT max(attempt) FROM processing_log WHERE app_id = 2"), [2]);
}

fn unanswered() -> StoreError {
    StoreError::Unanswered { location: "here".into(), reason: "nothing came".into() }
}

#[test]
fn a_completion_without_an_answer_is_given_up_after_its_outcome_was_asked_for() {
    let bench = Bench::with_apps(8);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let script = {
        let (calls, refusals) = (calls.clone(), AtomicUsize::new(0));
        move |role, call| {
            if role == Role::Complete {
                calls.lock().unwrap().push(call);
            }
            match call {
                Call::Complete(_) if refusals.fetch_add(1, Ordering::SeqCst) == 0 => {
                    Effect::Refuse(unanswered())
                }
                _ => Effect::Pass,
            }
        }
    };
    let summary = bench.run_by(config(), bench.connect_by(script), shred, &Shutdown::new());
    assert_eq!((summary.end, summary.exit_status), (RunEnd::Lost, 5));
    assert_eq!((summary.success, summary.abandoned), (4, 4), "{summary:?}");
    let calls = calls.lock().unwrap().clone();
    let Call::Complete(first) = calls[0] else { panic!("{calls:?}") };
    assert_eq!(calls[1], Call::Outcome(first));
    let again =
        calls[1..].iter().any(|call| [Call::Complete(first), Call::Release(first)].contains(call));
    assert!(!again, "it may still be carried out: {calls:?}");
    bench.expire_leases();
    assert_another_finishes(&bench, 8);
}

#[test]
fn a_completion_that_was_carried_out_without_an_answer_is_counted() {
    let bench = Bench::with_apps(4);
    let lost = Arc::new(AtomicUsize::new(0));
    let script = move |_, call| match call {
        Call::Completed(_) if lost.fetch_add(1, Ordering::SeqCst) == 0 => Effect::Lose,
        _ => Effect::Pass,
    };
    let summary = bench.run_by(config(), bench.connect_by(script), shred, &Shutdown::new());
    assert_eq!((summary.end, summary.success, summary.abandoned), (RunEnd::Done, 4, 0));
}

#[test]
fn a_server_that_never_answers_completions_stops_the_worker() {
    let bench = Bench::with_apps(40);
    let script = |_, call| match call {
        Call::Complete(_) => Effect::Refuse(unanswered()),
        _ => Effect::Pass,
    };
    let summary = bench.run_by(config(), bench.connect_by(script), shred, &Shutdown::new());
    assert_eq!((summary.end, summary.exit_status), (RunEnd::StoreUnreachable, 4));
    assert_eq!((summary.success, summary.abandoned), (0, 12), "{summary:?}");
    bench.expire_leases();
    assert_another_finishes(&bench, 40);
}

#[test]
fn health_names_a_claim_that_is_renewed_without_progress() {
    let bench = Bench::with_apps(8);
    let mut worker = Neighbour::new(bench.path(), bench.contract.clone());
    let batch = worker.claim(4);
    for _ in 0..5 {
        let renewed = worker.store.renew_lease(batch.token, Duration::from_secs(3600));
        assert_eq!(renewed.expect("renew"), Renewal::Renewed);
    }
    assert_eq!(worker.store.health_check().expect("health"), []);
    let database = rusqlite::Connection::open(bench.path()).expect("open");
    let age = "UPDATE processing_claim SET claimed_at_utc = claimed_at_utc - 6 * lease_ms";
    database.execute(age, []).expect("age");
    let findings = worker.store.health_check().expect("health");
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.priority, finding.finding.as_str()), (2, "claim without progress"));
    assert!(finding.detail.contains("neighbour on host, process 1, holds 4 applications since "));
    assert!(finding.detail.ends_with(" UTC, with 5 renewals of a lease of 3600 s"), "{finding:?}");
}
