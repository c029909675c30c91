//! What the operating system reports about this process.

/// This machine's name, or `localhost` where it has none.
pub fn host_name() -> String {
    system_host_name().filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".into())
}

#[cfg(unix)]
fn system_host_name() -> Option<String> {
    let mut buffer = [0u8; 256];
    // SAFETY: the pointer and length describe `buffer`; one byte is reserved for the terminating zero.
    let failed = unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) } != 0;
    if failed {
        return None;
    }
    let name = std::ffi::CStr::from_bytes_until_nul(&buffer).ok()?;
    Some(name.to_string_lossy().into_owned())
}

#[cfg(not(unix))]
fn system_host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// What a thread of a run does, which decides who goes first where both want a processor. Those that call the store
/// need it briefly, and all who shred would wait for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Claims, completes, or renews.
    Store,
    /// Shreds documents.
    Shred,
}

impl Duty {
    /// Gives the calling thread the priority of this duty. Where the system refuses, nothing changes.
    #[cfg(target_os = "linux")]
    pub fn take_up(self) {
        /// A third of the time of a thread without it. Only an administrator may do without, and prefer the others.
        const NICE: libc::c_int = 5;
        if self == Self::Shred {
            // SAFETY: the call takes a plain integer; on Linux, it is of the calling thread alone.
            unsafe { libc::nice(NICE) };
        }
    }

    /// Gives the calling thread the priority of this duty. Who shreds keeps the usual one: below it, a thread has
    /// no turn at all while others are busy.
    #[cfg(windows)]
    pub fn take_up(self) {
        use windows_sys::Win32::System::Threading::{
            GetCurrentThread, SetThreadPriority, THREAD_PRIORITY_ABOVE_NORMAL,
        };
        if self == Self::Store {
            // SAFETY: the handle of the current thread is always valid.
            unsafe { SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_ABOVE_NORMAL) };
        }
    }

    /// Elsewhere a thread has no priority of its own.
    #[cfg(not(any(target_os = "linux", windows)))]
    pub fn take_up(self) {}
}

/// The peak resident memory of this process in bytes; `None` where the system does not report it
/// cheaply.
#[cfg(not(windows))]
pub fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The peak resident memory of this process in bytes.
#[cfg(windows)]
pub fn peak_memory_bytes() -> Option<u64> {
    use windows_sys::Win32::System::ProcessStatus::{
        K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS,
    };
    use windows_sys::Win32::System::Threading::GetCurrentProcess;

    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let size = u32::try_from(size_of::<PROCESS_MEMORY_COUNTERS>()).ok()?;
    // SAFETY: the size is that of `counters`, and the handle of the current process is always valid.
    let filled = unsafe { K32GetProcessMemoryInfo(GetCurrentProcess(), &mut counters, size) };
    (filled != 0).then_some(counters.PeakWorkingSetSize as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_has_a_name() {
        assert!(!host_name().is_empty());
    }

    #[cfg(any(target_os = "linux", windows))]
    #[test]
    fn this_process_has_used_memory() {
        assert!(peak_memory_bytes().unwrap() > 1 << 20);
    }
}
