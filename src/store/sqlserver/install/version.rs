//! The installed contract, and the installed version of the objects.

use super::script::SCHEMA_VERSION;
use crate::id::ContractHash;
use crate::store::sqlserver::call::Call;
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::fault::{self, ServerFault};
use crate::store::sqlserver::record::Record;
use crate::store::{Result, StoreError};

/// Returns the installed version; every version of the objects has it.
pub(crate) const VERSION_PROCEDURE: &str = "usp_GetContract";

/// The installed contract, if there is one.
pub(crate) fn get_contract(connection: &mut Connection) -> fault::Result<Option<ContractHash>> {
    connection.ask(&Call::new(VERSION_PROCEDURE))?.get_or_null("contract_hash")
}

/// Refuses an installation of another version than the one that this program works with: by the answer of
/// [`VERSION_PROCEDURE`], which has the installed contract, too.
pub(crate) fn check_version(
    location: &str,
    answer: Option<&Record>,
) -> Result<Option<ContractHash>> {
    let read = |record: &Record| {
        let version = record.get_or_null::<i64>("schema_version")?;
        let program = record.get_or_null::<String>("program_version")?;
        Ok((version, program, record.get_or_null("contract_hash")?))
    };
    let read = answer.map(read).transpose();
    let (installed, installed_by, contract) =
        read.map_err(|fault: ServerFault| fault.into_store_error(location))?.unwrap_or_default();
    let needed = i64::from(SCHEMA_VERSION);
    if installed == Some(needed) {
        return Ok(contract);
    }
    Err(StoreError::OtherVersion {
        location: location.to_owned(),
        // A version that was not recorded counts as older than any.
        installed: installed.unwrap_or(0),
        installed_by: installed_by.unwrap_or_else(|| "(unknown)".to_owned()),
        needed,
    })
}
