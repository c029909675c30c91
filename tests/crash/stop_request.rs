//! A worker that is stopped as SQL Server Agent stops a step.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::worker::Worker;

/// Agent kills a step that has not ended so long after it was asked to.
const AGENT_WAITS: Duration = Duration::from_secs(10);

/// Waits as Agent does.
pub fn end_within_agents_limit(worker: &mut Worker) -> ExitStatus {
    let asked = Instant::now();
    while !worker.has_ended() {
        assert!(asked.elapsed() < AGENT_WAITS, "Agent would kill this worker");
        std::thread::sleep(Duration::from_millis(20));
    }
    worker.wait()
}

/// The request: Agent's stop event on Windows, SIGTERM elsewhere.
#[cfg(unix)]
pub struct StopRequest;

#[cfg(unix)]
impl StopRequest {
    pub fn new() -> Self {
        Self
    }

    /// The flags with which the worker waits for it.
    pub fn flags(&self) -> String {
        String::new()
    }

    pub fn send(&self, worker: &mut Worker) {
        worker.signal(libc::SIGTERM);
    }
}

#[cfg(windows)]
pub use event::StopRequest;

#[cfg(windows)]
mod event {
    use std::sync::atomic::{AtomicU32, Ordering};

    use windows_sys::Win32::System::Threading::{CreateEventW, SetEvent};

    use super::Worker;

    pub struct StopRequest {
        job: String,
        /// The handle, which ends with the process.
        event: usize,
    }

    impl StopRequest {
        pub fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let job = format!("0x{process:016x}{number:016x}");
            let name: Vec<u16> = format!("{job}_1_STOP").encode_utf16().chain([0]).collect();
            // SAFETY: the name ends in a null and lives until the call returns.
            let event = unsafe { CreateEventW(std::ptr::null(), 1, 0, name.as_ptr()) };
            assert!(!event.is_null(), "{}", std::io::Error::last_os_error());
            Self { job, event: event as usize }
        }

        /// The flags with which the worker waits for it.
        pub fn flags(&self) -> String {
            format!("--agent-job {} --agent-step 1", self.job)
        }

        pub fn send(&self, _: &mut Worker) {
            // SAFETY: the handle is open.
            assert_ne!(unsafe { SetEvent(self.event as _) }, 0);
        }
    }
}
