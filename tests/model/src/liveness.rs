//! Whether everything ends: every run in which what can be counted on happens reaches a state
//! where all applications are logged or quarantined.
//!
//! Faults are used up, so a run that does not end stops in a state where nothing certain can happen
//! any more, or stays in states that lead to each other. Both are searched for in the whole graph.
//! There is one exception: if only applications are left that the server refuses, and no session
//! completes anything, they stay for a person.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use stateright::Model;

use crate::action::Action;
use crate::protocol::{App, Place};
use crate::state::{Document, State};
use crate::system::System;

/// Why a run does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hang {
    /// It stays in states that lead to each other.
    Cycle,
    /// Nothing that can be counted on is left to happen.
    Stuck,
}

/// A run that does not end.
pub struct Endless {
    pub hang: Hang,
    pub steps: Vec<Action>,
    pub last: State,
}

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?} after {} steps:", self.hang, self.steps.len())?;
        self.steps.iter().try_for_each(|step| writeln!(f, "  {step:?}"))?;
        write!(f, "{:#?}", self.last)
    }
}

/// The states that were found, and the first run that does not end.
pub struct Search {
    pub states: usize,
    pub endless: Option<Endless>,
}

/// A state on the path of the search.
struct Frame {
    state: State,
    hash: u128,
    /// The order in which states were found.
    number: u32,
    /// The earliest state that this one leads to and that leads to this one, as far as is known.
    earliest: u32,
    steps: Vec<Action>,
    taken: Option<Action>,
}

/// In place of the number of a state whose component is complete.
const DONE: u32 = u32::MAX;

/// Searches depth first for strongly connected components (Tarjan). States are known by 128 bits of
/// hash: that two of 10^8 have the same is less likely than 10^-22.
pub fn search(system: &System) -> Search {
    let hashers = (RandomState::new(), RandomState::new());
    let hash = |state: &State| {
        u128::from(hashers.0.hash_one(state)) << 64 | u128::from(hashers.1.hash_one(state))
    };
    let mut known: HashMap<u128, u32> = HashMap::new();
    // Left states whose component is not complete.
    let mut open: Vec<(State, u128, u32)> = Vec::new();
    for first in system.init_states() {
        if known.contains_key(&hash(&first)) {
            continue;
        }
        let mut path: Vec<Frame> = Vec::new();
        let mut entered = Some((first, None));
        loop {
            if let Some((state, taken)) = entered.take() {
                let number = known.len() as u32;
                let hash = hash(&state);
                known.insert(hash, number);
                let mut steps = Vec::new();
                system.actions(&state, &mut steps);
                path.push(Frame { state, hash, number, earliest: number, steps, taken });
            }
            let Some(top) = path.last_mut() else { break };
            if let Some(step) = top.steps.pop() {
                let Some(next) = system.next_state(&top.state, step) else { continue };
                match known.get(&hash(&next)) {
                    Some(&number) if number != DONE => top.earliest = top.earliest.min(number),
                    Some(_) => {}
                    None if is_stuck(system, &next) => {
                        let steps = path.iter().filter_map(|frame| frame.taken).chain([step]);
                        let hang = Hang::Stuck;
                        let endless = Endless { hang, steps: steps.collect(), last: next };
                        return Search { states: known.len(), endless: Some(endless) };
                    }
                    None => entered = Some((next, Some(step))),
                }
                continue;
            }
            let left = path.pop().expect("it is the top");
            if let Some(before) = path.last_mut() {
                before.earliest = before.earliest.min(left.earliest);
            }
            let (number, root) = (left.number, left.earliest == left.number);
            open.push((left.state, left.hash, number));
            if !root {
                continue;
            }
            // All that was found since, because it leads here.
            let before = open.iter().rposition(|(_, _, other)| *other < number);
            let start = before.map_or(0, |last| last + 1);
            let component: Vec<(State, u128)> =
                open.drain(start..).map(|(state, hash, _)| (state, hash)).collect();
            for (_, hash) in &component {
                known.insert(*hash, DONE);
            }
            if component.len() > 1 && can_last(system, &component, hash) {
                let steps = path.iter().filter_map(|frame| frame.taken).chain(left.taken);
                let steps = steps.collect();
                let (last, _) = component.into_iter().next().expect("more than one");
                let endless = Endless { hang: Hang::Cycle, steps, last };
                return Search { states: known.len(), endless: Some(endless) };
            }
        }
    }
    Search { states: known.len(), endless: None }
}

fn is_stuck(system: &System, state: &State) -> bool {
    let mut steps = Vec::new();
    system.actions(state, &mut steps);
    let moves = |step: &Action| system.next_state(state, *step).is_some();
    let some_worker_runs = state.workers.iter().any(|worker| !worker.paused);
    some_worker_runs
        && system.open(state).next().is_some()
        && !steps.iter().any(|step| step.is_certain() && moves(step))
}

/// What cannot wait for ever, if a step for it is always possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Duty {
    /// The server recovers.
    Server,
    /// New applications are enqueued.
    Enqueuer,
    /// A claimed application is worked on, or its claim is taken back.
    Claimed(App),
}

/// Whether a run can stay in these states for ever, and should not.
fn can_last(system: &System, component: &[(State, u128)], hash: impl Fn(&State) -> u128) -> bool {
    let within: HashSet<u128> = component.iter().map(|(_, hash)| *hash).collect();
    // What is always possible, and what is done.
    let mut possible: Option<HashSet<Duty>> = None;
    let mut done = HashSet::new();
    let mut others_succeed = false;
    for (state, _) in component {
        let mut here = HashSet::new();
        let mut steps = Vec::new();
        system.actions(state, &mut steps);
        for step in steps {
            let Some(next) = system.next_state(state, step) else { continue };
            let stays = within.contains(&hash(&next));
            others_succeed |= stays && matches!(step, Action::CompleteAnother(_));
            for duty in duties(state, step) {
                here.insert(duty);
                if stays {
                    done.insert(duty);
                }
            }
        }
        possible = Some(match possible {
            Some(earlier) => earlier.intersection(&here).copied().collect(),
            None => here,
        });
    }
    let neglected = possible.unwrap_or_default().difference(&done).next().is_some();
    let for_a_person = !others_succeed
        && component.iter().all(|(state, _)| {
            system.open(state).all(|app| state.documents[app] == Document::RefusedServer)
        });
    !neglected && !for_a_person
}

/// What a step is for.
fn duties(state: &State, step: Action) -> Vec<Duty> {
    let token = match step {
        Action::Recover => return vec![Duty::Server],
        Action::ReadNew | Action::Enqueue => return vec![Duty::Enqueuer],
        Action::ClaimAgain(w)
        | Action::Shred(w)
        | Action::Transaction(w)
        | Action::EndCompletion(w)
        | Action::GiveUpWaiting(w)
        | Action::ReadOutcome(w) => state.workers[w].phase.token(),
        Action::Expire(token) | Action::See(_, token) => Some(token),
        Action::Reap(_) => None,
        _ => return Vec::new(),
    };
    let is_served = |app: &App| match state.database.queue.get(app).map(|queued| queued.place) {
        // A reaper that has acted can look at any other claim.
        Some(Place::Claimed(of)) => match token {
            Some(token) => token == of,
            None => state.database.claims.get(&of) == Some(&true),
        },
        _ => false,
    };
    let apps = (0..state.documents.len()).filter(is_served);
    apps.filter(|app| state.documents[*app] != Document::RefusedServer).map(Duty::Claimed).collect()
}
