//! Settings from flags, environment and xmlshred.toml, resolved and validated.
//!
//! Each setting is looked for in that order and falls back to its default; the first place that
//! has it wins. Everything that is wrong is reported at once, with where it came from.

mod file;
pub mod keys;
mod quantity;
#[cfg(feature = "sqlserver")]
pub mod server;
mod store_location;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::diagnostic::spelling::nearest;
use crate::id::AppId;
use crate::runner::FailOn;
use crate::shred::Limits;
use crate::store::{failpoint, Partition, Share};

pub use file::{FileEntry, SettingsFile};
use keys::Key;
pub use quantity::{parse_bytes, parse_duration, Expected};
pub use store_location::StoreLocation;

/// Validated settings; a command reads the ones that concern it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where the store is, if anybody said.
    pub store: Option<StoreLocation>,
    /// The contract's file, if anybody said.
    pub contract: Option<PathBuf>,
    /// Logging.
    pub log: LogSettings,
    /// Threads that parse and map, at least 1.
    pub workers: usize,
    /// Applications per claim, 1 to [`Settings::MAX_BATCH_SIZE`].
    pub batch_size: u32,
    /// Bytes that claimed documents and their rows may take at once, at least 1.
    pub max_bytes_in_flight: u64,
    /// Stop after this many applications, at least 1.
    pub limit: Option<u64>,
    /// Poll for new work instead of ending when nothing is ready.
    pub follow: bool,
    /// How long a claim holds, [`Settings::MIN_LEASE`] to [`Settings::MAX_LEASE`].
    pub lease: Duration,
    /// How long to wait when nothing is ready, at least [`Settings::MIN_POLL`].
    pub poll: Duration,
    /// The worker's name, if anybody said.
    pub worker_name: Option<String>,
    /// How many failures make the exit status 1.
    pub fail_on: FailOn,
    /// Lone reaps before quarantine, at least 1.
    pub max_reaps: u32,
    /// Which of the queue to take.
    pub share: Share,
    /// What a document may have at most.
    pub limits: Limits,
    /// Every setting as it was found, in the order of [`keys::ALL`].
    pub resolved: Vec<Resolved>,
}

/// How to log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogSettings {
    /// The least severe level that is written.
    pub level: LevelFilter,
    /// The form of a line.
    pub format: LogFormat,
    /// Folder of the log file, if one is wanted.
    pub dir: Option<PathBuf>,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Settings {
    /// The shortest lease: below it, renewals could not keep up.
    pub const MIN_LEASE: Duration = Duration::from_millis(100);
    /// The longest lease: what a dead worker held would be gone for longer than a day.
    pub const MAX_LEASE: Duration = Duration::from_secs(24 * 60 * 60);
    /// The shortest wait when nothing is ready: looking more often would take a whole core.
    pub const MIN_POLL: Duration = Duration::from_millis(100);
    /// The largest batch.
    pub const MAX_BATCH_SIZE: u32 = 10_000;

    /// Resolves every setting and checks them together.
    ///
    /// # Errors
    /// Everything that is wrong, in one [`SettingsError`].
    pub fn resolve(
        flags: &[(&'static Key, String)],
        environment: &Environment,
        file: &SettingsFile,
    ) -> Result<Self, SettingsError> {
        let resolved = keys::ALL.iter().map(|key| find(key, flags, environment, file)).collect();
        let mut reader =
            Reader { resolved, folder: file.folder(), problems: file.problems.clone() };
        reader.refuse_secrets();
        let settings = reader.settings();
        match (settings, reader.problems) {
            (Some(settings), problems) if problems.is_empty() => {
                Ok(Self { resolved: reader.resolved, ..settings })
            }
            (_, problems) => Err(SettingsError { problems, resolved: reader.resolved }),
        }
    }
}

/// What the variables of this program's own tests begin with.
const TEST_PREFIX: &str = "XMLSHRED_TEST_";

/// The `XMLSHRED_*` variables that are not empty.
#[derive(Debug, Clone, Default)]
pub struct Environment(pub BTreeMap<String, String>);

impl Environment {
    /// Those of this process.
    pub fn of_process() -> Self {
        let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
        Self(
            std::env::vars_os()
                .map(|(name, value)| (text(name).to_uppercase(), text(value)))
                .filter(|(name, value)| {
                    name.starts_with(keys::VARIABLE_PREFIX) && !value.is_empty()
                })
                .collect(),
        )
    }
}

impl Environment {
    /// Variables that are no settings, each with the one that was probably meant.
    pub fn unknown(&self) -> Vec<(&str, Option<String>)> {
        let names: Vec<String> = keys::ALL.iter().map(|key| key.variable()).collect();
        let settings = || names.iter().map(|name| &name[keys::VARIABLE_PREFIX.len()..]);
        let is_unknown = |name: &&String| {
            !names.contains(name)
                && !name.starts_with(TEST_PREFIX)
                && failpoint::VARIABLE != Some(name.as_str())
        };
        self.0
            .keys()
            .filter(is_unknown)
            .map(|name| {
                let near = nearest(&name[keys::VARIABLE_PREFIX.len()..], settings());
                (name.as_str(), near.map(|near| format!("{}{near}", keys::VARIABLE_PREFIX)))
            })
            .collect()
    }
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.join("\n"))]
pub struct SettingsError {
    /// One sentence each, with where the value came from.
    pub problems: Vec<String>,
    /// Every setting as it was found.
    pub resolved: Vec<Resolved>,
}

/// A setting with where its value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The setting.
    pub key: &'static Key,
    /// Its value as text; `None` when it is not set.
    pub text: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// What of a higher origin names the store in its place, such as `--server`.
    pub outranked_by: Option<String>,
}

