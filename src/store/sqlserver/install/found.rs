//! What has a name that an installation takes.

use super::files::{Names, SqlFile};
use super::send::send;
use super::{adoption, ownership};
use crate::contract::Contract;
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::fault;
use crate::store::sqlserver::record::Record;

/// An object that has a name of the installation.
pub struct Found {
    /// The kind of object that the installation has by this name.
    pub kind: String,
    /// Its name.
    pub object: String,
    /// What it is, for messages.
    pub shown: String,
    /// An installation created it.
    pub is_ours: bool,
    /// It is of others, and the installation needs its name.
    pub is_in_the_way: bool,
}

impl Found {
    /// Whether it is a table that has the name of the log.
    pub fn is_log(&self) -> bool {
        adoption::is_log(&self.kind, &self.object, &self.shown)
    }
}

/// Looks for all of them.
pub fn found(
    connection: &mut Connection,
    files: &[SqlFile],
    names: &Names,
    contract: Option<&Contract>,
) -> fault::Result<Vec<Found>> {
    send(connection, &ownership::find(files, names, contract))?;
    let read = |record: &Record| {
        Ok(Found {
            kind: record.get("kind")?,
            object: record.get("object_name")?,
            shown: record.get("shown")?,
            is_ours: record.get("is_ours")?,
            is_in_the_way: record.get("is_in_the_way")?,
        })
    };
    send(connection, ownership::FOUND)?.iter().flatten().map(read).collect()
}

/// Whether an object of this name exists and is ours.
pub fn is_ours(found: &[Found], object: &str) -> bool {
    found.iter().any(|name| name.object == object && name.is_ours)
}
