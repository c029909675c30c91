//! Data goes to stdout, everything else to stderr. Text for people is escaped on its way: names of
//! files, values of documents and messages of others must not command the terminal.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::LazyLock;
use std::time::Duration;

use super::command_error::{CommandError, Result};
use super::{screens, shown_commands};
use crate::diagnostic::Diagnostics;
use crate::figures::counted;
use crate::files::NewFile;
use crate::report::{Format, LineQueue, LogWriter, Table};
use crate::runner::ExitStatus;
use crate::screen::{Ink, Screen};

/// What waits for stderr: nobody ever waits for who reads it.
static STDERR: LazyLock<LineQueue> =
    LazyLock::new(|| LineQueue::new("stderr", 4 << 20, LogWriter, tell_of_dropped_lines));

/// The target of the log line about lines that stderr did not get; every level shows it.
pub const DROPPED: &str = "xmlshred::dropped";

/// How long text on stdout waits for the text on stderr that was written before it.
const IN_ORDER_WITHIN: Duration = Duration::from_millis(200);

/// How long a note waits for a reader of stderr that is slow.
const NOTE_WITHIN: Duration = Duration::from_secs(2);

/// How long the end of the process waits for a reader of stderr.
const END_WITHIN: Duration = Duration::from_secs(1);

/// How long a summary waits for a reader of stdout.
const PRINT_WITHIN: Duration = Duration::from_secs(10);

/// Whether notes are left out.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// Leaves out notes from now on, or does not.
pub fn set_quiet(is_quiet: bool) {
    IS_QUIET.store(is_quiet, Ordering::SeqCst);
}

/// Text for people as a stream shows it.
fn for_people(text: &str, screen: Screen) -> String {
    screen.shown(&shown_commands::inked(text, screen)).into_owned()
}

/// Writes text for people to stdout. It may have colours of [`screens::stdout`].
///
/// # Errors
/// stdout cannot be written, for instance because a disk is full.
pub fn print(text: &str) -> Result {
    print_data(&for_people(text, screens::stdout()))
}

/// Writes a table to stdout, as its screen shows it.
///
/// # Errors
/// As [`print()`].
pub fn print_table(table: &Table) -> Result {
    print(&table.on(screens::stdout()))
}

/// Writes text to stdout that is for people or for programs.
///
/// # Errors
/// stdout cannot be written, for instance because a disk is full.
pub fn print_as(format: Format, text: &str) -> Result {
    match format {
        Format::Table => print(text),
        Format::Json => print_data(text),
    }
}

/// Writes text for programs to stdout as it is. A reader that stops early, such as `head`, is not
/// an error.
///
/// # Errors
/// stdout cannot be written, for instance because a disk is full.
pub fn print_data(text: &str) -> Result {
    STDERR.flush(IN_ORDER_WITHIN);
    written(write(text))
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn written(result: io::Result<()>) -> Result {
    match result {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(unwritable(&e)),
        _ => Ok(ExitStatus::Success),
    }
}

/// [`print_as`] that gives up after ten seconds where stdout is not a terminal: a process whose
/// work is done must end although nobody reads its output.
///
/// # Errors
/// As [`print_as`], or nobody reads stdout.
pub fn print_or_give_up(format: Format, text: &str) -> Result {
    if io::stdout().is_terminal() {
        return print_as(format, text);
    }
    STDERR.flush(IN_ORDER_WITHIN);
    let (done, result) = crossbeam_channel::bounded(1);
    let shown = match format {
        Format::Table => for_people(text, screens::stdout()),
        Format::Json => text.to_owned(),
    };
    let thread = std::thread::Builder::new().name("xmlshred-stdout".into());
    match thread.spawn(move || done.send(write(&shown)).ok()) {
        Err(_) => print_as(format, text),
        Ok(_) => result.recv_timeout(PRINT_WITHIN).map_or_else(|_| Err(unread()), written),
    }
}

/// Writes a script of T-SQL to a file, or else to stdout. sqlcmd and SSMS take a file without a mark for
/// one in the code page of the machine, and what the `>` of a shell makes of stdout depends on the shell.
///
/// # Errors
/// As [`write_file`] and [`print_data`].
#[cfg(feature = "sqlserver")]
pub fn print_script(out: Option<&Path>, script: &str) -> Result {
    match out {
        None => print_data(script),
        Some(_) => print_to(out, &format!("\u{feff}{script}")),
    }
}

/// Writes text for programs to a file, or else to stdout.
///
/// # Errors
/// As [`write_file`] and [`print_data`].
pub fn print_to(out: Option<&Path>, text: &str) -> Result {
    let Some(path) = out else { return print_data(text) };
    write_file(path, text)?;
    Ok(ExitStatus::Success)
}

/// Writes a file that has its name only when it is complete; one of that name is replaced.
///
/// # Errors
/// The file cannot be written.
pub fn write_file(path: &Path, text: &str) -> Result<()> {
    let written = NewFile::create(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.put_in_place()
    });
    written.map_err(|e| not_written(path, &e))
}

/// The error for a file that cannot be written.
pub fn not_written(path: &Path, error: &io::Error) -> CommandError {
    let message = format!("cannot write {}: {error}", path.display());
    let hint = "name a file in a folder that is writable";
    CommandError::new(ExitStatus::Aborted, message, hint)
}

fn unread() -> CommandError {
    let message = format!("cannot write to stdout: nobody read it for {PRINT_WITHIN:?}");
    CommandError::new(ExitStatus::Aborted, message, "find out why its reader hangs")
}

/// The error for a stdout that cannot be written.
pub fn unwritable(error: &io::Error) -> CommandError {
    let message = format!("cannot write to stdout: {error}");
    CommandError::new(ExitStatus::Aborted, message, "free space where the output is redirected to")
}

/// Writes text for people to stderr, unless `--quiet` is given: what was done, and what may be done next.
pub fn note(text: impl Display) {
    if !IS_QUIET.load(Ordering::SeqCst) {
        tell(text);
    }
}

/// Writes text for people to stderr that `--quiet` does not silence: what was not done, and why. A closed
/// stderr is ignored. So is one that nobody reads.
pub fn tell(text: impl Display) {
    let screen = screens::stderr();
    tell_rendered(&screen.fit(&for_people(&text.to_string(), screen)));
}

/// Writes a warning of one line to stderr.
pub fn warn(text: impl Display) {
    tell(format!("{}: {text}\n", screens::stderr().ink(Ink::Doubtful, "warning")));
}

/// Writes what stopped a command to stderr. That there was nothing to do is a note.
pub fn report(error: &CommandError) {
    match error.status {
        ExitStatus::Success => note(error),
        _ => tell(error.on(screens::stderr())),
    }
}

/// Writes text to stderr as it is.
pub fn tell_rendered(text: &str) {
    STDERR.push_within(text.as_bytes(), NOTE_WITHIN);
}

/// What waits for stderr.
pub fn stderr() -> &'static LineQueue {
    &STDERR
}

fn tell_of_dropped_lines(dropped: u64) {
    tracing::warn!(
        target: DROPPED,
        dropped,
        "dropped {}: nobody read stderr, or not fast enough",
        counted(dropped, "line")
    );
}

/// Waits for the readers of stderr, for a bounded time. Where nobody reads it, the log file is
/// told, if there is one.
pub fn finish() {
    if !STDERR.flush(END_WITHIN) {
        tell_of_dropped_lines(STDERR.lost().dropped);
    }
}

/// Writes mistakes to stderr, in colour where it shows colours.
pub fn diagnose(diagnostics: &Diagnostics) {
    tell_rendered(&diagnostics.render(screens::stderr()));
}
