//! The end of waiting: a thread that hangs must not hold a claim for ever.
//!
//! Every wait has a limit of its own: a document its timeout, a call of the store the timeouts of
//! the connection. What is watched here is beyond them: a call that does not return, a document
//! that cannot be stopped. The claims concerned are not renewed any more, so that they are reaped
//! and count as those of a worker that died, and the run ends: nothing can be expected of a
//! process with a thread that hangs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::config::RunConfig;
use super::session::Role;
use super::shared::Shared;
use super::summary::RunEnd;
use crate::figures::duration;

/// How many leases a claim is renewed for without progress, if the timeouts are shorter. The health
/// finding `claim without progress` has the same number.
const LEASES_WITHOUT_PROGRESS: u32 = 5;

/// Stops the run if a thread hangs. Returns whether there is nothing to wait for: every claim is
/// released, or the thread that would release them is the one that hangs.
pub(super) fn stop_if_something_hangs(shared: &Shared) -> bool {
    if shared.flow.is_aborting() {
        return shared.hangs.load(Ordering::SeqCst) && shared.held.batches().is_empty();
    }
    let limit = call_limit(&shared.config);
    if let Some(clock) = shared.calls.iter().find(|clock| clock.waits_longer_than(limit)) {
        shared.hangs.store(true, Ordering::SeqCst);
        let is_completing = clock.role == Role::Complete;
        if is_completing {
            shared.held.batches().iter().for_each(|batch| batch.lease.abandon());
        }
        let (role, limit) = (clock.role.name(), duration(limit));
        let text = format!("the store has not answered a {role} call for {limit}");
        shared.fail_with(RunEnd::StoreUnreachable, text);
        return is_completing;
    }
    let Some(limit) = document_limit(&shared.config) else { return false };
    for batch in shared.held.batches() {
        let Some(app_id) = batch.document_since(limit) else { continue };
        batch.lease.abandon();
        let text = format!(
            "application {app_id} has been shredded for {} without an end: its claim is not \
             renewed any more",
            duration(limit)
        );
        shared.fail_with(RunEnd::Lost, text);
    }
    false
}

/// How long a call may take. It is longer than the store itself waits.
fn call_limit(config: &RunConfig) -> Duration {
    (config.lease * LEASES_WITHOUT_PROGRESS).max(config.answer_timeout.saturating_mul(2))
}

/// How long a document may take; `None` without a limit.
fn document_limit(config: &RunConfig) -> Option<Duration> {
    let timeout = config.document_timeout;
    let limit = (config.lease * LEASES_WITHOUT_PROGRESS).max(timeout.saturating_mul(2));
    (!timeout.is_zero()).then_some(limit)
}
