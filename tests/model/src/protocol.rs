//! The lease protocol in its simplest form: the database, one transaction a method.

use std::collections::BTreeMap;

/// Names a claim.
pub type Token = u32;

/// An application is a number from 0.
pub type App = usize;

/// What completing an application comes to, if its batch does not hinder it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Report {
    /// Its rows are written.
    Success,
    /// It failed while it was shredded.
    Failure,
    /// The database refuses its rows by a number that is the data's.
    RefusedData,
    /// The database refuses its rows by a number that nobody foresaw.
    RefusedUnknown,
    /// The database refuses its rows by a number that is the server's.
    RefusedServer,
}

/// Where a queued application is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    Ready,
    Claimed(Token),
    Quarantined,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Queued {
    pub place: Place,
    pub attempts: u32,
    pub reaps: u32,
    pub lone_reaps: u32,
    /// Not to be claimed before a time that a fast clock wrote.
    pub in_future: bool,
}

impl Queued {
    fn ready(attempts: u32) -> Self {
        Self { place: Place::Ready, attempts, reaps: 0, lone_reaps: 0, in_future: false }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Logged {
    pub success: bool,
    /// The log says that the target rows are of this attempt.
    pub has_rows: bool,
    pub token: Option<Token>,
}

/// What became of one application of a completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Concluded {
    Success,
    Failed,
    /// Ready again.
    Refused,
    /// Ready again, and nothing counts towards quarantine.
    NotCounted,
    Quarantined,
}

/// The answer to one transaction of a completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    Committed,
    /// Rolled back, because the database refuses one of the applications.
    Refused,
    /// The token does not hold them; nothing was written.
    LeaseLost,
}

/// Faults of a protocol, planted to see that they are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// A completion does not check that its token holds the applications.
    CompletingWithoutFence,
    /// Rows are committed before the log.
    RowsBeforeLog,
    /// The reaper does not check again that a lease has expired.
    ReapingWithoutCheckingAgain,
    /// A claim does not check again that what it picked is still ready.
    ClaimingWithoutCheckingAgain,
    /// Enqueueing does not check again that what it read as new was not completed meanwhile.
    EnqueueingWithoutCheckingAgain,
    /// Enqueueing ignores what an earlier system logged.
    IgnoringTheAdoptedLog,
    /// An application that the program panics on is released with its attempt.
    PanicReleases,
    /// A batch that the database refuses as a whole is not the documents' fault.
    WholeBatchRefusedStops,
    /// An application that is refused for an unknown reason is released with its attempt.
    UnknownRefusalReleases,
    /// A document may take any time.
    NoDocumentTimeout,
    /// A worker waits for the answer to a completion for ever.
    NoAnswerTimeout,
    /// What is reaped is ready at a time that a fast clock wrote.
    ReadyInTheFuture,
    /// A failure deletes the rows of an earlier success.
    FailureDeletesRows,
    /// Claims of reaped applications are as large as others.
    ReapsDoNotHalveClaims,
    /// Nobody counts how often an application was reaped.
    ReapsAreNotCounted,
    /// Applications are quarantined that were never alone in a claim that was reaped.
    QuarantineInCompany,
    /// Renewing a claim that was reaped makes it again.
    RenewalRevives,
    /// Purging deletes the last log row of an application.
    PurgingTheLastLogRow,
    /// A refusal by a number of the server counts in a session that has completed nothing.
    CountedWithoutEvidence,
    /// A refusal by a number of the server never counts.
    ServerNeverCounts,
    /// An application that the server refuses stays before the others.
    NotMovedBehind,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 21] = [
        Self::CompletingWithoutFence,
        Self::RowsBeforeLog,
        Self::ReapingWithoutCheckingAgain,
        Self::ClaimingWithoutCheckingAgain,
        Self::EnqueueingWithoutCheckingAgain,
        Self::IgnoringTheAdoptedLog,
        Self::PanicReleases,
        Self::WholeBatchRefusedStops,
        Self::UnknownRefusalReleases,
        Self::NoDocumentTimeout,
        Self::NoAnswerTimeout,
        Self::ReadyInTheFuture,
        Self::FailureDeletesRows,
        Self::ReapsDoNotHalveClaims,
        Self::ReapsAreNotCounted,
        Self::QuarantineInCompany,
        Self::RenewalRevives,
        Self::PurgingTheLastLogRow,
        Self::CountedWithoutEvidence,
        Self::ServerNeverCounts,
        Self::NotMovedBehind,
    ];
}

