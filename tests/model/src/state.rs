//! A state of the whole: the database, the documents, and where each process is.

use crate::protocol::{App, Completion, Database, Place, Report, Token};

/// What a document does to those who work on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Document {
    /// It succeeds.
    Good,
    /// The database refuses its rows by a number that is the data's.
    RefusedData,
    /// The database refuses its rows by a number that nobody foresaw.
    RefusedUnknown,
    /// The database refuses its rows, and only those, by a number that is the server's.
    RefusedServer,
    /// The program panics on it.
    Panics,
    /// It takes longer than a document may.
    Slow,
    /// It ends the process.
    Kills,
}

impl Document {
    pub const ALL: [Self; 7] = [
        Self::Good,
        Self::RefusedData,
        Self::RefusedUnknown,
        Self::RefusedServer,
        Self::Panics,
        Self::Slow,
        Self::Kills,
    ];

    pub fn report(self) -> Report {
        match self {
            Self::Good => Report::Success,
            Self::RefusedData => Report::RefusedData,
            Self::RefusedUnknown => Report::RefusedUnknown,
            Self::RefusedServer => Report::RefusedServer,
            Self::Panics | Self::Slow | Self::Kills => Report::Failure,
        }
    }
}

/// Applications with their attempts, as a worker knows them.
pub type Batch = Vec<(App, u32)>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// It can claim.
    Idle,
    /// It has chosen what to claim, in a transaction that has not written yet.
    Picked(Vec<App>),
    /// The answer to its claim was lost; it repeats the claim with this token.
    Claiming(Token),
    /// It shreds a batch.
    Shredding(Token, Batch),
    /// Its completion is under way.
    Completing(Token, Completion),
    /// Its completion gives no answer.
    Silent(Token, Batch),
    /// The answer to its completion was lost; it reads the outcome of the claim.
    Asking(Token, Batch),
    /// Its process has ended; the Agent starts another.
    Dead,
}

impl Phase {
    pub fn token(&self) -> Option<Token> {
        match self {
            Self::Idle | Self::Picked(_) | Self::Dead => None,
            Self::Claiming(token)
            | Self::Shredding(token, _)
            | Self::Completing(token, _)
            | Self::Silent(token, _)
            | Self::Asking(token, _) => Some(*token),
        }
    }

    /// Every application that it knows of, with its attempt.
    fn each_attempt(&mut self, visit: &mut impl FnMut(&mut (App, u32))) {
        match self {
            Self::Idle | Self::Picked(_) | Self::Claiming(_) | Self::Dead => {}
            Self::Shredding(_, batch) | Self::Silent(_, batch) | Self::Asking(_, batch) => {
                batch.iter_mut().for_each(visit);
            }
            Self::Completing(_, completion) => {
                for (app, attempt, _) in completion.parts.iter_mut().flatten() {
                    let mut known = (*app, *attempt);
                    visit(&mut known);
                    *attempt = known.1;
                }
            }
        }
    }

