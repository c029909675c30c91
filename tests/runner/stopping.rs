//! Runs that stop before their work is done.

use std::time::Duration;

use xmlshred::runner::{RunConfig, RunEnd, RunSummary, Shutdown};
use xmlshred::store::sqlite::SqliteStore;
use xmlshred::store::{ClaimedApp, Store, StoreError};

use super::bench::{config, contract, shred, Bench, Happenings, CONTRACT};
use super::disturbed::{unreachable_store, Call, Effect};

pub fn accounted_for(summary: &RunSummary) -> u64 {
    let concluded = summary.success + summary.failed + summary.refused;
    concluded + summary.released + summary.abandoned + summary.unsettled
}

#[test]
fn an_interrupted_run_gives_back_what_it_did_not_finish_and_the_next_goes_on() {
    let bench = Bench::with_apps(40);
    let shutdown = Shutdown::new();
    let shredder = {
        let shutdown = shutdown.clone();
        move |app: &ClaimedApp, at| {
            if app.app_id.0 == 6 {
                shutdown.request();
            }
            shred(app, at)
        }
    };
    let summary = bench.run_by(config(), bench.connect(), shredder, &shutdown);
    assert_eq!((summary.end, summary.exit_status), (RunEnd::Interrupted, 130));
    assert_eq!(summary.claimed, accounted_for(&summary));
    assert_eq!(summary.abandoned + summary.unsettled, 0);
    bench.assert_settled();
    let done = bench.rows();
    assert_eq!(done.len() as u64, summary.success);
    assert_eq!(bench.status().sessions[0].exit_status, Some(130));

    let rest = bench.run(config(), shred);
    assert_eq!((rest.end, rest.success), (RunEnd::Done, 40 - done.len() as u64));
    assert_eq!(bench.rows(), (1..=40).collect::<Vec<_>>());
    bench.assert_settled();
}

#[test]
fn a_run_that_is_asked_to_stop_before_it_begins_claims_nothing() {
    let bench = Bench::with_apps(3);
    let shutdown = Shutdown::new();
    shutdown.request();
    let summary = bench.run_by(config(), bench.connect(), shred, &shutdown);
    assert_eq!((summary.end, summary.claimed), (RunEnd::Interrupted, 0));
}

#[test]
fn a_document_that_does_not_end_is_given_back_when_stopping() {
    let bench = Bench::with_apps(8);
    let (shutdown, events) = (Shutdown::new(), Happenings::default());
    let shredder = {
        let (shutdown, events) = (shutdown.clone(), events.clone());
        move |app: &ClaimedApp, at| {
            if app.app_id.0 == 2 {
                shutdown.request();
                let released = events.wait_for("the run returned", 1);
                events.happened(if released { "waited to the end" } else { "gave up waiting" });
            }
            shred(app, at)
        }
    };
    let summary = bench.run_by(config(), bench.connect(), shredder, &shutdown);
    events.happened("the run returned");
    assert_eq!((summary.end, summary.unsettled), (RunEnd::Interrupted, 0));
    assert!(summary.released >= 1, "{summary:?}");
    assert!(events.wait_for("waited to the end", 1));
    assert!(!bench.rows().contains(&2));
    bench.assert_settled();
}

#[test]
fn a_store_that_does_not_answer_does_not_keep_a_run_from_stopping() {
    let bench = Bench::with_apps(8);
    let (shutdown, events) = (Shutdown::new(), Happenings::default());
    let script = {
        let (shutdown, events) = (shutdown.clone(), events.clone());
        move |_, call| {
            if let Call::Complete(_) = call {
                shutdown.request();
                events.wait_for("the run returned", 1);
                return Effect::Refuse(unreachable_store());
            }
            Effect::Pass
        }
    };
    let summary = bench.run_by(config(), bench.connect_by(script), shred, &shutdown);
    events.happened("the run returned");
    assert_eq!(summary.end, RunEnd::Interrupted);
    assert!(summary.unsettled > 0);
    assert_eq!(summary.claimed, accounted_for(&summary));
}

#[test]
fn a_worker_with_another_contract_is_refused_and_claims_nothing() {
    let bench = Bench::with_apps(5);
    let newer = contract(&format!("{CONTRACT}# newer\n"));
    bench.store().install_contract(&newer).expect("install");
    let summary = bench.run(config(), shred);
    assert_eq!((summary.end, summary.exit_status), (RunEnd::ContractRefused, 3));
    assert_eq!(summary.claimed, 0);
    assert!(summary.stopped_by.expect("a reason").contains("50020"));
    bench.assert_settled();
}

#[test]
fn a_worker_whose_contract_is_replaced_gives_back_what_it_holds() {
    let bench = Bench::with_apps(20);
    let newer = contract(&format!("{CONTRACT}# newer\n"));
    let shredder = {
        let path = bench.path();
        let installed = std::sync::Once::new();
        move |app: &ClaimedApp, at| {
            // Whichever comes first installs it, and nothing is shredded before that.
            installed.call_once(|| {
                let mut store = SqliteStore::open(&path).expect("open");
                store.install_contract(&newer).expect("install");
            });
            shred(app, at)
        }
    };
    let summary = bench.run(config(), shredder);
    assert_eq!((summary.end, summary.success), (RunEnd::ContractRefused, 0));
    assert_eq!(summary.claimed, summary.released);
    assert_eq!(bench.status().ready, 20);
    assert!(bench.rows().is_empty());
    bench.assert_settled();
}

#[test]
fn an_error_of_the_database_stops_the_worker_and_gives_everything_back() {
    for error in [
        || StoreError::Database("disk I/O error".into()),
        || StoreError::Drift { table: "result".into(), reason: "no column number".into() },
    ] {
        let bench = Bench::with_apps(20);
        let script = move |_, call| match call {
            Call::Complete(_) => Effect::Refuse(error()),
            _ => Effect::Pass,
        };
        let connect = bench.connect_by(script);
        let summary = bench.run_by(config(), connect, shred, &Shutdown::new());
        assert_eq!((summary.end, summary.exit_status), (RunEnd::Lost, 5));
        assert_eq!(summary.stopped_by, Some(error().to_string()));
        assert_eq!(summary.claimed, summary.released);
        assert_eq!(bench.status().ready, 20);
        bench.assert_settled();
    }
}

#[test]
fn a_store_that_stays_away_ends_the_run_after_the_patience_for_it() {
    let bench = Bench::with_apps(8);
    let script = |_, call| match call {
        Call::Claimed(..) | Call::Empty | Call::EndSession(_) => Effect::Pass,
        Call::Claim(_) => Effect::Pass,
        _ => Effect::Refuse(unreachable_store()),
    };
    let config = RunConfig { store_patience: Duration::from_millis(200), ..config() };
    let summary = bench.run_by(config, bench.connect_by(script), shred, &Shutdown::new());
    assert_eq!((summary.end, summary.exit_status), (RunEnd::StoreUnreachable, 4));
    assert_eq!((summary.claimed, summary.unsettled), (8, 8));
}
