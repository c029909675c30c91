//! Workers, reapers and an enqueuer at one database, and what can happen to them.

use stateright::{Model, Property};

use crate::action::Action;
use crate::protocol::{
    App, Completion, Concluded, Database, Fault, Logged, Place, Report, Rules, Target, Token, Tried,
};
use crate::state::{Batch, Document, Phase, State, Worker};

/// A deployment.
#[derive(Debug, Clone)]
pub struct System {
    pub workers: usize,
    pub reapers: usize,
    pub rules: Rules,
    /// The documents of each initial state.
    pub documents: Vec<Vec<Document>>,
    /// Applications that an earlier system has logged as successes.
    pub adopted: Vec<App>,
    pub faults: u8,
    pub by_hand: u8,
    /// Whether one of the faults can be that the server refuses all rows for a while.
    pub fills_up: bool,
    /// Whether new documents come, again and again.
    pub more_comes: bool,
}

impl System {
    fn has(&self, fault: Fault) -> bool {
        self.rules.fault == Some(fault)
    }

    /// Applications that are neither logged nor quarantined.
    pub fn open(&self, state: &State) -> impl Iterator<Item = App> {
        let is_open = |app: &App| {
            let queued = state.database.queue.get(app);
            queued.map_or(state.database.last_attempt(*app).is_none(), |queued| {
                queued.place != Place::Quarantined
            })
        };
        let open: Vec<App> = (0..state.documents.len()).filter(is_open).collect();
        open.into_iter()
    }

    /// Applications that are neither queued nor logged, of those that a first reading finds.
    fn new_apps(&self, state: &State) -> Vec<App> {
        let is_queued = |app: &App| state.database.queue.contains_key(app);
        self.unlogged(state).into_iter().filter(|app| !is_queued(app)).collect()
    }

    /// Applications that are not logged. Enqueueing reads them first; whether they are queued it
    /// learns in another statement, when much may have happened.
    fn unlogged(&self, state: &State) -> Vec<App> {
        let database = &state.database;
        let is_ignored = |app: &App| {
            let once = database.targets.get(app).is_some_and(|target| target.successes == 1);
            self.has(Fault::IgnoringTheAdoptedLog) && self.adopted.contains(app) && once
        };
        let is_logged = |app: &App| database.last_attempt(*app).is_some() && !is_ignored(app);
        (0..state.documents.len()).filter(|app| !is_logged(app)).collect()
    }

    /// A worker can act on its claim: it runs, and nobody else does it for it.
    fn runs_with(&self, state: &State, token: Token) -> bool {
        let runs = |worker: &Worker| !worker.paused && worker.phase.token() == Some(token);
        state.workers.iter().any(runs)
    }

    fn certain_steps(&self, state: &State, actions: &mut Vec<Action>) {
        match &state.enqueuer {
            Some(_) => actions.push(Action::Enqueue),
            None if !self.new_apps(state).is_empty() => actions.push(Action::ReadNew),
            None => {}
        }
        for (w, worker) in state.workers.iter().enumerate().filter(|(_, w)| !w.paused) {
            match &worker.phase {
                Phase::Idle if !self.candidates(state).is_empty() => {
                    actions.push(Action::Pick(w));
                }
                Phase::Idle => {}
                Phase::Picked(_) => actions.push(Action::Claim(w)),
                Phase::Claiming(_) => actions.push(Action::ClaimAgain(w)),
                Phase::Shredding(_, batch) => {
                    let is_slow = |(app, _): &(App, u32)| state.documents[*app] == Document::Slow;
                    let ends = !self.has(Fault::NoDocumentTimeout);
                    if ends || !batch.iter().any(is_slow) {
                        actions.push(Action::Shred(w));
                    }
                }
                Phase::Completing(_, completion) if completion.parts.is_empty() => {
                    actions.push(Action::EndCompletion(w));
                }
                Phase::Completing(_, _) => actions.push(Action::Transaction(w)),
                Phase::Silent(_, _) if self.has(Fault::NoAnswerTimeout) => {}
                Phase::Silent(_, _) => actions.push(Action::GiveUpWaiting(w)),
                Phase::Asking(_, _) => actions.push(Action::ReadOutcome(w)),
                Phase::Dead => actions.push(Action::Start(w)),
            }
            if let Some(token) = worker.phase.token() {
                let expired = state.database.claims.get(&token).copied();
                if expired.unwrap_or(self.has(Fault::RenewalRevives)) {
                    actions.push(Action::Renew(w));
                }
            }
        }
        for (token, expired) in &state.database.claims {
            match expired {
                false if !self.runs_with(state, *token) => actions.push(Action::Expire(*token)),
                false => {}
                true => {
                    let idle = state.reapers.iter().position(Option::is_none);
                    actions.extend(idle.map(|reaper| Action::See(reaper, *token)));
                }
            }
        }
        if state.database.is_full {
            actions.push(Action::Recover);
        }
        let busy = state.reapers.iter().enumerate().filter(|(_, seen)| seen.is_some());
        actions.extend(busy.map(|(reaper, _)| Action::Reap(reaper)));
    }

