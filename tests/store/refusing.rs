//! Refusals of the database: one application never stops another, and everything ends.

use xmlshred::contract::OnExisting;
use xmlshred::id::AppId;
use xmlshred::outcome::{AppOutcome, FailureCategory};
use xmlshred::store::{
    Batch, ClaimRequest, Claimed, ClaimedApp, Completed, FailurePage, Fate, ReapRequest,
    RetrySelector, Share, StoreError,
};

use super::harness::{
    app_ids, base, contacts, contract_with, failure, ids, nameless, outcome, poisoned, success,
    Cause, Harness, Worker,
};

super::behaviours! {
    one_refused_for_an_unknown_reason_is_counted_and_in_the_end_quarantined,
    a_batch_of_which_nothing_passes_counts_as_a_death_and_is_claimed_in_halves,
    documents_that_the_database_refuses_without_a_reason_all_end,
    one_that_is_refused_by_itself_counts_as_alone,
    a_unique_constraint_beside_the_key_refuses_only_its_application,
    failures_of_shredding_do_not_make_a_refusal_the_fault_of_one,
    data_and_unknown_reasons_in_one_wide_batch_are_told_apart,
    a_reason_of_the_server_counts_in_a_session_that_has_completed_something,
    a_reason_of_the_server_without_that_moves_an_application_behind_the_others,
    a_failure_shows_nothing_of_the_server,
    a_repeated_completion_returns_the_refusals_of_the_first,
    a_claim_ends_with_its_last_application_refused,
    a_refusal_takes_no_application_from_another_claim,
    a_refusal_leaves_the_rows_of_an_earlier_success,
    a_retried_application_starts_with_no_refusals,
    reaps_and_refusals_count_together,
    completing_with_quarantine_after_none_is_refused,
    two_documents_with_one_mistake_and_two_dead_workers_stop_nothing,
    the_life_of_an_application_tells_what_poisoned_it,
}

/// Completes a batch, in which some applications are refused.
fn complete(
    worker: &mut Worker,
    h: &dyn Harness,
    batch: &Batch,
    outcome: impl Fn(&ClaimedApp) -> AppOutcome,
) -> Vec<Completed> {
    let outcomes: Vec<_> = batch.apps.iter().map(outcome).collect();
    let contract = super::harness::contract();
    let completed = worker.complete(&contract, batch.token, &outcomes);
    assert_eq!(completed.iter().map(|app| app.app_id.0).collect::<Vec<_>>(), ids(batch));
    h.assert_invariants();
    completed
}

/// Each application with a word for what became of it.
fn fates(completed: &[Completed]) -> Vec<(i64, &'static str)> {
    completed.iter().map(|app| (app.app_id.0, word(&app.fate))).collect()
}

fn word(fate: &Fate) -> &'static str {
    match fate {
        Fate::Success { .. } => "success",
        Fate::Failed(_) => "failed",
        Fate::Refused(_) => "refused",
        Fate::Quarantined(_) => "quarantined",
    }
}

fn is(poisonous: &'static [i64]) -> impl Fn(&ClaimedApp) -> AppOutcome {
    move |app| match poisonous.contains(&app.app_id.0) {
        true => poisoned(app),
        false => success(app),
    }
}

fn one_refused_for_an_unknown_reason_is_counted_and_in_the_end_quarantined(h: &dyn Harness) {
    let contract = h.prepare(5);
    h.poison(Cause::Unknown);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(5);
    let completed = complete(&mut worker, h, &batch, is(&[3]));
    let words = ["success", "success", "refused", "success", "success"];
    assert_eq!(completed.iter().map(|app| word(&app.fate)).collect::<Vec<_>>(), words);
    let refusal = completed[2].refusal().expect("a refusal");
    assert_eq!(refusal.reaps, 1);
    assert_ne!(refusal.number, 0);
    assert_eq!(h.count("processing_queue", "state = 0 AND reaps = 1 AND lone_reaps = 1"), 1);
    assert_eq!(h.count("processing_log", "1 = 1"), 4);

    let batch = worker.claim(5);
    assert_eq!((ids(&batch), batch.apps[0].attempt), (vec![3], 2));
    assert_eq!(fates(&complete(&mut worker, h, &batch, is(&[3]))), [(3, "refused")]);
    let batch = worker.claim(5);
    assert_eq!(fates(&complete(&mut worker, h, &batch, is(&[3]))), [(3, "quarantined")]);
    let request = worker.request(5);
    worker.claim_nothing(&request);
    assert_eq!(h.count("processing_queue", "state = 2 AND app_id = 3 AND attempts = 3"), 1);
    let number = format!("event_type = 'refused' AND error_number = {}", refusal.number);
    assert_eq!(h.count("processing_event", &number), 3);
    assert_eq!(h.count("processing_event", "event_type = 'quarantined'"), 1);
}

