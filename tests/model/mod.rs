//! The lease protocol in every state that a few workers, applications and faults reach: the
//! invariants hold and everything ends, and each planted fault is found.

use stateright::{Checker, HasDiscoveries, Model};
use xmlshred_model::liveness::{search, Hang};
use xmlshred_model::protocol::{Fault, Rules};
use xmlshred_model::state::Document;
use xmlshred_model::system::System;

/// Every choice of documents for this many applications, order aside.
fn documents(apps: usize) -> Vec<Vec<Document>> {
    let mut chosen = vec![Vec::new()];
    for _ in 0..apps {
        let longer = |some: &Vec<Document>| {
            let least = some.last().copied().unwrap_or(Document::Good);
            let more = Document::ALL.into_iter().filter(move |document| *document >= least);
            let some = some.clone();
            more.map(move |document| [some.clone(), vec![document]].concat()).collect::<Vec<_>>()
        };
        chosen = chosen.iter().flat_map(longer).collect();
    }
    chosen
}

/// `faults` happen at most, and an operator redrives, enqueues or purges `by_hand` times.
fn system(workers: usize, apps: usize, reapers: usize, faults: u8, by_hand: u8) -> System {
    System {
        workers,
        reapers,
        rules: Rules { batch_size: 4, max_reaps: 2, fault: None },
        documents: documents(apps),
        adopted: Vec::new(),
        faults,
        by_hand,
        fills_up: false,
        more_comes: false,
    }
}

/// Checks every state for the invariants, and every run for its end.
fn check(name: &str, system: System) {
    let safety = system.clone().checker().threads(2).spawn_bfs().join();
    safety.assert_properties();
    let liveness = search(&system);
    if let Some(endless) = liveness.endless {
        panic!("{name}: {endless}");
    }
    assert_eq!(safety.unique_state_count(), liveness.states, "{name}");
    println!("{name}: {} states, {} steps", liveness.states, safety.state_count());
}

#[test]
fn three_workers_three_applications_two_reapers() {
    check("3 workers, 3 applications, 2 reapers", system(3, 3, 2, 0, 0));
}

#[test]
fn one_fault() {
    check("3 workers, 2 applications, 2 reapers, 1 fault", system(3, 2, 2, 1, 0));
}

#[test]
fn two_faults() {
    check("2 workers, 2 applications, 1 reaper, 2 faults", system(2, 2, 1, 2, 0));
}

#[test]
fn one_redrive_and_an_adopted_log() {
    let adopted = System { adopted: vec![0], ..system(2, 2, 1, 1, 1) };
    check("2 workers, 2 applications, 1 of them adopted, 1 fault, 1 redrive", adopted);
}

#[test]
fn a_server_that_fills_up() {
    let fills_up = System { fills_up: true, ..system(2, 2, 1, 1, 0) };
    check("2 workers, 2 applications, 1 reaper, 1 fault, of which one is a full server", fills_up);
}

#[test]
fn more_work_that_comes() {
    let more_comes = System { more_comes: true, ..system(2, 2, 1, 1, 0) };
    check("2 workers, 2 applications, 1 reaper, 1 fault, more work", more_comes);
}

/// Ten million states.
#[test]
#[ignore = "takes four minutes; .ci/run runs it apart"]
fn three_workers_three_applications_two_reapers_one_fault() {
    check("3 workers, 3 applications, 2 reapers, 1 fault", system(3, 3, 2, 1, 0));
}

/// How a planted fault is found.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// A state violates this property.
    Violation(&'static str),
    /// A run does not end.
    Endless(Hang),
}

fn counterexample(fault: Fault) -> Option<Found> {
    let mut system = System { adopted: vec![0], ..system(2, 2, 1, 1, 1) };
    match fault {
        Fault::CountedWithoutEvidence => {
            system = System { fills_up: true, ..self::system(2, 2, 1, 1, 0) }
        }
        Fault::ServerNeverCounts => {
            system = System { more_comes: true, ..self::system(1, 2, 1, 0, 0) }
        }
        Fault::NotMovedBehind => {
            system = self::system(1, 2, 1, 0, 0);
            system.rules.batch_size = 1;
        }
        _ => {}
    }
    system.rules.fault = Some(fault);
    // One thread finds the same counterexample every time.
    let safety = system.clone().checker().finish_when(HasDiscoveries::Any).spawn_bfs().join();
    if let Some((property, path)) = safety.discoveries().into_iter().next() {
        println!("{fault:?}: {property} after {} steps", path.into_actions().len());
        return Some(Found::Violation(property));
    }
    let endless = search(&system).endless?;
    println!("{fault:?}: {:?} after {} steps", endless.hang, endless.steps.len());
    Some(Found::Endless(endless.hang))
}

macro_rules! finds {
    ($(fn $name:ident() { $fault:ident => $found:expr })+) => {
        $(#[test]
        fn $name() {
            assert_eq!(counterexample(Fault::$fault), Some($found));
        })+

        #[test]
        fn every_planted_fault_has_a_test() {
            let tested = [$(Fault::$fault),+];
            assert!(Fault::ALL.iter().all(|fault| tested.contains(fault)));
        }
    };
}

use Found::{Endless, Violation};

finds! {
    fn finds_completing_without_fence() { CompletingWithoutFence => Violation("in one place") }
    fn finds_rows_before_log() { RowsBeforeLog => Violation("rows of the last success") }
    fn finds_reaping_without_checking_again() { ReapingWithoutCheckingAgain => Violation("live claims are not reaped") }
    fn finds_claiming_without_checking_again() { ClaimingWithoutCheckingAgain => Violation("in one place") }
    fn finds_enqueueing_without_checking_again() { EnqueueingWithoutCheckingAgain => Violation("at most one success") }
    fn finds_ignoring_the_adopted_log() { IgnoringTheAdoptedLog => Violation("at most one success") }
    fn finds_panics_that_release() { PanicReleases => Endless(Hang::Cycle) }
    fn finds_whole_batches_that_stop_the_worker() { WholeBatchRefusedStops => Endless(Hang::Cycle) }
    fn finds_unknown_refusals_that_release() { UnknownRefusalReleases => Endless(Hang::Cycle) }
    fn finds_documents_without_a_timeout() { NoDocumentTimeout => Endless(Hang::Stuck) }
    fn finds_completions_without_a_timeout() { NoAnswerTimeout => Endless(Hang::Stuck) }
    fn finds_what_is_ready_in_the_future() { ReadyInTheFuture => Endless(Hang::Stuck) }
    fn finds_failures_that_delete_rows() { FailureDeletesRows => Violation("rows of the last success") }
    fn finds_claims_that_reaps_do_not_halve() { ReapsDoNotHalveClaims => Endless(Hang::Cycle) }
    fn finds_reaps_that_are_not_counted() { ReapsAreNotCounted => Endless(Hang::Cycle) }
    fn finds_quarantine_in_company() { QuarantineInCompany => Violation("only what fails is quarantined") }
    fn finds_renewals_that_revive() { RenewalRevives => Violation("in one place") }
    fn finds_purging_the_last_log_row() { PurgingTheLastLogRow => Violation("at most one success") }
    fn finds_refusals_that_count_while_the_server_refuses_all() { CountedWithoutEvidence => Violation("only what fails is quarantined") }
    fn finds_refusals_of_the_server_that_never_count() { ServerNeverCounts => Endless(Hang::Cycle) }
    fn finds_what_the_server_refuses_and_comes_first() { NotMovedBehind => Endless(Hang::Cycle) }
}
