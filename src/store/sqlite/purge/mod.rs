//! Purging: superseded log rows, rows of applications that failed since, whole applications, and
//! documents that nothing was made of.

mod erase;
mod log;
mod stale_rows;
mod unload;

pub(super) use erase::erase_apps;
pub(super) use log::purge_log;
pub(super) use stale_rows::delete_stale_rows;
pub(super) use unload::unload_documents;