    /// More work than that here matters only for what it tells of the server.
    fn more_comes(&self, state: &State, actions: &mut Vec<Action>) {
        if !self.more_comes || state.database.is_full || !state.any_refused_by_server() {
            return;
        }
        for (w, worker) in state.workers.iter().enumerate() {
            if worker.phase == Phase::Idle && !worker.paused && !worker.has_success {
                actions.push(Action::CompleteAnother(w));
            }
        }
    }

    fn faults(&self, state: &State, actions: &mut Vec<Action>) {
        for (w, worker) in state.workers.iter().enumerate() {
            if worker.paused {
                actions.push(Action::Wake(w));
                continue;
            }
            if state.faults == 0 || matches!(worker.phase, Phase::Idle | Phase::Dead) {
                continue;
            }
            actions.extend([Action::Crash(w), Action::Pause(w)]);
            match &worker.phase {
                Phase::Picked(_) => actions.push(Action::LoseClaimAnswer(w)),
                Phase::Shredding(_, _) => actions.push(Action::Stop(w)),
                Phase::Completing(_, completion) => {
                    actions.push(Action::FallSilent(w));
                    if completion.parts.is_empty() {
                        actions.push(Action::LoseCompletionAnswer(w));
                    } else {
                        actions.push(Action::ServerFails(w));
                        if self.has(Fault::RowsBeforeLog) {
                            actions.push(Action::CrashInsideTransaction(w));
                        }
                    }
                }
                _ => {}
            }
        }
        if state.faults > 0 {
            if self.fills_up && !state.database.is_full {
                actions.push(Action::FillUp);
            }
            let live = state.database.claims.iter().filter(|(_, expired)| !**expired);
            let used = live.filter(|(token, _)| self.runs_with(state, **token));
            actions.extend(used.map(|(token, _)| Action::ExpireInUse(*token)));
        }
    }

    fn by_hand(&self, state: &State, actions: &mut Vec<Action>) {
        if state.by_hand == 0 {
            return;
        }
        if state.enqueuer.is_none() && !state.database.queue.is_empty() {
            actions.push(Action::ReadNewByHand);
        }
        if self.has(Fault::PurgingTheLastLogRow) && !state.database.log.is_empty() {
            actions.push(Action::Purge);
        }
        let quarantined =
            state.database.queue.values().any(|queued| queued.place == Place::Quarantined);
        if quarantined || state.database.concluded().any(|(_, _, success)| !success) {
            actions.push(Action::Retry);
        }
        for (app, _, success) in state.database.concluded() {
            if success {
                actions.extend([Action::Requeue(app), Action::RequeueSpoilt(app)]);
            }
        }
    }

    /// Applications in the order of claiming.
    fn candidates(&self, state: &State) -> Vec<App> {
        let all: Vec<App> = (0..state.documents.len()).collect();
        state.database.pick(&all, &self.rules)
    }

