//! The claiming thread.

use std::sync::Arc;
use std::time::Instant;

use crate::id::{AppId, ClaimToken};
use crate::store::{self, Batch, ClaimRequest, Claimed, Pause, ReapRequest, StoreError};

use super::batch::{bytes_in_flight, InFlight};
use super::lease::Lease;
use super::session::{backoff, Session};
use super::shared::Shared;
use super::shredding::spread;
use super::summary::Left;

/// Claims until the limit is reached, nothing is ready (unless following), or the run stops.
pub(super) fn claim_batches(shared: &Arc<Shared>, session: Session) {
    let mut claimer =
        Claimer { shared, session, after: None, reaped_at: Instant::now(), pause: None };
    if let Err(error) = claimer.run() {
        shared.fail(&error);
    }
}

struct Claimer<'a> {
    shared: &'a Arc<Shared>,
    session: Session,
    /// The last id seen: the next claim starts above it.
    after: Option<AppId>,
    reaped_at: Instant,
    /// The pause that was last met, so that each is told of once.
    pause: Option<Pause>,
}

impl Claimer<'_> {
    fn run(&mut self) -> store::Result<()> {
        let shared = self.shared;
        while self.remaining() > 0 {
            self.reap_now_and_then()?;
            let Some(reserved) = shared.flow.reserve() else { break };
            let claimed = self.claim(reserved);
            match claimed {
                Ok(Some((batch, lease))) => self.dispatch(batch, lease, reserved),
                Ok(None) => {
                    shared.flow.give_back(reserved);
                    if !self.wait_for_work()? {
                        self.count_unqueued();
                        break;
                    }
                }
                Err(_) if shared.flow.is_stopping() => {
                    shared.flow.give_back(reserved);
                    break;
                }
                Err(error) => {
                    shared.flow.give_back(reserved);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// How many more applications `--limit` allows.
    fn remaining(&self) -> u64 {
        let claimed = self.shared.tally().claimed;
        self.shared.config.limit.map_or(u64::MAX, |limit| limit.saturating_sub(claimed))
    }

    /// Claims one batch, asking again with the same token while the store cannot be reached: the
    /// answer to a claim that was made but not heard is that claim. Once the lease of the first
    /// try may be over the token is given up, and what it holds is the reaper's.
    fn claim(&mut self, reserved: u64) -> store::Result<Option<(Batch, Lease)>> {
        let config = &self.shared.config;
        let mut request = ClaimRequest {
            token: ClaimToken::random(),
            session: self.shared.config.session,
            contract_hash: self.shared.contract.hash,
            batch_size: u32::try_from(self.remaining()).unwrap_or(u32::MAX).min(config.batch_size),
            max_bytes: (reserved / 2).max(1),
            lease: config.lease,
            share: config.share,
            after_app_id: self.after,
        };
        let began = Instant::now();
        let mut lease = Lease::new(config.lease, began);
        let mut tries = 0;
        loop {
            let error = match self.session.call(|store| store.claim_batch(&request)) {
                Ok(Claimed::Batch(batch)) => {
                    self.pause = None;
                    self.shared.tally().left = Left::default();
                    return Ok(Some((batch, lease)));
                }
                Ok(Claimed::Empty { claimed_elsewhere }) => {
                    tracing::debug!(claimed_elsewhere, "nothing ready");
                    self.pause = None;
                    self.leave_elsewhere(claimed_elsewhere);
                    return Ok(None);
                }
                Ok(Claimed::Paused(pause)) => {
                    self.note(pause);
                    return Ok(None);
                }
                Err(error @ StoreError::Unreachable { .. }) => error,
                Err(error) => return Err(error),
            };
            let wait = backoff(tries);
            if began.elapsed() + wait > config.store_patience || !self.shared.flow.sleep(wait) {
                return Err(error);
            }
            tries += 1;
            tracing::warn!(claim = %request.token.0, tries, %error, "claim not answered, asking again");
            if !lease.is_live() {
                request.token = ClaimToken::random();
                lease = Lease::new(config.lease, Instant::now());
            }
        }
    }

    fn note(&mut self, pause: Pause) {
        if self.pause.as_ref() != Some(&pause) {
            let (since, by, reason) = (pause.since, &pause.by, &pause.reason);
            tracing::warn!(%since, by, reason, "claiming is paused; `xmlshred resume` ends it");
        }
        self.pause = Some(pause);
        self.shared.tally().left = Left { paused: true, ..Left::default() };
    }

    /// Notes what claims other than this run's own hold.
    fn leave_elsewhere(&self, claimed: u64) {
        let mut tally = self.shared.tally();
        let claimed_elsewhere = Some(claimed.saturating_sub(tally.in_hand()));
        tally.left = Left { claimed_elsewhere, ..Left::default() };
    }

    /// Notes what there would be to do had it been queued. Not to know it is no reason to fail.
    fn count_unqueued(&mut self) {
        if let Ok(unqueued) = self.session.call(|store| store.count_unqueued()) {
            self.shared.tally().left.not_enqueued = unqueued;
        }
    }

    fn dispatch(&mut self, batch: Batch, lease: Lease, reserved: u64) {
        let shared = self.shared;
        self.after = batch.apps.last().map(|app| app.app_id);
        shared.tally().claimed += batch.apps.len() as u64;
        tracing::debug!(
            claim = %batch.token.0,
            apps = batch.apps.len(),
            bytes = bytes_in_flight(&batch.apps) / 2,
            "claimed"
        );
        let (batch, apps) = InFlight::new(batch, lease);
        let batch = Arc::new(batch);
        shared.held.insert(batch.clone());
        shared.flow.settle(reserved, batch.bytes);
        spread(shared, &batch, apps);
    }

    /// A dead worker's claims come back even while there is always other work.
    fn reap_now_and_then(&mut self) -> store::Result<()> {
        if self.reaped_at.elapsed() < self.shared.config.lease {
            return Ok(());
        }
        self.reap().map(drop)
    }

    /// Takes back claims whose lease has passed. Returns whether there were any.
    fn reap(&mut self) -> store::Result<bool> {
        let config = &self.shared.config;
        let request = ReapRequest { max_reaps: config.max_reaps, ..ReapRequest::default() };
        let flow = &self.shared.flow;
        let reaped = self.session.call_patiently(
            config.store_patience,
            |wait| flow.sleep(wait),
            |store| store.reap_expired(request),
        )?;
        self.reaped_at = Instant::now();
        self.shared.tally().quarantined += reaped.quarantined;
        if reaped.claims > 0 {
            tracing::warn!(
                claims = reaped.claims,
                apps = reaped.apps,
                quarantined = reaped.quarantined,
                "took back what workers left behind"
            );
        }
        Ok(reaped.claims > 0)
    }

    /// After an empty answer: whether to claim again, having waited where there is nothing to do.
    /// A run that does not follow ends once its own batches have ended too: one of them may have
    /// been reaped, and is then work again.
    fn wait_for_work(&mut self) -> store::Result<bool> {
        self.after = None;
        if self.reap()? {
            return Ok(true);
        }
        let (config, flow) = (&self.shared.config, &self.shared.flow);
        Ok(if config.follow { flow.sleep(config.poll) } else { flow.wait_until_idle() })
    }
}
