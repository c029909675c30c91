//! Chaos: real processes on one store, killed, suspended, starved and disturbed by the choices of a
//! seed, until the round ends. Then a single undisturbed worker must finish everything.
//!
//! `XMLSHRED_CHAOS_SEED` names the first seed (default 0); rounds are played one seed after the
//! other for `XMLSHRED_CHAOS_SECONDS` (default 0: one round). A round that fails prints its seed.
//! A seed decides what happens to which process and when, not how the processes interleave.

mod handicap;
mod round;
mod tally;

pub use crate::crash::{dice, stage};

#[test]
fn everything_ends_and_nothing_is_lost_or_doubled() {
    tally::play_from_environment(round::play);
}
