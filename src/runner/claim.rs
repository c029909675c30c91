//! The claiming thread.

use std::sync::Arc;
use std::time::Instant;

use crate::command::command;
use crate::id::{AppId, ClaimToken};
use crate::store::{self, Batch, ClaimRequest, Claimed, Pause, ReapRequest};

use super::batch::InFlight;
use super::config::RunConfig;
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
    shared.leave_session(claimer.session);
}

struct Claimer<'a> {
    shared: &'a Arc<Shared>,
    session: Session,
    /// The last id seen: the next claim starts above it.
    after: Option<AppId>,
    reaped_at: Instant,
    /// The pause seen last, so that each is logged once.
    pause: Option<Pause>,
}

impl Claimer<'_> {
    fn run(&mut self) -> store::Result<()> {
        let shared = self.shared;
        while self.remaining() > 0 {
            self.reap_once_per_lease()?;
            let Some(reserved) = shared.flow.reserve() else { break };
            let claimed = self.claim(reserved);
            match claimed {
                Ok(Some((batch, lease))) => self.dispatch(batch, lease, reserved),
                Ok(None) => {
                    shared.flow.cancel(reserved);
                    if !self.wait_for_work()? {
                        self.count_unqueued();
                        break;
                    }
                }
                Err(_) if shared.flow.is_stopping() => {
                    shared.flow.cancel(reserved);
                    break;
                }
                Err(error) => {
                    shared.flow.cancel(reserved);
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

    /// How many applications the next claim may have: those that `--limit` allows, but no more than
    /// `--batch-size`, and no more than have [`RunConfig::BATCH_ROWS`] rows where they have as many as
    /// those before them.
    fn batch_size(&self) -> u32 {
        let tally = self.shared.tally();
        let rows: u64 = tally.rows.iter().sum();
        let by_rows = (RunConfig::BATCH_ROWS * tally.success).checked_div(rows);
        drop(tally);
        let most = self.remaining().min(u64::from(self.shared.config.batch_size));
        let apps = by_rows.map_or(most, |apps| apps.clamp(1, most.max(1)));
        u32::try_from(apps).unwrap_or(u32::MAX)
    }

    /// Claims one batch. While the store cannot be reached it repeats the call with the same token:
    /// if an earlier call succeeded and only its answer was lost, the repeat returns that claim.
    /// Once the lease of the first call may have expired, it uses a new token and leaves the old
    /// claim to the reaper.
    fn claim(&mut self, reserved: u64) -> store::Result<Option<(Batch, Lease)>> {
        let config = &self.shared.config;
        let mut request = ClaimRequest {
            token: ClaimToken::random(),
            session: self.shared.config.session,
            contract_hash: self.shared.contract.hash,
            batch_size: self.batch_size(),
            max_bytes: (reserved / 2).clamp(1, RunConfig::BATCH_BYTES),
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
                Err(error) if error.is_lost() => error,
                Err(error) => return Err(error),
            };
            let wait = backoff(tries);
            if began.elapsed() + wait > config.store_patience || !self.shared.flow.sleep(wait) {
                return Err(error);
            }
            tries += 1;
            tracing::warn!(claim = %request.token.0, tries, %error, "no answer to the claim, trying again");
            if !lease.is_live() {
                request.token = ClaimToken::random();
                lease = Lease::new(config.lease, Instant::now());
            }
        }
    }

    fn note(&mut self, pause: Pause) {
        if self.pause.as_ref() != Some(&pause) {
            let (since, by, reason) = (pause.since, &pause.by, &pause.reason);
            tracing::warn!(%since, by, reason, "claiming is paused; {} ends the pause", command("resume"));
        }
        self.pause = Some(pause);
        self.shared.tally().left = Left { paused: true, ..Left::default() };
    }

    /// Records how many applications the claims of other runs hold.
    fn leave_elsewhere(&self, claimed: u64) {
        let mut tally = self.shared.tally();
        let claimed_elsewhere = Some(claimed.saturating_sub(tally.in_hand()));
        tally.left = Left { claimed_elsewhere, ..Left::default() };
    }

    /// Records how many source documents are not enqueued. A failure to count them is ignored.
    fn count_unqueued(&mut self) {
        if let Ok(unqueued) = self.session.call(|store| store.count_unqueued()) {
            self.shared.tally().left.not_enqueued = unqueued;
        }
    }

    fn dispatch(&mut self, batch: Batch, lease: Lease, reserved: u64) {
        let shared = self.shared;
        self.after = batch.apps.last().map(|app| app.app_id);
        shared.tally().claimed += batch.apps.len() as u64;
        let (batch, apps) = InFlight::new(batch, lease);
        let (claim, bytes) = (batch.token.0, batch.documents);
        tracing::debug!(%claim, apps = batch.apps, bytes, "claimed");
        let batch = Arc::new(batch);
        shared.held.insert(batch.clone());
        shared.flow.settle(reserved, batch.token, batch.documents);
        spread(shared, &batch, apps);
    }

    /// Reaps once per lease, so that the claims of dead workers return even while other work is
    /// always ready.
    fn reap_once_per_lease(&mut self) -> store::Result<()> {
        if self.reaped_at.elapsed() < self.shared.config.lease {
            return Ok(());
        }
        self.reap().map(drop)
    }

    /// Reaps claims whose lease has expired. Returns whether there were any.
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
                "reaped claims of dead workers"
            );
        }
        Ok(reaped.claims > 0)
    }

    /// Waits after an empty answer. Returns whether to claim again. A run that does not follow ends
    /// only when its own batches have ended: one of them may have been reaped and be ready again.
    fn wait_for_work(&mut self) -> store::Result<bool> {
        self.after = None;
        // Where nobody holds anything, no lease can have expired.
        let is_held =
            self.shared.tally().left.claimed_elsewhere != Some(0) || self.shared.flow.batches() > 0;
        if is_held && self.reap()? {
            return Ok(true);
        }
        let (config, flow) = (&self.shared.config, &self.shared.flow);
        Ok(if config.follow { flow.sleep(config.poll) } else { flow.wait_until_idle() })
    }
}
