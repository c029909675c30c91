//! Random histories of several workers: the store and the model of the protocol, which `tests/model`
//! checks, return the same answers and are in the same state after every step, and the invariants
//! hold.

use std::collections::{BTreeMap, BTreeSet};

use xmlshred::contract::{Contract, OnExisting};
use xmlshred::id::AppId;
use xmlshred::id::ClaimToken;
use xmlshred::outcome::AppOutcome;
use xmlshred::store::{
    ClaimRequest, Claimed, ClaimedApp, EnqueueMode, Fate, Partition, ReapRequest, Reaped, Renewal,
    RequeueRequest, RequeueSelector, RetrySelector, Share, StaleRowsRequest, StoreError,
};

use xmlshred_model::protocol::{App, Concluded, Database, Place, Report, Rules, Token};

use super::harness::{
    added, app_ids, contract_with, document, failure, ids, named, nameless, poisoned, success,
    Cause, Harness, Worker, FLOOD, LEASE,
};

/// Histories by name; each has its own seed and is the same on every run.
macro_rules! histories {
    ($($name:ident = $seed:literal),+ $(,)?) => {
        super::behaviours! { $($name),+ }
        $(fn $name(h: &dyn Harness) {
            Simulation::new(h, $seed).run(STEPS);
        })+
    };
}

histories! {
    the_store_follows_the_model_through_a_first_history = 1,
    the_store_follows_the_model_through_a_second_history = 2,
    the_store_follows_the_model_through_a_third_history = 3,
    the_store_follows_the_model_through_a_fourth_history = 4,
    the_store_follows_the_model_through_a_fifth_history = 5,
    the_store_follows_the_model_through_a_sixth_history = 6,
}

const STEPS: usize = 200;
const WORKERS: usize = 3;
const MAX_REAPS: u32 = 2;
const RULES: Rules = Rules { batch_size: 1, max_reaps: MAX_REAPS, fault: None };

/// SplitMix64: a small generator whose numbers are the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// A batch that a worker claimed, held or not. The model names its claim by its number in
/// [`Simulation::known`].
struct Known {
    token: ClaimToken,
    worker: usize,
    apps: Vec<(App, u32)>,
}

struct Simulation<'h> {
    h: &'h dyn Harness,
    contract: Contract,
    random: Random,
    model: Database,
    workers: Vec<Worker>,
    known: Vec<Known>,
    /// Which sessions have completed something.
    has_success: [bool; WORKERS],
    documents: App,
    /// The steps so far, to diagnose a failure.
    history: Vec<String>,
}

impl<'h> Simulation<'h> {
    fn new(h: &'h dyn Harness, seed: u64) -> Self {
        let contract = h.prepare_with(contract_with(1, OnExisting::Replace), 10);
        h.poison(Cause::Unknown);
        h.refuse_rows(FLOOD, Cause::Server);
        let mut model = Database::default();
        model.enqueue(1..=10, &RULES);
        let workers = (0..WORKERS).map(|_| Worker::start(h, &contract)).collect();
        Self {
            h,
            contract,
            random: Random(seed),
            model,
            workers,
            known: Vec::new(),
            has_success: [false; WORKERS],
            documents: 10,
            history: Vec::new(),
        }
    }

