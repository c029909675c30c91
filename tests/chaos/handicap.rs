//! What a process has to live with from its start: little memory or disk, nobody who reads what it
//! writes, a wrong clock, a place where it dies.

use std::io::{PipeReader, Read};
use std::process::{Command, Stdio};

use xmlshred::store::failpoint;

use super::dice::Dice;

/// A handicap, and what must live as long as the process.
pub struct Handicap {
    pub name: &'static str,
    /// The process may end by itself with this handicap.
    pub is_deadly: bool,
    /// Nobody reads from it.
    _unread: Option<PipeReader>,
}

const NONE: Handicap =
    Handicap { name: "workers without a handicap", is_deadly: false, _unread: None };

impl Handicap {
    /// Gives the process one that the dice choose.
    pub fn give(command: &mut Command, dice: &mut Dice) -> Self {
        match dice.within(0..14) {
            0..3 => failpoint(command, dice),
            3 => full_pipe(command),
            4 => closed_pipe(command),
            5 => little_memory(command, dice),
            6 => little_disk(command, dice),
            7 => wrong_clock(command, dice),
            _ => NONE,
        }
    }
}

fn failpoint(command: &mut Command, dice: &mut Dice) -> Handicap {
    let (place, count) = (dice.pick(&failpoint::OF_WORKERS), dice.within(1..6));
    command.env("XMLSHRED_FAILPOINT", format!("{place}:{count}"));
    Handicap { name: "workers with a failpoint", is_deadly: true, ..NONE }
}

/// Its messages go into a pipe that is full.
fn full_pipe(command: &mut Command) -> Handicap {
    let (unread, pipe) = std::io::pipe().expect("a pipe");
    command.stderr(pipe).args(["--log-level", "trace"]);
    Handicap { name: "workers whose messages nobody reads", _unread: Some(unread), ..NONE }
}

/// Its messages go into a pipe whose other end is closed.
fn closed_pipe(command: &mut Command) -> Handicap {
    let (mut read, pipe) = std::io::pipe().expect("a pipe");
    command.stderr(pipe).stdout(Stdio::null()).args(["--log-level", "debug"]);
    std::thread::spawn(move || {
        // It closes after the first message.
        let _ = read.read(&mut [0; 64]);
    });
    Handicap { name: "workers whose messages have no reader any more", ..NONE }
}

#[cfg(unix)]
fn little_memory(command: &mut Command, dice: &mut Dice) -> Handicap {
    limit(command, libc::RLIMIT_AS, dice.within(150..500) << 20);
    Handicap { name: "workers with little memory", is_deadly: true, ..NONE }
}

/// Files cannot grow beyond a size, as on a full disk.
#[cfg(unix)]
fn little_disk(command: &mut Command, dice: &mut Dice) -> Handicap {
    limit(command, libc::RLIMIT_FSIZE, dice.within(1..3000) << 10);
    Handicap { name: "workers with a full disk", is_deadly: true, ..NONE }
}

#[cfg(unix)]
fn limit(command: &mut Command, resource: libc::__rlimit_resource_t, bytes: u64) {
    use std::os::unix::process::CommandExt;
    // SAFETY: between fork and exec only two calls that take plain values are made.
    unsafe {
        command.pre_exec(move || {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
            match libc::setrlimit(resource, &limit) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
}

#[cfg(not(unix))]
fn little_memory(_: &mut Command, _: &mut Dice) -> Handicap {
    NONE
}

#[cfg(not(unix))]
fn little_disk(_: &mut Command, _: &mut Dice) -> Handicap {
    NONE
}

/// Debian's package `faketime`.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// Its clock is some seconds early or late. Without the library there is no such handicap.
fn wrong_clock(command: &mut Command, dice: &mut Dice) -> Handicap {
    if !std::path::Path::new(FAKETIME).exists() {
        return NONE;
    }
    let seconds = dice.within(0..10) as i64 - 5;
    command
        .env("LD_PRELOAD", FAKETIME)
        .env("FAKETIME", format!("{seconds:+}"))
        .env("DONT_FAKE_MONOTONIC", "1");
    Handicap { name: "workers with a wrong clock", ..NONE }
}

/// Removes what the library left of processes that were killed: one that gets the number of such a
/// process would wait for it.
pub fn tidy() {
    let Ok(entries) = std::fs::read_dir("/dev/shm") else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let of = name.split_once("faketime_s").and_then(|(_, rest)| rest.rsplit_once('_'));
        let ended = |pid: &str| !std::path::Path::new("/proc").join(pid).exists();
        if of.is_some_and(|(_, pid)| ended(pid)) {
            std::fs::remove_file(entry.path()).ok();
        }
    }
}
