//! A worker process, and waiting for what it does.

use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// The longest time to wait: only a test that fails waits this long.
pub const AT_MOST: Duration = Duration::from_secs(120);

/// Polls until a condition holds.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < AT_MOST, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A worker process, which does not outlive this.
pub struct Worker {
    child: Child,
}

impl Worker {
    pub fn start(command: &mut Command) -> Self {
        hear_signals(command);
        Self { child: command.spawn().expect("start") }
    }

    /// Kills it without warning.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("wait").is_some()
    }

    pub fn wait(&mut self) -> ExitStatus {
        wait_until("a worker ends", || self.has_ended());
        self.child.wait().expect("wait")
    }

    #[cfg(unix)]
    pub fn pid(&self) -> libc::pid_t {
        libc::pid_t::try_from(self.child.id()).expect("a process id")
    }

    /// Sends a signal to a worker that has not ended.
    #[cfg(unix)]
    pub fn signal(&mut self, signal: libc::c_int) {
        assert!(
            self.signal_if_running(signal),
            "signal {signal} to {}, which has ended",
            self.pid()
        );
    }

    /// Sends a signal, unless the worker was seen to have ended: its number may be another's by then.
    #[cfg(unix)]
    pub fn signal_if_running(&mut self, signal: libc::c_int) -> bool {
        if self.has_ended() {
            return false;
        }
        let pid = self.pid();
        // SAFETY: the call takes plain integers; the child is not reaped before it is waited for.
        let failed = unsafe { libc::kill(pid, signal) };
        assert_eq!(failed, 0, "signal {signal} to {pid}");
        true
    }
}

/// A shell starts what runs in the background with SIGINT ignored, and what it starts inherits that:
/// a request to stop that comes before the program listens would be lost.
#[cfg(unix)]
fn hear_signals(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: between fork and exec only calls that take plain values are made.
    unsafe {
        command.pre_exec(|| {
            for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
                libc::signal(signal, libc::SIG_DFL);
            }
            Ok(())
        });
    }
}

#[cfg(not(unix))]
fn hear_signals(_: &mut Command) {}

impl Drop for Worker {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
