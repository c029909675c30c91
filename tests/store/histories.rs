//! Random histories of several workers: the store and a simple model of the protocol return the
//! same answers and are in the same state after every step, and the invariants hold.

use std::collections::{BTreeMap, BTreeSet};

use xmlshred::contract::{Contract, OnExisting};
use xmlshred::id::AppId;
use xmlshred::id::ClaimToken;
use xmlshred::outcome::AppOutcome;
use xmlshred::store::{
    ClaimRequest, Claimed, ClaimedApp, EnqueueMode, Fate, Partition, ReapRequest, Reaped, Renewal,
    RequeueRequest, RequeueSelector, RetrySelector, Share, StaleRowsRequest, StoreError,
};

use super::harness::{
    added, app_ids, contract_with, document, failure, ids, nameless, poisoned, success, Cause,
    Harness, Worker, LEASE,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Ready,
    Claimed(ClaimToken),
    Quarantined,
}

#[derive(Debug, Clone, Copy)]
struct Queued {
    place: Place,
    attempts: u32,
    reaps: u32,
    lone_reaps: u32,
}

#[derive(Debug, Clone, Copy)]
struct Logged {
    success: bool,
    /// The rows in the target tables are of this attempt.
    has_rows: bool,
    token: ClaimToken,
}

/// The protocol in its simplest form.
#[derive(Default)]
struct Model {
    queue: BTreeMap<i64, Queued>,
    log: BTreeMap<(i64, u32), Logged>,
    /// What the database refused for an unknown reason, by token, application and attempt; and
    /// whether that quarantined it.
    refused: BTreeMap<(uuid::Uuid, i64, u32), bool>,
    /// Held claims, and whether their lease has expired.
    claims: BTreeMap<uuid::Uuid, bool>,
}

/// The outcome that a worker reports for one application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Success,
    /// Shredding failed.
    Failure,
    /// The database will refuse its rows for their data.
    Mistake,
    /// The database will refuse its rows for an unknown reason.
    Poison,
}

/// What becomes of one application of a completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Success,
    Failed,
    Refused,
    Quarantined,
}

/// What the model expects of a completion.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Done(Vec<Answer>),
    LeaseLost,
}

impl Model {
    fn enqueue(&mut self, app_id: i64, attempts: u32) {
        let queued = Queued { place: Place::Ready, attempts, reaps: 0, lone_reaps: 0 };
        self.queue.insert(app_id, queued);
    }

    fn held(&self, token: ClaimToken) -> Vec<i64> {
        let held = self.queue.iter().filter(|(_, app)| app.place == Place::Claimed(token));
        held.map(|(id, _)| *id).collect()
    }

    /// Removes a claim that no longer holds anything.
    fn tidy(&mut self, token: ClaimToken) {
        if self.held(token).is_empty() {
            self.claims.remove(&token.0);
        }
    }

    /// Ids of a claim, in ascending order.
    fn claim(&mut self, request: &ClaimRequest) -> Vec<i64> {
        let in_share = |id: i64| match request.share.partition {
            Some(p) => id.rem_euclid(p.instance_count.into()) == i64::from(p.instance_id),
            None => true,
        };
        let ready: Vec<i64> = self
            .queue
            .iter()
            .filter(|(id, app)| app.place == Place::Ready && in_share(**id))
            .map(|(id, _)| *id)
            .collect();
        let after = request.after_app_id.map_or(i64::MIN, |id| id.0);
        let above = ready.iter().filter(|id| **id > after);
        let in_turn: Vec<i64> =
            above.chain(ready.iter().filter(|id| **id <= after)).copied().collect();
        let Some(first) = in_turn.first() else { return Vec::new() };
        let reaps = self.queue[first].reaps;
        let limit = (request.batch_size >> reaps).max(1) as usize;
        let mut picked = Vec::new();
        let mut bytes = 0;
        for id in in_turn.into_iter().filter(|id| self.queue[id].reaps == reaps).take(limit) {
            bytes += document(id).len() as u64;
            if bytes > request.max_bytes && !picked.is_empty() {
                break;
            }
            picked.push(id);
        }
        for id in &picked {
            let app = self.queue.get_mut(id).expect("it is ready");
            app.place = Place::Claimed(request.token);
            app.attempts += 1;
        }
        self.claims.insert(request.token.0, false);
        picked.sort_unstable();
        picked
    }

