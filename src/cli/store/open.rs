//! The one place that opens a store.

#[cfg(feature = "embedded")]
use std::path::Path;

use crate::cli::CommandError;
use crate::contract::Contract;
use crate::settings::{Settings, StoreLocation};
#[cfg(feature = "embedded")]
use crate::store::sqlite::SqliteStore;
#[cfg(feature = "sqlserver")]
use crate::store::sqlserver::SqlServerStore;
use crate::store::{self, Store, StoreError};

/// Where the store is.
///
/// # Errors
/// No store was named, or this build cannot open it.
pub fn location(settings: &Settings) -> Result<&StoreLocation, CommandError> {
    let location = settings.store.as_ref().ok_or_else(|| {
        CommandError::usage("no store was named").hint(
            "add --server HOST --database NAME or --store sqlite:PATH, or write them in \
                 xmlshred.toml",
        )
    })?;
    match location {
        StoreLocation::Sqlite(_) if !cfg!(feature = "embedded") => {
            Err(CommandError::usage(format!("this build cannot open {location}"))
                .hint("build it with the Cargo feature `embedded`"))
        }
        supported => Ok(supported),
    }
}

/// The store that `--store` names, which must exist.
///
/// # Errors
/// No store was named, this build cannot open it, or it cannot be opened.
pub fn existing(settings: &Settings) -> Result<Box<dyn Store>, CommandError> {
    Ok(connect(location(settings)?)?)
}

/// A session with an existing store.
///
/// # Errors
/// The store cannot be opened.
pub fn connect(location: &StoreLocation) -> store::Result<Box<dyn Store>> {
    match location {
        #[cfg(feature = "embedded")]
        StoreLocation::Sqlite(path) => Ok(Box::new(SqliteStore::open(path)?)),
        #[cfg(not(feature = "embedded"))]
        StoreLocation::Sqlite(_) => Err(StoreError::Unreachable {
            location: location.to_string(),
            reason: "this build has no embedded store".to_owned(),
        }),
        #[cfg(feature = "sqlserver")]
        StoreLocation::SqlServer(server) => {
            let settings = server.settings().map_err(StoreError::Refused)?;
            Ok(Box::new(SqlServerStore::connect(settings, &server.session)?))
        }
    }
}

/// Where the embedded store that `--store` names is, or is to be.
///
/// # Errors
/// No store was named, or not an embedded one.
#[cfg(feature = "embedded")]
pub fn embedded(settings: &Settings) -> Result<&Path, CommandError> {
    match location(settings)? {
        StoreLocation::Sqlite(path) => Ok(path),
        #[cfg(feature = "sqlserver")]
        StoreLocation::SqlServer(server) => {
            Err(CommandError::usage(format!("{server} is not an embedded store"))
                .hint("documents come into a SQL Server's source table by its own tools"))
        }
    }
}

/// Installs the contract where none is installed yet, in an embedded store: on a server only
/// `xmlshred install` does, with a login that may.
///
/// # Errors
/// Another contract is installed, or none on a server.
pub fn install_if_none(
    location: &StoreLocation,
    store: &mut dyn Store,
    contract: &Contract,
) -> Result<(), CommandError> {
    match store.get_contract()? {
        None if matches!(location, StoreLocation::Sqlite(_)) => {
            Ok(store.install_contract(contract)?)
        }
        Some(installed) if installed == contract.hash => Ok(()),
        installed => {
            Err(StoreError::ContractNotInstalled { offered: contract.hash, installed }.into())
        }
    }
}