impl Resolved {
    /// The setting with its value and origin, for messages: passwords masked.
    fn named(&self) -> String {
        let name = format!("--{}", self.key.flag());
        let value = match *self.key == keys::CONNECTION_STRING {
            true => String::new(),
            false => format!(" {}", self.shown()),
        };
        format!("{name}{value}{}", self.from())
    }

    /// Where the value came from, in brackets; nothing for a flag, which its name tells.
    fn from(&self) -> String {
        match &self.origin {
            Origin::Flag => String::new(),
            other => format!(" (from {})", other.describe(self.key)),
        }
    }

    /// The value fit for showing: passwords masked.
    pub fn shown(&self) -> String {
        match (&self.text, &self.key.default) {
            // A quoted password may hold anything, a semicolon too.
            (Some(_), _) if self.key.is_secret() => "***".to_owned(),
            (Some(text), _) => mask_secrets(text),
            (None, keys::Default::Computed(how)) => format!("({how})"),
            (None, _) => "(not set)".to_owned(),
        }
    }
}

/// Where a setting's value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// An environment variable.
    Environment,
    /// A settings file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The program.
    Default,
}

impl Origin {
    /// 0 beats 1, and so on.
    #[cfg(feature = "sqlserver")]
    fn rank(&self) -> u8 {
        match self {
            Self::Flag => 0,
            Self::Environment => 1,
            Self::File { .. } => 2,
            Self::Default => 3,
        }
    }

    /// In words, such as `--lease` or `xmlshred.toml:4`.
    pub fn describe(&self, key: &Key) -> String {
        match self {
            Self::Flag => format!("--{}", key.flag()),
            Self::Environment => key.variable(),
            Self::File { path, line } => format!("{}:{line}", path.display()),
            Self::Default => "default".to_owned(),
        }
    }
}

