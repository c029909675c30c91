//! xmlshred turns XML documents in a database table into typed rows, exactly once.
//!
//! Data moves one way: a [`store`] hands out claimed documents, [`shred`] turns each into an
//! [`outcome::Outcome`], and the store commits a batch of outcomes in one transaction. The
//! [`contract`] says how a document becomes rows; the [`runner`] drives the pipeline. `store` and
//! `shred` do not know each other.

#[cfg(not(any(feature = "embedded", feature = "sqlserver")))]
compile_error!("xmlshred needs a store: enable the feature `sqlserver`, `embedded` or both");

pub mod backfill;
pub mod cli;
pub mod command;
pub mod contract;
pub mod coverage;
pub mod declared;
#[path = "../examples/credit-applications/demo/mod.rs"]
pub mod demo;
pub mod described;
pub mod diagnostic;
pub mod document;
pub mod document_file;
pub mod drafting;
pub mod figures;
pub mod files;
pub mod id;
pub mod import;
pub mod offline;
pub mod outcome;
pub mod profile;
pub mod reason;
pub mod report;
pub mod runner;
pub mod schema;
pub mod screen;
pub mod settings;
pub mod shred;
pub mod split;
pub mod store;
pub mod value;
pub mod verify;
