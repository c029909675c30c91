//! The tables of a database in which nothing needs to be installed: how they are declared, and the
//! documents of the source table.

use super::connection::Connection;
use super::fault::{self, ServerFault};
use super::install::Names;
use super::{source, target, ServerSettings};
use crate::contract::Contract;
use crate::declared::DeclaredTable;
use crate::id::AppId;
use crate::store::{Difference, Result, SourceRow, SourceTable, StoreError};

/// A connection that reads the catalog and the source table, and nothing else.
#[allow(missing_debug_implementations)] // Its connection has none.
pub struct Catalog {
    connection: Connection,
    names: Names,
}

impl Catalog {
    /// Connects.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub fn connect(settings: ServerSettings, names: Names) -> Result<Self> {
        let location = settings.location().to_owned();
        let connection = Connection::open(settings, None);
        let connection =
            connection.map_err(|fault: ServerFault| match fault.into_store_error(&location) {
                StoreError::Database(reason) => StoreError::Unreachable { location, reason },
                error => error,
            })?;
        Ok(Self { connection, names })
    }

    /// The tables of these names that exist and that the login may see, as they are declared.
    ///
    /// # Errors
    /// A query fails.
    pub fn declared_tables(
        &mut self,
        schema: &str,
        names: &[String],
    ) -> Result<Vec<DeclaredTable>> {
        self.run(|connection| target::declared_tables(connection, schema, names))
    }

    /// The tables of a schema, without the source table.
    ///
    /// # Errors
    /// A query fails.
    pub fn target_names(&mut self, schema: &str) -> Result<Vec<String>> {
        let names = self.names.clone();
        self.run(|connection| source::other_tables(connection, &names, schema))
    }

    /// The differences between the target tables and the contract's, in load order.
    ///
    /// # Errors
    /// A query fails.
    pub fn compare_targets(&mut self, contract: &Contract) -> Result<Vec<Difference>> {
        self.run(|connection| target::compare_targets(connection, contract))
    }

    fn run<T>(&mut self, read: impl FnOnce(&mut Connection) -> fault::Result<T>) -> Result<T> {
        let answer = read(&mut self.connection);
        answer.map_err(|fault| fault.into_store_error(self.connection.settings().location()))
    }
}

impl SourceTable for Catalog {
    fn bounds(&mut self) -> Result<Option<(AppId, AppId)>> {
        let names = self.names.clone();
        self.run(|connection| source::bounds(connection, &names))
    }

    fn row_from(&mut self, app_id: AppId) -> Result<Option<SourceRow>> {
        let names = self.names.clone();
        self.run(|connection| source::row_from(connection, &names, app_id))
    }
}
