//! Claims: claiming a batch, renewing its lease, releasing and reaping it.

use std::time::{Duration, Instant};

use super::call::{clipped, Call};
use super::connection::{first, Connection};
use super::fault::{Result, ServerFault};
use super::record::Record;
use crate::id::ClaimToken;
use crate::store::{
    failpoint, Batch, ClaimRequest, Claimed, ClaimedApp, ReapRequest, Reaped, Renewal,
};

/// The largest `@batch_size`.
const MOST_APPS: u32 = 4_000;

/// Claims a batch; while locks of other sessions hide the result, repeats the call with the same
/// token.
pub(super) fn claim_batch(connection: &mut Connection, request: &ClaimRequest) -> Result<Claimed> {
    let share = &request.share;
    let partition = share.partition.as_ref();
    let call = Call::new("usp_ClaimBatch")
        .with("@claim_token", request.token)
        .with("@session_id", request.session)
        .with("@contract_hash", request.contract_hash)
        .with("@batch_size", request.batch_size.min(MOST_APPS))
        // A claim has at least one application, so a bound of 0 means one.
        .with("@max_bytes", request.max_bytes.max(1))
        .with("@lease_ms", lease_ms(request.lease))
        .with("@instance_id", partition.map(|p| p.instance_id))
        .with("@instance_count", partition.map(|p| p.instance_count))
        .with("@app_id_start", share.app_id_start)
        .with("@app_id_end", share.app_id_end)
        .with("@after_app_id", request.after_app_id);
    let began = Instant::now();
    loop {
        let mut sets = connection.call(&call)?.into_iter();
        let head = first(sets.next())?;
        match head.get::<String>("claim_status")?.as_str() {
            "claimed" => {
                failpoint::hit(failpoint::AFTER_CLAIM);
                let apps = sets.next().unwrap_or_default().into_iter().map(app);
                return Ok(Claimed::Batch(Batch {
                    token: request.token,
                    claimed_at: head.get("claimed_at_utc")?,
                    apps: apps.collect::<Result<_>>()?,
                }));
            }
            "empty" => {
                let claimed_elsewhere = head.get("apps_claimed_elsewhere")?;
                return Ok(Claimed::Empty { claimed_elsewhere });
            }
            "paused" => {
                return head.pause("pause_reason")?.map(Claimed::Paused).ok_or_else(|| {
                    ServerFault::Unexpected("usp_ClaimBatch returned paused without a pause".into())
                });
            }
            // busy: the procedure itself has tried for a while.
            _ if began.elapsed() > connection.settings().answer_timeout => {
                return Err(ServerFault::Timeout(format!(
                    "usp_ClaimBatch has found only locked applications for {}",
                    humantime::format_duration(connection.settings().answer_timeout)
                )));
            }
            _ => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn app(record: Record) -> Result<ClaimedApp> {
    Ok(ClaimedApp {
        app_id: record.get("app_id")?,
        attempt: record.get("attempt")?,
        document: record.document()?,
    })
}

pub(super) fn renew_lease(
    connection: &mut Connection,
    token: ClaimToken,
    lease: Duration,
) -> Result<Renewal> {
    let call =
        Call::new("usp_RenewLease").with("@claim_token", token).with("@lease_ms", lease_ms(lease));
    match connection.ask(&call)?.get::<String>("renewal_status")?.as_str() {
        "renewed" => Ok(Renewal::Renewed),
        _ => Ok(Renewal::Lost),
    }
}

/// A lease in milliseconds; the procedures accept one day at most.
fn lease_ms(lease: Duration) -> u32 {
    const DAY_MS: u128 = 86_400_000;
    lease.as_millis().min(DAY_MS) as u32
}

pub(super) fn release_claim(
    connection: &mut Connection,
    token: ClaimToken,
    reason: &str,
) -> Result<u64> {
    let call = Call::new("usp_ReleaseClaim")
        .with("@claim_token", token)
        .with("@reason", clipped(reason, 400));
    connection.ask(&call)?.get("apps_released")
}

pub(super) fn reap_expired(connection: &mut Connection, request: ReapRequest) -> Result<Reaped> {
    let call = Call::slow("usp_ReapExpired")
        .with("@max_claims", request.max_claims)
        .with("@max_reaps", request.max_reaps);
    let head = connection.ask(&call)?;
    Ok(Reaped {
        claims: head.get("claims_reaped")?,
        apps: head.get("apps_ready")?,
        quarantined: head.get("apps_quarantined")?,
    })
}
