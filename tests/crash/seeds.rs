//! The rounds that are played: a few seeds per test, so that the tests run in parallel.

use super::rounds::play;

macro_rules! rounds {
    ($($name:ident: $seeds:expr),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                for seed in $seeds {
                    eprintln!("seed {seed}");
                    play(seed);
                }
            }
        )+
    };
}

rounds! {
    whatever_happens_to_workers_the_invariants_hold_1: 0..10,
    whatever_happens_to_workers_the_invariants_hold_2: 10..20,
    whatever_happens_to_workers_the_invariants_hold_3: 20..30,
}
