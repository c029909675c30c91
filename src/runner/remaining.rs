//! How much there is to do, asked now and then.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::store::{Share, Status};

use super::session::{Connect, Role, Session};
use super::{RunError, Shared};

/// The latest count, and when it was taken.
#[derive(Debug, Default)]
pub(super) struct Remaining(Mutex<Option<(u64, Duration)>>);

impl Remaining {
    pub(super) fn get(&self) -> Option<(u64, Duration)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, to_do: u64, at: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((to_do, at));
    }
}

/// Least time between two counts.
const EVERY: Duration = Duration::from_secs(10);

/// Starts a thread that counts until the run stops. It takes at most a fiftieth of the store's
/// time, however long a count takes.
pub(super) fn watch(
    shared: &Arc<Shared>,
    connect: Connect,
    started: Instant,
) -> Result<(), RunError> {
    if ready_of_share(&Status::default(), shared.config.share).is_none() {
        return Ok(());
    }
    shared.spawn("status", move |shared| {
        let Ok(mut session) = Session::open(&connect, Role::Status) else { return };
        loop {
            let asked = Instant::now();
            let status = session.call(|store| store.get_status());
            if let Ok(status) = status {
                let ready = ready_of_share(&status, shared.config.share).unwrap_or(0);
                shared.remaining.set(ready + shared.tally().in_hand(), started.elapsed());
            }
            if !shared.flow.sleep(EVERY.max(asked.elapsed() * 50)) {
                return;
            }
        }
    })
}

/// Applications of a share that are ready; `None` for a range, which the status does not count.
fn ready_of_share(status: &Status, share: Share) -> Option<u64> {
    if share.app_id_start.is_some() || share.app_id_end.is_some() {
        return None;
    }
    let partitions = share.partition.map_or(1, |p| u64::from(p.instance_count.max(1)));
    Some(status.ready.div_ceil(partitions))
}
