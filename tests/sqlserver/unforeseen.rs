//! Refusals by the database whose cause is not known from their number, and errors of the server.

use xmlshred::id::ClaimToken;
use xmlshred::outcome::FailureCategory;
use xmlshred::store::{Completed, Fate, RetrySelector, StoreError};

use crate::babelfish;
use crate::database::Sql;
use crate::harness::SqlServerHarness;
use crate::store::harness::{base, contacts, failure, ids, outcome, success, Harness, Worker};

crate::trials! {
    an_unknown_refusal_among_others_is_counted_and_quarantined,
    a_batch_refused_for_an_unknown_reason_ends_in_quarantine,
    a_refusal_alone_in_its_batch_counts_as_alone,
    a_refusal_whose_answer_was_lost_is_answered_again,
    a_lock_timeout_keeps_its_number,
    each_number_of_the_page_has_its_kind,
    a_large_batch_is_halved_until_the_bad_ones_are_alone,
    a_trigger_may_raise_any_number_from_50000,
}

/// A trigger that expects one row fails with 512, which no list has.
const UNKNOWN: &str = "DECLARE @x int = (SELECT v.x FROM (VALUES (1), (2)) AS v(x));";

/// A trigger on `app_base` that does this to the applications that meet a condition.
fn trigger(harness: &SqlServerHarness, condition: &str, refusal: &str) {
    harness.database().execute(&format!(
        "CREATE TRIGGER sandbox.tr_app_base ON sandbox.app_base AFTER INSERT AS
         BEGIN
             IF EXISTS (SELECT 1 FROM inserted AS i WHERE {condition})
             BEGIN
                 {refusal}
             END;
         END;"
    ));
}

fn drop_trigger(harness: &SqlServerHarness) {
    harness.database().execute("DROP TRIGGER sandbox.tr_app_base;");
}

/// What became of each: `success`, `failed`, or the reaps of a refusal.
fn fates(completed: &[Completed]) -> Vec<String> {
    let fate = |app: &Completed| match &app.fate {
        Fate::Success { .. } => "success".to_owned(),
        Fate::Failed(category) => category.name().to_owned(),
        Fate::Refused(refusal) => format!("refused {} with {}", refusal.reaps, refusal.number),
        Fate::Quarantined(refusal) => {
            format!("quarantined {} with {}", refusal.reaps, refusal.number)
        }
    };
    completed.iter().map(fate).collect()
}

fn an_unknown_refusal_among_others_is_counted_and_quarantined() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(3);
    trigger(&harness, "i.app_id = 2", UNKNOWN);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(3);
    let completed = worker.succeed(&contract, &batch);
    assert_eq!(fates(&completed), ["success", "refused 1 with 512", "success"]);
    assert_eq!(harness.count("processing_log", "1 = 1"), 2);
    assert_eq!(harness.count("processing_queue", "state = 0 AND reaps = 1 AND lone_reaps = 1"), 1);
    assert_eq!(harness.count("app_base", "1 = 1"), 2);
    harness.assert_invariants();
    for expected in ["refused 2 with 512", "quarantined 3 with 512"] {
        let batch = worker.claim(3);
        assert_eq!(ids(&batch), [2]);
        assert_eq!(fates(&worker.succeed(&contract, &batch)), [expected]);
    }
    assert_eq!(harness.count("processing_claim", "1 = 1"), 0);
    assert_eq!(
        harness.count("processing_event", "event_type = 'refused' AND error_number = 512"),
        3
    );
    let quarantine = harness.ask("SELECT app_id, cause, error_number FROM pipeline.vw_Quarantine");
    let text = |row: &[Option<String>]| row.iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(quarantine.iter().map(|row| text(row)).collect::<Vec<_>>(), ["2 refused 512"]);
    let life = worker.store.explain_app(batch.apps[1].app_id).expect("a life");
    let events: Vec<&str> = life.iter().map(|event| event.event.as_str()).collect();
    let refused = ["claimed", "refused"].repeat(3).join(" ");
    assert_eq!(events.join(" "), format!("enqueued {refused} quarantined now"));
    let now = life.last().and_then(|event| event.detail.as_deref()).expect("a state");
    assert!(
        now.starts_with("quarantined because the database refused it") && now.contains("512"),
        "{now}"
    );
    let findings = worker.store.health_check().expect("findings");
    let finding = findings.iter().find(|one| one.finding == "quarantined applications");
    assert!(finding.expect("it").detail.contains("2 with error 512"), "{findings:?}");

    drop_trigger(&harness);
    assert_eq!(worker.retry(RetrySelector::Quarantined), [2]);
    let batch = worker.claim(3);
    assert_eq!(batch.apps[0].attempt, 4);
    assert_eq!(fates(&worker.succeed(&contract, &batch)), ["success"]);
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}

