//! Real worker processes that are interrupted, killed and suspended.

pub mod dice;
mod failpoints;
#[cfg(target_os = "linux")]
mod priority;
#[cfg(target_os = "linux")]
mod sharing;
#[cfg(unix)]
mod signals;
pub mod stage;
pub mod stop_request;
mod stopping;
pub mod worker;
