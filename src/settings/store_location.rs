//! Where a store is.

use std::fmt;
use std::path::PathBuf;

#[cfg(feature = "sqlserver")]
use crate::store::sqlserver::{install::Names, ServerSettings};

/// Where a store is.
#[derive(Debug, Clone)]
pub enum StoreLocation {
    /// `sqlite:PATH`: the embedded store in one file, which several processes may share.
    Sqlite(PathBuf),
    /// `--server` or `--connection-string`.
    #[cfg(feature = "sqlserver")]
    SqlServer(Box<ServerLocation>),
}

/// A server and the installation on it.
#[cfg(feature = "sqlserver")]
#[derive(Debug, Clone)]
pub struct ServerLocation {
    /// How sessions connect.
    pub settings: ServerSettings,
    /// The names of the installation's objects.
    pub names: Names,
}

impl StoreLocation {
    /// From `sqlite:PATH`; the error completes "it must be …".
    pub fn parse(text: &str) -> Result<Self, String> {
        let path = text
            .strip_prefix("sqlite:")
            .filter(|path| !path.is_empty())
            .ok_or("a store such as sqlite:work.db")?;
        if path.starts_with("//") {
            return Err("sqlite:PATH, without the slashes of a URL".to_owned());
        }
        if path == ":memory:" {
            return Err(
                "a file, because the sessions of a run share the store through it".to_owned()
            );
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            #[cfg(feature = "sqlserver")]
            Self::SqlServer(server) => f.write_str(server.settings.location()),
        }
    }
}