fn a_batch_of_which_nothing_passes_counts_as_a_death_and_is_claimed_in_halves(h: &dyn Harness) {
    let contract = h.prepare(8);
    h.poison(Cause::Unknown);
    let mut worker = Worker::start(h, &contract);
    for (size, lone_reaps) in [(8, 0), (4, 0), (4, 0), (2, 0), (2, 0), (2, 0), (2, 0), (1, 1)] {
        let batch = worker.claim(8);
        assert_eq!(batch.apps.len(), size);
        let completed = complete(&mut worker, h, &batch, poisoned);
        assert!(completed.iter().all(|app| word(&app.fate) == "refused"), "{completed:?}");
        let counted = format!("app_id = 1 AND lone_reaps = {lone_reaps}");
        assert_eq!(h.count("processing_queue", &counted), 1);
    }
    assert_eq!(h.count("processing_queue", "state = 0"), 8);
}

/// Claims and completes until nothing is ready; returns the number of claims.
fn drain(
    worker: &mut Worker,
    h: &dyn Harness,
    size: u32,
    outcome: impl Fn(&ClaimedApp) -> AppOutcome,
) -> usize {
    let mut after = None;
    for claims in 0.. {
        assert!(claims < 1000, "it never ends");
        let mut request = worker.request(size);
        request.after_app_id = after;
        let Claimed::Batch(batch) = worker.store.claim_batch(&request).expect("claim") else {
            return claims;
        };
        after = batch.apps.last().map(|app| app.app_id);
        complete(worker, h, &batch, &outcome);
    }
    unreachable!()
}

fn documents_that_the_database_refuses_without_a_reason_all_end(h: &dyn Harness) {
    let contract = h.prepare(20);
    h.poison(Cause::Unknown);
    let mut worker = Worker::start(h, &contract);
    let claims = drain(&mut worker, h, 8, poisoned);
    assert_eq!(h.count("processing_queue", "state = 2"), 20);
    // Alone from the fourth claim on, and then three times.
    assert!(claims <= 20 * (3 + 3), "{claims} claims");
    assert_eq!(h.count("app_base", "1 = 1") + h.count("processing_log", "1 = 1"), 0);
}

fn one_that_is_refused_by_itself_counts_as_alone(h: &dyn Harness) {
    let contract = h.prepare(2);
    h.poison(Cause::Unknown);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    let completed = worker.complete(&contract, batch.token, &[poisoned(&batch.apps[0])]);
    assert_eq!(fates(&completed), [(1, "refused")]);
    assert_eq!(h.count("processing_queue", "app_id = 1 AND state = 0 AND lone_reaps = 1"), 1);
    assert_eq!(h.count("processing_queue", "app_id = 2 AND state = 1 AND reaps = 0"), 1);
    h.assert_invariants();
}

fn failures_of_shredding_do_not_make_a_refusal_the_fault_of_one(h: &dyn Harness) {
    let contract = h.prepare(4);
    h.poison(Cause::Unknown);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(4);
    let completed = complete(&mut worker, h, &batch, |app| match app.app_id.0 {
        1 => failure(app),
        2 => nameless(app),
        _ => poisoned(app),
    });
    assert_eq!(fates(&completed), [(1, "failed"), (2, "failed"), (3, "refused"), (4, "refused")]);
    assert_eq!(h.count("processing_queue", "reaps = 1 AND lone_reaps = 0"), 2);
}

fn data_and_unknown_reasons_in_one_wide_batch_are_told_apart(h: &dyn Harness) {
    let contract = h.prepare(100);
    h.poison(Cause::Unknown);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(100);
    let completed = complete(&mut worker, h, &batch, |app| match app.app_id.0 {
        7 | 8 | 50 | 100 => poisoned(app),
        1 | 9 | 51 | 52 | 53 => nameless(app),
        20 => failure(app),
        _ => success(app),
    });
    let with = |wanted: &str| -> Vec<i64> {
        fates(&completed)
            .into_iter()
            .filter(|(_, word)| *word == wanted)
            .map(|(id, _)| id)
            .collect()
    };
    assert_eq!(with("refused"), [7, 8, 50, 100]);
    assert_eq!(with("failed"), [1, 9, 20, 51, 52, 53]);
    assert_eq!(with("success").len(), 90);
    assert_eq!(h.count("processing_log", "failure_category = 'constraint_violation'"), 5);
    assert_eq!(h.count("processing_queue", "state = 0 AND reaps = 1 AND lone_reaps = 1"), 4);
    assert_eq!(h.count("app_base", "1 = 1"), 90);
}

