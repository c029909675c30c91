//! The events of a console on Windows, delivered as the system does it: on a thread of the process, by
//! the function that calls its handlers.

use std::ffi::{c_char, c_void, CStr};
use std::os::windows::io::AsRawHandle;
use std::process::{Child, Command, Stdio};

use rusqlite::Connection;
use windows_sys::Win32::Foundation::{CloseHandle, HANDLE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_CLOSE_EVENT, CTRL_C_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT,
};
use windows_sys::Win32::System::Threading::{
    CreateRemoteThread, GetExitCodeThread, WaitForSingleObject, INFINITE,
};

use super::notes;
use super::workbench::Workbench;
use crate::crash::worker::wait_until;

#[link(name = "kernel32")]
extern "system" {
    fn GetModuleHandleA(name: *const c_char) -> *mut c_void;
    fn GetProcAddress(module: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// A thread of a process that calls its handlers.
struct Delivery(HANDLE);

impl Delivery {
    fn of(event: u32, process: &Child) -> Self {
        let (module, name): (&CStr, &CStr) = (c"kernelbase.dll", c"CtrlRoutine");
        // SAFETY: both names end in a null. The module is at the same address in every process, and
        // the routine takes the number of an event, as any thread takes one parameter.
        let thread = unsafe {
            let routine = GetProcAddress(GetModuleHandleA(module.as_ptr()), name.as_ptr());
            assert!(!routine.is_null(), "kernelbase.dll has no CtrlRoutine");
            let routine = std::mem::transmute::<
                *mut c_void,
                unsafe extern "system" fn(*mut c_void) -> u32,
            >(routine);
            CreateRemoteThread(
                process.as_raw_handle(),
                std::ptr::null(),
                0,
                Some(routine),
                event as usize as *const c_void,
                0,
                std::ptr::null_mut(),
            )
        };
        assert!(!thread.is_null(), "{}", std::io::Error::last_os_error());
        Self(thread)
    }

    /// What the thread ended with.
    fn end(&self) -> u32 {
        let mut code = 0;
        // SAFETY: the handle is open until `self` is dropped.
        unsafe {
            assert_eq!(WaitForSingleObject(self.0, INFINITE), WAIT_OBJECT_0);
            assert_ne!(GetExitCodeThread(self.0, &mut code), 0);
        }
        code
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and it is not used after this.
        unsafe { CloseHandle(self.0) };
    }
}

/// A worker that waits for more, with its five applications done.
fn following() -> (Workbench, Connection, Child) {
    let bench = notes::queued();
    let child = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .args(["run", "--follow", "--poll", "100ms", "--format", "json", "--log-level", "off"])
        .current_dir(bench.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let store = Connection::open(bench.path().join("work.db")).unwrap();
    store.busy_timeout(std::time::Duration::from_secs(60)).unwrap();
    wait_until("the worker has done all", || logged(&store) == 5);
    (bench, store, child)
}

fn logged(store: &Connection) -> i64 {
    store.query_row("SELECT count(*) FROM processing_log", [], |row| row.get(0)).unwrap()
}

/// That it ended by a drain: it had time for its summary.
fn assert_drained(child: Child) {
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["end"], "interrupted");
}

/// Services and the steps of SQL Server Agent hear of every user who logs off the machine.
#[test]
fn a_user_who_logs_off_does_not_stop_a_worker() {
    let (bench, store, child) = following();
    Delivery::of(CTRL_LOGOFF_EVENT, &child).end();
    bench.write("more/note-6.xml", "<note title='six'/>");
    assert_eq!(bench.run("load more").status, 0);
    assert_eq!(bench.run("enqueue").status, 0);
    wait_until("it does what came later", || logged(&store) == 6);
    Delivery::of(CTRL_C_EVENT, &child).end();
    assert_drained(child);
}

#[test]
fn ctrl_c_and_ctrl_break_drain() {
    for event in [CTRL_C_EVENT, CTRL_BREAK_EVENT] {
        let (_bench, _store, child) = following();
        Delivery::of(event, &child).end();
        assert_drained(child);
    }
}

/// Windows ends the process when the handler returns: so it must not return before the drain is done.
#[test]
fn the_end_of_the_console_and_of_the_system_wait_for_the_drain() {
    for event in [CTRL_CLOSE_EVENT, CTRL_SHUTDOWN_EVENT] {
        let (_bench, _store, child) = following();
        let delivery = Delivery::of(event, &child);
        assert_drained(child);
        assert_eq!(delivery.end(), 130, "the thread ended with the process");
    }
}
