//! The completing thread.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use crate::id::AppId;
use crate::outcome::AppOutcome;
use crate::store::{ClaimOutcome, Completed, Fate, Refusal, StoreError};

use super::batch::InFlight;
use super::refusals::stop_reason;
use super::session::{backoff, Session};
use super::shared::{Message, Shared};
use super::summary::RunEnd;

/// Completions in succession without an answer after which the run stops: the server hangs, not a
/// batch.
const MAX_UNANSWERED: u32 = 3;

/// Completes batches until claiming has ended and nothing is in flight, then releases what is
/// still held and ends the session.
pub(super) fn complete_batches(
    shared: &Arc<Shared>,
    session: Session,
    messages: &Receiver<Message>,
) {
    let mut completer = Completer { shared, session, unanswered: 0 };
    let mut claims_ended = false;
    while !claims_ended || shared.flow.batches() > 0 {
        match messages.recv() {
            Ok(Message::Closed(batch)) => completer.conclude(&batch),
            Ok(Message::Part(batch)) => completer.conclude_part(&batch),
            Ok(Message::ClaimsEnded) => claims_ended = true,
            Err(_) => break,
        }
    }
    shared.held.close();
    completer.end_session();
}

struct Completer<'a> {
    shared: &'a Arc<Shared>,
    session: Session,
    /// Completions in succession that had no answer.
    unanswered: u32,
}

/// The result of one attempt to complete.
enum Verdict {
    /// Every outcome is in the log, or was refused and is back in the queue.
    Concluded,
    /// The claim is lost, or may be lost soon.
    Abandoned,
    /// The claim is held, and none of the remaining outcomes was written.
    Again(StoreError),
    /// A retry cannot help; the claim is held.
    Fatal(StoreError),
    /// The claim is held, and the completion had no answer: it may still be carried out.
    Unanswered(StoreError),
    /// The store cannot be reached.
    Unknown(StoreError),
}

