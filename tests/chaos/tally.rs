//! Which rounds are played, and what happened in them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// How often each thing happened.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    pub fn count(&mut self, what: &'static str) {
        self.count_many(what, 1);
    }

    pub fn count_many(&mut self, what: &'static str, n: u64) {
        *self.0.entry(what).or_default() += n;
    }

    pub fn add(&mut self, other: Self) {
        for (what, n) in other.0 {
            self.count_many(what, n);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list: Vec<String> = self.0.iter().map(|(what, n)| format!("{n} {what}")).collect();
        f.write_str(&list.join(", "))
    }
}

/// A number from the environment.
fn number(variable: &str) -> u64 {
    std::env::var(variable).map_or(0, |text| text.parse().expect(variable))
}

/// Plays rounds from the seed and for the time that the environment names.
pub fn play_from_environment(play: impl Fn(u64) -> Tally) {
    let (seed, seconds) = (number("XMLSHRED_CHAOS_SEED"), number("XMLSHRED_CHAOS_SECONDS"));
    let (started, mut tally, mut rounds) = (Instant::now(), Tally::default(), 0);
    loop {
        let replay = Replay(seed + rounds);
        tally.add(play(replay.0));
        std::mem::forget(replay);
        rounds += 1;
        if started.elapsed() >= Duration::from_secs(seconds) {
            break;
        }
    }
    println!("{rounds} rounds from seed {seed} in {} s: {tally}", started.elapsed().as_secs());
}

/// Says how to play the round again; forgotten when the round has passed.
struct Replay(u64);

impl Drop for Replay {
    fn drop(&mut self) {
        eprintln!("the round of XMLSHRED_CHAOS_SEED={} failed", self.0);
    }
}
