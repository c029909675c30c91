//! The one place that opens a store.

use crate::cli::call::Call;
use crate::cli::command_error::{CommandError, Result};
use crate::contract::Contract;
use crate::id::SessionId;
#[cfg(feature = "sqlserver")]
use crate::settings::{keys, ServerLocation};
use crate::settings::{Settings, StoreLocation};
#[cfg(feature = "embedded")]
use crate::store::sqlite::SqliteStore;
#[cfg(feature = "sqlserver")]
use crate::store::sqlserver::{checked_identifier, Catalog, SqlServerStore};
use crate::store::{self, Intake, SourceRow, Store, StoreError};

/// Where the store is.
///
/// # Errors
/// No setting names a store, or this build cannot open it.
pub fn location(settings: &Settings) -> Result<&StoreLocation> {
    match settings.store.as_ref() {
        None => Err(CommandError::usage(
            "no store is named",
            "add --server HOST --database NAME, or --store sqlite:PATH",
        )),
        Some(location @ StoreLocation::Sqlite(_)) if !cfg!(feature = "embedded") => {
            Err(CommandError::usage(
                format!("this build cannot open {location}"),
                "build xmlshred with the Cargo feature `embedded`",
            ))
        }
        Some(supported) => Ok(supported),
    }
}

/// A session with the store, which must exist.
///
/// # Errors
/// As [`location`], or the store cannot be opened.
pub fn existing(call: &Call) -> Result<Box<dyn Store>> {
    Ok(connect(location(&call.settings)?, call.session)?)
}

/// A session with an existing store.
///
/// # Errors
/// The store cannot be opened.
#[cfg_attr(not(feature = "sqlserver"), allow(unused_variables))]
pub fn connect(location: &StoreLocation, session: SessionId) -> store::Result<Box<dyn Store>> {
    match location {
        #[cfg(feature = "embedded")]
        StoreLocation::Sqlite(path) => Ok(Box::new(SqliteStore::open(path)?)),
        #[cfg(not(feature = "embedded"))]
        StoreLocation::Sqlite(_) => Err(StoreError::Unreachable {
            location: location.to_string(),
            reason: "this build has no embedded store".to_owned(),
        }),
        #[cfg(feature = "sqlserver")]
        StoreLocation::SqlServer(server) => Ok(Box::new(server_store(server, session)?)),
    }
}

/// A session with an existing store, for a run of this contract: of a server all that a run needs to know before it
/// starts is asked at once.
///
/// # Errors
/// The store cannot be opened.
#[cfg_attr(not(feature = "sqlserver"), allow(unused_variables))]
pub fn connect_for(
    location: &StoreLocation,
    session: SessionId,
    contract: &Contract,
) -> store::Result<Box<dyn Store>> {
    match location {
        #[cfg(feature = "sqlserver")]
        StoreLocation::SqlServer(server) => Ok(Box::new(SqlServerStore::connect_for(
            server.settings.clone(),
            &workstation(session),
            contract,
        )?)),
        StoreLocation::Sqlite(_) => connect(location, session),
    }
}

/// As [`existing`], with what the store knows of files.
///
/// # Errors
/// As [`existing`].
pub fn intake(call: &Call) -> Result<Box<dyn Intake>> {
    Ok(match location(&call.settings)? {
        #[cfg(feature = "embedded")]
        StoreLocation::Sqlite(path) => Box::new(SqliteStore::open(path)?),
        #[cfg(not(feature = "embedded"))]
        StoreLocation::Sqlite(_) => unreachable!("refused by `location`"),
        #[cfg(feature = "sqlserver")]
        StoreLocation::SqlServer(server) => Box::new(server_store(server, call.session)?),
    })
}

/// A session with a server.
///
/// # Errors
/// It cannot be reached, or the pipeline is not installed there.
#[cfg(feature = "sqlserver")]
pub fn server_store(server: &ServerLocation, session: SessionId) -> store::Result<SqlServerStore> {
    SqlServerStore::connect(server.settings.clone(), &workstation(session))
}

/// The tables of a server on which nothing needs to be installed.
///
/// # Errors
/// It cannot be reached.
#[cfg(feature = "sqlserver")]
pub fn catalog(server: &ServerLocation) -> Result<Catalog> {
    Ok(Catalog::connect(server.settings.clone(), server.names.clone())?)
}

/// Rows of the source table that are spread over all ids.
///
/// # Errors
/// As [`location`], or the table cannot be read.
pub fn samples(call: &Call, count: u32) -> Result<Vec<SourceRow>> {
    Ok(match location(&call.settings)? {
        #[cfg(feature = "embedded")]
        StoreLocation::Sqlite(path) => store::samples(&mut SqliteStore::open(path)?, count)?,
        #[cfg(not(feature = "embedded"))]
        StoreLocation::Sqlite(_) => unreachable!("refused by `location`"),
        #[cfg(feature = "sqlserver")]
        StoreLocation::SqlServer(server) => store::samples(&mut catalog(server)?, count)?,
    })
}

/// What a server shows as the host of a session's connections: the machine, cut to what a login has room
/// for, and the session.
#[cfg(feature = "sqlserver")]
pub fn workstation(session: SessionId) -> String {
    let host: String = crate::runner::host_name().chars().take(45).collect();
    format!("{host} {}", session.0)
}

/// The schema of the pipeline's objects, also where no server is named.
///
/// # Errors
/// `--schema` is not a name that needs no quoting.
#[cfg(feature = "sqlserver")]
pub fn schema(settings: &Settings) -> Result<String> {
    let name = settings.text(&keys::SCHEMA).unwrap_or_default();
    checked_identifier("schema", name)
        .map_err(|problem| CommandError::usage(problem, "correct --schema"))
}

/// Installs the contract in an embedded store without one. On a server only `xmlshred install`
/// does, because it needs more permissions.
///
/// # Errors
/// Another contract is installed, or none on a server.
pub fn install_if_none(
    location: &StoreLocation,
    store: &mut dyn Store,
    contract: &Contract,
) -> Result<()> {
    match store.opened_with_contract()? {
        None if matches!(location, StoreLocation::Sqlite(_)) => {
            Ok(store.install_contract(contract)?)
        }
        Some(installed) if installed == contract.hash => Ok(()),
        installed => {
            Err(StoreError::ContractNotInstalled { offered: contract.hash, installed }.into())
        }
    }
}
