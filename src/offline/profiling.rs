//! Reads many documents into one profile, in parallel.

use std::sync::Arc;

use rayon::prelude::*;
use rayon::ThreadPool;

use super::source::Source;
use super::statistics::Statistics;
use crate::contract::Contract;
use crate::outcome::{Failure, FailureCategory};
use crate::profile::{Hashes, Profile, Profiler};
use crate::reason::Reason;
use crate::shred::{decoded, Limits, Shredder};

/// What occurs in the documents that could be read, and why the others could not.
#[derive(Debug, Default)]
pub struct Profiled {
    /// What occurs.
    pub profile: Profile,
    /// Positions of the sources that cannot be read, and why, in their order.
    pub unreadable: Vec<(usize, Failure)>,
    /// The contents of those that were read.
    pub contents: Hashes,
    /// Documents that earlier runs have read.
    pub known: u64,
}

/// Documents that one thread reads before their profile joins the others.
const PART: usize = 64;

/// Reads all documents; for a contract as that does, which may unwrap XML in them. The result does
/// not depend on the number of threads.
pub fn profile(
    sources: &[Source],
    contract: Option<&Arc<Contract>>,
    limits: &Limits,
    threads: &ThreadPool,
) -> Profiled {
    Reading { contract, limits, earlier: None }.all(sources, threads)
}

/// The same, of documents that earlier runs have not read.
pub fn profile_new(
    sources: &[Source],
    contract: Option<&Arc<Contract>>,
    limits: &Limits,
    threads: &ThreadPool,
    earlier: &Statistics,
) -> Profiled {
    Reading { contract, limits, earlier: Some(earlier) }.all(sources, threads)
}

fn joined(mut one: Profiled, other: Profiled) -> Profiled {
    one.profile.merge(other.profile);
    one.unreadable.extend(other.unreadable);
    one.contents.extend(other.contents);
    one.known += other.known;
    one
}

/// How documents are read.
struct Reading<'r> {
    contract: Option<&'r Arc<Contract>>,
    limits: &'r Limits,
    earlier: Option<&'r Statistics>,
}

impl Reading<'_> {
    fn all(&self, sources: &[Source], threads: &ThreadPool) -> Profiled {
        let parts = sources.par_chunks(PART).enumerate();
        let read = parts.map(|(part, sources)| self.part(part * PART, sources));
        let mut profiled = threads.install(|| read.reduce(Profiled::default, joined));
        profiled.unreadable.sort_by_key(|(position, _)| *position);
        profiled
    }

    /// A document that turns out to be broken has been counted already: then the part is read again
    /// without it.
    fn part(&self, first: usize, sources: &[Source]) -> Profiled {
        let shredder = |contract: &Arc<Contract>| Shredder::new(Arc::clone(contract), *self.limits);
        let mut shredder = self.contract.map(shredder);
        let mut unreadable: Vec<(usize, Failure)> = Vec::new();
        'again: loop {
            let mut profiler = Profiler::new(self.limits.depth);
            let (mut contents, mut known) = (Hashes::default(), 0);
            for (position, source) in (first..).zip(sources) {
                if unreadable.iter().any(|(broken, _)| *broken == position) {
                    continue;
                }
                let number = self.earlier.map_or(0, |earlier| earlier.documents) + position as u64;
                match self.read(&mut profiler, source, number, shredder.as_mut()) {
                    Ok(content) => contents.extend(content),
                    Err(None) => known += 1,
                    Err(Some(failure)) => {
                        unreadable.push((position, *failure));
                        continue 'again;
                    }
                }
            }
            return Profiled { profile: profiler.finish(), unreadable, contents, known };
        }
    }

    /// Adds a document, and returns its content's hash where that is kept; no failure where an earlier
    /// run has read it.
    fn read(
        &self,
        profiler: &mut Profiler,
        source: &Source,
        number: u64,
        shredder: Option<&mut Shredder>,
    ) -> Result<Option<u64>, Option<Box<Failure>>> {
        let document = source.read(self.limits.document_bytes)?.ok_or_else(|| {
            let reason = "the source row is missing or its document is null";
            Box::new(Failure::new(FailureCategory::MissingDocument, reason))
        })?;
        let content = self.earlier.map(|_| Statistics::content(&document));
        let is_known = |content| self.earlier.is_some_and(|e| e.contents.contains(content));
        if content.is_some_and(is_known) {
            return Err(None);
        }
        let text = match shredder {
            Some(shredder) => shredder.text(&document)?,
            None => decoded(&document, self.limits)?,
        };
        add(profiler, &text, number)?;
        Ok(content)
    }
}

/// Adds a document; after a failure the profile is not to be used.
pub(super) fn add(profiler: &mut Profiler, text: &str, number: u64) -> Result<(), Box<Failure>> {
    profiler.read(text, number).map_err(|(offset, reason)| {
        let reason = Reason::of_others(reason.clone(), reason);
        let mut failure = Failure::new(FailureCategory::MalformedXml, reason);
        let before = &text.as_bytes()[..offset.min(text.len())];
        failure.line = Some(memchr::memchr_iter(b'\n', before).count() as u32 + 1);
        Box::new(failure)
    })
}
