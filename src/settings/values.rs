//! The settings as values.

use std::path::PathBuf;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;

use super::keys::Key;
use super::provenance::Resolved;
use super::store_location::StoreLocation;
use crate::runner::RunConfig;
use crate::shred::Limits;

/// Validated settings; a command uses the ones that concern it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the store is, if a setting names it.
    pub store: Option<StoreLocation>,
    /// The contract's file, if a setting names it.
    pub contract: Option<PathBuf>,
    /// Logging.
    pub log: LogSettings,
    /// Whether only data, warnings and errors are printed.
    pub quiet: bool,
    /// When colours are shown.
    pub colours: Colours,
    /// The pipeline and its share of the queue; the fields that are not settings have their
    /// defaults.
    pub run: RunConfig,
    /// Limits of a document.
    pub limits: Limits,
    /// Every setting as it was found, in the order of [`super::keys::ALL`].
    pub resolved: Vec<Resolved>,
}

/// How to log.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// The least severe level that is written.
    pub level: LevelFilter,
    /// The form of a line.
    pub format: LogFormat,
    /// Folder of the log file, if one is written.
    pub dir: Option<PathBuf>,
    /// Days after which log files in the folder are deleted, if they are.
    pub days: Option<u32>,
}

/// When text for people is shown in colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colours {
    /// On a terminal that has them, unless the environment says otherwise.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

impl FromStr for Colours {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.to_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            _ => Err(()),
        }
    }
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
    /// A setting's value as text, if it is set.
    pub fn text(&self, key: &Key) -> Option<&str> {
        let found = self.resolved.iter().find(|resolved| resolved.key == key)?;
        found.text.as_deref()
    }
}
