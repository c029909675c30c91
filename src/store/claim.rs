//! Claiming, renewing and reaping: requests and answers.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::document::Document;
use crate::id::{AppId, ClaimToken, ContractHash, SessionId};
use crate::store::error::{Result, StoreError};
use crate::store::session::Pause;

/// The part of the queue that a worker claims from: all of it, a partition, a range, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// `app_id % instance_count = instance_id`.
    pub partition: Option<Partition>,
    /// Smallest application id, inclusive.
    pub app_id_start: Option<AppId>,
    /// Largest application id, inclusive.
    pub app_id_end: Option<AppId>,
}

impl Share {
    /// `instance_id` and `instance_count`; the whole queue is partition 0 of 1.
    #[cfg(feature = "embedded")]
    pub(crate) fn instance(&self) -> (u32, u32) {
        self.partition.map_or((0, 1), |p| (p.instance_id, p.instance_count))
    }
}

/// `--instance-id` of `--instance-count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// From 0 to `instance_count - 1`.
    pub instance_id: u32,
    /// At least 1.
    pub instance_count: u32,
}

/// Parameters of [`Store::claim_batch`](crate::store::Store::claim_batch).
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// Repeating a token returns the unfinished applications of the same claim and extends its
    /// lease.
    pub token: ClaimToken,
    /// The session that claims.
    pub session: SessionId,
    /// Must be the installed contract's.
    pub contract_hash: ContractHash,
    /// At most this many applications, at least 1.
    pub batch_size: u32,
    /// At most this many bytes of documents, but at least one application.
    pub max_bytes: u64,
    /// How long the claim lasts without a renewal or a completion, at least a millisecond.
    pub lease: Duration,
    /// The part of the queue to claim from.
    pub share: Share,
    /// Ids above this are claimed first; then the search continues once from the lowest id.
    pub after_app_id: Option<AppId>,
}

impl ClaimRequest {
    /// Refuses an invalid request, with everything that is wrong in it.
    pub fn check(&self) -> Result<()> {
        let mut wrong = Vec::new();
        if self.batch_size == 0 {
            wrong.push("the batch size is 0: it must be at least 1".to_owned());
        }
        if let Err(error) = check_lease(self.lease) {
            wrong.push(error.to_string());
        }
        if let Some(Partition { instance_id, instance_count }) = self.share.partition {
            if instance_id >= instance_count {
                wrong.push(format!(
                    "instance {instance_id} of {instance_count} does not exist: ids are 0 to the \
                     count less one"
                ));
            }
        }
        if let Share { app_id_start: Some(start), app_id_end: Some(end), .. } = self.share {
            if start > end {
                wrong.push(format!("the range from {start} to {end} is empty"));
            }
        }
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(StoreError::Refused(format!("cannot claim: {}", wrong.join(", and ")))),
        }
    }
}

/// Refuses a lease shorter than a millisecond.
pub fn check_lease(lease: Duration) -> Result<()> {
    match lease.as_millis() {
        0 => Err(StoreError::Refused(format!(
            "the lease of {lease:?} is too short: it must be at least a millisecond"
        ))),
        _ => Ok(()),
    }
}

/// Answer of [`Store::claim_batch`](crate::store::Store::claim_batch).
#[derive(Debug)]
pub enum Claimed {
    /// Applications, leased to the token.
    Batch(Batch),
    /// Nothing is ready in this share of the queue, not even an application that another session
    /// locks.
    Empty {
        /// Applications of this share that other claims hold.
        claimed_elsewhere: u64,
    },
    /// Claiming is paused until [`Store::resume`](crate::store::Store::resume); a token that
    /// already has a claim still gets it.
    Paused(Pause),
}

/// A claimed batch.
#[derive(Debug)]
pub struct Batch {
    /// Its token.
    pub token: ClaimToken,
    /// When it was claimed, by the database's clock; `NOW_UTC()` of its documents.
    pub claimed_at: DateTime<Utc>,
    /// The applications in ascending order of id; never empty.
    pub apps: Vec<ClaimedApp>,
}

/// One claimed application.
#[derive(Debug)]
pub struct ClaimedApp {
    /// Its id.
    pub app_id: AppId,
    /// The attempt number of this claim, from 1.
    pub attempt: u32,
    /// The document; `None` if the source row was deleted or its document is null.
    pub document: Option<Document>,
}

/// Answer of [`Store::renew_lease`](crate::store::Store::renew_lease).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// The lease was extended.
    Renewed,
    /// The token no longer holds the claim.
    Lost,
}

/// Parameters of [`Store::reap_expired`](crate::store::Store::reap_expired).
#[derive(Debug, Clone, Copy)]
pub struct ReapRequest {
    /// At most this many claims.
    pub max_claims: u32,
    /// An application reaped this often while it was the only unfinished one of its claim is
    /// quarantined; at least 1.
    pub max_reaps: u32,
}

impl Default for ReapRequest {
    fn default() -> Self {
        Self { max_claims: 1000, max_reaps: 3 }
    }
}

impl ReapRequest {
    /// Refuses an invalid request.
    pub fn check(&self) -> Result<()> {
        match self.max_reaps {
            0 => Err(StoreError::Refused(
                "cannot reap: the number of reaps until quarantine is 0: it must be at least 1"
                    .into(),
            )),
            _ => Ok(()),
        }
    }
}

/// Answer of [`Store::reap_expired`](crate::store::Store::reap_expired).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reaped {
    /// Claims reaped.
    pub claims: u64,
    /// Applications that are ready again.
    pub apps: u64,
    /// Applications quarantined.
    pub quarantined: u64,
}
