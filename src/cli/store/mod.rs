//! The commands that work on a store.

#[cfg(feature = "sqlserver")]
pub mod agent_jobs;
pub mod backfill;
#[cfg(feature = "embedded")]
pub mod backup;
pub mod delete_stale_rows;
pub mod doctor;
#[cfg(feature = "embedded")]
mod embedded_install;
pub mod enqueue;
pub mod erase;
pub mod explain;
pub mod export_failed;
pub mod failures;
mod fingerprint;
pub mod install;
pub mod load;
pub mod open;
pub mod pause;
mod plan;
pub mod purge;
pub mod reap;
mod redriven;
pub mod report;
mod requester;
pub mod requeue;
pub mod resume;
pub mod retry;
#[cfg(feature = "sqlserver")]
mod server_install;
pub mod status;
#[cfg(feature = "sqlserver")]
pub mod uninstall;
pub mod unload;
pub mod unprocessed;
pub mod verify;
