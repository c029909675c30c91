//! Contracts that are drafted from documents.

mod orders;
mod random;
mod rules;

use xmlshred::drafting::{draft, Drafted, Options};
use xmlshred::profile::{Profile, Profiler};

/// What occurs in some documents.
fn profiled(documents: &[impl AsRef<str>]) -> Profile {
    let mut profiler = Profiler::default();
    for (number, document) in (0..).zip(documents) {
        profiler.read(document.as_ref(), number).expect("well-formed");
    }
    profiler.finish()
}

/// The draft for documents of one root element.
fn drafted(documents: &[impl AsRef<str>]) -> Drafted {
    drafted_with(documents, &Options::default())
}

fn drafted_with(documents: &[impl AsRef<str>], options: &Options) -> Drafted {
    let profile = profiled(documents);
    draft(&profile, profile.roots()[0], "draft", options)
}