impl Completer<'_> {
    fn conclude(&mut self, batch: &Arc<InFlight>) {
        let (outcomes, unfinished) = batch.take_outcomes();
        let unfinished = unfinished as u64;
        if self.shared.flow.is_aborting() {
            let apps = outcomes.len() as u64 + unfinished;
            match batch.lease.is_live() {
                true => self.release(batch, apps, "the worker stopped on an error"),
                false => self.abandon(batch, apps),
            }
        } else {
            self.complete(batch, outcomes, unfinished);
        }
        self.shared.held.remove(batch.token);
        self.shared.flow.release(batch.token);
    }

    /// Completes the outcomes so far of a batch that continues, to make room for others.
    ///
    /// An application that this leaves alone in its claim counts as alone if the worker dies then, even
    /// where an application of another claim of the worker is the cause: a death counts in each claim by
    /// what the claim still holds. One that is refused as the only outcome of a part was sent alone, so
    /// nothing else can be the cause.
    fn conclude_part(&mut self, batch: &Arc<InFlight>) {
        if self.shared.flow.is_aborting() {
            return;
        }
        let (mut outcomes, bytes) = batch.take_part();
        let began = Instant::now();
        for tries in 0.. {
            let verdict = self.try_to_complete(batch, &mut outcomes);
            match verdict {
                Verdict::Concluded => break,
                Verdict::Abandoned => {
                    self.abandon(batch, outcomes.len() as u64);
                    break;
                }
                Verdict::Again(_) if began.elapsed() < self.shared.config.store_patience => {
                    std::thread::sleep(backoff(tries));
                }
                // The batch is released when it is closed.
                Verdict::Again(error) | Verdict::Fatal(error) => {
                    batch.put_back(outcomes, bytes);
                    return self.shared.fail(&error);
                }
                Verdict::Unanswered(error) => {
                    self.give_up(batch, outcomes.len() as u64, &error);
                    break;
                }
                Verdict::Unknown(error) => {
                    self.shared.fail(&error);
                    self.leave(batch, outcomes.len() as u64);
                    break;
                }
            }
        }
        drop(outcomes);
        self.shared.flow.end_part(batch.token, bytes);
    }

    /// Completes the outcomes, then settles the batch's other applications.
    fn complete(&mut self, batch: &Arc<InFlight>, mut outcomes: Vec<AppOutcome>, unfinished: u64) {
        let began = Instant::now();
        for tries in 0.. {
            let verdict = self.try_to_complete(batch, &mut outcomes);
            let open = outcomes.len() as u64 + unfinished;
            match verdict {
                Verdict::Concluded => return self.settle_rest(batch, unfinished),
                Verdict::Abandoned => return self.abandon(batch, open),
                Verdict::Again(_) if began.elapsed() < self.shared.config.store_patience => {
                    std::thread::sleep(backoff(tries));
                }
                Verdict::Again(error) | Verdict::Fatal(error) => {
                    self.shared.fail(&error);
                    return self.release(batch, open, "completion failed");
                }
                Verdict::Unanswered(error) => return self.give_up(batch, open, &error),
                Verdict::Unknown(error) => {
                    self.shared.fail(&error);
                    return self.leave(batch, open);
                }
            }
        }
    }

    /// Sends a completion. Outcomes that the database concluded are counted and removed from
    /// `outcomes`.
    fn try_to_complete(&mut self, batch: &InFlight, outcomes: &mut Vec<AppOutcome>) -> Verdict {
        if outcomes.is_empty() {
            return Verdict::Concluded;
        }
        if !batch.lease.may_complete() {
            return Verdict::Abandoned;
        }
        let contract = &self.shared.contract;
        let max_reaps = self.shared.config.max_reaps;
        match self
            .session
            .call(|store| store.complete_batch(batch.token, contract, outcomes, max_reaps))
        {
            Ok(completed) => {
                self.count(&completed, outcomes);
                outcomes.clear();
                self.unanswered = 0;
                batch.lease.completion_ended();
                Verdict::Concluded
            }
            Err(error) => self.check_claim_outcome(batch, outcomes, error),
        }
    }

    /// After an error, reads the outcome of the claim before anything else: the transaction may
    /// have been committed and only its answer lost.
    fn check_claim_outcome(
        &mut self,
        batch: &InFlight,
        outcomes: &mut Vec<AppOutcome>,
        error: StoreError,
    ) -> Verdict {
        tracing::warn!(claim = %batch.token.0, %error, "completion failed, reading the outcome of the claim");
        let patience = self.patience();
        let asked = self
            .session
            .call_patiently(patience, pause, |store| store.get_claim_outcome(batch.token));
        let ClaimOutcome { held, completed } = match asked {
            Ok(outcome) => outcome,
            Err(error) => return Verdict::Unknown(error),
        };
        batch.lease.completion_ended();
        self.count(&completed, outcomes);
        let done: HashSet<AppId> = completed.iter().map(|app| app.app_id).collect();
        outcomes.retain(|outcome| !done.contains(&outcome.app_id));

        let still_held = outcomes.iter().all(|outcome| held.contains(&outcome.app_id));
        match error {
            _ if outcomes.is_empty() => Verdict::Concluded,
            _ if !still_held => Verdict::Abandoned,
            StoreError::LeaseLost(_) => Verdict::Abandoned,
            StoreError::Unreachable { .. } => Verdict::Again(error),
            StoreError::Unanswered { .. } => Verdict::Unanswered(error),
            error => Verdict::Fatal(error),
        }
    }

    /// Counts what became of the applications, and stops the run where nothing could be written.
    fn count(&self, completed: &[Completed], outcomes: &[AppOutcome]) {
        for app in completed {
            let Some(Refusal { number, message, .. }) = app.refusal() else { continue };
            let (app_id, quarantined) = (app.app_id.0, matches!(app.fate, Fate::Quarantined(_)));
            tracing::warn!(app_id, number, message, quarantined, "refused by the database");
        }
        self.shared.tally().conclude(completed, outcomes);
        if let Some(reason) = stop_reason(completed) {
            self.shared.fail_with(RunEnd::Lost, reason);
        }
    }

    /// Releases what was not shredded.
    fn settle_rest(&mut self, batch: &Arc<InFlight>, apps: u64) {
        match apps {
            0 => {}
            _ if !batch.lease.is_live() => self.abandon(batch, apps),
            _ => self.release(batch, apps, "the worker is stopping"),
        }
    }

    /// Leaves a claim whose completion had no answer to the reaper: it counts as that of a worker
    /// that died, because the documents may be the cause.
    fn give_up(&mut self, batch: &InFlight, apps: u64, error: &StoreError) {
        tracing::error!(
            claim = %batch.token.0,
            apps,
            %error,
            "completion given up: its connection was closed, and the claim is not renewed any \
             more; what the database has not logged is ready again once the claim is reaped"
        );
        self.shared.tally().abandon(apps);
        self.unanswered += 1;
        if self.unanswered >= MAX_UNANSWERED {
            self.shared.fail(error);
        }
    }

    fn abandon(&self, batch: &InFlight, apps: u64) {
        tracing::warn!(
            claim = %batch.token.0,
            apps,
            "batch abandoned: its lease was lost or could not be renewed in time; the applications \
             are ready again once the lease has expired and the claim is reaped"
        );
        self.shared.tally().abandon(apps);
    }

    fn release(&mut self, batch: &InFlight, apps: u64, reason: &str) {
        let patience = self.patience();
        let released = self
            .session
            .call_patiently(patience, pause, |store| store.release_claim(batch.token, reason));
        match released {
            Ok(released) => {
                tracing::info!(claim = %batch.token.0, released, reason, "claim released");
                let mut tally = self.shared.tally();
                tally.released += released.min(apps);
                tally.abandon(apps.saturating_sub(released));
            }
            Err(error) => {
                tracing::error!(claim = %batch.token.0, %error, "could not release the claim");
                self.leave(batch, apps);
            }
        }
    }

    /// Leaves the claim as it is. Its outcome is not known here; the reaper recovers what is still
    /// claimed.
    fn leave(&self, batch: &InFlight, apps: u64) {
        tracing::warn!(claim = %batch.token.0, apps, "outcome unknown; the reaper recovers what is still claimed");
        self.shared.tally().unsettled += apps;
    }

    /// How long to keep trying when the store cannot be reached: not at all once the run has failed.
    fn patience(&self) -> Duration {
        match self.shared.flow.is_aborting() {
            true => Duration::ZERO,
            false => self.shared.config.store_patience,
        }
    }

    fn end_session(&mut self) {
        // Where nothing was completed, the claiming session is the open one.
        if !self.session.is_open() {
            if let Some(session) = self.shared.take_session() {
                self.session = session;
            }
        }
        let (id, status) = (self.shared.config.session, self.shared.end().exit_status().code());
        let patience = self.patience();
        let ended =
            self.session.call_patiently(patience, pause, |store| store.end_session(id, status));
        match ended {
            // What was completed is gone with the store.
            Err(error @ StoreError::Replaced { .. }) => self.shared.fail(&error),
            Err(error) => tracing::warn!(%error, "could not record the end of the session"),
            Ok(()) if self.shared.tally().claimed == 0 => {}
            Ok(()) => {
                let place = self.session.call(|store| store.get_contract());
                if let Err(error @ StoreError::Replaced { .. }) = place {
                    self.shared.fail(&error);
                }
            }
        }
    }
}

/// Waits before the next try. The completing thread keeps trying while the run drains:
/// [`super::run`] bounds how long.
fn pause(wait: Duration) -> bool {
    std::thread::sleep(wait);
    true
}
