//! A worker process, and waiting for what it does.

use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How long to wait for what must happen: only a test that fails waits this long.
pub const AT_MOST: Duration = Duration::from_secs(120);

/// Looks until something is so.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < AT_MOST, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A worker process, which does not outlive this.
pub struct Worker {
    child: Child,
}

impl Worker {
    pub fn start(command: &mut Command) -> Self {
        Self { child: command.spawn().expect("start") }
    }

    /// As the system kills it, without warning.
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
    pub fn signal(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.child.id()).expect("a process id");
        // SAFETY: the call takes plain integers; the child is not reaped before it is waited for.
        let failed = unsafe { libc::kill(pid, signal) };
        assert_eq!(failed, 0, "signal {signal} to {pid}");
    }

    /// Stops the process and returns when it has stopped: until then it may still claim.
    #[cfg(unix)]
    pub fn pause(&self) {
        self.signal(libc::SIGSTOP);
        let pid = libc::pid_t::try_from(self.child.id()).expect("a process id");
        // SAFETY: the call writes no status; a stopped child is reported and not reaped.
        let stopped = unsafe { libc::waitpid(pid, std::ptr::null_mut(), libc::WUNTRACED) };
        assert_eq!(stopped, pid, "stop {pid}");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