    fn token_mut(&mut self) -> Option<&mut Token> {
        match self {
            Self::Idle | Self::Picked(_) | Self::Dead => None,
            Self::Claiming(token)
            | Self::Shredding(token, _)
            | Self::Completing(token, _)
            | Self::Silent(token, _)
            | Self::Asking(token, _) => Some(token),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Worker {
    pub phase: Phase,
    /// Suspended: it does nothing until it wakes, and does not know how long it slept.
    pub paused: bool,
    /// Its session has completed an application as a success.
    pub has_success: bool,
}

/// A state of the whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State {
    pub database: Database,
    pub documents: Vec<Document>,
    pub workers: Vec<Worker>,
    /// The expired claim that each reaper has seen and will take back.
    pub reapers: Vec<Option<Token>>,
    /// What the enqueuer has read as new and will insert.
    pub enqueuer: Option<Vec<App>>,
    /// How many more faults can happen.
    pub faults: u8,
    /// How many more times an operator can retry or requeue.
    pub by_hand: u8,
}

impl State {
    /// The same state for all that can follow: workers and reapers in an order of their own, names
    /// of claims that tell nothing of how many there were, attempts that tell only which of two is
    /// later, no reaps beyond those that make claims smaller, and what a session has completed only
    /// where that is asked for.
    pub fn in_normal_form(mut self, levels: u32) -> Self {
        let can_be_full = self.database.is_full || self.faults > 0;
        if !can_be_full && !self.any_refused_by_server() {
            self.workers.iter_mut().for_each(|worker| worker.has_success = false);
        }
        let database = &mut self.database;
        // Only the last log row matters, and by its token only if a worker still refers to it.
        let last: Vec<(App, u32)> = database
            .log
            .keys()
            .copied()
            .filter(|(app, attempt)| {
                let later = (*app, attempt + 1)..=(*app, u32::MAX);
                database.log.range(later).next().is_none()
            })
            .collect();
        database.log.retain(|key, _| last.contains(key));
        // A worker completes again only what its claim still holds.
        database.refused.clear();
        let used: Vec<Token> =
            self.workers.iter().filter_map(|worker| worker.phase.token()).collect();
        for logged in database.log.values_mut() {
            logged.token = logged.token.filter(|token| used.contains(token));
        }
        for (app, queued) in &mut database.queue {
            // What only the server refuses is behind all others in the end.
            let last = u32::from(self.documents[*app] == Document::RefusedServer);
            queued.reaps = queued.reaps.min(levels + last);
        }
        self.forget_attempts();
        self.workers.sort_unstable();
        self.reapers.sort_unstable();
        self.rename_tokens();
        self.workers.sort_unstable();
        self.reapers.sort_unstable();
        self
    }

    /// Whether the server's refusals of some document may still be judged.
    pub fn any_refused_by_server(&self) -> bool {
        let is_open = |app: App| {
            let queued = self.database.queue.get(&app);
            self.by_hand > 0 || queued.is_none_or(|queued| queued.place != Place::Quarantined)
        };
        (0..self.documents.len())
            .any(|app| self.documents[app] == Document::RefusedServer && is_open(app))
    }

    fn forget_attempts(&mut self) {
        for app in 0..self.documents.len() {
            let logged = self.database.log.keys().filter(|key| key.0 == app).map(|key| key.1);
            let mut attempts: Vec<u32> = logged.collect();
            attempts.extend(self.database.queue.get(&app).map(|queued| queued.attempts));
            let mut known = |(of, attempt): &mut (App, u32)| {
                if *of == app {
                    attempts.push(*attempt);
                }
            };
            self.workers.iter_mut().for_each(|worker| worker.phase.each_attempt(&mut known));
            attempts.sort_unstable();
            attempts.dedup();
            // Not claimed yet is 0 and stays so.
            attempts.retain(|attempt| *attempt > 0);
            let rank =
                |attempt: u32| attempts.binary_search(&attempt).map_or(0, |at| at as u32 + 1);
            let mut rename = |(of, attempt): &mut (App, u32)| {
                if *of == app {
                    *attempt = rank(*attempt);
                }
            };
            self.workers.iter_mut().for_each(|worker| worker.phase.each_attempt(&mut rename));
            if let Some(queued) = self.database.queue.get_mut(&app) {
                queued.attempts = rank(queued.attempts);
            }
            let last = self.database.log.keys().copied().find(|key| key.0 == app);
            if let Some(logged) = last.and_then(|key| self.database.log.remove(&key)) {
                let attempt = rank(last.map_or(0, |key| key.1));
                self.database.log.insert((app, attempt), logged);
            }
        }
    }

    fn rename_tokens(&mut self) {
        let mut known: Vec<Token> = Vec::new();
        let mut name = |token: &mut Token| {
            let index = known.iter().position(|known| known == token).unwrap_or_else(|| {
                known.push(*token);
                known.len() - 1
            });
            *token = index as Token + 1;
        };
        for queued in self.database.queue.values_mut() {
            if let Place::Claimed(token) = &mut queued.place {
                name(token);
            }
        }
        for logged in self.database.log.values_mut() {
            logged.token.iter_mut().for_each(&mut name);
        }
        self.workers.iter_mut().filter_map(|w| w.phase.token_mut()).for_each(&mut name);
        let mut claims: Vec<(Token, bool)> =
            std::mem::take(&mut self.database.claims).into_iter().collect();
        claims.iter_mut().for_each(|(token, _)| name(token));
        self.database.claims = claims.into_iter().collect();
        // A claim that is gone is never reaped: what was seen of it does not matter.
        for seen in &mut self.reapers {
            if let Some(token) = seen {
                name(token);
                if !self.database.claims.contains_key(token) {
                    *seen = None;
                }
            }
        }
    }
}
