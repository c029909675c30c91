//! From a claimed application to its outcome.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::contract::Contract;
use crate::id::SourceHash;
use crate::outcome::AppOutcome;
use crate::shred::{Control, Limits, Shredder};
use crate::store::ClaimedApp;

/// Turns one claimed application into its outcome: pure computation, called from many threads
/// at once. The time is the claim's, by the database's clock.
pub trait Shred: Send + Sync {
    /// The outcome for this application and attempt; `None` if `control` gave it up. A document's
    /// failure is an outcome; a panic is a defect of the program, and the application is logged as
    /// failed for it.
    fn shred(
        &self,
        app: &ClaimedApp,
        claimed_at: DateTime<Utc>,
        control: &dyn Control,
    ) -> Option<AppOutcome>;
}

impl<F> Shred for F
where
    F: Fn(&ClaimedApp, DateTime<Utc>) -> AppOutcome + Send + Sync,
{
    fn shred(
        &self,
        app: &ClaimedApp,
        claimed_at: DateTime<Utc>,
        _: &dyn Control,
    ) -> Option<AppOutcome> {
        Some(self(app, claimed_at))
    }
}

/// Shreds with a contract. A shredder keeps its buffers from document to document, so each
/// thread takes an idle one and puts it back.
#[derive(Debug)]
pub struct ContractShredder {
    contract: Arc<Contract>,
    limits: Limits,
    idle: Mutex<Vec<Shredder>>,
}

impl ContractShredder {
    /// Shreds with this contract, within these limits.
    pub fn new(contract: Arc<Contract>, limits: Limits) -> Self {
        Self { contract, limits, idle: Mutex::default() }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Shredder>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shred for ContractShredder {
    fn shred(
        &self,
        app: &ClaimedApp,
        claimed_at: DateTime<Utc>,
        control: &dyn Control,
    ) -> Option<AppOutcome> {
        let idle = self.idle().pop();
        let mut shredder =
            idle.unwrap_or_else(|| Shredder::new(self.contract.clone(), self.limits));
        let began = Instant::now();
        let document = app.document.as_ref();
        let outcome = shredder.shred_controlled(app.app_id, claimed_at, document, control);
        self.idle().push(shredder);
        let outcome = outcome?;
        let source_hash = document.map(|d| SourceHash(Sha256::digest(&d.bytes).into()));
        let shred_micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        Some(AppOutcome {
            app_id: app.app_id,
            attempt: app.attempt,
            outcome,
            shred_micros,
            source_hash,
            document_bytes: document.map_or(0, |d| d.bytes.len() as u64),
        })
    }
}
