//! Generated applications on a server, and worker processes over them.

use std::ops::Range;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::worker::{wait_until, Worker};
use crate::bench::Bench;

/// Applications of a round.
pub const APPS: i64 = 60;

/// Short, so that pauses outlast it; longer than a new session may need for its first renewal.
pub const LEASE: Duration = Duration::from_secs(6);

/// Milliseconds between one disturbance of the workers and the next: a worker should have come
/// as far as claiming now and then.
pub const PACE: Range<u64> = 200..3000;

/// An installation with applications that are ready.
pub struct Stage {
    pub bench: Bench,
}

impl Stage {
    pub fn with_apps(apps: i64) -> Self {
        Self { bench: Bench::ready(apps) }
    }

    /// `xmlshred run` with these blank-separated arguments, not started yet.
    pub fn run(&self, arguments: &str) -> Command {
        let mut command = self.bench.command(&format!("run --contract contract.toml {arguments}"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Reaps the claims whose lease has expired.
    pub fn reap(&self) {
        self.bench.execute("EXEC pipeline.usp_ReapExpired;");
    }

    /// Applications that are neither logged nor quarantined.
    pub fn unfinished(&self) -> i64 {
        self.bench.number("SELECT COUNT(*) FROM pipeline.processing_queue WHERE state <> 2")
    }

    fn has_live_lease(&self) -> bool {
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