    /// A token that nothing refers to.
    fn fresh_token(state: &State) -> Token {
        let is_used = |token: Token| {
            state.database.claims.contains_key(&token)
                || state.database.log.values().any(|logged| logged.token == Some(token))
                || state.database.queue.values().any(|q| q.place == Place::Claimed(token))
                || state.workers.iter().any(|worker| worker.phase.token() == Some(token))
                || state.reapers.contains(&Some(token))
        };
        (1..).find(|token| !is_used(*token)).expect("there are more tokens than uses")
    }

    fn batch(state: &State, token: Token) -> Batch {
        let held = state.database.held(token).into_iter();
        held.map(|app| (app, state.database.queue[&app].attempts)).collect()
    }

    fn shred(&self, state: &mut State, w: usize) -> Option<Phase> {
        let Phase::Shredding(token, batch) = &state.workers[w].phase else { return None };
        let (token, batch) = (*token, batch.clone());
        let document = |app: App| state.documents[app];
        if batch.iter().any(|(app, _)| document(*app) == Document::Kills) {
            return Some(Phase::Dead);
        }
        let panics = |app: App| document(app) == Document::Panics && self.has(Fault::PanicReleases);
        let reports: Vec<(App, u32, Report)> = batch
            .into_iter()
            .filter(|(app, _)| !panics(*app))
            .map(|(app, attempt)| (app, attempt, document(app).report()))
            .collect();
        if reports.is_empty() {
            state.database.release(token);
            return Some(Phase::Idle);
        }
        let all_refused = reports.iter().all(|(_, _, report)| *report == Report::RefusedData);
        if self.has(Fault::WholeBatchRefusedStops) && all_refused && reports.len() > 1 {
            state.database.release(token);
            return Some(Phase::Dead);
        }
        Some(Phase::Completing(token, Completion::of(&reports)))
    }

    fn transaction(&self, state: &mut State, w: usize) -> Option<Phase> {
        let Phase::Completing(token, completion) = &state.workers[w].phase else { return None };
        let (token, mut completion) = (*token, completion.clone());
        let part = completion.next_part()?;
        let tried = state.database.carry_out(token, part, &mut completion, &self.rules);
        state.workers[w].has_success |= completion.something_passed;
        match tried {
            Tried::LeaseLost => Some(Phase::Idle),
            Tried::Committed | Tried::Refused => Some(Phase::Completing(token, completion)),
        }
    }

    /// The last step of a completion: counts those that were refused, but not for their data.
    fn count_refusals(&self, state: &mut State, w: usize, token: Token, completion: &Completion) {
        if self.has(Fault::UnknownRefusalReleases) {
            state.database.release(token);
        } else if !completion.refused.is_empty() {
            let has_success = state.workers[w].has_success;
            state.database.count_refusals(token, completion, has_success, &self.rules);
        }
    }

    fn end_completion(&self, state: &mut State, w: usize) -> Option<Phase> {
        let Phase::Completing(token, completion) = &state.workers[w].phase else { return None };
        let (token, completion) = (*token, completion.clone());
        self.count_refusals(state, w, token, &completion);
        // A run stops where nothing passed, and a refusal is the first one or does not count.
        let mut refused = state.database.refused.iter().filter(|((of, _, _), _)| *of == token);
        let stops = !completion.something_passed
            && refused.any(|((_, app, _), concluded)| {
                *concluded == Concluded::NotCounted || state.database.queue[app].reaps == 1
            });
        // What was not shredded, under the planted fault.
        state.database.release(token);
        Some(if stops { Phase::Dead } else { Phase::Idle })
    }

