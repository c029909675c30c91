//! Whether everything ends: every run in which what can be counted on happens reaches a state
//! where all applications are logged or quarantined.
//!
//! Faults are used up, so a run that does not end follows a cycle of states, or stops in
//! one where nothing certain can happen any more. Both are searched for in the whole graph.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use stateright::Model;

use crate::action::Action;
use crate::state::State;
use crate::system::System;

/// Why a run does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hang {
    /// The last step leads back to an earlier state.
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

struct Frame {
    state: State,
    hash: u128,
    steps: Vec<Action>,
    taken: Option<Action>,
}

/// Searches depth first. States are known by 128 bits of hash: that two of 10^8 have the same is
/// less likely than 10^-22.
pub fn search(system: &System) -> Search {
    let hashers = (RandomState::new(), RandomState::new());
    let hash = |state: &State| {
        u128::from(hashers.0.hash_one(state)) << 64 | u128::from(hashers.1.hash_one(state))
    };
    // Whether the state is on the path.
    let mut known: HashMap<u128, bool> = HashMap::new();
    for first in system.init_states() {
        let mut path = vec![frame(system, first, &hash, None)];
        if known.insert(path[0].hash, true).is_some() {
            continue;
        }
        while let Some(top) = path.last_mut() {
            let Some(step) = top.steps.pop() else {
                known.insert(top.hash, false);
                path.pop();
                continue;
            };
            let Some(next) = system.next_state(&top.state, step) else { continue };
            let next = frame(system, next, &hash, Some(step));
            match known.get(&next.hash) {
                Some(false) => continue,
                Some(true) => return ended(known.len(), Hang::Cycle, &path, next),
                None if is_stuck(system, &next.state) => {
                    return ended(known.len(), Hang::Stuck, &path, next);
                }
                None => {
                    known.insert(next.hash, true);
                    path.push(next);
                }
            }
        }
    }
    Search { states: known.len(), endless: None }
}

fn frame(
    system: &System,
    state: State,
    hash: &impl Fn(&State) -> u128,
    taken: Option<Action>,
) -> Frame {
    let mut steps = Vec::new();
    system.actions(&state, &mut steps);
    Frame { hash: hash(&state), steps, state, taken }
}

fn is_stuck(system: &System, state: &State) -> bool {
    let mut steps = Vec::new();
    system.actions(state, &mut steps);
    let moves = |step: &Action| system.next_state(state, *step).is_some();
    let some_worker_runs = state.workers.iter().any(|worker| !worker.paused);
    some_worker_runs
        && !system.is_settled(state)
        && !steps.iter().any(|step| step.is_certain() && moves(step))
}

fn ended(states: usize, hang: Hang, path: &[Frame], last: Frame) -> Search {
    let steps = path.iter().chain([&last]).filter_map(|frame| frame.taken).collect();
    Search { states, endless: Some(Endless { hang, steps, last: last.state }) }
}
