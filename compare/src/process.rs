//! What a program takes: time, processor time, and memory.

use std::ffi::OsStr;
use std::io::{Read, Seek};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::Result;

/// What processes took together.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// From the start of the first to the end of the last, in seconds.
    pub seconds: f64,
    /// In user and system mode, in seconds; `None` where the system does not say.
    pub processor_seconds: Option<f64>,
    /// The most memory of one process, where it was asked for and the system says so.
    pub peak_bytes: Option<u64>,
}

/// Runs the program so many times side by side, with these arguments.
///
/// # Errors
/// It cannot be started, or ends with another exit status than 0.
pub fn run(program: &Path, arguments: &[impl AsRef<OsStr>], processes: usize) -> Result<Usage> {
    let before = children_seconds();
    let began = Instant::now();
    let started: std::io::Result<Vec<Child>> = (0..processes)
        .map(|_| {
            Command::new(program)
                .args(arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
        })
        .collect();
    for mut child in started.map_err(|e| format!("cannot start {}: {e}", program.display()))? {
        let status = child.wait()?;
        if !status.success() {
            return Err(format!("{} ended with {status}", program.display()).into());
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let processor_seconds = children_seconds().zip(before).map(|(after, before)| after - before);
    Ok(Usage { seconds, processor_seconds, peak_bytes: None })
}

/// Runs the command alone.
///
/// # Errors
/// It cannot be started, or ends with another exit status than 0.
pub fn run_one(command: &mut Command) -> Result<Usage> {
    let program = command.get_program().to_string_lossy().into_owned();
    let before = children_seconds();
    let began = Instant::now();
    let mut said = tempfile::tempfile()?;
    let child = command.stdout(Stdio::null()).stderr(said.try_clone()?).spawn();
    let child = child.map_err(|e| format!("cannot start {program}: {e}"))?;
    let (is_success, peak_bytes) = wait(child)?;
    let seconds = began.elapsed().as_secs_f64();
    if !is_success {
        let mut text = String::new();
        said.rewind()?;
        said.read_to_string(&mut text)?;
        return Err(format!("{program} failed: {}", text.trim()).into());
    }
    let processor_seconds = children_seconds().zip(before).map(|(after, before)| after - before);
    Ok(Usage { seconds, processor_seconds, peak_bytes })
}

/// Waits for its end. Returns whether it was a success, and its peak memory.
#[cfg(target_os = "linux")]
fn wait(child: Child) -> Result<(bool, Option<u64>)> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    let mut status = 0;
    // SAFETY: wait4 fills what it is given, and nobody else waits for this process.
    let usage = unsafe {
        match libc::wait4(child.id() as libc::pid_t, &mut status, 0, usage.as_mut_ptr()) {
            -1 => return Err(std::io::Error::last_os_error().into()),
            _ => usage.assume_init(),
        }
    };
    let is_success = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0;
    Ok((is_success, u64::try_from(usage.ru_maxrss).ok().map(|kilobytes| kilobytes * 1024)))
}

#[cfg(not(target_os = "linux"))]
fn wait(mut child: Child) -> Result<(bool, Option<u64>)> {
    Ok((child.wait()?.success(), None))
}

/// Processor time of all processes that this one started and that have ended.
fn children_seconds() -> Option<f64> {
    #[cfg(unix)]
    return used(libc::RUSAGE_CHILDREN);
    #[cfg(not(unix))]
    return None;
}

/// Processor time of this process, in seconds.
pub fn own_seconds() -> Option<f64> {
    #[cfg(unix)]
    return used(libc::RUSAGE_SELF);
    #[cfg(not(unix))]
    return None;
}

#[cfg(unix)]
fn used(whose: libc::c_int) -> Option<f64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: getrusage fills the structure that it is given.
    let usage = unsafe {
        match libc::getrusage(whose, usage.as_mut_ptr()) {
            0 => usage.assume_init(),
            _ => return None,
        }
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Some(seconds(usage.ru_utime) + seconds(usage.ru_stime))
}