    fn complete(&mut self, token: ClaimToken, apps: &[(i64, u32, Kind)]) -> Expected {
        let held = |app: &(i64, u32, Kind)| {
            self.queue.get(&app.0).is_some_and(|queued| {
                queued.place == Place::Claimed(token) && queued.attempts == app.1
            })
        };
        if apps.iter().any(|app| !held(app) && self.earlier(token, app.0, app.1).is_none()) {
            return Expected::LeaseLost;
        }
        let open: Vec<_> = apps.iter().filter(|app| held(app)).copied().collect();
        for (id, attempt, kind) in open.iter().filter(|app| app.2 != Kind::Poison) {
            self.queue.remove(id);
            self.log(*id, *attempt, *kind == Kind::Success, token);
        }
        let poison: Vec<_> = open.iter().filter(|app| app.2 == Kind::Poison).collect();
        let answer = |model: &Self, app: &(i64, u32, Kind)| model.earlier(token, app.0, app.1);
        let passed = apps.iter().any(|app| answer(self, app) == Some(Answer::Success));
        let alone = passed || poison.len() == 1;
        for (id, attempt, _) in &poison {
            self.refuse(token, *id, *attempt, alone);
        }
        self.claims.entry(token.0).and_modify(|expired| *expired = false);
        self.tidy(token);
        Expected::Done(apps.iter().filter_map(|app| answer(self, app)).collect())
    }

    /// What became of an application under a token.
    fn earlier(&self, token: ClaimToken, id: i64, attempt: u32) -> Option<Answer> {
        let logged = self.log.get(&(id, attempt)).filter(|logged| logged.token == token);
        let logged = logged.map(|logged| match logged.success {
            true => Answer::Success,
            false => Answer::Failed,
        });
        let refused =
            self.refused.get(&(token.0, id, attempt)).map(|quarantined| match quarantined {
                true => Answer::Quarantined,
                false => Answer::Refused,
            });
        logged.or(refused)
    }

    /// A success takes over the rows of an earlier one; a failure leaves them.
    fn log(&mut self, id: i64, attempt: u32, success: bool, token: ClaimToken) {
        if success {
            let earlier = self.log.range_mut((id, 0)..(id, attempt));
            earlier.for_each(|(_, logged)| logged.has_rows = false);
        }
        self.log.insert((id, attempt), Logged { success, has_rows: success, token });
    }

    fn refuse(&mut self, token: ClaimToken, id: i64, attempt: u32, alone: bool) {
        let app = self.queue.get_mut(&id).expect("it is held");
        app.reaps += 1;
        app.lone_reaps += u32::from(alone);
        let quarantined = alone && app.lone_reaps >= MAX_REAPS;
        app.place = if quarantined { Place::Quarantined } else { Place::Ready };
        self.refused.insert((token.0, id, attempt), quarantined);
    }

    fn release(&mut self, token: ClaimToken) -> u64 {
        let held = self.held(token);
        for id in &held {
            let app = self.queue.get_mut(id).expect("it is held");
            app.place = Place::Ready;
            app.attempts -= 1;
        }
        self.claims.remove(&token.0);
        held.len() as u64
    }

