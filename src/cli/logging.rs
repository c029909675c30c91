//! Log lines to stderr and, with `--log-dir`, to one file per process.
//!
//! Both are queues ([`LineQueue`]): a thread that works never waits for a reader or a disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use chrono::Utc;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::command_error::{self, CommandError, Result};
use super::old_logs;
use super::{console, screens};
use crate::figures::counted;
use crate::id::SessionId;
use crate::report::LineQueue;
use crate::screen::undirected;
use crate::settings::{LogFormat, LogSettings, Settings};

/// How a command logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Habits {
    /// The least severe level on stderr while a log file has the rest.
    pub console: Option<LevelFilter>,
    /// Whether it always logs a line at the level `info`: the log file then gets its first line
    /// first, so that nothing is done that could not be logged, and a log file that lost lines is
    /// an error.
    pub always_logs: bool,
}

/// The log file of this process.
static FILE: OnceLock<LogFile> = OnceLock::new();

/// The target of the first line of a log file; stderr does not get it.
const FIRST: &str = "xmlshred::log_file";

/// The target of lines of which people get a note on stderr instead.
pub const NOTED: &str = "xmlshred::noted";

/// How long the start and the end wait for the disk of the log file.
const DISK_WITHIN: Duration = Duration::from_secs(5);

/// Starts logging for this process.
///
/// # Errors
/// The first line of a log file that must not be missing cannot be written.
pub fn start(settings: &Settings, session: SessionId, habits: Habits) -> Result<()> {
    let (settings, is_quiet) = (&settings.log, settings.quiet);
    let is_required = habits.always_logs && settings.level >= LevelFilter::INFO;
    let new_file = || settings.dir.as_ref().map(|dir| LogFile::new(dir, session, is_required));
    let file = match FILE.get() {
        None => new_file().map(|file| FILE.get_or_init(|| file)),
        started => started,
    };
    if let (Some(dir), Some(days)) = (&settings.dir, settings.days) {
        old_logs::delete(dir.clone(), days);
    }
    let quiet = habits.console.filter(|_| file.is_some()).unwrap_or(LevelFilter::TRACE);
    let quiet = if is_quiet { quiet.min(LevelFilter::WARN) } else { quiet };
    let level = settings.level.min(quiet);
    // For people, the error that stops the command is not a log line.
    let ends_as_line = settings.format == LogFormat::Json;
    let is_on_stderr = move |metadata: &Metadata<'_>| match metadata.target() {
        command_error::TARGET => ends_as_line,
        console::DROPPED => true,
        FIRST => false,
        NOTED => ends_as_line && *metadata.level() <= level,
        _ => *metadata.level() <= level,
    };
    let file_level = settings.level;
    let is_in_file = move |metadata: &Metadata<'_>| match metadata.target() {
        command_error::TARGET | console::DROPPED => true,
        _ => *metadata.level() <= file_level,
    };
    let stderr = move || Lines { queue: console::stderr() };
    let to_stderr = layer(settings, is_on_stderr, level, stderr, screens::stderr().has_colours);
    let to_file = file.map(|file| layer(settings, is_in_file, file_level, || file.lines(), false));
    // Only a second start in one process fails; the first one stays in force.
    let _ = tracing_subscriber::registry().with(to_stderr).with(to_file).try_init();
    if is_required && file.is_some() {
        tracing::info!(target: FIRST, version = env!("CARGO_PKG_VERSION"), "log of session {}", session.0);
    }
    match incomplete() {
        None => Ok(()),
        Some(reason) => Err(CommandError::usage(
            reason,
            "name a writable folder with space with --log-dir, or leave it out",
        )),
    }
}

/// Lines that are `wanted`, none of them less severe than `level` or `info`.
fn layer<S, W>(
    settings: &LogSettings,
    wanted: impl Fn(&Metadata<'_>) -> bool + Send + Sync + 'static,
    level: LevelFilter,
    writer: W,
    ansi: bool,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = filter_fn(wanted).with_max_level_hint(level.max(LevelFilter::INFO));
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(ansi);
    match settings.format {
        LogFormat::Text => layer.with_target(false).with_filter(filter).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_filter(filter).boxed(),
    }
}

/// Adds each log line, which is one call, to a queue. It has no control characters of others: the
/// formats escape them.
struct Lines {
    queue: &'static LineQueue,
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.queue.push(&undirected(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A log file, created at its first line: a command that logs nothing leaves no file.
struct LogFile {
    path: PathBuf,
    queue: LineQueue,
    /// Whether a missing line is an error.
    is_required: bool,
}

impl LogFile {
    fn new(dir: &Path, session: SessionId, is_required: bool) -> Self {
        let name = format!("xmlshred_{}_{}.log", Utc::now().format("%Y%m%dT%H%M%SZ"), session.0);
        let path = dir.join(name);
        let stream = FileStream { path: path.clone(), file: None, is_warned: is_required };
        let queue = LineQueue::new("log", 8 << 20, stream, |_| ());
        Self { path, queue, is_required }
    }

    fn lines(&'static self) -> Lines {
        Lines { queue: &self.queue }
    }
}

/// Why the log file does not hold what it should, where that is an error. Waits for its disk, but
/// not for long.
pub fn incomplete() -> Option<String> {
    let file = FILE.get()?;
    let is_written = file.queue.flush(DISK_WITHIN);
    if !file.is_required {
        return None;
    }
    let (lost, path) = (file.queue.lost(), file.path.display());
    let lines = counted(lost.lines(), "line");
    match lost.error {
        Some(error) => Some(format!("{error}; {lines} lost")),
        None if lost.dropped > 0 => {
            Some(format!("the log file {path} lost {lines}: its disk is too slow"))
        }
        None => (!is_written)
            .then(|| format!("cannot write the log file {path}: its disk does not answer")),
    }
}

/// Waits for the disk of the log file, for a last time.
pub fn finish() {
    if let Some(file) = FILE.get() {
        file.queue.flush(Duration::from_secs(1));
        old_logs::finish();
    }
}

/// Writes to the log file. The first error is a warning on stderr; the command continues.
struct FileStream {
    path: PathBuf,
    file: Option<File>,
    is_warned: bool,
}

impl FileStream {
    fn file(&mut self) -> io::Result<&mut File> {
        match &mut self.file {
            Some(file) => Ok(file),
            missing => {
                if let Some(dir) = self.path.parent() {
                    std::fs::create_dir_all(dir)?;
                }
                let new = OpenOptions::new().create_new(true).append(true).open(&self.path)?;
                Ok(missing.insert(new))
            }
        }
    }
}

impl Write for FileStream {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.file().and_then(|file| file.write(lines)).map_err(|error| {
            let reason = format!("cannot write the log file {}: {error}", self.path.display());
            if !std::mem::replace(&mut self.is_warned, true) {
                console::warn(reason.as_str());
            }
            io::Error::other(reason)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes the message of a panic a note: the thread that panicked must not wait for a reader of
/// stderr.
pub fn note_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed").to_owned();
        let backtrace = std::backtrace::Backtrace::capture();
        let trace = match backtrace.status() {
            std::backtrace::BacktraceStatus::Captured => format!("{backtrace}\n"),
            _ => String::new(),
        };
        console::tell(format!("thread '{name}' {panic}\n{trace}"));
    }));
}