    /// The applications of a claim that the outcome says are still held are completed again.
    fn read_outcome(&self, state: &mut State, w: usize) -> Option<Phase> {
        let Phase::Asking(token, batch) = &state.workers[w].phase else { return None };
        let (token, batch) = (*token, batch.clone());
        let held = state.database.held(token);
        let open: Vec<(App, u32, Report)> = batch
            .into_iter()
            .filter(|(app, _)| held.contains(app))
            .map(|(app, attempt)| (app, attempt, state.documents[app].report()))
            .collect();
        Some(match open.is_empty() {
            true => Phase::Idle,
            false => Phase::Completing(token, Completion::of(&open)),
        })
    }

    fn batch_of(state: &State, w: usize) -> Option<(Token, Batch)> {
        let token = state.workers[w].phase.token()?;
        Some((token, Self::batch(state, token)))
    }

    fn worker_step(&self, state: &mut State, action: Action, w: usize) -> Option<Phase> {
        match action {
            Action::Pick(_) => Some(Phase::Picked(self.candidates(state))),
            Action::Claim(_) | Action::LoseClaimAnswer(_) => {
                let Phase::Picked(picked) = state.workers[w].phase.clone() else { return None };
                let token = Self::fresh_token(state);
                state.database.claim(token, &picked, &self.rules);
                Some(match (action, Self::batch(state, token)) {
                    (Action::LoseClaimAnswer(_), _) => Phase::Claiming(token),
                    (_, batch) if batch.is_empty() => Phase::Idle,
                    (_, batch) => Phase::Shredding(token, batch),
                })
            }
            Action::ClaimAgain(_) => {
                let (token, batch) = Self::batch_of(state, w)?;
                let held = !batch.is_empty() && state.database.renew(token);
                Some(if held { Phase::Shredding(token, batch) } else { Phase::Idle })
            }
            Action::Shred(_) => self.shred(state, w),
            Action::Transaction(_) => self.transaction(state, w),
            Action::EndCompletion(_) => self.end_completion(state, w),
            Action::LoseCompletionAnswer(_) => {
                let (token, batch) = Self::batch_of(state, w)?;
                self.end_completion(state, w)?;
                Some(Phase::Asking(token, batch))
            }
            Action::FallSilent(_) => {
                let (token, batch) = Self::batch_of(state, w)?;
                Some(Phase::Silent(token, batch))
            }
            Action::GiveUpWaiting(_) => {
                let Phase::Silent(token, batch) = state.workers[w].phase.clone() else {
                    return None;
                };
                Some(Phase::Asking(token, batch))
            }
            Action::ReadOutcome(_) => self.read_outcome(state, w),
            Action::Start(_) => Some(Phase::Idle),
            Action::Crash(_) => Some(Phase::Dead),
            Action::CrashInsideTransaction(_) => {
                let Phase::Completing(_, completion) = &state.workers[w].phase else { return None };
                let part = completion.parts.last()?.clone();
                for (app, _, report) in part {
                    if report == Report::Success {
                        let target = state.database.targets.entry(app).or_default();
                        target.rows_of = target.last_success + 1;
                    }
                }
                Some(Phase::Dead)
            }
            Action::Stop(_) | Action::ServerFails(_) => {
                let (token, _) = Self::batch_of(state, w)?;
                state.database.release(token);
                Some(Phase::Dead)
            }
            _ => None,
        }
    }