    fn run(mut self, steps: usize) {
        for _ in 0..steps {
            self.step();
            self.compare();
        }
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..=25 => self.claim(),
            26..=45 => self.complete(),
            46..=57 => self.expire(),
            58..=67 => self.reap(),
            68..=72 => self.renew(),
            73..=76 => self.release(),
            77..=81 => self.repeat(),
            82..=85 => self.retry(),
            86..=91 => self.requeue(),
            92..=95 => self.enqueue(),
            96 => self.delete_stale_rows(),
            _ => self.ask(),
        }
    }

    fn note(&mut self, what: String) {
        self.history.push(what);
    }

    /// A batch that was claimed earlier, usually a recent one.
    fn any_known(&mut self) -> Option<usize> {
        let count = self.known.len();
        let recent = if self.random.one_in(4) { count } else { count.min(4) };
        (count > 0).then(|| count - 1 - self.random.below(recent))
    }

    fn claim(&mut self) {
        let worker = self.random.below(WORKERS);
        let random = &mut self.random;
        let batch_size = if random.one_in(2) { 1 } else { 2 + random.below(5) as u32 };
        let request = ClaimRequest {
            after_app_id: random.one_in(2).then(|| AppId(random.below(12) as i64)),
            max_bytes: if random.one_in(4) { 250 } else { u64::MAX },
            share: Share {
                partition: random
                    .one_in(5)
                    .then(|| Partition { instance_id: random.below(2) as u32, instance_count: 2 }),
                ..Share::default()
            },
            ..self.workers[worker].request(batch_size)
        };
        let token = self.known.len() as Token;
        let expected = self.claim_in_model(token, &request);
        self.note(format!("{worker} claims {expected:?} by {request:?}"));
        match self.workers[worker].store.claim_batch(&request).expect("claim") {
            Claimed::Batch(batch) => {
                assert_eq!(numbers(&ids(&batch)), expected, "{:#?}", self.history);
                let apps =
                    batch.apps.iter().map(|app| (app.app_id.0 as App, app.attempt)).collect();
                self.known.push(Known { token: request.token, worker, apps });
            }
            Claimed::Empty { .. } | Claimed::Paused(_) => {
                assert!(expected.is_empty(), "{:#?}", self.history)
            }
        }
    }

    /// What the model claims, in ascending order.
    fn claim_in_model(&mut self, token: Token, request: &ClaimRequest) -> Vec<App> {
        let is_in_share = |app: &App| match request.share.partition {
            Some(p) => *app as u64 % u64::from(p.instance_count) == u64::from(p.instance_id),
            None => true,
        };
        let after = request.after_app_id.map_or(0, |id| id.0 as App);
        let (above, below): (Vec<App>, Vec<App>) =
            (1..=self.documents).filter(is_in_share).partition(|app| *app > after);
        let rules = Rules { batch_size: request.batch_size, ..RULES };
        let mut picked = self.model.pick(&[above, below].concat(), &rules);
        let mut bytes = 0;
        let fits = picked.iter().take_while(|app| {
            bytes += document(**app as i64).len() as u64;
            bytes <= request.max_bytes
        });
        picked.truncate(fits.count().max(1));
        self.model.claim(token, &picked, &rules);
        picked.sort_unstable();
        picked
    }

    /// Claims a batch again by its token, if it is still held.
    fn repeat(&mut self) {
        let Some(index) = self.any_known() else { return };
        let Known { token, worker, .. } = self.known[index];
        let held = self.model.held(index as Token);
        if held.is_empty() {
            return;
        }
        self.note(format!("{worker} claims {held:?} again by {index}"));
        let request = ClaimRequest { token, ..self.workers[worker].request(1) };
        let batch = self.workers[worker].claim_by(&request);
        assert_eq!(numbers(&ids(&batch)), held, "{:#?}", self.history);
        self.model.renew(index as Token);
    }

    fn complete(&mut self) {
        let Some(index) = self.any_known() else { return };
        let Known { token, worker, apps: ref known } = self.known[index];
        let part = self.random.one_in(3);
        let all_alike = self.random.one_in(6).then(|| match self.random.below(3) {
            0 => Report::RefusedData,
            1 => Report::RefusedUnknown,
            _ => Report::RefusedServer,
        });
        let mut apps = Vec::new();
        for (app, attempt) in known {
            if !part || self.random.one_in(2) {
                apps.push((*app, *attempt, all_alike.unwrap_or_else(|| report(&mut self.random))));
            }
        }
        let outcomes: Vec<AppOutcome> = apps.iter().map(outcome_of).collect();
        let has_success = self.has_success[worker];
        let expected = self.model.complete(index as Token, &apps, has_success, &RULES);
        let succeeds = |answer: &BTreeMap<App, Concluded>| {
            answer.values().any(|concluded| *concluded == Concluded::Success)
        };
        self.has_success[worker] |= expected.as_ref().is_some_and(succeeds);
        self.note(format!("{worker} completes {apps:?} of {index}: {expected:?}"));
        let store = &mut self.workers[worker].store;
        let answer = match store.complete_batch(token, &self.contract, &outcomes, MAX_REAPS) {
            Ok(done) => {
                let order: Vec<App> = done.iter().map(|one| one.app_id.0 as App).collect();
                assert_eq!(order, apps.iter().map(|app| app.0).collect::<Vec<_>>());
                Some(order.into_iter().zip(done.iter().map(|one| concluded(&one.fate))).collect())
            }
            Err(StoreError::LeaseLost(lost)) if lost == token => None,
            Err(other) => panic!("{other}: {:#?}", self.history),
        };
        assert_eq!(answer, expected, "{:#?}", self.history);
    }

    fn expire(&mut self) {
        let held: Vec<_> = self.model.claims.keys().copied().collect();
        if held.is_empty() {
            return;
        }
        let only = (!self.random.one_in(3)).then(|| held[self.random.below(held.len())]);
        for token in held.into_iter().filter(|token| only.is_none_or(|only| only == *token)) {
            self.note(format!("the lease of {token} expires"));
            self.h.expire_lease(self.known[token as usize].token);
            self.model.claims.insert(token, true);
        }
    }

    fn reap(&mut self) {
        let mut expected = Reaped::default();
        let expired = self.model.claims.iter().filter(|(_, expired)| **expired);
        for token in expired.map(|(token, _)| *token).collect::<Vec<_>>() {
            let (ready, quarantined) = self.model.reap(token, &RULES).expect("it has expired");
            expected.claims += 1;
            expected.apps += ready as u64;
            expected.quarantined += quarantined as u64;
        }
        self.note(format!("reaping: {expected:?}"));
        let request = ReapRequest { max_claims: 1000, max_reaps: MAX_REAPS };
        let reaped = self.workers[0].store.reap_expired(request).expect("reap");
        assert_eq!(reaped, expected, "{:#?}", self.history);
    }

    fn renew(&mut self) {
        let Some(index) = self.any_known() else { return };
        let Known { token, worker, .. } = self.known[index];
        let expected = match self.model.renew(index as Token) {
            true => Renewal::Renewed,
            false => Renewal::Lost,
        };
        self.note(format!("{worker} renews {index}: {expected:?}"));
        let renewal = self.workers[worker].store.renew_lease(token, LEASE).expect("renew");
        assert_eq!(renewal, expected, "{:#?}", self.history);
    }

    fn release(&mut self) {
        let Some(index) = self.any_known() else { return };
        let Known { token, worker, .. } = self.known[index];
        let expected = self.model.release(index as Token) as u64;
        self.note(format!("{worker} releases {expected} of {index}"));
        let released = self.workers[worker].store.release_claim(token, "test").expect("release");
        assert_eq!(released, expected, "{:#?}", self.history);
    }

    fn retry(&mut self) {
        let expected = self.model.retry();
        self.note(format!("retrying {expected:?}"));
        let moved = numbers(&self.workers[0].retry(RetrySelector::All));
        assert_eq!(moved, expected, "{:#?}", self.history);
    }

    fn delete_stale_rows(&mut self) {
        let expected = self.model.delete_stale_rows();
        self.note(format!("deleting the rows of {expected:?}"));
        let request = StaleRowsRequest {
            app_ids: None,
            canary: None,
            execute: true,
            requested_by: "the history".into(),
        };
        let store = &mut self.workers[0].store;
        let deleted = store.delete_stale_rows(&self.contract, &request).expect("delete");
        let deleted: Vec<App> = deleted.iter().map(|app| app.app_id.0 as App).collect();
        assert_eq!(deleted, expected, "{:#?}", self.history);
    }

    fn requeue(&mut self) {
        let wanted: Vec<App> = (0..3).map(|_| 1 + self.random.below(12)).collect();
        let expected = self.model.requeue(&wanted);
        self.note(format!("requeueing {expected:?} of {wanted:?}"));
        let request = RequeueRequest {
            selector: RequeueSelector::AppIds(app_ids(&signed(&wanted))),
            canary: None,
            execute: true,
            requested_by: "the history".into(),
        };
        let moved = self.workers[0].store.requeue_apps(&self.contract, &request).expect("requeue");
        let moved: Vec<App> = moved.iter().map(|app| app.app_id.0 as App).collect();
        assert_eq!(moved, expected, "{:#?}", self.history);
    }

    /// A new document arrives, and everything new is enqueued.
    fn enqueue(&mut self) {
        self.documents += 1;
        let id = self.documents as i64;
        self.note(format!("document {id} comes"));
        self.h.put_document(id, Some(document(id).as_bytes()));
        let mode = if self.random.one_in(2) { EnqueueMode::New } else { EnqueueMode::Full };
        assert_eq!(self.workers[0].store.enqueue_apps(mode).expect("enqueue"), added(1));
        self.model.enqueue([self.documents], &RULES);
    }

    /// Reads the outcome of a batch.
    fn ask(&mut self) {
        let Some(index) = self.any_known() else { return };
        let Known { token, worker, .. } = self.known[index];
        self.note(format!("{worker} asks for {index}"));
        let told = self.workers[worker].store.get_claim_outcome(token).expect("outcome");
        let held = signed(&self.model.held(index as Token));
        assert_eq!(told.held, app_ids(&held), "{:#?}", self.history);
        let model = &self.model;
        let is_of = |token: &Token| *token == index as Token;
        let logged =
            model.log.iter().filter(|(_, logged)| logged.token.as_ref().is_some_and(is_of));
        let refused = model.refused.keys().filter(|(token, ..)| is_of(token));
        let attempts: BTreeSet<(App, u32)> =
            logged.map(|(key, _)| *key).chain(refused.map(|(_, app, n)| (*app, *n))).collect();
        let expected: Vec<_> = attempts
            .into_iter()
            .filter_map(|(app, n)| Some((app, n, model.concluded_by(index as Token, app, n)?)))
            .collect();
        let completed: Vec<_> = told
            .completed
            .iter()
            .map(|one| (one.app_id.0 as App, one.attempt, concluded(&one.fate)))
            .collect();
        assert_eq!(completed, expected, "{:#?}", self.history);
    }

    /// The store's name of a claim of the model.
    fn name(&self, token: Token) -> String {
        self.known[token as usize].token.0.to_string()
    }

    /// Store and model are in the same state, and the invariants hold.
    fn compare(&self) {
        let queue: Vec<Vec<Option<String>>> = self
            .model
            .queue
            .iter()
            .map(|(id, app)| {
                let (state, token) = match app.place {
                    Place::Ready => (0, None),
                    Place::Claimed(token) => (1, Some(self.name(token))),
                    Place::Quarantined => (2, None),
                };
                let numbers =
                    [app.attempts, app.reaps, app.lone_reaps].map(|n| Some(n.to_string()));
                [vec![Some(id.to_string()), Some(state.to_string()), token], numbers.to_vec()]
                    .concat()
            })
            .collect();
        let found = self.h.query(
            "SELECT app_id, state, claim_token, attempts, reaps, lone_reaps
             FROM {processing_queue} ORDER BY app_id",
        );
        assert_eq!(found, queue, "{:#?}", self.history);

        let log: Vec<Vec<Option<String>>> = self
            .model
            .log
            .iter()
            .map(|((id, attempt), logged)| {
                let status = if logged.success { "success" } else { "failed" };
                let has_rows = if logged.has_rows { "has rows" } else { "has none" };
                let token = self.name(logged.token.expect("no log is adopted"));
                [id.to_string(), attempt.to_string(), status.to_owned(), has_rows.to_owned(), token]
                    .map(Some)
                    .to_vec()
            })
            .collect();
        let found = self.h.query(
            "SELECT app_id, attempt, status,
                    CASE WHEN has_rows = 1 THEN 'has rows' ELSE 'has none' END, claim_token
             FROM {processing_log}
             ORDER BY app_id, attempt",
        );
        assert_eq!(found, log, "{:#?}", self.history);

        let claims =
            self.h.query("SELECT claim_token FROM {processing_claim} ORDER BY claim_token");
        let claims: BTreeSet<String> = claims.into_iter().flatten().flatten().collect();
        let expected: BTreeSet<String> =
            self.model.claims.keys().map(|token| self.name(*token)).collect();
        assert_eq!(claims, expected, "{:#?}", self.history);

        assert_eq!(self.h.violations(), Vec::<String>::new(), "{:#?}", self.history);
    }
}

