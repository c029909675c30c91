//! From texts to values: every setting is read and checked, and every mistake is collected.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::file::SettingsFile;
use super::keys::{self, Key};
use super::provenance::{Origin, Resolved};
use super::secrets::holds_secret;
use super::store_location::StoreLocation;
use super::values::{LogFormat, LogSettings, Settings};
use crate::files::is_drive_relative;
use crate::id::AppId;
use crate::runner::{FailOn, RunConfig};
use crate::shred::Limits;
use crate::store::{Partition, Share};

/// Reads values and collects what is wrong.
pub(super) struct Reader<'f> {
    pub(super) resolved: Vec<Resolved>,
    pub(super) problems: Vec<String>,
    folder: &'f Path,
}

impl<'f> Reader<'f> {
    /// A reader of the settings that were found.
    pub(super) fn new(resolved: Vec<Resolved>, file: &'f SettingsFile) -> Self {
        let mut reader = Self { resolved, problems: file.problems.clone(), folder: file.folder() };
        reader.refuse_secrets();
        reader
    }

    /// All settings; `None` only when there are problems.
    pub(super) fn settings(&mut self) -> Option<Settings> {
        let store = self.store();
        Some(Settings { store, ..self.settings_without_store()? })
    }

    /// All settings but the store.
    pub(super) fn settings_without_store(&mut self) -> Option<Settings> {
        let contract = self.path(&keys::CONTRACT);
        let level = self.read(&keys::LOG_LEVEL, log_level);
        let format = self.read(&keys::LOG_FORMAT, log_format);
        let dir = self.path(&keys::LOG_DIR);
        let days = self.whole(&keys::LOG_DAYS);
        let quiet = self.switch(&keys::QUIET);
        let colours = self.read(&keys::COLOR, |text| text.parse().ok());
        let run = self.run();
        let limits = self.limits();
        Some(Settings {
            store: None,
            contract,
            log: LogSettings { level: level?, format: format?, dir, days },
            quiet: quiet?,
            colours: colours?,
            run: run?,
            limits: limits?,
            resolved: Vec::new(),
        })
    }

    fn run(&mut self) -> Option<RunConfig> {
        let default = RunConfig::default();
        let workers = self.whole(&keys::WORKERS);
        let batch_size = self.whole(&keys::BATCH_SIZE);
        let max_bytes_in_flight = self.size(&keys::MAX_BYTES_IN_FLIGHT);
        let limit = self.whole(&keys::LIMIT);
        let follow = self.switch(&keys::FOLLOW);
        let lease = self.time(&keys::LEASE);
        let answer_timeout = self.time(&keys::ANSWER_TIMEOUT);
        let poll = self.time(&keys::POLL);
        let worker_name = self.check(&keys::WORKER_NAME, worker_name);
        let fail_on = self.read(&keys::FAIL_ON, |text| text.parse::<FailOn>().ok());
        let max_reaps = self.whole(&keys::MAX_REAPS);
        let share = self.share();
        Some(RunConfig {
            workers: workers.unwrap_or(default.workers),
            batch_size: batch_size?,
            max_bytes_in_flight: max_bytes_in_flight?,
            limit,
            follow: follow?,
            lease: lease?,
            answer_timeout: answer_timeout?,
            poll: poll?,
            worker_name: worker_name.unwrap_or(default.worker_name.clone()),
            fail_on: fail_on?,
            max_reaps: max_reaps?,
            share,
            ..default
        })
    }

    fn limits(&mut self) -> Option<Limits> {
        let document_bytes = self.size(&keys::MAX_DOCUMENT_BYTES);
        let depth = self.whole(&keys::MAX_DEPTH);
        let attributes = self.whole(&keys::MAX_ATTRIBUTES);
        let text_bytes = self.size(&keys::MAX_TEXT_BYTES);
        let rows = self.whole(&keys::MAX_ROWS);
        let row_bytes = self.size(&keys::MAX_ROW_BYTES);
        let time = self.time(&keys::DOCUMENT_TIMEOUT);
        Some(Limits {
            document_bytes: document_bytes?,
            depth: depth?,
            attributes: attributes?,
            text_bytes: text_bytes? as usize,
            rows: rows?,
            row_bytes: row_bytes?,
            time: time?,
        })
    }

    fn share(&mut self) -> Share {
        let partition = self.partition();
        let app_id_start = self.whole(&keys::APP_ID_START).map(AppId);
        let app_id_end = self.whole(&keys::APP_ID_END).map(AppId);
        if let (Some(start), Some(end)) = (app_id_start, app_id_end) {
            if start > end {
                self.problems.push(format!("--app-id-start {start} is above --app-id-end {end}"));
            }
        }
        Share { partition, app_id_start, app_id_end }
    }

    fn partition(&mut self) -> Option<Partition> {
        let instance_id = self.whole(&keys::INSTANCE_ID);
        let instance_count = self.whole(&keys::INSTANCE_COUNT);
        let problem = match (instance_id, instance_count) {
            (Some(instance_id), Some(instance_count)) if instance_id < instance_count => {
                return Some(Partition { instance_id, instance_count });
            }
            (Some(id), Some(count)) => format!(
                "--instance-id {id} is outside --instance-count {count}: the ids are 0 to {}",
                count - 1
            ),
            (Some(id), None) if !self.is_set(&keys::INSTANCE_COUNT) => {
                format!("--instance-id {id} requires --instance-count")
            }
            (None, Some(count)) if !self.is_set(&keys::INSTANCE_ID) => {
                format!("--instance-count {count} requires --instance-id, 0 to {}", count - 1)
            }
            _ => return None,
        };
        self.problems.push(problem);
        None
    }

