//! The lease keeper: renews every claim this process holds.

use std::time::Instant;

use crate::store::Renewal;

use super::session::{backoff, Session};
use super::shared::Shared;

/// Renews until [`super::batch::Held::close`].
///
/// A call that hangs delays other renewals but not the abandoning: every thread that acts on a
/// claim checks its [`super::lease::Lease`], which depends on the clock alone.
pub(super) fn keep_leases(shared: &Shared, mut session: Session) {
    let length = shared.config.lease;
    let mut failures = 0;
    while let Some(batch) = shared.held.wait_for_renewal() {
        let sent = Instant::now();
        match session.call(|store| store.renew_lease(batch.token, length)) {
            Ok(Renewal::Renewed) => {
                failures = 0;
                batch.lease.renewed(sent);
            }
            Ok(Renewal::Lost) if batch.lease.lost() => {
                tracing::warn!(claim = %batch.token.0, "lease lost: the claim was reaped");
            }
            Ok(Renewal::Lost) => {}
            Err(error) => {
                tracing::warn!(claim = %batch.token.0, %error, "renewal failed, trying again");
                batch.lease.renewal_failed(Instant::now() + backoff(failures).min(length / 12));
                failures += 1;
            }
        }
    }
}