fn a_reason_of_the_server_counts_in_a_session_that_has_completed_something(h: &dyn Harness) {
    let contract = h.prepare(3);
    h.poison(Cause::Server);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(3);
    let completed = complete(&mut worker, h, &batch, is(&[2]));
    assert_eq!(fates(&completed), [(1, "success"), (2, "refused"), (3, "success")]);
    let refusal = completed[1].refusal().expect("a refusal");
    assert!(refusal.counted && refusal.number != 0, "{refusal:?}");
    assert_eq!(h.count("processing_queue", "state = 0 AND reaps = 1 AND lone_reaps = 1"), 1);
    for word in ["refused", "quarantined"] {
        let batch = worker.claim(3);
        assert_eq!(fates(&complete(&mut worker, h, &batch, is(&[2]))), [(2, word)]);
    }
    assert_eq!(h.count("processing_queue", "state = 2 AND app_id = 2 AND attempts = 3"), 1);
    assert_eq!(h.count("processing_log", "1 = 1"), 2);
}

fn a_reason_of_the_server_without_that_moves_an_application_behind_the_others(h: &dyn Harness) {
    let contract = h.prepare(2);
    h.poison(Cause::Server);
    for run in 1..=4 {
        let mut worker = Worker::start(h, &contract);
        let request = ClaimRequest {
            share: Share { app_id_end: Some(AppId(1)), ..Share::default() },
            ..worker.request(2)
        };
        let batch = worker.claim_by(&request);
        let outcomes = [poisoned(&batch.apps[0])];
        // The limit is 1, and it is not quarantined.
        for _ in 0..2 {
            let completed = worker.store.complete_batch(batch.token, &contract, &outcomes, 1);
            let completed = completed.expect("complete");
            assert_eq!(fates(&completed), [(1, "refused")]);
            let refusal = completed[0].refusal().expect("a refusal");
            assert!(!refusal.counted && refusal.reaps == run, "{refusal:?}");
        }
        let spent = format!("app_id = 1 AND attempts = {run} AND reaps = {run} AND lone_reaps = 0");
        assert_eq!(h.count("processing_queue", &spent), 1);
        assert_eq!(h.count("processing_event", "event_type = 'refused'"), u64::from(run));
        h.assert_invariants();
    }
    // The first run that completes something counts it.
    let mut worker = Worker::start(h, &contract);
    for (id, word) in [(2, "success"), (1, "refused"), (1, "refused"), (1, "quarantined")] {
        let batch = worker.claim(2);
        assert_eq!(fates(&complete(&mut worker, h, &batch, is(&[1]))), [(id, word)]);
    }
    h.cure();
    worker.retry(RetrySelector::Quarantined);
    let batch = worker.claim(2);
    assert!(complete(&mut worker, h, &batch, is(&[1])).iter().all(Completed::is_success));
}

fn a_failure_shows_nothing_of_the_server(h: &dyn Harness) {
    let contract = h.prepare(2);
    h.poison(Cause::Server);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    let completed = complete(&mut worker, h, &batch, |app| match app.app_id.0 {
        1 => poisoned(app),
        _ => nameless(app),
    });
    assert_eq!(fates(&completed), [(1, "refused"), (2, "failed")]);
    assert!(!completed[0].refusal().expect("a refusal").counted);
    assert_eq!(h.count("processing_queue", "reaps = 1 AND lone_reaps = 0"), 1);
}

fn a_repeated_completion_returns_the_refusals_of_the_first(h: &dyn Harness) {
    let contract = h.prepare(4);
    h.poison(Cause::Unknown);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(4);
    let outcomes: Vec<_> = batch.apps.iter().map(is(&[2, 4])).collect();
    let first = worker.complete(&contract, batch.token, &outcomes);
    let words = [(1, "success"), (2, "refused"), (3, "success"), (4, "refused")];
    assert_eq!(fates(&first), words);
    let count = || (h.count("processing_event", "1 = 1"), h.count("processing_queue", "reaps = 1"));
    let before = count();
    assert_eq!(worker.complete(&contract, batch.token, &outcomes), first);
    let told = worker.store.get_claim_outcome(batch.token).expect("outcome");
    assert_eq!((told.held, told.completed), (vec![], first.clone()));
    assert_eq!(count(), before);

    // Also after another worker claimed them: that claim is not touched.
    let other = worker.claim(1);
    assert_eq!(ids(&other), [2]);
    assert_eq!(fates(&worker.complete(&contract, batch.token, &outcomes)), words);
    assert_eq!(h.count("processing_queue", "app_id = 2 AND state = 1"), 1);
    h.assert_invariants();
}

