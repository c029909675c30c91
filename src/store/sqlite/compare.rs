//! The target tables of the file held against a contract.

use rusqlite::{named_params, Connection};

use super::fault::Step;
use super::statement::statement;
use super::target;
use super::transaction::{read, Work};
use crate::contract::{Contract, TargetTable};
use crate::store::target::{differences, FoundColumn, FoundKey, FoundTable};
use crate::store::Difference;

const FILE: &str = include_str!("compare_targets.sql");
const COLUMNS: &str = statement(FILE, "columns");
const FOREIGN_KEYS: &str = statement(FILE, "foreign_keys");
const IDENTITY: &str = statement(FILE, "identity");

pub(super) fn compare(connection: &mut Connection, contract: &Contract) -> Step<Vec<Difference>> {
    read(connection, |tx| {
        let mut all = Vec::new();
        for table in &contract.targets {
            let found = found(tx, table)?;
            all.extend(differences(contract, table, &found, &|column, at| {
                let there = &found.columns[at].sql_type;
                there.eq_ignore_ascii_case(target::storage_type(column))
            }));
        }
        Ok(all)
    })
}

fn found(tx: &Work, table: &TargetTable) -> Step<FoundTable> {
    let name = &table.name;
    let has_identity = tx.prepare_cached(IDENTITY)?.exists(named_params! {":table": name})?;
    let mut key: Vec<(i64, String)> = Vec::new();
    let mut columns = Vec::new();
    let mut statement = tx.prepare_cached(COLUMNS)?;
    let mut rows = statement.query(named_params! {":table": name})?;
    while let Some(row) = rows.next()? {
        let (name, place): (String, i64) = (row.get(0)?, row.get(4)?);
        let (not_null, hidden): (bool, i64) = (row.get(2)?, row.get(5)?);
        let identity = has_identity && place > 0;
        columns.push(FoundColumn {
            name: name.clone(),
            sql_type: row.get(1)?,
            nullable: !not_null && !identity,
            identity,
            computed: hidden > 1,
            has_default: row.get(3)?,
        });
        if place > 0 {
            key.push((place, name));
        }
    }
    key.sort();
    // With an identity the declared key is a unique constraint, which inserting relies on in no
    // way that would differ.
    let primary_key = match has_identity {
        true => table.primary_key.clone(),
        false => key.into_iter().map(|(_, name)| name).collect(),
    };
    Ok(FoundTable { columns, primary_key, foreign_keys: foreign_keys(tx, name)? })
}

fn foreign_keys(tx: &Work, table: &str) -> Step<Vec<FoundKey>> {
    let mut keys: Vec<(i64, FoundKey)> = Vec::new();
    let mut statement = tx.prepare_cached(FOREIGN_KEYS)?;
    let mut rows = statement.query(named_params! {":table": table})?;
    while let Some(row) = rows.next()? {
        let (id, parent, column): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        match keys.last_mut() {
            Some((last, key)) if *last == id => key.columns.push(column),
            _ => keys.push((id, FoundKey { parent, columns: vec![column] })),
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}