    fn reap(&mut self) -> Reaped {
        let mut reaped = Reaped::default();
        let expired: Vec<_> =
            self.claims.iter().filter(|(_, expired)| **expired).map(|(token, _)| *token).collect();
        for token in expired {
            let held = self.held(ClaimToken(token));
            reaped.claims += 1;
            for id in &held {
                let app = self.queue.get_mut(id).expect("it is held");
                app.reaps += 1;
                app.lone_reaps += u32::from(held.len() == 1);
                if held.len() == 1 && app.lone_reaps >= MAX_REAPS {
                    app.place = Place::Quarantined;
                    reaped.quarantined += 1;
                } else {
                    app.place = Place::Ready;
                    reaped.apps += 1;
                }
            }
            self.claims.remove(&token);
        }
        reaped
    }

    /// The last attempt of every application that is not queued, and whether it succeeded.
    fn concluded(&self) -> BTreeMap<i64, (u32, bool)> {
        let last: BTreeMap<i64, (u32, bool)> =
            self.log.iter().map(|((id, attempt), l)| (*id, (*attempt, l.success))).collect();
        last.into_iter().filter(|(id, _)| !self.queue.contains_key(id)).collect()
    }

    /// Deletes the rows of failed applications; returns their ids.
    fn delete_stale_rows(&mut self) -> Vec<i64> {
        let concluded = self.concluded();
        let failed = concluded.into_iter().filter(|(_, (_, success))| !success).map(|(id, _)| id);
        let mut deleted = Vec::new();
        for id in failed {
            let mut attempts = self.log.range_mut((id, 0)..(id, u32::MAX));
            if let Some((_, logged)) = attempts.find(|(_, logged)| logged.has_rows) {
                logged.has_rows = false;
                deleted.push(id);
            }
        }
        deleted
    }

    fn retry(&mut self) -> Vec<i64> {
        let failed = self.concluded().into_iter().filter(|(_, (_, success))| !success);
        let mut moved: BTreeSet<i64> = BTreeSet::new();
        for (id, (attempt, _)) in failed {
            self.enqueue(id, attempt);
            moved.insert(id);
        }
        for (id, app) in &mut self.queue {
            if app.place == Place::Quarantined {
                *app = Queued { place: Place::Ready, reaps: 0, lone_reaps: 0, ..*app };
                moved.insert(*id);
            }
        }
        moved.into_iter().collect()
    }

    fn requeue(&mut self, wanted: &[i64]) -> Vec<i64> {
        let concluded = self.concluded();
        let moved = concluded.into_iter().filter(|(id, _)| wanted.contains(id));
        moved
            .map(|(id, (attempt, _))| {
                self.enqueue(id, attempt);
                id
            })
            .collect()
    }
}

/// A batch that a worker claimed, held or not.
struct Known {
    token: ClaimToken,
    worker: usize,
    apps: Vec<(i64, u32)>,
}

struct Simulation<'h> {
    h: &'h dyn Harness,
    contract: Contract,
    random: Random,
    model: Model,
    workers: Vec<Worker>,
    known: Vec<Known>,
    documents: i64,
    /// The steps so far, to diagnose a failure.
    history: Vec<String>,
}

