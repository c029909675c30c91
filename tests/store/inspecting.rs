//! Inspecting and pausing: one application's life, failures, and the store's health.

use std::time::Duration;

use xmlshred::id::AppId;
use xmlshred::outcome::FailureCategory;
use xmlshred::reason::{self, reason, Reason};
use xmlshred::store::{
    CauseQuery, Claimed, FailureCauses, FailurePage, LifeEvent, RetrySelector, Store,
};

use super::harness::{failure, ids, success, Harness, Worker};

super::behaviours! {
    while_claiming_is_paused_nothing_is_claimed,
    the_first_of_two_pauses_is_in_force,
    a_pause_needs_a_reason,
    claimed_applications_are_completed_during_a_pause,
    a_claim_whose_answer_was_lost_is_answered_during_a_pause,
    the_status_says_who_paused_and_why,
    resuming_what_is_not_paused_changes_nothing,
    workers_process_everything_between_pauses,
    a_pause_is_started_and_ended_by_one_person,
    a_life_is_shown_from_the_first_event_to_now,
    a_failure_is_explained_with_its_place,
    a_claimed_application_says_who_has_it,
    an_application_says_what_it_waits_for,
    failures_are_listed_page_by_page,
    failures_are_listed_by_their_cause,
    causes_are_listed_with_their_applications_and_values,
    an_old_failure_is_not_listed_since_then,
    a_redriven_application_is_not_a_failure,
    a_healthy_store_has_no_findings,
    problems_are_found,
    an_installation_without_a_contract_is_unhealthy,
}

fn kinds(life: &[LifeEvent]) -> Vec<&str> {
    life.iter().map(|event| event.event.as_str()).collect()
}

fn life(store: &mut dyn Store, app_id: i64) -> Vec<LifeEvent> {
    store.explain_app(AppId(app_id)).expect("explain")
}

/// The detail of the last event.
fn now(store: &mut dyn Store, app_id: i64) -> String {
    let last = life(store, app_id).pop().expect("an event");
    assert_eq!(last.event, "now");
    last.detail.expect("a sentence")
}

fn findings(store: &mut dyn Store) -> Vec<String> {
    let findings = store.health_check().expect("check");
    findings.into_iter().map(|finding| finding.finding).collect()
}

fn while_claiming_is_paused_nothing_is_claimed(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    worker.store.pause("storage is being moved", "Anna").expect("pause");
    let request = worker.request(5);
    match worker.store.claim_batch(&request).expect("claim") {
        Claimed::Paused(pause) => {
            assert_eq!((&*pause.by, &*pause.reason), ("Anna", "storage is being moved"));
        }
        other => panic!("{other:?}"),
    }
    let ended = worker.store.resume("Boris").expect("resume").expect("a pause");
    assert_eq!(ended.by, "Anna");
    assert_eq!(ids(&worker.claim(5)), [1, 2, 3]);
    h.assert_invariants();
}

fn the_first_of_two_pauses_is_in_force(h: &dyn Harness) {
    h.prepare(1);
    let mut store = h.connect();
    let first = store.pause("storage is being moved", "Anna").expect("pause");
    assert_eq!(store.pause("lunch", "Boris").expect("pause"), first);
    assert_eq!(h.count("processing_pause", "resumed_at_utc IS NULL"), 1);
}

fn a_pause_needs_a_reason(h: &dyn Harness) {
    let mut store = h.connect();
    assert!(store.pause(" ", "Anna").is_err());
    assert_eq!(h.count("processing_pause", "1 = 1"), 0);
}

fn claimed_applications_are_completed_during_a_pause(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    worker.store.pause("storage is being moved", "Anna").expect("pause");
    assert_eq!(worker.succeed(&contract, &batch).len(), 2);
    assert_eq!(h.count("processing_log", "status = 'success'"), 2);
    h.assert_invariants();
}

fn a_claim_whose_answer_was_lost_is_answered_during_a_pause(h: &dyn Harness) {
    let contract = h.prepare(2);
    let mut worker = Worker::start(h, &contract);
    let request = worker.request(2);
    worker.claim_by(&request);
    worker.store.pause("storage is being moved", "Anna").expect("pause");
    assert_eq!(ids(&worker.claim_by(&request)), [1, 2]);
}

