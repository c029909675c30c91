//! Signals and console events that ask this process to stop.

use std::sync::Arc;

/// Makes Ctrl+C, SIGTERM and SIGHUP (on Windows: Ctrl+C and Ctrl+Break) call `request`, which returns
/// whether it was the first request: after another one the process ends at once with `exit_status`.
///
/// On Windows the end of the console and of the system call it too, and Windows then waits a few
/// seconds for this process to end. A user who logs off does not: services and the steps of SQL Server
/// Agent receive that event for every user of the machine.
///
/// The thread that handles signals does nothing else, because it must see the second signal even if
/// all others hang: `request` must not wait.
///
/// # Errors
/// When the process already has a handler.
pub fn on_signals(
    exit_status: u8,
    request: impl Fn() -> bool + Send + Sync + 'static,
) -> Result<(), ctrlc::Error> {
    let request = Arc::new(request);
    let on_ctrl_c = Arc::clone(&request);
    ctrlc::set_handler(move || {
        if !on_ctrl_c() {
            end_at_once(exit_status);
        }
    })?;
    console::on_end(move || {
        request();
    })
}

/// Ends the process without anything that may wait: no destructors, no handlers of the end of a
/// process, no flush.
#[cfg(unix)]
fn end_at_once(exit_status: u8) -> ! {
    // SAFETY: it takes a number and does not return.
    unsafe { libc::_exit(exit_status.into()) }
}

/// Ends the process without anything that may wait: no destructors, no handlers of the end of a
/// process, no flush.
#[cfg(windows)]
fn end_at_once(exit_status: u8) -> ! {
    use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

    // SAFETY: the handle of the current process is always valid.
    unsafe { TerminateProcess(GetCurrentProcess(), exit_status.into()) };
    // Terminating oneself does not fail.
    std::process::abort()
}

#[cfg(windows)]
mod console {
    use std::io;
    use std::sync::OnceLock;
    use std::thread;

    use windows_sys::core::BOOL;
    use windows_sys::Win32::Foundation::{FALSE, TRUE};
    use windows_sys::Win32::System::Console::{
        SetConsoleCtrlHandler, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT,
    };

    /// What to do before Windows ends the process.
    static AT_END: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

    /// Windows calls the handler that was added last first, each event on a thread of its own. The
    /// other one is ctrlc's, which takes every event for Ctrl+C and returns at once, after which
    /// Windows ends a process whose console closes.
    extern "system" fn handle(event: u32) -> BOOL {
        match event {
            CTRL_LOGOFF_EVENT => TRUE,
            CTRL_CLOSE_EVENT | CTRL_SHUTDOWN_EVENT => {
                if let Some(at_end) = AT_END.get() {
                    at_end();
                }
                // Windows waits for the return or for the end of the process.
                loop {
                    thread::park();
                }
            }
            _ => FALSE,
        }
    }

    pub(super) fn on_end(request: impl Fn() + Send + Sync + 'static) -> Result<(), ctrlc::Error> {
        // The process had no handler, so this is empty.
        let _ = AT_END.set(Box::new(request));
        // SAFETY: the handler is a function, which lives as long as the process.
        match unsafe { SetConsoleCtrlHandler(Some(handle), TRUE) } {
            FALSE => Err(ctrlc::Error::System(io::Error::last_os_error())),
            _ => Ok(()),
        }
    }
}

#[cfg(not(windows))]
mod console {
    /// Other systems send signals.
    pub(super) fn on_end(_: impl Fn() + Send + Sync + 'static) -> Result<(), ctrlc::Error> {
        Ok(())
    }
}
