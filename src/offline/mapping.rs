//! One document through a contract, and many in parallel.

use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rayon::prelude::*;
use rayon::ThreadPool;

use super::duplicates;
use super::source::Source;
use crate::contract::Contract;
use crate::id::AppId;
use crate::outcome::{FailureCategory, Outcome};
use crate::shred::{Limits, Shredder};

/// The parameters shared by all documents of a call.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The contract.
    pub contract: Arc<Contract>,
    /// The limits of a document.
    pub limits: Limits,
    /// The value of `NOW_UTC()`.
    pub now: DateTime<Utc>,
    /// Use a document's own key as its id, where the contract has a `key` and the document has a
    /// whole number there.
    pub id_from_key: bool,
}

/// The result of one document.
#[derive(Debug)]
pub struct Mapped {
    /// The id it was mapped with.
    pub app_id: AppId,
    /// Its size, as far as it was read.
    pub bytes: u64,
    /// Its rows, or its failure.
    pub outcome: Outcome,
}

/// Documents per thread that are mapped before their results are written: enough that the threads
/// seldom wait for the last one of a round.
const ROUND: usize = 32;

/// Calls `work` on every item, with one `worker` state per thread, and passes the results to `take`
/// in the order of the items.
pub(crate) fn in_order<S: Sync, W, T: Send>(
    items: &[S],
    threads: &ThreadPool,
    worker: impl Fn() -> W + Sync + Send,
    work: impl Fn(&mut W, &S) -> T + Sync + Send,
    mut take: impl FnMut(T) -> io::Result<()>,
) -> io::Result<()> {
    for round in items.chunks(threads.current_num_threads() * ROUND) {
        let done: Vec<T> = threads.install(|| {
            round.par_iter().map_init(&worker, |state, item| work(state, item)).collect()
        });
        done.into_iter().try_for_each(&mut take)?;
    }
    Ok(())
}

impl Mapping {
    /// A shredder for one thread.
    pub(crate) fn shredder(&self) -> Shredder {
        Shredder::new(self.contract.clone(), self.limits)
    }

    /// Maps one document.
    pub(crate) fn map(&self, shredder: &mut Shredder, source: &Source) -> Mapped {
        match source.read(self.limits.document_bytes) {
            Ok(document) => {
                let own_key = document.as_ref().filter(|_| self.id_from_key);
                let own_key = own_key.and_then(|document| shredder.key(document));
                let app_id = own_key.unwrap_or(source.app_id);
                let outcome = shredder.shred(app_id, self.now, document.as_ref());
                let outcome = duplicates::checked(&self.contract, outcome);
                let bytes = document.map_or(0, |document| document.bytes.len() as u64);
                Mapped { app_id, bytes, outcome }
            }
            Err(failure) => Mapped { app_id: source.app_id, bytes: 0, outcome: Err(failure) },
        }
    }
}

/// Number of rows per table, or the category of the failure.
pub(super) fn counts(outcome: &Outcome) -> Result<Vec<u64>, FailureCategory> {
    match outcome {
        Ok(tables) => Ok(tables.iter().map(|rows| rows.len() as u64).collect()),
        Err(failure) => Err(failure.category),
    }
}
