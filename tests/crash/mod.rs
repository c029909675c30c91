//! Real worker processes that are interrupted, killed and suspended.

mod dice;
mod failpoints;
mod rounds;
mod seeds;
#[cfg(target_os = "linux")]
mod sharing;
#[cfg(unix)]
mod signals;
mod stage;
mod worker;
