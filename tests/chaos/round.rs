//! The round of a seed.

use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::dice::Dice;
use super::handicap::{self, Handicap};
use super::stage::{Stage, APPS, LEASE, PACE};
use super::tally::Tally;
use crate::crash::worker::Worker;

/// Plays the round of a seed, and returns what happened.
pub fn play(seed: u64) -> Tally {
    Round::new(seed).play()
}

/// Commands that people and jobs run beside the workers.
const BESIDE: [&str; 12] = [
    "status",
    "doctor",
    "enqueue",
    "explain 3",
    "reap",
    "retry --all",
    "retry --category bad_value --canary 3",
    "pause --reason chaos",
    "purge --older-than 1s",
    "export-failed failed",
    "map --app-id 5 --format none",
    "contract check contract.toml",
];

/// The longest time that a process may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(120);

struct Round {
    stage: Stage,
    dice: Dice,
    workers: Vec<Player>,
    /// Processes that end by themselves, and what they are.
    helpers: Vec<(String, Worker)>,
    tally: Tally,
}

/// A worker, and until when it is suspended.
struct Player {
    worker: Worker,
    handicap: Handicap,
    suspended_until: Option<Instant>,
}

impl Round {
    fn new(seed: u64) -> Self {
        Self {
            stage: Stage::with_apps(APPS),
            dice: Dice::new(seed),
            workers: Vec::new(),
            helpers: Vec::new(),
            tally: Tally::default(),
        }
    }

    fn play(mut self) -> Tally {
        handicap::tidy();
        for _ in 0..3 {
            self.start_worker();
        }
        for _ in 0..self.dice.within(15..35) {
            std::thread::sleep(Duration::from_millis(self.dice.within(PACE)));
            self.disturb();
            self.resume_the_suspended(Instant::now());
        }
        self.settle();
        let left = self.stage.unfinished();
        self.tally.count_many("applications left for the end", left.unsigned_abs());
        self.stage.finish();
        self.stage.assert_all_concluded();
        self.tally
    }

    fn start_worker(&mut self) {
        let (threads, batch_size) = (self.dice.within(1..3), self.dice.within(2..12));
        let mut command = self.stage.run(&format!(
            "--follow --poll 100ms --lease {} --workers {threads} --batch-size {batch_size}",
            humantime::format_duration(LEASE)
        ));
        let handicap = Handicap::give(&mut command, &mut self.dice);
        self.tally.count(handicap.name);
        let worker = Worker::start(&mut command);
        self.workers.push(Player { worker, handicap, suspended_until: None });
    }

    /// One thing happens.
    fn disturb(&mut self) {
        let victim = self.dice.within(0..self.workers.len() as u64) as usize;
        match self.dice.within(0..20) {
            0..5 => self.kill(victim),
            5..8 => self.suspend(victim),
            8 => self.interrupt(victim, 1),
            9 => self.interrupt(victim, 2),
            10 => self.interrupt(victim, 20),
            11..13 => {
                // A worker that is suspended in a transaction makes all others wait, also this.
                self.resume_the_suspended(Instant::now() + 2 * LEASE);
                self.stage.reap();
                self.tally.count("reaps by hand");
            }
            13..16 => self.run_beside(),
            _ => match self.stage.disturb(&mut self.dice) {
                Some(what) => self.tally.count(what),
                None => self.kill(victim),
            },
        }
        self.replace_the_dead();
    }

    fn kill(&mut self, victim: usize) {
        let mut player = self.workers.swap_remove(victim);
        player.worker.kill();
        self.tally.count("kills");
        self.start_worker();
    }

    #[cfg(unix)]
    fn suspend(&mut self, victim: usize) {
        let lease = LEASE.as_millis() as u64;
        let time = Duration::from_millis(self.dice.within(lease / 4..2 * lease));
        self.workers[victim].worker.signal_if_running(libc::SIGSTOP);
        self.workers[victim].suspended_until = Some(Instant::now() + time);
        self.tally.count("suspensions");
    }