fn a_claim_ends_with_its_last_application_refused(h: &dyn Harness) {
    let contract = h.prepare(2);
    h.poison(Cause::Unknown);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    complete(&mut worker, h, &batch, is(&[1, 2]));
    assert_eq!(h.count("processing_claim", "1 = 1"), 0);
    let sums = "claimed = 2 AND success + failed + released + reaped = 0 AND refused = 2";
    assert_eq!(h.count("processing_session", sums), 1);
}

fn a_refusal_takes_no_application_from_another_claim(h: &dyn Harness) {
    let contract = h.prepare(1);
    h.poison(Cause::Unknown);
    let mut worker = Worker::start(h, &contract);
    let late = worker.claim(1);
    h.expire_lease(late.token);
    worker.reap();
    let mine = worker.claim(1);
    assert_eq!(ids(&mine), [1]);
    let outcomes = [poisoned(&late.apps[0])];
    let error = worker.store.complete_batch(late.token, &contract, &outcomes, 3);
    let error = error.expect_err("lost");
    assert!(matches!(error, StoreError::LeaseLost(_)), "{error}");
    assert_eq!(h.count("processing_queue", "app_id = 1 AND state = 1 AND reaps = 1"), 1);
    h.assert_invariants();
}

fn a_refusal_leaves_the_rows_of_an_earlier_success(h: &dyn Harness) {
    let contract = h.prepare_with(contract_with(1, OnExisting::Replace), 2);
    h.poison(Cause::Unknown);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    worker.succeed(&contract, &batch);
    let request = xmlshred::store::RequeueRequest {
        selector: xmlshred::store::RequeueSelector::AppIds(app_ids(&[1])),
        canary: None,
        execute: true,
        requested_by: "Anna".into(),
    };
    worker.store.requeue_apps(&contract, &request).expect("requeue");
    let batch = worker.claim(1);
    let completed = worker.complete(&contract, batch.token, &[poisoned(&batch.apps[0])]);
    assert_eq!(fates(&completed), [(1, "refused")]);
    assert_eq!(h.count("app_base", "app_id = 1 AND name = 'name'"), 1);
    assert_eq!(h.count("app_contact", "app_id = 1"), 2);
    assert_eq!(h.count("processing_log", "app_id = 1 AND attempt = 1 AND has_rows = 1"), 1);
    h.assert_invariants();
}

fn a_retried_application_starts_with_no_refusals(h: &dyn Harness) {
    let contract = h.prepare(1);
    h.poison(Cause::Unknown);
    let mut worker = Worker::start(h, &contract);
    for expected in ["refused", "refused", "quarantined"] {
        let batch = worker.claim(1);
        assert_eq!(fates(&complete(&mut worker, h, &batch, poisoned)), [(1, expected)]);
    }
    assert_eq!(worker.retry(RetrySelector::Quarantined), [1]);
    assert_eq!(h.count("processing_queue", "state = 0 AND reaps = 0 AND lone_reaps = 0"), 1);
    h.cure();
    let batch = worker.claim(1);
    assert_eq!(batch.apps[0].attempt, 4);
    assert_eq!(fates(&complete(&mut worker, h, &batch, poisoned)), [(1, "success")]);
}

fn reaps_and_refusals_count_together(h: &dyn Harness) {
    let contract = h.prepare(1);
    h.poison(Cause::Unknown);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    complete(&mut worker, h, &batch, poisoned);
    let batch = worker.claim(1);
    h.expire_lease(batch.token);
    worker.reap();
    let batch = worker.claim(1);
    assert_eq!(fates(&complete(&mut worker, h, &batch, poisoned)), [(1, "quarantined")]);

    // And the other way round.
    worker.retry(RetrySelector::Quarantined);
    for _ in 0..2 {
        let batch = worker.claim(1);
        complete(&mut worker, h, &batch, poisoned);
    }
    let batch = worker.claim(1);
    h.expire_lease(batch.token);
    assert_eq!(worker.store.reap_expired(ReapRequest::default()).expect("reap").quarantined, 1);
    h.assert_invariants();
}

