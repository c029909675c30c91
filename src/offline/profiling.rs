//! Reads many documents into one profile, in parallel.

use std::sync::Arc;

use rayon::prelude::*;
use rayon::ThreadPool;

use super::source::Source;
use crate::contract::Contract;
use crate::outcome::{Failure, FailureCategory};
use crate::profile::{Profile, Profiler};
use crate::shred::{decoded, Limits, Shredder};

/// What occurs in the documents that could be read, and why the others could not.
#[derive(Debug, Default)]
pub struct Profiled {
    /// What occurs.
    pub profile: Profile,
    /// Positions of the sources that cannot be read, and why, in their order.
    pub unreadable: Vec<(usize, Failure)>,
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
    let parts = sources.par_chunks(PART).enumerate();
    let read = parts.map(|(part, sources)| part_of(part * PART, sources, contract, limits));
    let mut profiled = threads.install(|| read.reduce(Profiled::default, joined));
    profiled.unreadable.sort_by_key(|(position, _)| *position);
    profiled
}

fn joined(mut one: Profiled, other: Profiled) -> Profiled {
    one.profile.merge(other.profile);
    one.unreadable.extend(other.unreadable);
    one
}

/// A document that turns out to be broken has been counted already: then the part is read again
/// without it.
fn part_of(
    first: usize,
    sources: &[Source],
    contract: Option<&Arc<Contract>>,
    limits: &Limits,
) -> Profiled {
    let mut shredder = contract.map(|contract| Shredder::new(Arc::clone(contract), *limits));
    let mut unreadable: Vec<(usize, Failure)> = Vec::new();
    'again: loop {
        let mut profiler = Profiler::default();
        for (position, source) in (first..).zip(sources) {
            if unreadable.iter().any(|(broken, _)| *broken == position) {
                continue;
            }
            if let Err(failure) =
                read(&mut profiler, source, position as u64, shredder.as_mut(), limits)
            {
                unreadable.push((position, *failure));
                continue 'again;
            }
        }
        return Profiled { profile: profiler.finish(), unreadable };
    }
}

fn read(
    profiler: &mut Profiler,
    source: &Source,
    number: u64,
    shredder: Option<&mut Shredder>,
    limits: &Limits,
) -> Result<(), Box<Failure>> {
    let document = source.read(limits.document_bytes)?.ok_or_else(|| {
        let reason = "the source row is missing or its document is null";
        Box::new(Failure::new(FailureCategory::MissingDocument, reason))
    })?;
    let text = match shredder {
        Some(shredder) => shredder.text(&document)?,
        None => decoded(&document, limits)?,
    };
    add(profiler, &text, number)
}

/// Adds a document; after a failure the profile is not to be used.
pub(super) fn add(profiler: &mut Profiler, text: &str, number: u64) -> Result<(), Box<Failure>> {
    profiler.read(text, number).map_err(|(offset, reason)| {
        let mut failure = Failure::new(FailureCategory::MalformedXml, reason);
        let before = &text.as_bytes()[..offset.min(text.len())];
        failure.line = Some(memchr::memchr_iter(b'\n', before).count() as u32 + 1);
        Box::new(failure)
    })
}
