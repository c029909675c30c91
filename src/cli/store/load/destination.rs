//! Where documents are loaded into: asked whether anything can be loaded at all, before much is read.

use std::path::PathBuf;

#[cfg(feature = "embedded")]
use super::embedded;
use super::report::Loaded;
use super::request::Load;
#[cfg(feature = "sqlserver")]
use super::server::{self, Server};
use super::survey::Survey;
use crate::cli::call::Call;
use crate::cli::command_error::Result;
use crate::settings::StoreLocation;

/// A store that can be loaded into.
pub enum Destination {
    /// It need not exist yet.
    #[cfg(feature = "embedded")]
    Embedded(PathBuf),
    #[cfg(feature = "sqlserver")]
    Server(Server),
}

impl Destination {
    /// Opens or asks the store.
    ///
    /// # Errors
    /// It cannot be opened or reached, or its source table cannot be filled.
    #[cfg_attr(not(feature = "sqlserver"), allow(unused_variables))]
    pub fn check(location: &StoreLocation, call: &Call) -> Result<Self> {
        match location {
            #[cfg(feature = "embedded")]
            StoreLocation::Sqlite(path) => {
                embedded::check(path)?;
                Ok(Self::Embedded(path.clone()))
            }
            #[cfg(not(feature = "embedded"))]
            StoreLocation::Sqlite(_) => unreachable!("refused by `location`"),
            #[cfg(feature = "sqlserver")]
            StoreLocation::SqlServer(server) => Ok(Self::Server(server::check(call, server)?)),
        }
    }

    /// Where what comes from stdin is kept meanwhile.
    pub fn folder(&self) -> PathBuf {
        match self {
            #[cfg(feature = "embedded")]
            Self::Embedded(path) => crate::files::folder_of(path).to_owned(),
            #[cfg(feature = "sqlserver")]
            Self::Server(_) => std::env::temp_dir(),
        }
    }

    /// Whether documents are loaded as text, so that their encoding must be known.
    pub fn takes_text(&self) -> bool {
        match self {
            #[cfg(feature = "embedded")]
            Self::Embedded(_) => false,
            #[cfg(feature = "sqlserver")]
            Self::Server(server) => server.takes_text(),
        }
    }

    /// Looks at all documents, and loads those that are new.
    ///
    /// # Errors
    /// See [`Load`].
    pub fn load(self, load: &Load, loaded: &mut Loaded) -> Result<Survey> {
        match self {
            #[cfg(feature = "embedded")]
            Self::Embedded(path) => embedded::load(load, &path, loaded),
            #[cfg(feature = "sqlserver")]
            Self::Server(server) => server.load(load, loaded),
        }
    }
}
