//! Settings from flags, environment and xmlshred.toml, resolved and validated.
//!
//! A setting is looked for in that order and falls back to its default; the first place that has
//! it counts. All mistakes are reported together, each with where the value comes from.

#[cfg(feature = "sqlserver")]
mod connection_string;
mod environment;
mod file;
pub mod keys;
mod provenance;
mod quantity;
mod reader;
mod secrets;
#[cfg(feature = "sqlserver")]
mod server;
mod store_location;
mod values;

pub use environment::Environment;
pub use file::{FileEntry, SettingsFile};
pub use provenance::{Origin, Resolved};
pub use quantity::{parse_bytes, parse_duration, shown_duration};
#[cfg(feature = "sqlserver")]
pub use store_location::ServerLocation;
pub use store_location::StoreLocation;
pub use values::{Colours, LogFormat, LogSettings, Settings};

use keys::Key;
use reader::Reader;

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsError {
    /// One sentence each, with where the value comes from.
    pub problems: Vec<String>,
    /// Every setting as it was found.
    pub resolved: Vec<Resolved>,
}

/// Resolves every setting and checks them together.
///
/// # Errors
/// Everything that is wrong, in one [`SettingsError`].
pub fn resolve(
    flags: &[(&'static Key, String)],
    environment: &Environment,
    file: &SettingsFile,
) -> Result<Settings, SettingsError> {
    read(flags, environment, file, |reader| reader.settings())
}

/// The same for what connects to no store: what would log in to it may be missing.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_without_store(
    flags: &[(&'static Key, String)],
    environment: &Environment,
    file: &SettingsFile,
) -> Result<Settings, SettingsError> {
    read(flags, environment, file, |reader| reader.settings_without_store())
}

fn read(
    flags: &[(&'static Key, String)],
    environment: &Environment,
    file: &SettingsFile,
    settings: impl FnOnce(&mut Reader<'_>) -> Option<Settings>,
) -> Result<Settings, SettingsError> {
    let found = keys::ALL.iter().map(|key| Resolved::find(key, flags, environment, file));
    let mut reader = Reader::new(found.collect(), file);
    match (settings(&mut reader), reader.problems, reader.resolved) {
        (Some(settings), problems, resolved) if problems.is_empty() => {
            Ok(Settings { resolved, ..settings })
        }
        (_, problems, resolved) => Err(SettingsError { problems, resolved }),
    }
}
