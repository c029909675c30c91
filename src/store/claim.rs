//! Claiming, renewing and reaping: requests and answers.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::document::Document;
use crate::id::{AppId, ClaimToken, ContractHash, SessionId};
use crate::store::error::{Result, StoreError};
use crate::store::session::Pause;

/// Which of the queue a worker takes: the whole of it, a partition, a range, or both at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// `app_id % instance_count = instance_id`.
    pub partition: Option<Partition>,
    /// Smallest application id, inclusive.
    pub app_id_start: Option<AppId>,
    /// Largest application id, inclusive.
    pub app_id_end: Option<AppId>,
}

/// `--instance-id` of `--instance-count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// From 0 to `instance_count - 1`.
    pub instance_id: u32,
    /// At least 1.
    pub instance_count: u32,
}

/// Parameters of [`Store::claim_batch`].
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// Repeating a token returns the same claim: what is unfinished of it, its lease begun anew.
    pub token: ClaimToken,
    /// Who claims.
    pub session: SessionId,
    /// Refused when it is not the installed contract's.
    pub contract_hash: ContractHash,
    /// At most this many applications, at least 1.
    pub batch_size: u32,
    /// At most this many bytes of documents, but always one application.
    pub max_bytes: u64,
    /// How long the claim holds without a renewal or a completion, at least a millisecond.
    pub lease: Duration,
    /// Which of the queue.
    pub share: Share,
    /// Ids above this are looked at first; a short result wraps once.
    pub after_app_id: Option<AppId>,
}

impl ClaimRequest {
    /// Refuses a request that means nothing, with everything that is wrong with it.
    pub fn check(&self) -> Result<()> {
        let mut wrong = Vec::new();
        if self.batch_size == 0 {
            wrong.push("the batch size is 0, it must be at least 1".to_owned());
        }
        if let Err(error) = check_lease(self.lease) {
            wrong.push(error.to_string());
        }
        if let Some(Partition { instance_id, instance_count }) = self.share.partition {
            if instance_id >= instance_count {
                wrong.push(format!(
                    "instance {instance_id} of {instance_count} does not exist, ids are from 0 \
                     to one less than the count"
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
            false => Err(StoreError::Refused(format!("cannot claim: {}", wrong.join("; ")))),
        }
    }
}

/// Refuses a lease that is over when it begins: the shortest is a millisecond.
pub fn check_lease(lease: Duration) -> Result<()> {
    match lease.as_millis() {
        0 => Err(StoreError::Refused(format!(
            "a lease of {lease:?} is over at once, it must be at least a millisecond"
        ))),
        _ => Ok(()),
    }
}

/// Answer of [`Store::claim_batch`].
#[derive(Debug)]
pub enum Claimed {
    /// Work, leased to the token.
    Batch(Batch),
    /// Nothing ready in this share of the queue, even counting what neighbours merely lock.
    Empty {
        /// Applications of this share that other claims hold now.
        claimed_elsewhere: u64,
    },
    /// Nothing is handed out until [`Store::resume`]; a token that has its claim gets it all the
    /// same.
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
    /// Attempt number that this claim is, from 1.
    pub attempt: u32,
    /// The document; `None` when the source row is gone or its document is null.
    pub document: Option<Document>,
}

/// Answer of [`Store::renew_lease`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// The lease now ends this much later than now.
    Renewed,
    /// The claim is no longer held by this token.
    Lost,
}

/// Parameters of [`Store::reap_expired`].
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
    /// Refuses a request that means nothing.
    pub fn check(&self) -> Result<()> {
        match self.max_reaps {
            0 => Err(StoreError::Refused(
                "cannot reap: quarantine after 0 reaps would take everything, say at least 1"
                    .into(),
            )),
            _ => Ok(()),
        }
    }
}

/// Answer of [`Store::reap_expired`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reaped {
    /// Claims taken back.
    pub claims: u64,
    /// Applications made ready again.
    pub apps: u64,
    /// Applications quarantined.
    pub quarantined: u64,
}