    /// Kills where processes cannot be suspended.
    #[cfg(not(unix))]
    fn suspend(&mut self, victim: usize) {
        self.kill(victim);
    }

    /// Sends requests to stop, and does not wait for the end.
    #[cfg(unix)]
    fn interrupt(&mut self, victim: usize, times: usize) {
        let mut player = self.workers.swap_remove(victim);
        for _ in 0..times {
            player.worker.signal_if_running(self.dice.pick(&[libc::SIGTERM, libc::SIGINT]));
        }
        if player.suspended_until.is_some() {
            player.worker.signal_if_running(libc::SIGCONT);
        }
        self.tally.count("requests to stop");
        let name = format!("one of the {} after {times} requests to stop", player.handicap.name);
        self.helpers.push((name, player.worker));
        self.start_worker();
    }

    #[cfg(not(unix))]
    fn interrupt(&mut self, victim: usize, _: usize) {
        self.kill(victim);
    }

    /// Starts another command, and kills it now and then.
    fn run_beside(&mut self) {
        let line = self.dice.pick(&BESIDE);
        let mut words = line.split_whitespace();
        let mut command = self.stage.command(words.next().expect("a command"));
        command.args(words);
        quiet(&mut command);
        let mut helper = Worker::start(&mut command);
        self.tally.count("commands beside");
        if self.dice.within(0..4) == 0 {
            helper.kill();
            self.tally.count("kills");
        } else {
            self.helpers.push((line.to_owned(), helper));
        }
        if line.starts_with("pause") {
            let resume = Worker::start(quiet(&mut self.stage.command("resume")));
            self.helpers.push(("resume".to_owned(), resume));
        }
    }

    /// Resumes those whose time is over by then.
    fn resume_the_suspended(&mut self, then: Instant) {
        for player in &mut self.workers {
            if player.suspended_until.is_some_and(|until| until <= then) {
                player.suspended_until = None;
                #[cfg(unix)]
                player.worker.signal_if_running(libc::SIGCONT);
            }
        }
    }

    fn replace_the_dead(&mut self) {
        let mut dead = 0;
        let mut alive = Vec::new();
        for mut player in std::mem::take(&mut self.workers) {
            match player.worker.has_ended() {
                true => {
                    assert_is_an_end(player.worker.wait(), &player.handicap);
                    dead += 1;
                }
                false => alive.push(player),
            }
        }
        self.workers = alive;
        for _ in 0..dead {
            self.tally.count("workers that ended by themselves");
            self.start_worker();
        }
    }

    /// Ends all processes. None may need longer than a person waits.
    fn settle(&mut self) {
        self.stage.calm();
        self.resume_the_suspended(Instant::now() + 10 * LEASE);
        for (name, mut helper) in std::mem::take(&mut self.helpers) {
            let since = Instant::now();
            while !helper.has_ended() && since.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(5));
            }
            assert!(helper.has_ended(), "this has not ended after {PATIENCE:?}: {name}");
        }
        for mut player in std::mem::take(&mut self.workers) {
            match self.dice.within(0..2) {
                #[cfg(unix)]
                0 if player.worker.signal_if_running(libc::SIGTERM) => {
                    assert_is_an_end(player.worker.wait(), &player.handicap);
                }
                _ => player.worker.kill(),
            }
        }
        Worker::start(quiet(&mut self.stage.command("resume"))).wait();
    }
}

/// Nobody listens to it.
fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// A worker ends with a documented status, or by a signal where its handicap is deadly or the
/// signal was ours, before it listened.
fn assert_is_an_end(status: ExitStatus, handicap: &Handicap) {
    let is_documented = matches!(status.code(), Some(0 | 1 | 4 | 5 | 130));
    #[cfg(unix)]
    let by_request = {
        use std::os::unix::process::ExitStatusExt;
        matches!(status.signal(), Some(libc::SIGTERM | libc::SIGINT | libc::SIGKILL))
    };
    #[cfg(not(unix))]
    let by_request = false;
    assert!(
        is_documented || by_request || handicap.is_deadly,
        "one of the {} ended with {status}",
        handicap.name
    );
}
