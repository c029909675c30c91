//! Log lines to stderr and, with `--log-dir`, to one file per process.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use chrono::Utc;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::command_error::{self, CommandError, Result};
use super::console;
use crate::id::SessionId;
use crate::report::LogWriter;
use crate::settings::{LogFormat, LogSettings};

/// How a command logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Habits {
    /// The least severe level on stderr while a log file has the rest.
    pub console: Option<LevelFilter>,
    /// Whether it always logs a line at the level `info`: the log file is then created first, so
    /// that nothing is done that could not be logged.
    pub always_logs: bool,
}

/// Starts logging for this process.
///
/// # Errors
/// The log folder or file cannot be created.
pub fn start(settings: &LogSettings, session: SessionId, habits: Habits) -> Result<()> {
    let file = settings.dir.as_ref().map(|dir| Arc::new(LogFile::new(dir.clone(), session)));
    if let Some(file) = &file {
        if habits.always_logs && settings.level >= LevelFilter::INFO {
            file.open().map_err(|reason| {
                CommandError::usage(
                    reason,
                    "name a writable folder with --log-dir, or leave it out",
                )
            })?;
        }
    }
    let quiet = habits.console.filter(|_| file.is_some()).unwrap_or(LevelFilter::TRACE);
    let level = settings.level.min(quiet);
    // For people, the error that stops the command is not a log line.
    let ends_as_line = settings.format == LogFormat::Json;
    let to_stderr =
        layer(settings, level, LogWriter::default, console::has_colours(), ends_as_line);
    let to_file = file.map(|file| {
        layer(settings, settings.level, move || LogFileWriter(file.clone()), false, true)
    });
    // Only a second start in one process fails; the first one stays in force.
    let _ = tracing_subscriber::registry().with(to_stderr).with(to_file).try_init();
    Ok(())
}

/// Lines of `level` and more severe ones; with `end` also the error that stops the command.
fn layer<S, W>(
    settings: &LogSettings,
    level: LevelFilter,
    writer: W,
    ansi: bool,
    end: bool,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = filter_fn(move |metadata: &Metadata<'_>| match metadata.target() {
        command_error::TARGET => end,
        _ => *metadata.level() <= level,
    });
    let filter = filter.with_max_level_hint(level.max(LevelFilter::INFO));
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(ansi);
    match settings.format {
        LogFormat::Text => layer.with_target(false).with_filter(filter).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_filter(filter).boxed(),
    }
}

/// A log file, created at its first line: a command that logs nothing leaves no file.
struct LogFile {
    dir: PathBuf,
    name: String,
    file: OnceLock<std::result::Result<File, String>>,
}

impl LogFile {
    fn new(dir: PathBuf, session: SessionId) -> Self {
        let name = format!("xmlshred_{}_{}.log", Utc::now().format("%Y%m%dT%H%M%SZ"), session.0);
        Self { dir, name, file: OnceLock::new() }
    }

    /// The file, or why it cannot be created.
    fn open(&self) -> std::result::Result<&File, String> {
        self.file.get_or_init(|| self.create()).as_ref().map_err(Clone::clone)
    }

    fn create(&self) -> std::result::Result<File, String> {
        let path = self.dir.join(&self.name);
        std::fs::create_dir_all(&self.dir)
            .and_then(|()| OpenOptions::new().create_new(true).append(true).open(&path))
            .map_err(|e| format!("cannot write the log file {}: {e}", path.display()))
    }
}

/// Writes to the log file. If it cannot be created, one warning says so and the command continues.
struct LogFileWriter(Arc<LogFile>);

impl Write for LogFileWriter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let first = self.0.file.get().is_none();
        match self.0.open() {
            Ok(mut file) => file.write(buffer),
            Err(reason) => {
                if first {
                    console::note(format!("warning: {reason}\n"));
                }
                Ok(buffer.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