fn the_status_says_who_paused_and_why(h: &dyn Harness) {
    h.prepare(1);
    let mut store = h.connect();
    assert_eq!(store.get_status().expect("status").paused, None);
    let pause = store.pause("storage is being moved", "Anna").expect("pause");
    assert_eq!(store.get_status().expect("status").paused, Some(pause));
}

fn resuming_what_is_not_paused_changes_nothing(h: &dyn Harness) {
    h.prepare(1);
    assert_eq!(h.connect().resume("Anna").expect("resume"), None);
    assert_eq!(h.count("processing_pause", "1 = 1"), 0);
}

fn a_life_is_shown_from_the_first_event_to_now(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    let dead = worker.claim(1);
    h.expire_lease(dead.token);
    worker.reap();
    let batch = worker.claim(1);
    worker.complete(&contract, batch.token, &[failure(&batch.apps[0])]);
    worker.retry(RetrySelector::All);
    let batch = worker.claim(1);
    worker.succeed(&contract, &batch);
    let life = life(worker.store.as_mut(), 1);
    assert_eq!(
        kinds(&life),
        [
            "enqueued", "claimed", "reaped", "claimed", "failed", "requeued", "claimed", "success",
            "wrote", "wrote", "now"
        ]
    );
    assert!(life.windows(2).all(|pair| pair[0].at <= pair[1].at), "{life:#?}");
    assert_eq!(life[10].detail.as_deref(), Some("finished"));
    assert_eq!((life[6].attempt, life[7].attempt), (Some(3), Some(3)));
}

fn a_failure_is_explained_with_its_place(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    worker.complete(&contract, batch.token, &[failure(&batch.apps[0])]);
    let life = life(worker.store.as_mut(), 1);
    let failed = life.iter().find(|event| event.event == "failed").expect("a failure");
    let told = failed.detail.as_deref().expect("a sentence");
    for part in ["bad_value", "app_base.amount", "/a/b[2]/@amount", "line 3, column 14", "value x"]
    {
        assert!(told.contains(part), "{told} does not say {part}");
    }
    assert!(now(worker.store.as_mut(), 1).starts_with("failed (bad_value)"));
}

fn a_claimed_application_says_who_has_it(h: &dyn Harness) {
    let contract = h.prepare(1);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(1);
    let last = life(worker.store.as_mut(), 1).pop().expect("now");
    assert!(last.worker_name.expect("a worker").starts_with("worker-"));
    assert_eq!(last.claim, Some(batch.token));
    assert!(last.detail.expect("a sentence").starts_with("claimed; the lease expires in "));
}

fn an_application_says_what_it_waits_for(h: &dyn Harness) {
    let contract = h.prepare(1);
    h.put_document(2, Some(b"<a/>"));
    let mut worker = Worker::start(h, &contract);
    let store = worker.store.as_mut();
    assert!(now(store, 1).starts_with("ready for the next worker"));
    assert!(now(store, 2).starts_with("in the source table, but not enqueued"));
    assert!(now(store, 3).starts_with("unknown"));
    store.pause("storage is being moved", "Anna").expect("pause");
    assert_eq!(now(store, 1), "ready, but claiming is paused: storage is being moved");
    store.resume("Anna").expect("resume");
    h.quarantine(&mut worker, 1);
    assert!(now(worker.store.as_mut(), 1).starts_with("quarantined"));
}

/// Applications 1 to `n`, of which the even ones failed.
fn half_failed(h: &dyn Harness, n: i64) -> Worker {
    let contract = h.prepare(n);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(n as u32);
    let outcomes: Vec<_> = batch
        .apps
        .iter()
        .map(|app| if app.app_id.0 % 2 == 0 { failure(app) } else { success(app) })
        .collect();
    worker.complete(&contract, batch.token, &outcomes);
    worker
}

fn listed(store: &mut dyn Store, page: FailurePage) -> Vec<i64> {
    let failures = store.list_failures(&page).expect("list");
    failures.iter().map(|failure| failure.app_id.0).collect()
}

