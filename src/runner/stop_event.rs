//! SQL Server Agent's request to stop a CmdExec step.
//!
//! A step that was made with flag 64 of `sp_add_jobstep` has a named event,
//! `<job id>_<step id>_STOP`, which Agent sets when the job is cancelled or Agent shuts down. The
//! step is killed some time later: after ten seconds by default; in general after Agent's
//! JobShutdownTimeout less five seconds, at least one. Source: "Using a stop event in CmdExec subsystem", SQL Server
//! Agent team, 2011.

use std::io;

use super::shutdown::Shutdown;
use crate::command::command;

/// The event's name. `job` is the value of Agent's token JOBID.
pub fn name(job: &str, step: u32) -> String {
    format!("{job}_{step}_STOP")
}

/// Makes the event of a step request a drain, as Ctrl+C does. Without such an event it logs a
/// warning and the run continues: stopping the job then kills it, and its claims return when their
/// lease expires.
pub fn drain_on(shutdown: &Shutdown, job: &str, step: u32) {
    let name = name(job, step);
    match event::wait_in_background(shutdown, &name) {
        Ok(()) => tracing::debug!(event = name, "stopping the job drains"),
        Err(error) => tracing::warn!(
            event = name,
            %error,
            "cannot wait for SQL Server Agent's stop event: stopping the job kills this \
             process, and its claims return when their lease expires; {}",
            remedy(&error)
        ),
    }
}

/// What to do about an event that cannot be waited for.
fn remedy(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            let pause = command("pause");
            return format!(
                "the account of the step's proxy may not open the event of Agent's service account: \
                 run the step without a proxy, or run {pause} before you stop the job"
            );
        }
        io::ErrorKind::NotFound => {
            "the step needs flag 64, which agent-jobs/create_jobs.sql gives it"
        }
        io::ErrorKind::Unsupported => "omit --agent-job and --agent-step",
        _ => "remove the cause and start the job again",
    }
    .to_owned()
}

#[cfg(windows)]
mod event {
    use std::io;
    use std::thread;

    use windows_sys::Win32::Foundation::{CloseHandle, WAIT_OBJECT_0};
    use windows_sys::Win32::System::Threading::{
        OpenEventW, WaitForSingleObject, INFINITE, SYNCHRONIZATION_SYNCHRONIZE,
    };

    use super::Shutdown;

    /// A handle is valid in every thread; it is kept as a number, which is `Send`.
    struct Event(usize);

    impl Event {
        fn open(name: &str) -> io::Result<Self> {
            let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
            // SAFETY: `name` ends in a null and lives until the call returns.
            let handle = unsafe { OpenEventW(SYNCHRONIZATION_SYNCHRONIZE, 0, name.as_ptr()) };
            match handle.is_null() {
                true => Err(io::Error::last_os_error()),
                false => Ok(Self(handle as usize)),
            }
        }

        /// Returns whether the event was set.
        fn wait(&self) -> bool {
            // SAFETY: the handle is open until `self` is dropped.
            let answer = unsafe { WaitForSingleObject(self.0 as _, INFINITE) };
            answer == WAIT_OBJECT_0
        }
    }

    impl Drop for Event {
        fn drop(&mut self) {
            // SAFETY: the handle is open, and it is not used after this.
            unsafe { CloseHandle(self.0 as _) };
        }
    }

    pub(super) fn wait_in_background(shutdown: &Shutdown, name: &str) -> io::Result<()> {
        let event = Event::open(name)?;
        let shutdown = shutdown.clone();
        // Not joined: it ends with the process.
        thread::Builder::new().name("stop event".into()).spawn(move || {
            if event.wait() && shutdown.request() {
                tracing::info!(
                    "SQL Server Agent stops the job: finishing what is being shredded and \
                     releasing the rest"
                );
            }
        })?;
        Ok(())
    }
}

#[cfg(not(windows))]
mod event {
    use std::io;

    use super::Shutdown;

    pub(super) fn wait_in_background(_: &Shutdown, _: &str) -> io::Result<()> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "such events exist on Windows only; SIGTERM drains here",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_is_named_after_job_and_step() {
        let name = name("0x6F8D3CF3BD53F64F8A0A92319835E01B", 1);
        assert_eq!(name, "0x6F8D3CF3BD53F64F8A0A92319835E01B_1_STOP");
    }

    #[test]
    fn without_an_event_the_run_goes_on() {
        let shutdown = Shutdown::new();
        drain_on(&shutdown, "0x00000000000000000000000000000000", 1);
        assert!(!shutdown.is_requested());
    }

    #[test]
    fn the_remedy_depends_on_the_error() {
        assert!(remedy(&io::ErrorKind::NotFound.into()).contains("flag 64"));
        assert!(remedy(&io::ErrorKind::PermissionDenied.into()).contains("proxy"));
        assert!(!remedy(&io::ErrorKind::Unsupported.into()).contains("flag 64"));
    }

    #[cfg(windows)]
    #[test]
    fn an_event_that_is_set_asks_for_a_drain() {
        use windows_sys::Win32::System::Threading::{CreateEventW, SetEvent};

        let job = format!("0x{:032x}", std::process::id());
        let wide: Vec<u16> = name(&job, 1).encode_utf16().chain([0]).collect();
        // SAFETY: `wide` ends in a null and lives until the call returns.
        let handle = unsafe { CreateEventW(std::ptr::null(), 1, 0, wide.as_ptr()) };
        assert!(!handle.is_null());
        let shutdown = Shutdown::new();
        drain_on(&shutdown, &job, 1);
        // SAFETY: the handle is open.
        assert_ne!(unsafe { SetEvent(handle) }, 0);
        assert!(shutdown.requested().recv().is_err());
    }
}