fn completing_with_quarantine_after_none_is_refused(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    let outcomes = [success(&batch.apps[0])];
    let error = worker.store.complete_batch(batch.token, &contract, &outcomes, 0);
    assert!(matches!(error, Err(StoreError::Refused(_))), "{error:?}");
    assert_eq!(h.count("processing_log", "1 = 1"), 0);
}

/// Reaping makes claims small. A batch of two in which both documents have the same mistake used to
/// look like a broken table, and stopped the queue for good.
fn two_documents_with_one_mistake_and_two_dead_workers_stop_nothing(h: &dyn Harness) {
    let contract = h.prepare(8);
    for size in [8, 4] {
        let mut worker = Worker::start(h, &contract);
        let batch = worker.claim(8);
        assert_eq!(batch.apps.len(), size);
        h.expire_lease(batch.token);
        worker.reap();
    }
    let mut worker = Worker::start(h, &contract);
    drain(&mut worker, h, 8, |app| match app.app_id.0 {
        1 | 2 => nameless(app),
        _ => success(app),
    });
    assert_eq!(h.count("processing_queue", "1 = 1"), 0);
    assert_eq!(h.count("processing_log", "status = 'success'"), 6);
    let failed = FailureCategory::ConstraintViolation.name();
    let failed = format!("app_id IN (1, 2) AND failure_category = '{failed}'");
    assert_eq!(h.count("processing_log", &failed), 2);
}

fn the_life_of_an_application_tells_what_poisoned_it(h: &dyn Harness) {
    let contract = h.prepare(2);
    h.poison(Cause::Unknown);
    let mut worker = Worker::start(h, &contract);
    let only = |worker: &Worker, id| {
        let app_id = Some(AppId(id));
        let share = Share { app_id_start: app_id, app_id_end: app_id, ..Share::default() };
        ClaimRequest { share, ..worker.request(1) }
    };
    let mut number = 0;
    for _ in 0..3 {
        let request = only(&worker, 1);
        let batch = worker.claim_by(&request);
        let completed = complete(&mut worker, h, &batch, is(&[1]));
        number = completed[0].refusal().expect("a refusal").number;
    }
    let life = worker.store.explain_app(app_ids(&[1])[0]).expect("life");
    let refused: Vec<_> = life.iter().filter(|event| event.event == "refused").collect();
    assert_eq!(
        refused.iter().map(|event| event.attempt).collect::<Vec<_>>(),
        [Some(1), Some(2), Some(3)]
    );
    let detail = refused[0].detail.as_deref().expect("a detail");
    assert!(detail.contains(&number.to_string()) && detail.contains("app_base"), "{detail}");
    for event in ["quarantined", "now"] {
        let event = life.iter().rfind(|known| known.event == event).expect(event);
        let detail = event.detail.as_deref().expect("a detail");
        assert!(detail.contains("refused") && detail.contains(&number.to_string()), "{detail}");
        assert!(!detail.contains("reaped from"), "{detail}");
    }

    let mut worker = Worker::start(h, &contract);
    for _ in 0..3 {
        let request = only(&worker, 2);
        let batch = worker.claim_by(&request);
        h.expire_lease(batch.token);
        worker.reap();
    }
    let life = worker.store.explain_app(app_ids(&[2])[0]).expect("life");
    let now = life.last().and_then(|event| event.detail.clone()).expect("a detail");
    assert!(now.contains("reaped") && !now.contains("refused"), "{now}");
}

fn a_unique_constraint_beside_the_key_refuses_only_its_application(h: &dyn Harness) {
    let contract = h.prepare(3);
    h.execute("CREATE UNIQUE INDEX ux_base_name ON {app_base} (name)");
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(3);
    let completed = complete(&mut worker, h, &batch, |app| {
        let id = app.app_id.0;
        let name = if id == 3 { "other" } else { "taken" };
        outcome(app, Ok(vec![base(id, name), contacts(id, &[id])]))
    });
    assert_eq!(fates(&completed), [(1, "success"), (2, "failed"), (3, "success")]);
    let page = FailurePage { category: None, fingerprint: None, since: None, after: None, size: 9 };
    let failure = worker.store.list_failures(&page).expect("failures").remove(0).failure;
    assert_eq!(failure.category, FailureCategory::ConstraintViolation);
    assert_eq!(failure.table.as_deref(), Some("app_base"));
    assert!(failure.reason.contains("name"), "{failure:?}");
    assert_eq!(h.count("app_contact", "app_id = 2"), 0);
}
