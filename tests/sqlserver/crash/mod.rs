//! Real worker processes on a server.

#[path = "../../crash/dice.rs"]
pub mod dice;
mod side_by_side;
pub mod stage;
#[path = "../../crash/stop_request.rs"]
mod stop_request;
mod stopping;
#[path = "../../crash/worker.rs"]
pub mod worker;

use side_by_side::two_executables_and_a_reaper_by_hand_lose_and_double_nothing;
use stopping::a_worker_whose_server_is_slow_or_silent_stops_within_ten_seconds;

crate::trials! {
    two_executables_and_a_reaper_by_hand_lose_and_double_nothing,
    a_worker_whose_server_is_slow_or_silent_stops_within_ten_seconds,
}
