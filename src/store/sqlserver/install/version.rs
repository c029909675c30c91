//! The installed contract, and the installed version of the objects.

use super::script::SCHEMA_VERSION;
use crate::id::ContractHash;
use crate::store::sqlserver::call::Call;
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::fault::{self, ServerFault};
use crate::store::{Result, StoreError};

/// Returns the installed version; every version of the objects has it.
pub(crate) const VERSION_PROCEDURE: &str = "usp_GetContract";

/// The installed contract, if there is one.
pub(crate) fn get_contract(connection: &mut Connection) -> fault::Result<Option<ContractHash>> {
    connection.ask(&Call::new(VERSION_PROCEDURE))?.get_or_null("contract_hash")
}

/// Refuses an installation of another version than the one that this program works with.
pub(crate) fn check_version(connection: &mut Connection) -> Result<()> {
    let answer = connection.ask(&Call::new(VERSION_PROCEDURE)).and_then(|head| {
        Ok((head.get_or_null("schema_version")?, head.get_or_null::<String>("program_version")?))
    });
    let location = connection.settings().location();
    let (installed, installed_by): (Option<i64>, _) =
        answer.map_err(|fault: ServerFault| fault.into_store_error(location))?;
    let needed = i64::from(SCHEMA_VERSION);
    if installed == Some(needed) {
        return Ok(());
    }
    Err(StoreError::OtherVersion {
        location: location.to_owned(),
        // A version that was not recorded counts as older than any.
        installed: installed.unwrap_or(0),
        installed_by: installed_by.unwrap_or_else(|| "(unknown)".to_owned()),
        needed,
    })
}
