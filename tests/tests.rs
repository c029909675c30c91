//! One integration binary with a module per subject.

#[cfg(feature = "embedded")]
mod chaos;
mod cli;
#[cfg(feature = "sqlserver")]
mod connection;
mod contract;
mod coverage;
#[cfg(feature = "embedded")]
mod crash;
#[cfg(feature = "embedded")]
mod demo;
mod described;
mod documentation;
mod drafting;
mod examples;
#[cfg(feature = "sqlserver")]
mod generated_sql;
mod house;
mod import;
mod model;
mod package;
mod replays;
mod reports;
#[cfg(feature = "sqlserver")]
mod roles;
#[cfg(feature = "embedded")]
mod runner;
mod shred;
mod split;
#[cfg(feature = "embedded")]
mod store;
mod value;