impl<'h> Simulation<'h> {
    fn new(h: &'h dyn Harness, seed: u64) -> Self {
        let contract = h.prepare_with(contract_with(1, OnExisting::Replace), 10);
        h.poison(Cause::Unknown);
        let mut model = Model::default();
        (1..=10).for_each(|id| model.enqueue(id, 0));
        let workers = (0..WORKERS).map(|_| Worker::start(h, &contract)).collect();
        Self {
            h,
            contract,
            random: Random(seed),
            model,
            workers,
            known: Vec::new(),
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
        let expected = self.model.claim(&request);
        self.note(format!("{worker} claims {expected:?} by {request:?}"));
        match self.workers[worker].store.claim_batch(&request).expect("claim") {
            Claimed::Batch(batch) => {
                assert_eq!(ids(&batch), expected, "{:#?}", self.history);
                let apps = batch.apps.iter().map(|app| (app.app_id.0, app.attempt)).collect();
                self.known.push(Known { token: request.token, worker, apps });
            }
            Claimed::Empty { .. } | Claimed::Paused(_) => {
                assert!(expected.is_empty(), "{:#?}", self.history)
            }
        }
    }

    /// Claims a batch again by its token, if it is still held.
    fn repeat(&mut self) {
        let Some(index) = self.any_known() else { return };
        let Known { token, worker, .. } = self.known[index];
        let held = self.model.held(token);
        if held.is_empty() {
            return;
        }
        self.note(format!("{worker} claims {held:?} again by {token:?}"));
        let request = ClaimRequest { token, ..self.workers[worker].request(1) };
        let batch = self.workers[worker].claim_by(&request);
        assert_eq!(ids(&batch), held, "{:#?}", self.history);
        self.model.claims.insert(token.0, false);
    }

    fn complete(&mut self) {
        let Some(index) = self.any_known() else { return };
        let Known { token, worker, ref apps } = self.known[index];
        let part = self.random.one_in(3);
        let all_refused = self.random.one_in(8).then(|| match self.random.one_in(2) {
            true => Kind::Mistake,
            false => Kind::Poison,
        });
        let mut said = Vec::new();
        for (id, attempt) in apps {
            if !part || self.random.one_in(2) {
                let kind = all_refused.unwrap_or_else(|| kind(&mut self.random));
                said.push((*id, *attempt, kind));
            }
        }
        let apps = said;
        let outcomes: Vec<AppOutcome> = apps.iter().map(outcome_of).collect();
        let expected = self.model.complete(token, &apps);
        self.note(format!("{worker} completes {apps:?} of {token:?}: {expected:?}"));
        let store = &mut self.workers[worker].store;
        let answer = store.complete_batch(token, &self.contract, &outcomes, MAX_REAPS);
        let answer = match answer {
            Ok(done) => {
                let done_ids: Vec<i64> = done.iter().map(|one| one.app_id.0).collect();
                assert_eq!(done_ids, apps.iter().map(|app| app.0).collect::<Vec<_>>());
                Expected::Done(done.iter().map(|one| answer_of(&one.fate)).collect())
            }
            Err(StoreError::LeaseLost(lost)) if lost == token => Expected::LeaseLost,
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
            self.note(format!("the lease of {token} passes"));
            self.h.expire_lease(ClaimToken(token));
            self.model.claims.insert(token, true);
        }
    }

    fn reap(&mut self) {
        let expected = self.model.reap();
        self.note(format!("reaping: {expected:?}"));
        let request = ReapRequest { max_claims: 1000, max_reaps: MAX_REAPS };
        let reaped = self.workers[0].store.reap_expired(request).expect("reap");
        assert_eq!(reaped, expected, "{:#?}", self.history);
    }

    fn renew(&mut self) {
        let Some(index) = self.any_known() else { return };
        let Known { token, worker, .. } = self.known[index];
        let expected = match self.model.claims.get_mut(&token.0) {
            Some(expired) => {
                *expired = false;
                Renewal::Renewed
            }
            None => Renewal::Lost,
        };
        self.note(format!("{worker} renews {token:?}: {expected:?}"));
        let renewal = self.workers[worker].store.renew_lease(token, LEASE).expect("renew");
        assert_eq!(renewal, expected, "{:#?}", self.history);
    }

    fn release(&mut self) {
        let Some(index) = self.any_known() else { return };
        let Known { token, worker, .. } = self.known[index];
        let expected = self.model.release(token);
        self.note(format!("{worker} releases {expected} of {token:?}"));
        let released = self.workers[worker].store.release_claim(token, "test").expect("release");
        assert_eq!(released, expected, "{:#?}", self.history);
    }

    fn retry(&mut self) {
        let expected = self.model.retry();
        self.note(format!("retrying {expected:?}"));
        assert_eq!(self.workers[0].retry(RetrySelector::All), expected, "{:#?}", self.history);
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
        let deleted: Vec<i64> = deleted.iter().map(|app| app.app_id.0).collect();
        assert_eq!(deleted, expected, "{:#?}", self.history);
    }

    fn requeue(&mut self) {
        let wanted: Vec<i64> = (0..3).map(|_| 1 + self.random.below(12) as i64).collect();
        let expected = self.model.requeue(&wanted);
        self.note(format!("requeueing {expected:?} of {wanted:?}"));
        let request = RequeueRequest {
            selector: RequeueSelector::AppIds(app_ids(&wanted)),
            canary: None,
            execute: true,
            requested_by: "the history".into(),
        };
        let moved = self.workers[0].store.requeue_apps(&self.contract, &request).expect("requeue");
        let moved: Vec<i64> = moved.iter().map(|app| app.app_id.0).collect();
        assert_eq!(moved, expected, "{:#?}", self.history);
    }

    /// A new document arrives, and everything new is enqueued.
    fn enqueue(&mut self) {
        self.documents += 1;
        let id = self.documents;
        self.note(format!("document {id} comes"));
        self.h.put_document(id, Some(document(id).as_bytes()));
        let mode = if self.random.one_in(2) { EnqueueMode::New } else { EnqueueMode::Full };
        assert_eq!(self.workers[0].store.enqueue_apps(mode).expect("enqueue"), added(1));
        self.model.enqueue(id, 0);
    }

    /// Reads the outcome of a batch.
    fn ask(&mut self) {
        let Some(index) = self.any_known() else { return };
        let Known { token, worker, .. } = self.known[index];
        self.note(format!("{worker} asks for {token:?}"));
        let told = self.workers[worker].store.get_claim_outcome(token).expect("outcome");
        assert_eq!(told.held, app_ids(&self.model.held(token)), "{:#?}", self.history);
        let model = &self.model;
        let logged = model.log.iter().filter(|(_, logged)| logged.token == token);
        let refused = model.refused.keys().filter(|(refused, ..)| *refused == token.0);
        let known: BTreeSet<_> =
            logged.map(|(key, _)| *key).chain(refused.map(|(_, id, n)| (*id, *n))).collect();
        let expected: Vec<_> = known
            .into_iter()
            .filter_map(|(id, attempt)| Some((id, attempt, model.earlier(token, id, attempt)?)))
            .collect();
        let completed: Vec<_> = told
            .completed
            .iter()
            .map(|one| (one.app_id.0, one.attempt, answer_of(&one.fate)))
            .collect();
        assert_eq!(completed, expected, "{:#?}", self.history);
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
                    Place::Claimed(token) => (1, Some(token.0.to_string())),
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
                let token = logged.token.0.to_string();
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
        let expected: BTreeSet<String> = self.model.claims.keys().map(|t| t.to_string()).collect();
        assert_eq!(claims, expected, "{:#?}", self.history);

        assert_eq!(self.h.violations(), Vec::<String>::new(), "{:#?}", self.history);
    }
}

fn kind(random: &mut Random) -> Kind {
    match random.below(8) {
        0 => Kind::Failure,
        1 => Kind::Mistake,
        2 | 3 => Kind::Poison,
        _ => Kind::Success,
    }
}

fn outcome_of(&(id, attempt, kind): &(i64, u32, Kind)) -> AppOutcome {
    let app = ClaimedApp { app_id: AppId(id), attempt, document: None };
    match kind {
        Kind::Success => success(&app),
        Kind::Failure => failure(&app),
        Kind::Mistake => nameless(&app),
        Kind::Poison => poisoned(&app),
    }
}

fn answer_of(fate: &Fate) -> Answer {
    match fate {
        Fate::Success { .. } => Answer::Success,
        Fate::Failed(_) => Answer::Failed,
        Fate::Refused(_) => Answer::Refused,
        Fate::Quarantined(_) => Answer::Quarantined,
    }
}
