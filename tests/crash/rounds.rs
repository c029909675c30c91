//! Seeded rounds of three workers that are killed, suspended and reaped at random.
//!
//! A seed decides what happens to which worker and when, not how the processes interleave: the
//! invariants must hold for every interleaving.

use std::time::{Duration, Instant};

use xmlshred::store::failpoint;

use super::dice::Dice;
use super::stage::{Stage, APPS, LEASE, PACE};
use super::worker::Worker;

/// Plays the round of a seed.
pub fn play(seed: u64) {
    Round::new(seed).play();
}

struct Round {
    stage: Stage,
    dice: Dice,
    workers: Vec<Player>,
    kills: u32,
}

/// A worker, and until when it is suspended.
struct Player {
    worker: Worker,
    suspended_until: Option<Instant>,
    /// It has a failpoint at which it dies.
    armed: bool,
}

impl Round {
    fn new(seed: u64) -> Self {
        Self { stage: Stage::with_apps(APPS), dice: Dice::new(seed), workers: Vec::new(), kills: 0 }
    }

    fn play(mut self) {
        for _ in 0..3 {
            self.start_worker();
        }
        for _ in 0..self.dice.within(12..24) {
            std::thread::sleep(Duration::from_millis(self.dice.within(PACE)));
            self.disturb();
            self.resume_the_suspended(Instant::now());
        }
        self.settle();
        self.stage.finish();
        self.stage.assert_all_concluded();
    }

    fn start_worker(&mut self) {
        let (threads, batch_size) = (self.dice.within(1..3), self.dice.within(2..12));
        let mut command = self.stage.run(&format!(
            "--follow --poll 100ms --lease {} --workers {threads} --batch-size {batch_size}",
            humantime::format_duration(LEASE)
        ));
        let armed = self.dice.within(0..3) == 0;
        if armed {
            let (place, count) = (self.dice.pick(&failpoint::OF_WORKERS), self.dice.within(1..6));
            command.env("XMLSHRED_FAILPOINT", format!("{place}:{count}"));
        }
        self.workers.push(Player {
            worker: Worker::start(&mut command),
            suspended_until: None,
            armed,
        });
    }

    /// Kills or suspends one of the workers, or reaps.
    fn disturb(&mut self) {
        let victim = self.dice.within(0..self.workers.len() as u64) as usize;
        match self.dice.within(0..10) {
            0..4 => self.replace(victim),
            4..7 => self.suspend(victim),
            _ => {
                // A worker that is suspended in a transaction makes all others wait, also this.
                self.resume_the_suspended(Instant::now() + 2 * LEASE);
                self.stage.reap();
            }
        }
        self.replace_the_dead();
    }

    fn replace(&mut self, victim: usize) {
        let mut player = self.workers.swap_remove(victim);
        self.kills += 1;
        player.worker.kill();
        self.start_worker();
    }

    #[cfg(unix)]
    fn suspend(&mut self, victim: usize) {
        let lease = LEASE.as_millis() as u64;
        let time = Duration::from_millis(self.dice.within(lease / 4..2 * lease));
        self.workers[victim].worker.signal(libc::SIGSTOP);
        self.workers[victim].suspended_until = Some(Instant::now() + time);
    }

    /// Kills where processes cannot be suspended.
    #[cfg(not(unix))]
    fn suspend(&mut self, victim: usize) {
        self.replace(victim);
    }

    /// Resumes those whose time is over by then.
    fn resume_the_suspended(&mut self, then: Instant) {
        for player in &mut self.workers {
            if player.suspended_until.is_some_and(|until| until <= then) {
                player.suspended_until = None;
                #[cfg(unix)]
                player.worker.signal(libc::SIGCONT);
            }
        }
    }

    fn replace_the_dead(&mut self) {
        let before = self.workers.len();
        self.workers.retain_mut(|player| {
            let ended = player.worker.has_ended();
            assert!(!ended || player.armed, "a worker ended that was not killed");
            !ended
        });
        let dead = before - self.workers.len();
        self.kills += dead as u32;
        for _ in 0..dead {
            self.start_worker();
        }
    }

    /// Ends all workers: some with a signal, after which they release their claims, some by killing.
    fn settle(&mut self) {
        self.resume_the_suspended(Instant::now() + 10 * LEASE);
        for mut player in std::mem::take(&mut self.workers) {
            match self.dice.within(0..2) {
                #[cfg(unix)]
                0 if !player.armed && !player.worker.has_ended() => {
                    player.worker.signal(libc::SIGTERM);
                    // Without a code it had not started to listen for the signal.
                    let status = player.worker.wait();
                    assert!(matches!(status.code(), Some(130) | None), "ended with {status}");
                }
                _ => player.worker.kill(),
            }
        }
        assert!(self.kills > 0);
    }
}
