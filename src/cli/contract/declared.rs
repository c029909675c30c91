//! Tables that exist: in a script, or in a database in which nothing needs to be installed.

use std::path::Path;

use crate::cli::call::Call;
use crate::cli::command_error::{CommandError, Result};
use crate::cli::store::open;
use crate::declared::{read_script, DeclaredTable};
use crate::files;
use crate::runner::ExitStatus;
use crate::settings::StoreLocation;

/// The schema of a table that is named without one.
const DEFAULT_SCHEMA: &str = "dbo";

/// The tables that a script declares in a schema, or without one.
///
/// # Errors
/// The script cannot be read, or has mistakes.
pub fn of_script(script: &Path, schema: &str) -> Result<Vec<DeclaredTable>> {
    let shown = script.display();
    let text = files::read_script(script).map_err(|e| {
        let hint = "name a script with CREATE TABLE statements";
        CommandError::usage(format!("cannot read {shown}: {e}"), hint)
    })?;
    let mut tables = read_script(&text).map_err(|error| {
        let hint = "correct the script, or let SSMS generate it again";
        CommandError::new(ExitStatus::Contract, format!("{shown}:{error}"), hint)
    })?;
    tables.retain(|t| t.schema.is_empty() || t.schema.eq_ignore_ascii_case(schema));
    Ok(tables)
}

/// The tables of these names in a database; all of the schema where none is named.
///
/// # Errors
/// The store is embedded, or a query fails.
#[cfg_attr(not(feature = "sqlserver"), allow(unused_variables))]
pub fn of_database(call: &Call, schema: &str, names: &[String]) -> Result<Vec<DeclaredTable>> {
    match open::location(&call.settings)? {
        #[cfg(feature = "sqlserver")]
        StoreLocation::SqlServer(server) => {
            let mut catalog = open::catalog(server)?;
            Ok(match names.is_empty() {
                true => {
                    let names = catalog.target_names(schema)?;
                    catalog.declared_tables(schema, &names)?
                }
                false => catalog.declared_tables(schema, names)?,
            })
        }
        StoreLocation::Sqlite(_) => Err(CommandError::usage(
            "the tables of an embedded store have no types of SQL Server",
            "name a script with --ddl FILE, or a server with --server",
        )),
    }
}

/// The tables that a draft is to fill: of a script, or of a database without one.
///
/// # Errors
/// As [`of_script`] and [`of_database`]; a table is missing; names in several schemas.
pub fn wanted(call: &Call, script: Option<&Path>, names: &[String]) -> Result<Vec<DeclaredTable>> {
    let parts = names.iter().map(|name| name.split_once('.').unwrap_or((DEFAULT_SCHEMA, name)));
    let (schemas, names): (Vec<&str>, Vec<String>) =
        parts.map(|(schema, name)| (schema, name.to_owned())).unzip();
    let schema = schemas.first().copied().unwrap_or(DEFAULT_SCHEMA);
    if schemas.iter().any(|other| !other.eq_ignore_ascii_case(schema)) {
        return Err(CommandError::usage(
            "a contract fills the tables of one schema",
            "draft a contract for each schema",
        ));
    }
    let mut tables = match script {
        Some(script) => of_script(script, schema)?,
        None => of_database(call, schema, &names)?,
    };
    let is = |table: &DeclaredTable, name: &str| table.name.eq_ignore_ascii_case(name);
    let missing = names.iter().find(|name| !tables.iter().any(|table| is(table, name)));
    if let Some(missing) = missing {
        return Err(CommandError::usage(
            format!("there is no table {schema}.{missing}"),
            "name tables that exist, and that the login may see",
        ));
    }
    tables.retain(|table| names.is_empty() || names.iter().any(|name| is(table, name)));
    for table in &mut tables {
        table.schema = schema.to_owned();
    }
    match tables.is_empty() {
        true => Err(CommandError::usage(
            format!("there are no tables in the schema {schema}"),
            "name those to fill: --tables SCHEMA.TABLE,SCHEMA.TABLE",
        )),
        false => Ok(tables),
    }
}
