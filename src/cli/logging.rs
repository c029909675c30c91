//! Log lines to stderr and, where asked for, to one file per process.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
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

use super::command_error::{self, CommandError};
use super::console;
use crate::id::SessionId;
use crate::report::LogWriter;
use crate::settings::{LogFormat, LogSettings};

/// What a command logs at least, whatever happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Habits {
    /// What stderr is told at least of, where a log file has the rest.
    pub console: Option<LevelFilter>,
    /// Whether there is always a line at the level `info`: its file is then made before it begins,
    /// so that nothing is done that could not be logged.
    pub always_logs: bool,
}

/// Starts logging for this process. Where there is a log file, stderr gets what is at least as
/// severe as [`Habits::console`] only.
///
/// # Errors
/// The log folder or file cannot be made.
pub fn start(
    settings: &LogSettings,
    session: SessionId,
    habits: Habits,
) -> Result<(), CommandError> {
    let file = settings.dir.as_ref().map(|dir| Arc::new(LogFile::new(dir.clone(), session)));
    if let Some(file) = &file {
        if habits.always_logs && settings.level >= LevelFilter::INFO {
            file.open().map_err(|reason| {
                CommandError::usage(reason)
                    .hint("name a folder you may write to with --log-dir, or leave it out")
            })?;
        }
    }
    let quiet = habits.console.filter(|_| file.is_some()).unwrap_or(LevelFilter::TRACE);
    let level = settings.level.min(quiet);
    // What stopped the command is said to a person in its own form, unless lines are for programs.
    let ends_as_line = settings.format == LogFormat::Json;
    let to_stderr = layer(settings, level, LogWriter::default, colours_suit_stderr(), ends_as_line);
    let to_file = file.map(|file| {
        layer(settings, settings.level, move || LogFileWriter(file.clone()), false, true)
    });
    // Only a second start in one process fails, and then lines already go where the first sent
    // them.
    let _ = tracing_subscriber::registry().with(to_stderr).with(to_file).try_init();
    Ok(())
}

/// Lines from `level` on; with `end` also what stopped the command, whatever the level.
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

/// Whether stderr is a terminal that shows colours. Older Windows consoles print their codes.
pub fn colours_suit_stderr() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    cfg!(unix) && !unwanted && std::io::stderr().is_terminal()
}

/// A log file, made at its first line: a command that has nothing to log leaves none.
struct LogFile {
    dir: PathBuf,
    name: String,
    file: OnceLock<Result<File, String>>,
}

impl LogFile {
    fn new(dir: PathBuf, session: SessionId) -> Self {
        let name = format!("xmlshred_{}_{}.log", Utc::now().format("%Y%m%dT%H%M%SZ"), session.0);
        Self { dir, name, file: OnceLock::new() }
    }

    /// The file, or why there is none.
    fn open(&self) -> Result<&File, String> {
        self.file.get_or_init(|| self.create()).as_ref().map_err(Clone::clone)
    }

    fn create(&self) -> Result<File, String> {
        let path = self.dir.join(&self.name);
        std::fs::create_dir_all(&self.dir)
            .and_then(|()| OpenOptions::new().create_new(true).append(true).open(&path))
            .map_err(|e| format!("cannot write the log file {}: {e}", path.display()))
    }
}

/// Writes to the log file; that there can be none is said once, and keeps nothing from going on.
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