    fn store(&mut self) -> Option<StoreLocation> {
        #[cfg(feature = "sqlserver")]
        {
            self.rank_stores();
            if self.names_server() {
                return self.server().map(|server| StoreLocation::SqlServer(Box::new(server)));
            }
        }
        match self.check(&keys::STORE, StoreLocation::parse)? {
            StoreLocation::Sqlite(path) => {
                Some(StoreLocation::Sqlite(self.in_folder(&keys::STORE, path)?))
            }
            #[cfg(feature = "sqlserver")]
            server => Some(server),
        }
    }

    pub(super) fn get(&self, key: &'static Key) -> &Resolved {
        let found = self.resolved.iter().find(|resolved| resolved.key == key);
        found.expect("every setting is resolved")
    }

    pub(super) fn is_set(&self, key: &'static Key) -> bool {
        self.get(key).text.is_some()
    }

    /// The value if it is set and valid; `parse` fails with what it must be.
    pub(super) fn check<T>(
        &mut self,
        key: &'static Key,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let resolved = self.get(key);
        let text = resolved.text.as_deref()?.trim();
        if resolved.outranked_by.is_some() || (!key.is_secret() && holds_secret(text)) {
            return None;
        }
        // An escape such as `\n` that was not meant, in a path or in the name of a server or an account.
        let has_control = !key.is_secret() && text.chars().any(char::is_control);
        let parsed = match has_control {
            false => parse(text),
            true => Err(
                "text without control characters; in a settings file, write text with backslashes \
                         in single quotes"
                    .to_owned(),
            ),
        };
        let expected = match parsed {
            Ok(value) => return Some(value),
            Err(expected) => expected,
        };
        let (flag, from) = (key.flag(), resolved.from());
        let text = match text {
            "" => "empty".to_owned(),
            text if has_control => format!("{text:?}"),
            text => text.to_owned(),
        };
        self.problems.push(format!("the setting --{flag} is {text}{from}: it must be {expected}"));
        None
    }

    fn read<T>(&mut self, key: &'static Key, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.check(key, |text| parse(text).ok_or_else(|| key.expected()))
    }

    fn whole<T: TryFrom<i64>>(&mut self, key: &'static Key) -> Option<T> {
        self.read(key, |text| key.form.whole(text)?.try_into().ok())
    }

    fn size(&mut self, key: &'static Key) -> Option<u64> {
        self.read(key, |text| key.form.size(text))
    }

    pub(super) fn time(&mut self, key: &'static Key) -> Option<Duration> {
        self.read(key, |text| key.form.time(text))
    }

    pub(super) fn switch(&mut self, key: &'static Key) -> Option<bool> {
        self.read(key, |text| match text.to_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        })
    }

    #[cfg(feature = "sqlserver")]
    pub(super) fn text(&mut self, key: &'static Key) -> Option<String> {
        self.check(key, |text| Ok(text.to_owned()))
    }

    pub(super) fn path(&mut self, key: &'static Key) -> Option<PathBuf> {
        let path = self.check(key, path)?;
        self.in_folder(key, path)
    }

    /// A relative path in a settings file starts in the file's folder.
    fn in_folder(&mut self, key: &'static Key, path: PathBuf) -> Option<PathBuf> {
        let resolved = self.get(key);
        if !matches!(resolved.origin, Origin::File { .. }) {
            return Some(path);
        }
        // Below Agent or a service, the working folder of a drive is one of Windows.
        if cfg!(windows) && is_drive_relative(&path.to_string_lossy()) {
            let (flag, path, from) = (key.flag(), path.display(), resolved.from());
            let expected = "a path with a backslash after the drive, such as C:\\log";
            self.problems
                .push(format!("the setting --{flag} is {path}{from}: it must be {expected}"));
            return None;
        }
        Some(self.folder.join(path))
    }

    /// A password in any other setting would be shown together with the rest of its value.
    fn refuse_secrets(&mut self) {
        let misplaced = self.resolved.iter().filter(|resolved| {
            !resolved.key.is_secret() && resolved.text.as_deref().is_some_and(holds_secret)
        });
        self.problems.extend(misplaced.map(|resolved| {
            format!(
                "{} contains a password; put a connection string into {}",
                resolved.named(),
                keys::CONNECTION_STRING.variable()
            )
        }));
        let on_the_command_line = self.resolved.iter().filter(|resolved| {
            resolved.key.is_secret()
                && resolved.origin == Origin::Flag
                && resolved.text.as_deref().is_some_and(holds_secret)
        });
        self.problems.extend(on_the_command_line.map(|resolved| {
            format!(
                "--{} contains a password, and everybody on this machine sees the arguments of a \
                 process; put the connection string into {}",
                resolved.key.flag(),
                resolved.key.variable()
            )
        }));
    }
}

/// A quotation mark, which no path of Windows has, is one that a backslash before it made part of the
/// argument, with all that follows.
fn path(text: &str) -> Result<PathBuf, String> {
    if cfg!(windows) && text.contains('"') {
        return Err(
            "a path without quotation marks; a backslash before the closing quotation mark \
                    takes it away: write two, or none"
                .to_owned(),
        );
    }
    Ok(text.into())
}

fn log_level(text: &str) -> Option<LevelFilter> {
    match text.to_lowercase().as_str() {
        "warning" => Some(LevelFilter::WARN),
        word @ ("off" | "error" | "warn" | "info" | "debug" | "trace") => word.parse().ok(),
        _ => None,
    }
}

fn log_format(text: &str) -> Option<LogFormat> {
    match text.to_lowercase().as_str() {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}

fn worker_name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().count() > 128 {
        return Err("a name of 1 to 128 printable characters".to_owned());
    }
    Ok(text.to_owned())
}