fn report(random: &mut Random) -> Report {
    match random.below(10) {
        0 => Report::Failure,
        1 => Report::RefusedData,
        2 | 3 => Report::RefusedUnknown,
        4 | 5 => Report::RefusedServer,
        _ => Report::Success,
    }
}

fn outcome_of(&(app, attempt, report): &(App, u32, Report)) -> AppOutcome {
    let app = ClaimedApp { app_id: AppId(app as i64), attempt, document: None };
    match report {
        Report::Success => success(&app),
        Report::Failure => failure(&app),
        Report::RefusedData => nameless(&app),
        Report::RefusedUnknown => poisoned(&app),
        Report::RefusedServer => named(&app, FLOOD),
    }
}

fn concluded(fate: &Fate) -> Concluded {
    match fate {
        Fate::Success { .. } => Concluded::Success,
        Fate::Failed(_) => Concluded::Failed,
        Fate::Refused(refusal) if !refusal.counted => Concluded::NotCounted,
        Fate::Refused(_) => Concluded::Refused,
        Fate::Quarantined(_) => Concluded::Quarantined,
    }
}

/// Ids as the model has them.
fn numbers(ids: &[i64]) -> Vec<App> {
    ids.iter().map(|id| *id as App).collect()
}

/// Ids as the store has them.
fn signed(apps: &[App]) -> Vec<i64> {
    apps.iter().map(|app| *app as i64).collect()
}