/// How claims are made, and which fault is planted.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub batch_size: u32,
    pub max_reaps: u32,
    pub fault: Option<Fault>,
}

impl Rules {
    /// Whether this fault is planted.
    pub fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}

/// The target rows of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Target {
    /// The success that the rows are of; 0 for no rows.
    pub rows_of: u32,
    /// The last success; 0 for none.
    pub last_success: u32,
    /// Successes since it was enqueued or redriven the last time.
    pub successes: u32,
}

/// Queue, claims, log and targets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Database {
    pub queue: BTreeMap<App, Queued>,
    /// Held claims, and whether their lease has expired.
    pub claims: BTreeMap<Token, bool>,
    pub log: BTreeMap<(App, u32), Logged>,
    /// Attempts that the database refused for an unknown reason, and what came of it.
    pub refused: BTreeMap<(Token, App, u32), Concluded>,
    pub targets: BTreeMap<App, Target>,
    /// A claim was reaped although its lease was renewed.
    pub reaped_a_live_claim: bool,
    /// It refuses all rows by a number of the server: the log is full.
    pub is_full: bool,
}

impl Database {
    /// Adds applications that are neither queued nor logged. The candidates were read earlier; they
    /// are checked again.
    pub fn enqueue(&mut self, candidates: impl IntoIterator<Item = App>, rules: &Rules) {
        for app in candidates {
            let is_known = self.queue.contains_key(&app) || self.last_attempt(app).is_some();
            let unchecked = rules.has(Fault::EnqueueingWithoutCheckingAgain)
                || rules.has(Fault::IgnoringTheAdoptedLog);
            if !is_known || unchecked {
                let attempts = self.last_attempt(app).map_or(0, |(attempt, _)| attempt);
                self.queue.entry(app).or_insert(Queued::ready(attempts));
            }
        }
    }

    /// The last log row of an application.
    pub fn last_attempt(&self, app: App) -> Option<(u32, Logged)> {
        let rows = self.log.range((app, 0)..=(app, u32::MAX));
        rows.last().map(|((_, attempt), logged)| (*attempt, *logged))
    }

    /// The applications of a claim.
    pub fn held(&self, token: Token) -> Vec<App> {
        let held = self.queue.iter().filter(|(_, queued)| queued.place == Place::Claimed(token));
        held.map(|(app, _)| *app).collect()
    }

    /// Those that a claim takes of the candidates, which are in the order of claiming: of those that
    /// were reaped or refused least often the first, fewer the more often that was.
    pub fn pick(&self, candidates: &[App], rules: &Rules) -> Vec<App> {
        let is_ready = |app: &&App| {
            self.queue.get(app).is_some_and(|q| q.place == Place::Ready && !q.in_future)
        };
        let ready: Vec<App> = candidates.iter().filter(is_ready).copied().collect();
        let reaps = |app: &App| self.queue[app].reaps;
        let Some(least) = ready.iter().map(reaps).min() else { return Vec::new() };
        let halvings = if rules.has(Fault::ReapsDoNotHalveClaims) { 0 } else { least };
        let limit = (rules.batch_size >> halvings.min(31)).max(1);
        ready.into_iter().filter(|app| reaps(app) == least).take(limit as usize).collect()
    }

