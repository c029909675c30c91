//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::quantity::Expected;

/// Where a store is, as `--store` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreLocation {
    /// `sqlite:PATH`: the embedded store in one file, which several processes may share.
    Sqlite(PathBuf),
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

    /// The same with a relative path taken to start at `folder`.
    pub fn relative_to(self, folder: &Path) -> Self {
        let Self::Sqlite(path) = self;
        Self::Sqlite(folder.join(path))
    }
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Sqlite(path) = self;
        write!(f, "sqlite:{}", path.display())
    }
}