fn a_batch_refused_for_an_unknown_reason_ends_in_quarantine() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(4);
    trigger(&harness, "1 = 1", UNKNOWN);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(4);
    let completed = worker.succeed(&contract, &batch);
    assert_eq!(fates(&completed), ["refused 1 with 512"; 4]);
    assert_eq!(harness.count("processing_queue", "state = 0 AND reaps = 1 AND lone_reaps = 0"), 4);
    assert_eq!(harness.count("processing_claim", "1 = 1"), 0);
    harness.assert_invariants();
    let findings = worker.store.health_check().expect("findings");
    assert!(findings.iter().any(|one| one.finding == "refused by the database"), "{findings:?}");
    let mut sizes = Vec::new();
    while harness.count("processing_queue", "state = 0") > 0 {
        let batch = worker.claim(4);
        sizes.push(batch.apps.len());
        worker.succeed(&contract, &batch);
        harness.assert_invariants();
        assert!(sizes.len() < 50, "no end: {sizes:?}");
    }
    assert_eq!(sizes[..3], [2, 2, 1], "the claims are halved");
    assert_eq!(harness.count("processing_queue", "state = 2 AND lone_reaps = 3"), 4);
    assert_eq!(harness.count("processing_log", "1 = 1"), 0);
    assert_eq!(harness.count("processing_session", "claimed = refused"), 1);
    drop(worker);
    harness.leave();
}

fn a_refusal_alone_in_its_batch_counts_as_alone() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(2);
    trigger(&harness, "1 = 1", UNKNOWN);
    let mut worker = Worker::start(&harness, &contract);
    // The other one failed before the database saw it.
    let batch = worker.claim(2);
    let outcomes = [failure(&batch.apps[0]), success(&batch.apps[1])];
    let completed = worker.complete(&contract, batch.token, &outcomes);
    assert_eq!(fates(&completed), ["bad_value", "refused 1 with 512"]);
    assert_eq!(harness.count("processing_queue", "app_id = 2 AND lone_reaps = 1"), 1);
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}

fn a_refusal_whose_answer_was_lost_is_answered_again() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(3);
    trigger(&harness, "i.app_id = 2", UNKNOWN);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(3);
    let first = worker.succeed(&contract, &batch);
    let events = harness.count("processing_event", "1 = 1");
    assert_eq!(worker.succeed(&contract, &batch), first);
    let outcome = worker.store.get_claim_outcome(batch.token).expect("an outcome");
    assert_eq!((outcome.held.len(), outcome.completed), (0, first.clone()));
    assert_eq!(harness.count("processing_event", "1 = 1"), events, "it is not counted twice");

    // Also when another worker has it.
    let other = Worker::start(&harness, &contract).claim(1);
    assert_eq!(ids(&other), [2]);
    assert_eq!(worker.succeed(&contract, &batch), first);
    let late =
        worker.store.complete_batch(ClaimToken::random(), &contract, &[success(&other.apps[0])], 3);
    assert!(matches!(late, Err(StoreError::LeaseLost(_))), "{late:?}");
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}

