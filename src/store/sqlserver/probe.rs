//! What a session asks first, in one request that changes nothing.

use super::connection::{first, Connection};
use super::fault::{self, ServerFault};
use super::record::Record;
use super::{dialect, install, target};
use crate::contract::Contract;
use crate::store::Difference;

/// Properties of a server and of the installation, and how the target tables compare.
pub(super) struct Probe {
    pub(super) is_read_only: bool,
    pub(super) has_openjson: bool,
    /// The answer of [`install::VERSION_PROCEDURE`]; `None` where it does not exist.
    pub(super) installed: Option<Record>,
    /// The differences of the contract's tables; `None` without a contract, and where the tables cannot be
    /// read: a comparison later says why.
    pub(super) differences: Option<Vec<Difference>>,
}

impl Probe {
    pub(super) fn ask(
        connection: &mut Connection,
        contract: Option<&Contract>,
    ) -> fault::Result<Self> {
        match ask(connection, contract) {
            // The tables' error must not come before what is wrong with the installation.
            Err(ServerFault::Server { .. }) if contract.is_some() => ask(connection, None),
            answer => answer,
        }
    }
}

fn ask(connection: &mut Connection, contract: Option<&Contract>) -> fault::Result<Probe> {
    let procedure =
        format!("[{}].[{}]", connection.settings().schema_name(), install::VERSION_PROCEDURE);
    let mut sets = connection
        .batch(&format!(
            "SELECT
    CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), N'Updateability')) AS state,
    CONVERT(int, d.compatibility_level) AS compatibility_level
FROM sys.databases AS d
WHERE d.name = DB_NAME();

IF OBJECT_ID(N'{procedure}') IS NOT NULL
    EXEC {procedure};
ELSE
    SELECT 0 AS schema_version WHERE 1 = 0;

{}",
            contract.map(target::queries).unwrap_or_default()
        ))?
        .into_iter();
    let head = first(sets.next())?;
    let installed = sets.next().and_then(|set| set.into_iter().next());
    let read = |contract| target::read_differences(contract, &mut sets).ok();
    Ok(Probe {
        is_read_only: head.get_or_null::<String>("state")?.is_some_and(|s| s == "READ_ONLY"),
        has_openjson: head.get::<i64>("compatibility_level")? >= dialect::in_use().openjson_level,
        installed,
        differences: contract.and_then(read),
    })
}
