//! Paths against an evaluation that has the whole tree: random documents, random paths.

use crate::replays::checks::paths;

/// Numbers that look random and are the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as u8
    }
}

#[test]
fn paths_find_what_they_find_in_the_whole_tree() {
    let mut dice = Dice(20_261_124);
    let mut rows = 0;
    for _ in 0..2500 {
        let choices: Vec<u8> = (0..400).map(|_| dice.roll()).collect();
        rows += paths::check(&choices);
    }
    assert!(rows > 1000, "only {rows} rows were compared");
}
