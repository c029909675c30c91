//! Counts from time to time how much there is to do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::store::{ActiveClaim, Share, Status};

use super::config::RunError;
use super::observer::Elsewhere;
use super::session::{Connect, Role, Session};
use super::shared::Shared;
use super::to_do::Counted;

/// Shortest time between two counts.
const EVERY: Duration = Duration::from_secs(10);

/// Starts a thread that counts until the run stops. It uses at most a fiftieth of the time of the
/// store, however long a count takes.
pub(super) fn watch(
    shared: &Arc<Shared>,
    connect: Connect,
    started: Instant,
) -> Result<(), RunError> {
    if ready_of_share(&Status::default(), shared.config.share).is_none() {
        return Ok(());
    }
    shared.spawn("status", move |shared| {
        if !wait_for_work(shared) {
            return;
        }
        let Ok(mut session) = Session::open(&connect, Role::Status) else { return };
        loop {
            let asked = Instant::now();
            let status = session.call(|store| store.get_status());
            if let Ok(status) = status {
                let ready = ready_of_share(&status, shared.config.share).unwrap_or(0);
                let (to_do, now) = (ready + shared.tally().in_hand(), started.elapsed());
                let elsewhere = elsewhere(&status.claims, &shared.config.worker_name, now);
                shared.to_do.set(Counted { to_do: Some((to_do, now)), elsewhere });
            }
            if !shared.flow.sleep(EVERY.max(asked.elapsed() * 50)) {
                return;
            }
        }
    })
}

/// Waits until something is claimed, here or elsewhere: there is nothing to count before. Returns whether the
/// run continues.
fn wait_for_work(shared: &Shared) -> bool {
    let mut wait = Duration::from_millis(10);
    loop {
        let is_claimed = {
            let tally = shared.tally();
            tally.claimed > 0 || tally.left.claimed_elsewhere.is_some_and(|apps| apps > 0)
        };
        if is_claimed || !shared.flow.sleep(wait) {
            return is_claimed;
        }
        wait = (wait * 2).min(Duration::from_millis(200));
    }
}

/// What the claims of others hold now.
fn elsewhere(claims: &[ActiveClaim], own: &str, now: Duration) -> Option<Elsewhere> {
    let others = || claims.iter().filter(|claim| claim.worker_name != own);
    let left = others().map(|claim| u64::try_from(claim.remaining_seconds).unwrap_or(0)).min()?;
    let applications = others().map(|claim| claim.apps).sum();
    Some(Elsewhere { applications, lease_ends: now + Duration::from_secs(left) })
}

/// Applications of a share that are ready; `None` for a range, which the status does not count.
fn ready_of_share(status: &Status, share: Share) -> Option<u64> {
    if share.app_id_start.is_some() || share.app_id_end.is_some() {
        return None;
    }
    let partitions = share.partition.map_or(1, |p| u64::from(p.instance_count.max(1)));
    Some(status.ready.div_ceil(partitions))
}
