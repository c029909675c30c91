//! The pipeline on a real store, with shredders and stores that misbehave on command.

mod bench;
mod disturbed;
mod hanging;
mod leases;
mod pipeline;
mod poison;
mod stopping;
