//! The rounds of `tests/chaos` on a server: the lines between it and the workers are cut, silenced
//! and slowed down as well, and what the environment names is done to the server.
//!
//! `XMLSHRED_CHAOS_END_SESSIONS` and `XMLSHRED_CHAOS_RESTART` are commands that end some sessions of
//! the server and that restart it; without them neither happens.

#[path = "../../chaos/handicap.rs"]
mod handicap;
#[path = "../../chaos/round.rs"]
mod round;
#[path = "../../chaos/tally.rs"]
mod tally;
pub mod wire;

pub use crate::crash::{dice, stage};

crate::trials! {
    everything_ends_and_nothing_is_lost_or_doubled,
}

fn everything_ends_and_nothing_is_lost_or_doubled() {
    tally::play_from_environment(round::play);
}