    /// Claims what was picked and is still ready.
    pub fn claim(&mut self, token: Token, picked: &[App], rules: &Rules) {
        for app in picked {
            let Some(queued) = self.queue.get_mut(app) else { continue };
            if queued.place == Place::Ready || rules.has(Fault::ClaimingWithoutCheckingAgain) {
                queued.place = Place::Claimed(token);
                queued.attempts += 1;
            }
        }
        if !self.held(token).is_empty() {
            self.claims.insert(token, false);
        }
    }

    /// Extends a lease. Returns whether the claim is still held.
    pub fn renew(&mut self, token: Token) -> bool {
        self.claims.get_mut(&token).map(|expired| *expired = false).is_some()
    }

    /// Releases what a claim holds, without using up the attempt.
    pub fn release(&mut self, token: Token) -> usize {
        self.return_apps(token, |queued| queued.attempts -= 1)
    }

    fn return_apps(&mut self, token: Token, change: impl Fn(&mut Queued)) -> usize {
        let held = self.held(token);
        for app in &held {
            let queued = self.queue.get_mut(app).expect("it is held");
            queued.place = Place::Ready;
            change(queued);
        }
        self.claims.remove(&token);
        held.len()
    }

    /// Takes back a claim if its lease has expired. Returns how many of its applications are ready
    /// and how many quarantined.
    pub fn reap(&mut self, token: Token, rules: &Rules) -> Option<(usize, usize)> {
        let expired = *self.claims.get(&token)?;
        if !expired && !rules.has(Fault::ReapingWithoutCheckingAgain) {
            return None;
        }
        self.reaped_a_live_claim |= !expired;
        let held = self.held(token);
        self.claims.remove(&token);
        let alone = held.len() == 1;
        let quarantined = held.iter().filter(|app| self.count_reap(**app, alone, rules)).count();
        Some((held.len() - quarantined, quarantined))
    }

    /// Counts a reap, or a refusal, and quarantines at the limit. Returns whether it did.
    fn count_reap(&mut self, app: App, alone: bool, rules: &Rules) -> bool {
        let queued = self.queue.get_mut(&app).expect("it is held");
        queued.place = Place::Ready;
        if rules.has(Fault::ReadyInTheFuture) {
            queued.in_future = true;
        }
        if rules.has(Fault::ReapsAreNotCounted) {
            return false;
        }
        queued.reaps += 1;
        queued.lone_reaps += u32::from(alone);
        let quarantined = match rules.has(Fault::QuarantineInCompany) {
            true => queued.reaps >= rules.max_reaps,
            false => alone && queued.lone_reaps >= rules.max_reaps,
        };
        if quarantined {
            queued.place = Place::Quarantined;
        }
        quarantined
    }

    /// One transaction of a completion: all of these applications, or none.
    pub fn try_to_complete(
        &mut self,
        token: Token,
        part: &[(App, u32, Report)],
        rules: &Rules,
    ) -> Tried {
        let is_held = |(app, attempt, _): &&(App, u32, Report)| {
            let queued = self.queue.get(app);
            queued.is_some_and(|q| q.place == Place::Claimed(token) && q.attempts == *attempt)
        };
        let is_open = |app: &&(App, u32, Report)| self.concluded_by(token, app.0, app.1).is_none();
        let open: Vec<_> = part.iter().filter(is_open).copied().collect();
        let fenced = self.claims.contains_key(&token);
        let all_held = open.iter().all(|app| is_held(&app));
        let is_let_through = open.is_empty() || fenced && all_held;
        if !is_let_through && !rules.has(Fault::CompletingWithoutFence) {
            return Tried::LeaseLost;
        }
        let is_taken = |report| match report {
            Report::Success => !self.is_full,
            Report::Failure => true,
            Report::RefusedData | Report::RefusedUnknown | Report::RefusedServer => false,
        };
        if open.iter().any(|app| !is_taken(app.2)) {
            return Tried::Refused;
        }
        for (app, attempt, report) in open {
            self.conclude(token, app, attempt, report == Report::Success, rules);
        }
        self.tidy(token);
        Tried::Committed
    }

