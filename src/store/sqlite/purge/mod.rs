//! Purging: superseded log rows, rows of applications that failed since, and whole applications.

mod erase;
mod log;
mod stale_rows;

pub(super) use erase::erase_apps;
pub(super) use log::purge_log;
pub(super) use stale_rows::delete_stale_rows;
