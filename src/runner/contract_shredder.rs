//! Claimed applications through a contract.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::contract::Contract;
use crate::outcome::{AppOutcome, SourceHash};
use crate::shred::{Limits, Shredder};
use crate::store::ClaimedApp;

use super::Shred;

/// Shreds with a contract on as many threads as ask, each with a [`Shredder`] of its own for the
/// time, so that buffers are kept from document to document.
#[derive(Debug)]
pub struct ContractShredder {
    contract: Arc<Contract>,
    limits: Limits,
    idle: Mutex<Vec<Shredder>>,
}

impl ContractShredder {
    /// A shredder for a contract.
    pub fn new(contract: Arc<Contract>, limits: Limits) -> Self {
        Self { contract, limits, idle: Mutex::default() }
    }

    fn take(&self) -> Shredder {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| Shredder::new(self.contract.clone(), self.limits))
    }

    fn give_back(&self, shredder: Shredder) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(shredder);
    }
}

impl Shred for ContractShredder {
    fn shred(&self, app: &ClaimedApp, claimed_at: DateTime<Utc>) -> AppOutcome {
        let began = Instant::now();
        let mut shredder = self.take();
        let outcome = shredder.shred(app.app_id, claimed_at, app.document.as_ref());
        // A shredder that panicked is not given back: what it holds may be half done.
        self.give_back(shredder);
        let shred_micros = began.elapsed().as_micros() as u64;
        let bytes = app.document.as_ref().map(|document| document.bytes.as_slice());
        AppOutcome {
            app_id: app.app_id,
            attempt: app.attempt,
            outcome,
            shred_micros,
            source_hash: bytes.map(|bytes| SourceHash(Sha256::digest(bytes).into())),
            document_bytes: bytes.map_or(0, |bytes| bytes.len() as u64),
        }
    }
}