    /// Logs an application whose rows the database refused by a number that is the data's.
    pub fn log_refused(&mut self, token: Token, app: App, attempt: u32, rules: &Rules) -> Tried {
        self.try_to_complete(token, &[(app, attempt, Report::Failure)], rules)
    }

    /// Returns applications that were refused, but not by a number that is the data's, or quarantines
    /// them; what is no longer held stays as it is. A number of the server counts if the session has
    /// completed something.
    pub fn count_refusals(
        &mut self,
        token: Token,
        completion: &Completion,
        has_success: bool,
        rules: &Rules,
    ) {
        let held = self.held(token);
        let (alone, works) = (completion.alone(), has_success || completion.something_passed);
        for (app, by_server) in completion.refused.iter().filter(|(app, _)| held.contains(app)) {
            let counts = match by_server {
                _ if rules.has(Fault::CountedWithoutEvidence) => true,
                true => works && !rules.has(Fault::ServerNeverCounts),
                false => true,
            };
            let quarantined = counts && self.count_reap(*app, alone, rules);
            if !counts {
                let queued = self.queue.get_mut(app).expect("it is held");
                queued.place = Place::Ready;
                queued.reaps += u32::from(!rules.has(Fault::NotMovedBehind));
            }
            let concluded = match (counts, quarantined) {
                (false, _) => Concluded::NotCounted,
                (true, false) => Concluded::Refused,
                (true, true) => Concluded::Quarantined,
            };
            self.refused.insert((token, *app, self.queue[app].attempts), concluded);
        }
        self.tidy(token);
    }

    /// What became of an attempt under a token.
    pub fn concluded_by(&self, token: Token, app: App, attempt: u32) -> Option<Concluded> {
        let logged = self.log.get(&(app, attempt)).filter(|logged| logged.token == Some(token));
        let logged = logged.map(|logged| match logged.success {
            true => Concluded::Success,
            false => Concluded::Failed,
        });
        logged.or_else(|| self.refused.get(&(token, app, attempt)).copied())
    }

    fn conclude(&mut self, token: Token, app: App, attempt: u32, success: bool, rules: &Rules) {
        self.queue.remove(&app);
        if success {
            let earlier = self.log.range_mut((app, 0)..(app, attempt));
            earlier.for_each(|(_, logged)| logged.has_rows = false);
        }
        let logged = Logged { success, has_rows: success, token: Some(token) };
        self.log.insert((app, attempt), logged);
        let target = self.targets.entry(app).or_default();
        if success {
            target.successes += 1;
            target.last_success += 1;
            target.rows_of = target.last_success;
        } else if rules.has(Fault::FailureDeletesRows) {
            target.rows_of = 0;
        }
    }

    /// Extends the lease of a claim that still holds something, and removes one that does not.
    fn tidy(&mut self, token: Token) {
        match self.held(token).is_empty() {
            true => drop(self.claims.remove(&token)),
            false => drop(self.renew(token)),
        }
    }

    /// A whole completion: halves what the database refuses until the refused ones are alone. `None`
    /// if the token does not hold an application that is not logged under it. `has_success` says
    /// whether its session has completed something before.
    pub fn complete(
        &mut self,
        token: Token,
        apps: &[(App, u32, Report)],
        has_success: bool,
        rules: &Rules,
    ) -> Option<BTreeMap<App, Concluded>> {
        let mut completion = Completion::of(apps);
        while let Some(step) = completion.next_part() {
            if self.carry_out(token, step, &mut completion, rules) == Tried::LeaseLost {
                return None;
            }
        }
        // Those of an earlier call count, too: its answer may have been lost.
        let by_this_token = |(app, attempt, _): &(App, u32, Report)| {
            self.concluded_by(token, *app, *attempt) == Some(Concluded::Success)
        };
        completion.something_passed |= apps.iter().any(by_this_token);
        self.count_refusals(token, &completion, has_success, rules);
        let answer = apps.iter().filter_map(|(app, attempt, _)| {
            Some((*app, self.concluded_by(token, *app, *attempt)?))
        });
        Some(answer.collect())
    }

