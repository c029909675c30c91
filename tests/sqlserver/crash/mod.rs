//! Real worker processes on a server.

#[path = "../../crash/dice.rs"]
pub mod dice;
mod side_by_side;
pub mod stage;
#[path = "../../crash/worker.rs"]
pub mod worker;

use side_by_side::two_executables_and_a_reaper_by_hand_lose_and_double_nothing;

crate::trials! {
    two_executables_and_a_reaper_by_hand_lose_and_double_nothing,
}
