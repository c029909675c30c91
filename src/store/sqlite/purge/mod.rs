//! Purging: superseded log rows, and rows of applications that failed since.

mod log;
mod stale_rows;

pub(super) use log::purge_log;
pub(super) use stale_rows::delete_stale_rows;