fn failures_are_listed_page_by_page(h: &dyn Harness) {
    let mut worker = half_failed(h, 6);
    let store = worker.store.as_mut();
    let page = |after| FailurePage { after, size: 2, ..FailurePage::default() };
    assert_eq!(listed(store, page(None)), [2, 4]);
    assert_eq!(listed(store, page(Some(AppId(4)))), [6]);
    let first = store.list_failures(&page(None)).expect("list").remove(0);
    assert_eq!(first.failure.category, FailureCategory::BadValue);
    assert_eq!((first.failure.line, first.failure.column_number), (Some(3), Some(14)));
    assert_eq!(first.failure.path.as_deref(), Some("/a/b[2]/@amount"));
    assert_eq!(first.fingerprint, Some(first.failure.fingerprint()));
    assert!(first.worker_name.expect("a worker").starts_with("worker-"));
}

fn failures_are_listed_by_their_cause(h: &dyn Harness) {
    let mut worker = half_failed(h, 4);
    let store = worker.store.as_mut();
    let all = store.list_failures(&FailurePage { size: 10, ..FailurePage::default() });
    let fingerprint = all.expect("list").remove(0).fingerprint;
    let digits = fingerprint.as_deref().expect("a fingerprint");
    assert!(digits.len() == 16 && digits.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')));
    let by_cause = FailurePage { fingerprint, size: 10, ..FailurePage::default() };
    assert_eq!(listed(store, by_cause), [2, 4]);
    let other =
        FailurePage { fingerprint: Some("0".repeat(16)), size: 10, ..FailurePage::default() };
    assert!(listed(store, other).is_empty());
    let category = |category| FailurePage { category, size: 10, ..FailurePage::default() };
    assert_eq!(listed(store, category(Some(FailureCategory::BadValue))), [2, 4]);
    assert!(listed(store, category(Some(FailureCategory::TooLong))).is_empty());
}

/// 1 to 4 fail with one cause, three of them on one value; 5 and 6 with two others; 7 succeeds.
fn failed_with_three_causes(h: &dyn Harness) -> Worker {
    let contract = h.prepare(7);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(7);
    let outcomes: Vec<_> = batch
        .apps
        .iter()
        .map(|app| {
            let value = if app.app_id.0 == 4 { "y" } else { "x" };
            let mut failed = failure(app);
            let with = failed.outcome.as_mut().expect_err("a failure");
            let reason = match app.app_id.0 {
                5 => Reason::from("the number is too large"),
                _ => reason!("{} is not a number", reason::value(value)),
            };
            let (text, template) = reason.into_parts();
            (with.reason, with.template) = (text, Some(template));
            with.value = Some(value.to_owned());
            with.path = Some(format!("/a/b[{}]/@amount", app.app_id));
            match app.app_id.0 {
                6 => with.column = Some("dealer".to_owned()),
                7 => return success(app),
                _ => {}
            }
            failed
        })
        .collect();
    worker.complete(&contract, batch.token, &outcomes);
    worker
}

fn causes(store: &mut dyn Store, query: CauseQuery) -> FailureCauses {
    store.list_causes(&query).expect("list")
}

fn causes_are_listed_with_their_applications_and_values(h: &dyn Harness) {
    let mut worker = failed_with_three_causes(h);
    let store = worker.store.as_mut();
    let found = causes(store, CauseQuery::SCREEN);
    assert_eq!((found.all_applications, found.all_causes), (6, 3));
    let counts: Vec<u64> = found.causes.iter().map(|cause| cause.applications).collect();
    assert_eq!(counts, [4, 1, 1]);
    let first = &found.causes[0];
    assert_eq!((first.category, first.example), (FailureCategory::BadValue, AppId(4)));
    assert_eq!(first.path_shape.as_deref(), Some("/a/b/@amount"));
    assert_eq!(first.reason, "`y` is not a number");
    assert_eq!(first.values, [("x".to_owned(), 3), ("y".to_owned(), 1)]);
    assert!(first.first_at <= first.last_at);
    let page =
        FailurePage { fingerprint: first.fingerprint.clone(), size: 9, ..Default::default() };
    assert_eq!(listed(store, page), [1, 2, 3, 4]);
    let few = causes(store, CauseQuery { causes: 1, values: 1, ..CauseQuery::SCREEN });
    assert_eq!((few.causes.len(), few.all_causes, few.all_applications), (1, 3, 6));
    assert_eq!(few.causes[0].values, [("x".to_owned(), 3)]);
    worker.retry(RetrySelector::Fingerprint(first.fingerprint.clone().expect("a fingerprint")));
    let left = causes(worker.store.as_mut(), CauseQuery::SCREEN);
    assert_eq!((left.all_applications, left.all_causes), (2, 2));
}

fn an_old_failure_is_not_listed_since_then(h: &dyn Harness) {
    let mut worker = failed_with_three_causes(h);
    let store = worker.store.as_mut();
    let query = CauseQuery { since: Some(Duration::from_secs(3600)), ..CauseQuery::SCREEN };
    let page = FailurePage { since: query.since, size: 9, ..FailurePage::default() };
    assert_eq!(causes(store, query).all_applications, 6);
    assert_eq!(listed(store, page.clone()).len(), 6);
    h.age_everything();
    assert_eq!(causes(store, query), FailureCauses::default());
    assert!(listed(store, page).is_empty());
    assert_eq!(causes(store, CauseQuery::SCREEN).all_applications, 6);
}

fn a_redriven_application_is_not_a_failure(h: &dyn Harness) {
    let mut worker = half_failed(h, 4);
    worker.retry(RetrySelector::AppIds(vec![AppId(2)]));
    let page = FailurePage { size: 10, ..FailurePage::default() };
    assert_eq!(listed(worker.store.as_mut(), page), [4]);
}

fn a_healthy_store_has_no_findings(h: &dyn Harness) {
    let contract = h.prepare(3);
    let mut worker = Worker::start(h, &contract);
    let batch = worker.claim(2);
    worker.succeed(&contract, &batch);
    assert_eq!(worker.store.health_check().expect("check"), []);
}

fn problems_are_found(h: &dyn Harness) {
    let mut worker = half_failed(h, 40);
    h.put_documents(41);
    worker.store.enqueue_apps(Default::default()).expect("enqueue");
    h.quarantine(&mut worker, 41);
    worker.store.pause("storage is being moved", "Anna").expect("pause");
    assert_eq!(
        findings(worker.store.as_mut()),
        ["failure rate", "claiming is paused", "quarantined applications"]
    );
}

fn an_installation_without_a_contract_is_unhealthy(h: &dyn Harness) {
    assert_eq!(findings(h.connect().as_mut()), ["no contract installed"]);
}

/// Three people pause and resume while two workers process 60 applications: how many pauses they have
/// started, and ended.
fn side_by_side(h: &dyn Harness) -> (u64, u64) {
    let contract = h.prepare(60);
    let person = |name: &str| {
        let mut store = h.connect();
        let (mut started, mut ended) = (0, 0);
        for number in 1..=15 {
            let reason = format!("{name} {number}");
            let in_force = store.pause(&reason, name).expect("pause");
            started += u64::from(in_force.reason == reason);
            ended += u64::from(store.resume(name).expect("resume").is_some());
        }
        (started, ended)
    };
    let work = || {
        let mut worker = Worker::start(h, &contract);
        loop {
            let request = worker.request(3);
            match worker.store.claim_batch(&request).expect("claim") {
                Claimed::Batch(batch) => drop(worker.succeed(&contract, &batch)),
                Claimed::Paused(_) => {}
                Claimed::Empty { .. } => return,
            }
        }
    };
    std::thread::scope(|scope| {
        let person = &person;
        let people = ["Anna", "Boris", "Clara"].map(|name| scope.spawn(move || person(name)));
        let workers = [scope.spawn(work), scope.spawn(work)];
        let counts = people.map(|person| person.join().expect("a person"));
        workers.into_iter().for_each(|worker| worker.join().expect("a worker"));
        counts.into_iter().fold((0, 0), |sum, each| (sum.0 + each.0, sum.1 + each.1))
    })
}

fn workers_process_everything_between_pauses(h: &dyn Harness) {
    side_by_side(h);
    assert_eq!(h.count("processing_pause", "resumed_at_utc IS NULL"), 0);
    assert_eq!(h.count("processing_log", "status = 'success'"), 60);
    h.assert_invariants();
}

fn a_pause_is_started_and_ended_by_one_person(h: &dyn Harness) {
    let (started, ended) = side_by_side(h);
    assert_eq!((started, ended), (started, started), "as many have ended as have started");
    assert_eq!(h.count("processing_pause", "1 = 1"), started);
}