    fn apply(&self, state: &mut State, action: Action) -> Option<()> {
        match action {
            Action::ReadNew | Action::ReadNewByHand => state.enqueuer = Some(self.unlogged(state)),
            Action::Enqueue => {
                let apps = state.enqueuer.take()?;
                state.database.enqueue(apps, &self.rules);
            }
            Action::Renew(w) => {
                let token = state.workers[w].phase.token()?;
                if !state.database.renew(token) && self.has(Fault::RenewalRevives) {
                    state.database.claims.insert(token, false);
                }
            }
            Action::Expire(token) | Action::ExpireInUse(token) => {
                *state.database.claims.get_mut(&token)? = true;
            }
            Action::See(reaper, token) => state.reapers[reaper] = Some(token),
            Action::Reap(reaper) => {
                let token = state.reapers[reaper].take()?;
                state.database.reap(token, &self.rules);
            }
            Action::FillUp => state.database.is_full = true,
            Action::Recover => state.database.is_full = false,
            Action::CompleteAnother(w) => state.workers[w].has_success = true,
            Action::Pause(w) => state.workers[w].paused = true,
            Action::Wake(w) => state.workers[w].paused = false,
            Action::Purge => state.database.log.clear(),
            Action::Retry => drop(state.database.retry()),
            Action::Requeue(app) => drop(state.database.requeue(&[app])),
            Action::RequeueSpoilt(app) => {
                state.documents[app] = Document::RefusedData;
                state.database.requeue(&[app]);
            }
            Action::Pick(w)
            | Action::Claim(w)
            | Action::ClaimAgain(w)
            | Action::Shred(w)
            | Action::Transaction(w)
            | Action::EndCompletion(w)
            | Action::GiveUpWaiting(w)
            | Action::ReadOutcome(w)
            | Action::Start(w)
            | Action::Crash(w)
            | Action::CrashInsideTransaction(w)
            | Action::Stop(w)
            | Action::ServerFails(w)
            | Action::LoseClaimAnswer(w)
            | Action::LoseCompletionAnswer(w)
            | Action::FallSilent(w) => {
                let phase = self.worker_step(state, action, w)?;
                let worker = &mut state.workers[w];
                worker.has_success &= phase != Phase::Dead;
                worker.phase = phase;
            }
        }
        if action.is_fault() && !matches!(action, Action::Wake(_)) {
            state.faults -= 1;
        }
        if action.is_operators() {
            state.by_hand -= 1;
        }
        Some(())
    }
}

impl Model for System {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let worker = Worker { phase: Phase::Idle, paused: false, has_success: false };
        let state = |documents: &Vec<Document>| {
            let mut database = Database::default();
            for app in &self.adopted {
                let logged = Logged { success: true, has_rows: true, token: None };
                database.log.insert((*app, 1), logged);
                let target = Target { rows_of: 1, last_success: 1, successes: 1 };
                database.targets.insert(*app, target);
            }
            State {
                database,
                documents: documents.clone(),
                workers: vec![worker.clone(); self.workers],
                reapers: vec![None; self.reapers],
                enqueuer: None,
                faults: self.faults,
                by_hand: self.by_hand,
            }
        };
        self.documents.iter().map(state).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.certain_steps(state, actions);
        self.more_comes(state, actions);
        self.faults(state, actions);
        self.by_hand(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        self.apply(&mut next, action)?;
        let next = next.in_normal_form(self.rules.batch_size.ilog2());
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("in one place", |_, state: &State| {
                let database = &state.database;
                let claims_hold = database.claims.keys().all(|t| !database.held(*t).is_empty());
                let claims_exist = database.queue.values().all(|queued| match queued.place {
                    Place::Claimed(token) => database.claims.contains_key(&token),
                    Place::Ready | Place::Quarantined => true,
                });
                claims_hold && claims_exist
            }),
            Property::always("rows of the last success", |_, state: &State| {
                state.database.targets.values().all(|target| target.rows_of == target.last_success)
            }),
            Property::always("at most one success", |_, state: &State| {
                state.database.targets.values().all(|target| target.successes <= 1)
            }),
            Property::always("only what fails is quarantined", |system: &Self, state: &State| {
                let fails = |app: &App| {
                    use Document::{Kills, RefusedServer, RefusedUnknown};
                    matches!(state.documents[*app], Kills | RefusedServer | RefusedUnknown)
                };
                let few_faults = u32::from(system.faults) < system.rules.max_reaps;
                let mut queue = state.database.queue.iter();
                !few_faults
                    || queue.all(|(app, queued)| queued.place != Place::Quarantined || fails(app))
            }),
            Property::always("live claims are not reaped", |_, state: &State| {
                !state.database.reaped_a_live_claim
            }),
        ]
    }
}
