//! The tables of a database in which nothing needs to be installed.

use super::connection::Connection;
use super::fault::{self, ServerFault};
use super::{target, ServerSettings};
use crate::contract::Contract;
use crate::declared::DeclaredTable;
use crate::store::{Difference, Result, StoreError};

/// A connection that reads the catalog and nothing else.
#[allow(missing_debug_implementations)] // Its connection has none.
pub struct Catalog {
    connection: Connection,
}

impl Catalog {
    /// Connects.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub fn connect(settings: ServerSettings) -> Result<Self> {
        let location = settings.location().to_owned();
        let connection = Connection::open(settings, None);
        let connection =
            connection.map_err(|fault: ServerFault| match fault.into_store_error(&location) {
                StoreError::Database(reason) => StoreError::Unreachable { location, reason },
                error => error,
            })?;
        Ok(Self { connection })
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