    /// One transaction of a completion, and what is to be done after it.
    pub fn carry_out(
        &mut self,
        token: Token,
        part: Vec<(App, u32, Report)>,
        completion: &mut Completion,
        rules: &Rules,
    ) -> Tried {
        let mut tried = self.try_to_complete(token, &part, rules);
        if tried == Tried::Refused {
            match part[..] {
                [(app, attempt, Report::RefusedData)] => {
                    tried = self.log_refused(token, app, attempt, rules);
                }
                [(app, _, report)] => {
                    completion.refused.push((app, report != Report::RefusedUnknown));
                }
                _ => {
                    let (first, second) = part.split_at(part.len() / 2);
                    completion.parts.extend([second.to_vec(), first.to_vec()]);
                }
            }
        } else if part.iter().any(|app| app.2 == Report::Success) {
            completion.something_passed = true;
        }
        tried
    }

    /// Deletes the rows of applications whose last attempt failed, and returns which had any.
    pub fn delete_stale_rows(&mut self) -> Vec<App> {
        let failed: Vec<App> = self.concluded().filter(|(_, _, ok)| !ok).map(|c| c.0).collect();
        let mut deleted = Vec::new();
        for app in failed {
            let mut attempts = self.log.range_mut((app, 0)..=(app, u32::MAX));
            if let Some((_, logged)) = attempts.find(|(_, logged)| logged.has_rows) {
                logged.has_rows = false;
                deleted.push(app);
            }
        }
        deleted
    }

    /// Retries failed and quarantined applications.
    pub fn retry(&mut self) -> Vec<App> {
        let failed: Vec<App> = self.concluded().filter(|(_, _, ok)| !ok).map(|c| c.0).collect();
        let mut moved = self.requeue(&failed);
        for (app, queued) in &mut self.queue {
            if queued.place == Place::Quarantined {
                *queued = Queued::ready(queued.attempts);
                self.targets.entry(*app).or_default().successes = 0;
                moved.push(*app);
            }
        }
        moved.sort_unstable();
        moved
    }

    /// Requeues those of these applications that are finished.
    pub fn requeue(&mut self, wanted: &[App]) -> Vec<App> {
        let finished = self.concluded().filter(|(app, _, _)| wanted.contains(app));
        let moved: Vec<(App, u32)> = finished.map(|(app, attempt, _)| (app, attempt)).collect();
        for (app, attempt) in &moved {
            self.queue.insert(*app, Queued::ready(*attempt));
            self.targets.entry(*app).or_default().successes = 0;
        }
        moved.into_iter().map(|(app, _)| app).collect()
    }

    /// Applications that are logged and not queued: their last attempt, and whether it succeeded.
    pub fn concluded(&self) -> impl Iterator<Item = (App, u32, bool)> + '_ {
        let last: BTreeMap<App, (u32, bool)> =
            self.log.iter().map(|((app, attempt), l)| (*app, (*attempt, l.success))).collect();
        let last = last.into_iter().filter(|(app, _)| !self.queue.contains_key(app));
        last.map(|(app, (attempt, success))| (app, attempt, success))
    }
}

/// A completion under way: transactions still to be tried, and who was refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Completion {
    pub parts: Vec<Vec<(App, u32, Report)>>,
    /// Refused alone, and whether by a number of the server.
    pub refused: Vec<(App, bool)>,
    pub something_passed: bool,
}

impl Completion {
    pub fn of(apps: &[(App, u32, Report)]) -> Self {
        Self { parts: vec![apps.to_vec()], refused: Vec::new(), something_passed: false }
    }

    /// The next transaction.
    pub fn next_part(&mut self) -> Option<Vec<(App, u32, Report)>> {
        self.parts.pop()
    }

    /// Whether a refused application counts as one that was alone: others succeeded, or no other
    /// was refused.
    pub fn alone(&self) -> bool {
        self.something_passed || self.refused.len() == 1
    }
}