/// The worker waits for a lock timeout and repeats the call, so it must see which one it is.
/// The server decides as docs/errors.md says, for every number that the page lists.
fn each_number_of_the_page_has_its_kind() {
    let harness = SqlServerHarness::fresh();
    let page = include_str!("../../docs/errors.md");
    let (_, section) = page.split_once("## Refusals by the database").expect("the section");
    let number = regex::Regex::new(r"\b\d{3,5}\b").expect("a pattern");
    for kind in ["data", "busy", "server"] {
        let (_, table) = section.split_once(&format!("\n| {kind} |")).expect(kind);
        let cells =
            table.lines().skip(1).map_while(|line| line.strip_prefix('|')?.split('|').next());
        let cells = cells.collect::<String>();
        let numbers: Vec<String> =
            number.find_iter(&cells).map(|found| format!("({})", found.as_str())).collect();
        assert!(numbers.len() > 5, "{kind}: {numbers:?}");
        let others = harness.database().query(&harness.own(&format!(
            "SELECT v.number FROM (VALUES {}) AS v(number)
             WHERE pipeline.ufn_RefusalKind(v.number) <> '{kind}';",
            numbers.join(", ")
        )));
        assert!(others.is_empty(), "not {kind}: {others:?}");
    }
    harness.leave();
}

fn a_lock_timeout_keeps_its_number() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(1);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(1);
    harness.database().execute(&harness.own(
        "BEGIN TRANSACTION; UPDATE pipeline.processing_queue SET reaps = 0 WHERE app_id = 1;",
    ));
    let mut other = Sql::connect(&harness.database().name);
    let tables = include_str!("../../sql/session_tables.sql");
    tables.split("\nGO\n").for_each(|batch| other.execute(batch));
    let completing = other.try_query(&harness.own(&format!(
        "INSERT INTO #outcome (app_id, attempt, is_success, failure_category)
         VALUES (1, 1, 0, N'bad_value');
         EXEC pipeline.usp_CompleteBatch @claim_token = '{}', @contract_hash = 0x{};",
        batch.token.0, contract.hash
    )));
    let Err(tiberius::error::Error::Server(error)) = completing else { panic!("{completing:?}") };
    let number = (babelfish::DIALECT.error_number)(error.code().into(), error.message());
    assert_eq!(number, 1222, "{error}");
    harness.database().execute("ROLLBACK TRANSACTION;");
    assert_eq!(harness.count("processing_event", "event_type = 'refused'"), 0);
    worker.succeed(&contract, &batch);
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}

fn a_large_batch_is_halved_until_the_bad_ones_are_alone() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(20);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(20);
    let bad = [1, 7, 8, 20];
    let outcomes: Vec<_> = batch
        .apps
        .iter()
        .map(|app| match app.app_id.0 {
            id if bad.contains(&id) => {
                outcome(app, Ok(vec![base(id, "name"), contacts(id, &[7, 7])]))
            }
            _ => success(app),
        })
        .collect();
    let completed = worker.complete(&contract, batch.token, &outcomes);
    let failed: Vec<i64> =
        completed.iter().filter(|app| !app.is_success()).map(|app| app.app_id.0).collect();
    assert_eq!(failed, bad);
    assert!(completed.iter().all(|app| app.refusal().is_none()), "{completed:?}");
    assert_eq!(harness.count("processing_claim", "1 = 1"), 0);
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}

/// 50001 to 50099 are also this schema's own, but nothing that loads rows raises them.
fn a_trigger_may_raise_any_number_from_50000() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(2);
    trigger(&harness, "i.app_id = 2", "THROW 50010, N'not this one', 1;");
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(2);
    let completed = worker.succeed(&contract, &batch);
    assert_eq!(fates(&completed), ["success", FailureCategory::ConstraintViolation.name()]);
    assert_eq!(harness.count("processing_log", "error_number = 50010"), 1);
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}
