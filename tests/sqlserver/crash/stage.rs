//! Generated applications on a server, and worker processes over them.

use std::ops::Range;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::dice::Dice;
use super::worker::{wait_until, Worker};
use crate::bench::Bench;
use crate::chaos::wire::Wire;
use crate::database::connection_string_of;

/// Applications of a round.
pub const APPS: i64 = 60;

/// Short, so that pauses outlast it; longer than a new session may need for its first renewal.
pub const LEASE: Duration = Duration::from_secs(6);

/// Milliseconds between one disturbance of the workers and the next: a worker should have come
/// as far as claiming now and then.
pub const PACE: Range<u64> = 500..5000;

/// An installation with applications that are ready.
pub struct Stage {
    pub bench: Bench,
    /// The line that the executable uses.
    pub wire: Wire,
}

impl Stage {
    pub fn with_apps(apps: i64) -> Self {
        Self { bench: Bench::ready(apps), wire: Wire::new() }
    }

    /// `xmlshred run` with these blank-separated arguments, not started yet.
    pub fn run(&self, arguments: &str) -> Command {
        let mut command = self.command("run");
        command.args(arguments.split_whitespace());
        command
    }

    /// Another command of the program.
    pub fn command(&self, name: &str) -> Command {
        let mut command = self.bench.command(&format!("{name} --contract contract.toml"));
        let text = connection_string_of(&self.bench.database.name);
        let rest = text.split(';').filter(|part| {
            let key = part.split('=').next().unwrap_or("").trim().to_lowercase();
            key != "server" && key != "data source"
        });
        let rest: Vec<&str> = rest.collect();
        let text = format!("Server=127.0.0.1,{};{}", self.wire.port, rest.join(";"));
        command.env("XMLSHRED_CONNECTION_STRING", text);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Something that happens to the line or the server; what it was.
    pub fn disturb(&self, dice: &mut Dice) -> Option<&'static str> {
        let commands = [
            ("XMLSHRED_CHAOS_END_SESSIONS", "sessions ended", 3),
            ("XMLSHRED_CHAOS_RESTART", "server restarts", 4),
        ];
        for (variable, name, one_in) in commands {
            let Ok(command) = std::env::var(variable) else { continue };
            if dice.within(0..one_in) == 0 {
                let status = Command::new("sh").args(["-c", &command]).status().expect("sh");
                assert!(status.success(), "{command} ended with {status}");
                self.bench.database.reconnect();
                return Some(name);
            }
        }
        Some(self.wire.disturb(dice))
    }

    /// Ends what [`Stage::disturb`] started.
    pub fn calm(&self) {
        self.wire.open();
    }

    /// Reaps the claims whose lease has expired.
    pub fn reap(&self) {
        self.bench.execute("EXEC pipeline.usp_ReapExpired;");
    }

    /// Applications that are neither logged nor quarantined.
    pub fn unfinished(&self) -> i64 {
        self.bench.number("SELECT COUNT(*) FROM pipeline.processing_queue WHERE state <> 2")
    }

    pub fn has_live_lease(&self) -> bool {
        let live = "SELECT COUNT(*) FROM pipeline.processing_claim
                    WHERE lease_expires_at_utc >= SYSUTCDATETIME()";
        self.bench.number(live) > 0
    }

    /// Lets fresh workers work until nothing is unfinished.
    pub fn finish(&self) {
        for _ in 0..20 {
            let mut worker = Worker::start(&mut self.run("--fail-on never --lease 30s"));
            let status = worker.wait();
            assert!(status.success(), "a worker that nobody disturbed ended with {status}");
            if self.unfinished() == 0 {
                return;
            }
            wait_until("the leases of dead workers pass", || !self.has_live_lease());
        }
        panic!("{} applications are never finished", self.unfinished());
    }

    pub fn assert_all_concluded(&self) {
        self.bench.assert_all_concluded();
    }
}
