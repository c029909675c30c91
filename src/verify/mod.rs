//! Documents shredded again and compared with the rows that are in the target tables, those of other
//! programs too. Nothing is written.

mod app;
mod canonical;
mod compare;
mod report;
mod scope;
mod selection;
mod verification;
mod xml;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};

use crossbeam_channel::{bounded, Receiver, Sender};

pub use report::{AppExample, Column, Difference, Example, Report, Table, Verdict, VALUE_CLIP};
pub use selection::Selection;
pub use verification::Verification;

use crate::id::AppId;
use crate::store::{self, Store};
use app::Verifier;
use selection::{Chunk, Lister};

/// Opens a session with the store.
pub type Connect<'c> = &'c (dyn Fn() -> store::Result<Box<dyn Store>> + Sync);

/// What is found by a verification, and the error that ended it early.
#[derive(Debug)]
pub struct Verified {
    /// What was verified.
    pub report: Report,
    /// Why the rest was not.
    pub error: Option<store::StoreError>,
}

/// Verifies until everything is done or `stop` says so; `progress` is called after each chunk.
///
/// Applications are handed out in order of their ids, and each that was handed out is finished: what is
/// above [`Report::after`] is left to another call.
pub fn verify(
    verification: &Verification,
    connect: Connect<'_>,
    stop: &(dyn Fn() -> bool + Sync),
    mut progress: impl FnMut(&Report),
) -> Verified {
    let failed = AtomicBool::new(false);
    let ends = || stop() || failed.load(Ordering::Relaxed);
    let mut collector = Collector::new(verification);
    thread::scope(|scope| {
        let (chunks, to_do) = bounded::<Chunk>(verification.threads);
        let (results, done) = bounded::<Answer>(verification.threads);
        let lister = {
            let results = results.clone();
            scope.spawn(move || list(verification, connect, &ends, &chunks, &results))
        };
        for _ in 0..verification.threads {
            let (to_do, results) = (to_do.clone(), results.clone());
            scope.spawn(move || work(verification, connect, &to_do, &results));
        }
        drop((to_do, results));
        for answer in done {
            if answer.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            if collector.take(answer) {
                progress(&collector.report);
            }
        }
        collector.report.is_complete = finished(lister) && collector.error.is_none();
    });
    collector.into_verified()
}

/// Whether everything was handed out.
fn finished(lister: ScopedJoinHandle<'_, bool>) -> bool {
    lister.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What becomes of a chunk: its place, its last application and what was found, or an error.
type Answer = store::Result<(usize, AppId, Report)>;

/// Hands out chunks; returns whether all were.
fn list(
    verification: &Verification,
    connect: Connect<'_>,
    ends: &dyn Fn() -> bool,
    chunks: &Sender<Chunk>,
    results: &Sender<Answer>,
) -> bool {
    let listed = connect().and_then(|store| {
        let mut lister = Lister::new(store, &verification.selection, verification.after, ends);
        while let Some(chunk) = lister.next()? {
            // Without receivers every thread has ended with an error, which is reported.
            if ends() || chunks.send(chunk).is_err() {
                return Ok(false);
            }
        }
        Ok(!ends())
    });
    listed.unwrap_or_else(|error| {
        results.send(Err(error)).ok();
        false
    })
}

fn work(
    verification: &Verification,
    connect: Connect<'_>,
    to_do: &Receiver<Chunk>,
    results: &Sender<Answer>,
) {
    let mut verifier = match connect() {
        Ok(store) => Verifier::new(store, verification),
        Err(error) => {
            results.send(Err(error)).ok();
            return;
        }
    };
    for chunk in to_do {
        let answer = verifier.verify(&chunk).map(|report| (chunk.place, chunk.last, report));
        let is_error = answer.is_err();
        results.send(answer).ok();
        if is_error {
            return;
        }
    }
}

/// Puts together what was found, and knows up to which application everything is done.
struct Collector {
    report: Report,
    examples: usize,
    error: Option<store::StoreError>,
    /// How many chunks are done without a gap, and those after the gap with their last application.
    contiguous: usize,
    ahead: BTreeMap<usize, AppId>,
}

impl Collector {
    fn new(verification: &Verification) -> Self {
        Self {
            report: Report { after: verification.after, ..Report::new(&verification.contract) },
            examples: verification.examples,
            error: None,
            contiguous: 0,
            ahead: BTreeMap::new(),
        }
    }

    /// Returns whether there is something new.
    fn take(&mut self, answer: Answer) -> bool {
        match answer {
            Ok((place, last, report)) => {
                self.report.add(report, self.examples);
                self.ahead.insert(place, last);
                while let Some(last) = self.ahead.remove(&self.contiguous) {
                    self.report.after = Some(last);
                    self.contiguous += 1;
                }
                true
            }
            Err(error) => {
                self.error.get_or_insert(error);
                false
            }
        }
    }

    fn into_verified(self) -> Verified {
        Verified { report: self.report, error: self.error }
    }
}