fn find(
    key: &'static Key,
    flags: &[(&'static Key, String)],
    environment: &Environment,
    file: &SettingsFile,
) -> Resolved {
    let of = |text: &str, origin| Resolved {
        key,
        text: Some(text.to_owned()),
        origin,
        outranked_by: None,
    };
    if let Some((_, text)) = flags.iter().find(|(flag, _)| *flag == key) {
        return of(text, Origin::Flag);
    }
    if let Some(text) = environment.0.get(&key.variable()) {
        return of(text, Origin::Environment);
    }
    if let Some(entry) = file.entries.iter().find(|entry| entry.key == key) {
        return of(&entry.text, Origin::File { path: file.path.clone(), line: entry.line });
    }
    match key.default {
        keys::Default::Is(text) => of(text, Origin::Default),
        _ if *key == keys::CONFIG && file.exists() => {
            of(&file.path.display().to_string(), Origin::Default)
        }
        _ => Resolved { key, text: None, origin: Origin::Default, outranked_by: None },
    }
}

/// Turns texts into values and collects what is wrong.
struct Reader<'f> {
    resolved: Vec<Resolved>,
    folder: &'f Path,
    problems: Vec<String>,
}

impl Reader<'_> {
    /// All settings; `None` only when there are problems.
    fn settings(&mut self) -> Option<Settings> {
        let store = self.store();
        let contract = self.path(&keys::CONTRACT);
        let level = self.read(&keys::LOG_LEVEL, parse_level);
        let format = self.read(&keys::LOG_FORMAT, parse_log_format);
        let dir = self.path(&keys::LOG_DIR);
        let workers = self.read(&keys::WORKERS, |t| parse_integer(t, 1, 1024));
        let batch_size =
            self.read(&keys::BATCH_SIZE, |t| parse_integer(t, 1, Settings::MAX_BATCH_SIZE.into()));
        let max_bytes_in_flight = self.read(&keys::MAX_BYTES_IN_FLIGHT, parse_budget);
        let limit = self.read(&keys::LIMIT, |t| parse_integer(t, 1, i64::MAX));
        let follow = self.read(&keys::FOLLOW, parse_bool);
        let lease = self.read(&keys::LEASE, parse_lease);
        let poll = self.read(&keys::POLL, parse_poll);
        let worker_name = self.read(&keys::WORKER_NAME, parse_name);
        let fail_on = self.read(&keys::FAIL_ON, |t| {
            t.parse().map_err(|()| "never, any or a percentage from 0 to 100".to_owned())
        });
        let max_reaps = self.read(&keys::MAX_REAPS, |t| parse_integer(t, 1, 1000));
        let share = self.share();
        let limits = self.limits();
        Some(Settings {
            store,
            contract,
            log: LogSettings { level: level?, format: format?, dir },
            workers: workers.map_or_else(cores, |n| n as usize),
            batch_size: batch_size? as u32,
            max_bytes_in_flight: max_bytes_in_flight?,
            limit: limit.map(|n| n as u64),
            follow: follow?,
            lease: lease?,
            poll: poll?,
            worker_name,
            fail_on: fail_on?,
            max_reaps: max_reaps? as u32,
            share,
            limits: limits?,
            resolved: Vec::new(),
        })
    }

    fn get(&self, key: &'static Key) -> Option<&Resolved> {
        self.resolved.iter().find(|r| r.key == key)
    }

    /// The setting's value if it is set and well written.
    fn read<T>(
        &mut self,
        key: &'static Key,
        parse: impl FnOnce(&str) -> Result<T, Expected>,
    ) -> Option<T> {
        let resolved = self.get(key)?;
        let text = resolved.text.as_deref()?.trim();
        if resolved.outranked_by.is_some() || (!key.is_secret() && holds_secret(text)) {
            return None;
        }
        match parse(text) {
            Ok(value) => Some(value),
            Err(expected) => {
                let from = resolved.from();
                self.problems.push(format!("--{} `{text}`{from} is not {expected}", key.flag()));
                None
            }
        }
    }

    /// A password where none is expected would be shown with what it stands in.
    fn refuse_secrets(&mut self) {
        let misplaced = self.resolved.iter().filter(|resolved| {
            !resolved.key.is_secret() && resolved.text.as_deref().is_some_and(holds_secret)
        });
        let problems = misplaced.map(|resolved| {
            format!(
                "{} holds a password; a whole connection string goes into {}",
                resolved.named(),
                keys::CONNECTION_STRING.variable()
            )
        });
        self.problems.extend(problems.collect::<Vec<_>>());
    }

    fn is_set(&self, key: &'static Key) -> bool {
        self.get(key).is_some_and(|resolved| resolved.text.is_some())
    }

    /// Of the settings that name a store, those of the highest origin count.
    #[cfg(feature = "sqlserver")]
    fn rank_stores(&mut self) {
        let names = [&keys::STORE, &keys::SERVER, &keys::CONNECTION_STRING];
        let names_store =
            |resolved: &&Resolved| names.contains(&resolved.key) && resolved.text.is_some();
        let Some(first) = self.resolved.iter().filter(names_store).min_by_key(|r| r.origin.rank())
        else {
            return;
        };
        let (highest, winner) = (first.origin.rank(), first.origin.describe(first.key));
        let rivals: Vec<String> = self
            .resolved
            .iter()
            .filter(|r| names_store(r) && r.origin.rank() == highest)
            .map(Resolved::named)
            .collect();
        if rivals.len() > 1 {
            let problem =
                format!("{} name {} stores; keep one", rivals.join(" and "), rivals.len());
            self.problems.push(problem);
        }
        for resolved in &mut self.resolved {
            let loses = names_store(&&*resolved) && resolved.origin.rank() > highest;
            resolved.outranked_by = loses.then(|| winner.clone());
        }
    }

    fn is_from_file(&self, key: &'static Key) -> bool {
        matches!(self.get(key).map(|r| &r.origin), Some(Origin::File { .. }))
    }

    fn path(&mut self, key: &'static Key) -> Option<PathBuf> {
        let path = self.read(key, |text| Ok(PathBuf::from(text)))?;
        Some(if self.is_from_file(key) { self.folder.join(path) } else { path })
    }

    fn store(&mut self) -> Option<StoreLocation> {
        #[cfg(feature = "sqlserver")]
        self.rank_stores();
        #[cfg(feature = "sqlserver")]
        if let Some(server) = self.server() {
            return Some(server);
        }
        let location = self.read(&keys::STORE, StoreLocation::parse)?;
        let from_file = self.is_from_file(&keys::STORE);
        Some(if from_file { location.relative_to(self.folder) } else { location })
    }

    fn share(&mut self) -> Share {
        let partition = self.partition();
        let id = |text: &str| parse_integer(text, i64::MIN, i64::MAX).map(AppId);
        let app_id_start = self.read(&keys::APP_ID_START, id);
        let app_id_end = self.read(&keys::APP_ID_END, id);
        if let (Some(start), Some(end)) = (app_id_start, app_id_end) {
            if start > end {
                self.problems.push(format!(
                    "--app-id-start {start} is above --app-id-end {end}; the range is inclusive, \
                     smallest first"
                ));
            }
        }
        Share { partition, app_id_start, app_id_end }
    }

    fn limits(&mut self) -> Option<Limits> {
        let count = |text: &str| parse_integer(text, 1, u32::MAX.into()).map(|n| n as usize);
        let document_bytes = self.read(&keys::MAX_DOCUMENT_BYTES, parse_document_size);
        let depth = self.read(&keys::MAX_DEPTH, count);
        let attributes = self.read(&keys::MAX_ATTRIBUTES, count);
        let text_bytes = self.read(&keys::MAX_TEXT_BYTES, parse_document_size);
        let rows = self.read(&keys::MAX_ROWS, count);
        Some(Limits {
            document_bytes: document_bytes?,
            depth: depth?,
            attributes: attributes?,
            text_bytes: text_bytes? as usize,
            rows: rows?,
        })
    }

    fn partition(&mut self) -> Option<Partition> {
        let instance_id = self.read(&keys::INSTANCE_ID, |t| parse_integer(t, 0, u32::MAX.into()));
        let instance_count =
            self.read(&keys::INSTANCE_COUNT, |t| parse_integer(t, 1, u32::MAX.into()));
        let problem = match (instance_id, instance_count) {
            (Some(id), Some(count)) if id < count => {
                return Some(Partition { instance_id: id as u32, instance_count: count as u32 });
            }
            (Some(id), Some(count)) => format!(
                "--instance-id {id} is outside --instance-count {count}; the ids are 0 to {}",
                count - 1
            ),
            (Some(id), None) if !self.is_set(&keys::INSTANCE_COUNT) => {
                format!("--instance-id {id} needs --instance-count")
            }
            (None, Some(count)) if !self.is_set(&keys::INSTANCE_ID) => {
                format!("--instance-count {count} needs --instance-id, 0 to {}", count - 1)
            }
            _ => return None,
        };
        self.problems.push(problem);
        None
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn parse_integer(text: &str, min: i64, max: i64) -> Result<i64, Expected> {
    text.parse().ok().filter(|n| (min..=max).contains(n)).ok_or_else(|| match (min, max) {
        (i64::MIN, i64::MAX) => "a whole number".to_owned(),
        (min, i64::MAX) => format!("a whole number of at least {min}"),
        (min, max) => format!("a whole number from {min} to {max}"),
    })
}

fn parse_bool(text: &str) -> Result<bool, Expected> {
    match text.to_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("true or false".to_owned()),
    }
}

fn parse_level(text: &str) -> Result<LevelFilter, Expected> {
    let word = text.to_lowercase();
    let known = ["off", "error", "warn", "warning", "info", "debug", "trace"];
    if !known.contains(&word.as_str()) {
        return Err("a log level: off, error, warn, info, debug or trace".to_owned());
    }
    let word = if word == "warning" { "warn" } else { &word };
    Ok(word.parse().unwrap_or(LevelFilter::INFO))
}

fn parse_log_format(text: &str) -> Result<LogFormat, Expected> {
    match text.to_lowercase().as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("a log format: text or json".to_owned()),
    }
}

