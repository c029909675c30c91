//! Output that nobody reads, and a log that cannot be written: the work is done all the same, and
//! the process ends.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::notes;
use super::workbench::Workbench;

/// A pipe that is full: its reading end is open, and nobody reads it.
struct FullPipe {
    _reader: File,
    writer: OwnedFd,
}

impl FullPipe {
    fn new() -> Self {
        let mut ends = [0; 2];
        // SAFETY: the array has room for both ends.
        assert_eq!(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) }, 0);
        // SAFETY: the ends were just opened and belong to nobody else.
        let (reader, writer) =
            unsafe { (File::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) };
        let set = |flags: libc::c_int| {
            // SAFETY: the descriptor is open.
            assert_eq!(unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETFL, flags) }, 0);
        };
        set(libc::O_NONBLOCK);
        let filling = [b'.'; 512];
        // SAFETY: the buffer is as long as the call says.
        while unsafe { libc::write(writer.as_raw_fd(), filling.as_ptr().cast(), 512) } > 0 {}
        set(0);
        Self { _reader: reader, writer }
    }

    /// An end to write to.
    fn end(&self) -> Stdio {
        self.writer.try_clone().unwrap().into()
    }
}

fn start(bench: &Workbench, arguments: &str, stdout: Stdio, stderr: Stdio) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .args(arguments.split_whitespace())
        .current_dir(bench.path())
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .unwrap()
}

/// Waits a minute for the end of a process that must not hang.
fn ended(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    panic!("it hangs");
}

fn signal(child: &Child, signal: libc::c_int) {
    // SAFETY: a signal to a process that this test started and has not waited for.
    unsafe { libc::kill(child.id() as libc::pid_t, signal) };
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what} does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How many applications succeeded.
fn success(bench: &Workbench) -> u64 {
    let status = bench.run("status --format json");
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    status["success"].as_u64().unwrap()
}

#[test]
fn a_run_is_done_although_nobody_reads_its_stderr() {
    let bench = notes::queued();
    let pipe = FullPipe::new();
    let mut child = start(
        &bench,
        "run --fail-on never --log-level trace --log-dir logs",
        Stdio::piped(),
        pipe.end(),
    );
    assert!(ended(&mut child).success());
    let mut summary = String::new();
    child.stdout.take().unwrap().read_to_string(&mut summary).unwrap();
    assert!(summary.contains("done"), "{summary}");
    assert!(success(&bench) == 4);
    let log = std::fs::read_dir(bench.path().join("logs")).unwrap().next().unwrap().unwrap();
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(log.contains("nobody read stderr"), "{log}");
}

#[test]
fn a_run_ends_although_nobody_reads_its_summary() {
    let bench = notes::queued();
    let pipe = FullPipe::new();
    let mut child = start(&bench, "run", pipe.end(), pipe.end());
    assert_eq!(ended(&mut child).code(), Some(5));
    assert!(success(&bench) == 4);
}

#[test]
fn signals_are_heeded_although_nobody_reads_stderr() {
    for signals in [1, 2] {
        let bench = notes::queued();
        let pipe = FullPipe::new();
        let arguments = "run --follow --log-level trace --poll 100ms";
        let mut child = start(&bench, arguments, Stdio::null(), pipe.end());
        wait_until("the end of the work", || success(&bench) == 4);
        (0..signals).for_each(|_| signal(&child, libc::SIGTERM));
        assert_eq!(ended(&mut child).code(), Some(130));
    }
}

#[test]
fn a_command_that_is_refused_ends_although_nobody_reads_why() {
    let bench = notes::queued();
    for (arguments, status) in [("run --lease 0s", 2), ("run --nonsense", 2), ("status x", 2)] {
        let pipe = FullPipe::new();
        let mut child = start(&bench, arguments, Stdio::null(), pipe.end());
        assert_eq!(ended(&mut child).code(), Some(status), "{arguments}");
    }
}

/// The executable with files that grow to this many blocks of 512 bytes at most.
fn with_small_files(bench: &Workbench, blocks: u64, arguments: &str) -> (i32, String) {
    let program = assert_cmd::cargo::cargo_bin!("xmlshred");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {arguments}");
    let output = Command::new("bash")
        .args(["-c", &script])
        .arg(program)
        .current_dir(bench.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn a_run_whose_log_has_no_room_for_a_line_does_not_begin() {
    let bench = notes::queued();
    let (status, stderr) = with_small_files(&bench, 0, "run --log-dir logs");
    assert_eq!(status, 2, "{stderr}");
    assert!(stderr.contains("error: cannot write the log file "), "{stderr}");
    assert!(stderr.contains("hint: name a writable folder"), "{stderr}");
    assert!(bench.run("status").stdout.contains("ready             5\n"));
}

/// As root of a namespace of its own, with a file system of 4 kB at `logs`. `None` where the
/// system does not permit that.
fn with_little_room(bench: &Workbench, arguments: &str) -> Option<(i32, String)> {
    std::fs::create_dir(bench.path().join("logs")).unwrap();
    let permitted = Command::new("unshare").args(["-rm", "true"]).output();
    if !permitted.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let script = format!("mount -t tmpfs -o size=4k none logs && exec \"$0\" {arguments}");
    let output = Command::new("unshare")
        .args(["-rm", "bash", "-c", &script])
        .arg(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .current_dir(bench.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Some((output.status.code().unwrap_or(-1), text))
}

#[test]
fn a_run_whose_log_lost_lines_is_not_called_done() {
    let bench = notes::workbench();
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    for n in 6..=100 {
        bench.write(&format!("docs/{n}.xml"), "<note title='n'/>");
    }
    assert_eq!(bench.run("load docs").status + bench.run("enqueue").status, 0);
    let arguments = "run --fail-on never --log-dir logs --log-level trace --batch-size 1";
    let Some((status, stderr)) = with_little_room(&bench, arguments) else { return };
    assert_eq!((status, success(&bench)), (5, 99), "{stderr}");
    assert!(stderr.contains("run ended: done, but the log file lost lines"), "{stderr}");
    let last: Vec<_> = stderr.lines().rev().take(2).collect();
    assert!(last[1].starts_with("error: cannot write the log file "), "{stderr}");
    assert!(last[0].starts_with("hint: free space for the log folder"), "{stderr}");
}
