//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::quantity::Expected;
#[cfg(feature = "sqlserver")]
use super::server::ServerLocation;
use crate::id::SessionId;

/// Where a store is, as `--store` names it.
#[derive(Debug, Clone, PartialEq)]
pub enum StoreLocation {
    /// `sqlite:PATH`: the embedded store in one file, which several processes may share.
    Sqlite(PathBuf),
    /// `--server` or `--connection-string`.
    #[cfg(feature = "sqlserver")]
    SqlServer(Box<ServerLocation>),
}

impl StoreLocation {
    /// From `sqlite:PATH`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let path = text
            .strip_prefix("sqlite:")
            .filter(|path| !path.is_empty())
            .ok_or("a store such as sqlite:work.db")?;
        if path.starts_with("//") {
            return Err("a path: write sqlite:PATH, without the slashes of a URL".to_owned());
        }
        if path == ":memory:" {
            return Err("a file: the sessions of a run share the store through it".to_owned());
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }

    /// The same, for the sessions of one run.
    #[cfg_attr(not(feature = "sqlserver"), allow(unused_variables))]
    pub fn in_session(self, session: SessionId) -> Self {
        match self {
            #[cfg(feature = "sqlserver")]
            Self::SqlServer(server) => Self::SqlServer(Box::new(ServerLocation {
                session: session.0.to_string(),
                ..*server
            })),
            Self::Sqlite(path) => Self::Sqlite(path),
        }
    }

    /// The same with a relative path taken to start at `folder`.
    pub fn relative_to(self, folder: &Path) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(folder.join(path)),
            #[cfg(feature = "sqlserver")]
            server => server,
        }
    }
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            #[cfg(feature = "sqlserver")]
            Self::SqlServer(server) => server.fmt(f),
        }
    }
}
