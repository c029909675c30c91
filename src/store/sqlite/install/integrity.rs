//! Whether a store is sound, and copying it.

use std::path::Path;

use rusqlite::Connection;

use super::file::{shown, temporary_copy};
use crate::files::{persist_new, sync};
use crate::store::sqlite::fault::{SqliteFault, Step};
use crate::store::sqlite::transaction::{patiently, read};
use crate::store::{Result, StoreError};

/// How much of the damage is reported.
const MOST_FINDINGS: usize = 5;

/// Rows without their parent rows, in tables of the contract; other tables of the file are not ours.
const ORPHANS: &str = "
    SELECT k.\"table\", k.parent, count(*)
    FROM pragma_foreign_key_check AS k
    WHERE EXISTS (SELECT 1
                  FROM processing_contract AS c
                  INNER JOIN processing_contract_table AS t ON t.contract_hash = c.contract_hash
                  WHERE c.retired_at_utc IS NULL AND t.table_name = k.\"table\" COLLATE NOCASE)
    GROUP BY 1, 2";

/// Reads the whole file. Returns the target rows without their parent rows, one sentence per table.
pub fn check_integrity(connection: &mut Connection) -> Step<Vec<String>> {
    let location = connection.path().unwrap_or_default().to_owned();
    read(connection, |tx| {
        let check = format!("PRAGMA integrity_check({MOST_FINDINGS})");
        let found: Vec<String> = tx.all(&check, [], |row| row.get(0))?;
        if found != ["ok"] {
            let reason = found.join(", ").replace('\n', " ");
            Err(StoreError::Damaged { location: location.clone(), reason })?;
        }
        tx.all(ORPHANS, [], |row| {
            let (table, parent, rows): (String, String, i64) = row.try_into()?;
            Ok(format!("table {table}: {rows} without a row in {parent}"))
        })
    })
}

/// Copies the store to a new file, as it is at this moment, while others work on it. Returns the
/// size of the copy, which was read and found sound.
pub fn back_up(connection: &Connection, from: &Path, to: &Path) -> Result<u64> {
    if to.symlink_metadata().is_ok() {
        return Err(StoreError::Refused(format!("{} exists; name a new file", shown(to))));
    }
    let unwritten = |reason: String| StoreError::Unreachable { location: shown(to), reason };
    let copy = temporary_copy(to)?;
    let Some(name) = copy.to_str() else {
        let text = format!("{} is not UTF-8; name another file", shown(to));
        return Err(StoreError::Refused(text));
    };
    patiently(|| {
        connection.execute("VACUUM INTO ?1", [name])?;
        Ok(())
    })
    .map_err(|fault| StoreError::from(fault.naming_damage(connection)))?;
    let mut check = Connection::open(&copy).map_err(SqliteFault::from)?;
    check_integrity(&mut check)?;
    check.close().map_err(|(_, error)| SqliteFault::from(error))?;
    let finish = || -> std::io::Result<u64> {
        std::fs::set_permissions(&copy, from.metadata()?.permissions())?;
        sync(&copy)?;
        Ok(copy.metadata()?.len())
    };
    let bytes = finish().map_err(|error| unwritten(error.to_string()))?;
    persist_new(copy, to).map_err(|error| unwritten(error.to_string()))?;
    Ok(bytes)
}
