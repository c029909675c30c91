//! Real worker processes on a server, killed, paused past their lease and reaped at random.

#[path = "../../crash/dice.rs"]
mod dice;
#[path = "../../crash/rounds.rs"]
mod rounds;
mod side_by_side;
mod stage;
#[path = "../../crash/worker.rs"]
pub mod worker;

use side_by_side::two_executables_and_a_reaper_by_hand_lose_and_double_nothing;

crate::trials! {
    whatever_happens_to_workers_the_invariants_hold_1,
    whatever_happens_to_workers_the_invariants_hold_2,
    two_executables_and_a_reaper_by_hand_lose_and_double_nothing,
}

/// Rounds of each test: `XMLSHRED_TEST_ROUNDS`, or one.
fn play(first_seed: u64) {
    let rounds = std::env::var("XMLSHRED_TEST_ROUNDS");
    let rounds: u64 = rounds.map_or(1, |text| text.parse().expect("XMLSHRED_TEST_ROUNDS"));
    for seed in first_seed..first_seed + rounds {
        eprintln!("seed {seed}");
        rounds::play(seed);
    }
}

fn whatever_happens_to_workers_the_invariants_hold_1() {
    play(0);
}

fn whatever_happens_to_workers_the_invariants_hold_2() {
    play(1000);
}
