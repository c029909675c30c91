//! Log lines to stderr and, where asked for, to one file per run.

use std::fs::{File, OpenOptions};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use chrono::Utc;
use tracing::level_filters::LevelFilter;
use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::command_error::CommandError;
use crate::report::LogWriter;
use crate::settings::{LogFormat, LogSettings};
use crate::store::SessionId;

/// Starts logging for this process. Where there is a log file, stderr gets what is at least as
/// severe as `console` only.
///
/// # Errors
/// The log folder or file cannot be made.
pub fn start(
    settings: &LogSettings,
    session: SessionId,
    console: Option<LevelFilter>,
) -> Result<(), CommandError> {
    let file = settings.dir.as_deref().map(|dir| create_file(dir, session)).transpose()?;
    let quiet = console.filter(|_| file.is_some()).unwrap_or(LevelFilter::TRACE);
    let to_file = file.map(|file| layer(settings, settings.level, Arc::new(file), false));
    let level = settings.level.min(quiet);
    let to_stderr = layer(settings, level, LogWriter::default, colours_suit_stderr());
    // Only a second start in one process fails, and then lines already go where the first sent
    // them.
    let _ = tracing_subscriber::registry().with(to_stderr).with(to_file).try_init();
    Ok(())
}

fn layer<S, W>(
    settings: &LogSettings,
    level: LevelFilter,
    writer: W,
    ansi: bool,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(ansi);
    match settings.format {
        LogFormat::Text => layer.with_target(false).with_filter(level).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_filter(level).boxed(),
    }
}

/// Older Windows consoles print colour codes as they stand.
fn colours_suit_stderr() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    cfg!(unix) && !unwanted && std::io::stderr().is_terminal()
}

fn create_file(dir: &Path, session: SessionId) -> Result<File, CommandError> {
    let name = format!("xmlshred_{}_{}.log", Utc::now().format("%Y%m%dT%H%M%SZ"), session.0);
    let path = dir.join(name);
    std::fs::create_dir_all(dir)
        .and_then(|()| OpenOptions::new().create_new(true).append(true).open(&path))
        .map_err(|e| {
            CommandError::usage(format!("cannot write the log file {}: {e}", path.display()))
                .hint("name a folder you may write to with --log-dir, or leave it out")
        })
}