fn parse_budget(text: &str) -> Result<u64, Expected> {
    let bytes = parse_bytes(text)?;
    if bytes == 0 {
        return Err("a size of at least one byte".to_owned());
    }
    Ok(bytes)
}

fn parse_document_size(text: &str) -> Result<u64, Expected> {
    let largest = u64::from(u32::MAX) - 1;
    Some(parse_bytes(text)?)
        .filter(|bytes| (1..=largest).contains(bytes))
        .ok_or_else(|| "a size from one byte to just below 4GiB".to_owned())
}

fn parse_lease(text: &str) -> Result<Duration, Expected> {
    let lease = parse_duration(text)?;
    if !(Settings::MIN_LEASE..=Settings::MAX_LEASE).contains(&lease) {
        return Err("a lease from 100ms to 24h; 2m suits most".to_owned());
    }
    Ok(lease)
}

fn parse_poll(text: &str) -> Result<Duration, Expected> {
    let poll = parse_duration(text)?;
    if poll < Settings::MIN_POLL {
        return Err("a duration of at least 100ms; 5s suits most".to_owned());
    }
    Ok(poll)
}

fn parse_name(text: &str) -> Result<String, Expected> {
    if text.is_empty() || text.chars().count() > 128 || text.chars().any(char::is_control) {
        return Err("a name of 1 to 128 printable characters".to_owned());
    }
    Ok(text.to_owned())
}

/// Whether a password stands in the text, as in a connection string or a URL.
fn holds_secret(text: &str) -> bool {
    secret_start(text).is_some()
}

/// The text up to where a password begins. What follows it is masked too: where a quoted one ends
/// is nothing to guess at.
fn mask_secrets(text: &str) -> String {
    match secret_start(text) {
        Some(start) => format!("{}***", &text[..start]),
        None => text.to_owned(),
    }
}

fn secret_start(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let after_name = ["password", "pwd"].into_iter().filter_map(|name| {
        lower.match_indices(name).find_map(|(at, _)| {
            let end = at + name.len();
            let rest = &text[end..];
            let blanks = rest.len() - rest.trim_start().len();
            rest.trim_start().starts_with('=').then_some(end + blanks + 1)
        })
    });
    after_name.chain(after_user_of_url(text)).min()
}

/// Where the password begins in `scheme://user:password@host`.
fn after_user_of_url(text: &str) -> Option<usize> {
    let start = text.find("://")? + 3;
    let user_and_password = &text[start..start + text[start..].rfind('@')?];
    Some(start + user_and_password.find(':')? + 1)
}
