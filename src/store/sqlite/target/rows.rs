//! Writing the rows of applications into the target tables.

use compact_str::CompactString;
use rusqlite::types::{ToSqlOutput, Value as Stored};
use rusqlite::{CachedStatement, ErrorCode};

use super::declaration::RowStatements;
use crate::contract::{Contract, OnExisting, TargetTable};
use crate::id::AppId;
use crate::outcome::TableRows;
use crate::store::sqlite::fault::{
    cause, code, number_and_message, Cause, RefusedRow, SqliteFault, Step,
};
use crate::store::sqlite::transaction::Work;
use crate::store::StoreError;
use crate::value::{to_text, Decimal, SqlType, Value};

/// The targets of a contract in load order, with their statements.
pub struct Targets<'c> {
    targets: Vec<(&'c TargetTable, RowStatements)>,
}

impl<'c> Targets<'c> {
    pub fn new(contract: &'c Contract) -> Self {
        let targets = contract
            .targets
            .iter()
            .map(|table| (table, RowStatements::new(table, &contract.targets)))
            .collect();
        Self { targets }
    }

    /// Which targets may have rows of these applications, in load order. Most batches find none; one
    /// question for each table then saves a statement for each application.
    pub fn occupied(&self, tx: &Work, app_ids: impl Iterator<Item = AppId>) -> Step<Vec<bool>> {
        let ids = app_ids.fold(None, |span: Option<(AppId, AppId)>, id| match span {
            Some((low, high)) => Some((low.min(id), high.max(id))),
            None => Some((id, id)),
        });
        let is_occupied = |(table, statements): &(&TargetTable, RowStatements)| {
            let (Some(sql), Some((low, high))) = (&statements.exists_between, ids) else {
                return Ok(true);
            };
            Ok(prepare(tx, table, sql)?.exists([low, high])?)
        };
        self.targets.iter().map(is_occupied).collect()
    }

    /// What inserts rows in one transaction.
    pub fn inserts<'t>(&'t self, tx: &'t Work) -> Inserts<'t, 'c> {
        let tables = self.targets.iter().map(|(table, statements)| Insert {
            table,
            statements,
            prepared: None,
        });
        Inserts { tx, tables: tables.collect() }
    }

    /// Deletes an application's rows from the chosen targets, children before parents; returns how
    /// many per chosen table, in load order.
    pub fn delete_from(
        &self,
        tx: &Work,
        app_id: AppId,
        chosen: impl Fn(&TargetTable) -> bool,
    ) -> Step<Vec<(String, u64)>> {
        let mut deleted = Vec::new();
        for (table, statements) in self.targets.iter().rev().filter(|(table, _)| chosen(table)) {
            deleted.push((table.name.clone(), delete(tx, table, statements, app_id)?));
        }
        deleted.reverse();
        Ok(deleted)
    }

    /// The number of an application's rows per chosen table, in load order.
    pub fn count_in(
        &self,
        tx: &Work,
        app_id: AppId,
        chosen: impl Fn(&TargetTable) -> bool,
    ) -> Step<Vec<(String, u64)>> {
        let chosen = self.targets.iter().filter(|(table, _)| chosen(table));
        let count = |(table, statements): &(&TargetTable, RowStatements)| {
            let rows = prepare(tx, table, &statements.count)?
                .query_row([app_key(statements.app_type, app_id)], |row| row.get(0))?;
            Ok((table.name.clone(), rows))
        };
        chosen.map(count).collect()
    }
}

impl Targets<'_> {
    /// Inserts these rows of a table.
    pub(super) fn insert_rows(
        &self,
        tx: &Work,
        table: &TargetTable,
        rows: &[&[Value]],
    ) -> Step<()> {
        let mut inserts = self.inserts(tx);
        let found = inserts.tables.iter_mut().find(|insert| insert.table.name == table.name);
        found.map_or(Ok(()), |insert| insert.all(tx, rows.iter().copied()).map(drop))
    }
}

/// What inserts rows in one transaction: a statement is looked up once, not for each application.
pub struct Inserts<'t, 'c> {
    tx: &'t Work<'t>,
    /// In load order.
    tables: Vec<Insert<'t, 'c>>,
}

struct Insert<'t, 'c> {
    table: &'c TargetTable,
    statements: &'t RowStatements,
    prepared: Option<CachedStatement<'t>>,
}

impl Inserts<'_, '_> {
    /// Writes one application's rows, parents first; returns how many per table. `occupied` is what
    /// [`Targets::occupied`] said in the same transaction, before it wrote anything.
    pub fn insert(
        &mut self,
        app_id: AppId,
        rows: &[TableRows],
        occupied: &[bool],
    ) -> Step<Vec<u64>> {
        let tx = self.tx;
        let may_have_rows = self.tables.iter().zip(occupied).filter(|(_, is)| **is);
        for (Insert { table, statements, .. }, _) in may_have_rows.rev() {
            if table.on_existing == OnExisting::Replace {
                delete(tx, table, statements, app_id)?;
            }
        }
        self.tables
            .iter_mut()
            .zip(rows)
            .zip(occupied)
            .map(|((insert, rows), occupied)| insert.of_app(tx, app_id, rows, *occupied))
            .collect()
    }
}

impl<'t> Insert<'t, '_> {
    fn of_app(
        &mut self,
        tx: &'t Work,
        app_id: AppId,
        rows: &TableRows,
        occupied: bool,
    ) -> Step<u64> {
        let Self { table, statements, .. } = self;
        if rows.is_empty() {
            return Ok(0);
        }
        let skip = occupied
            && table.on_existing == OnExisting::Skip
            && prepare(tx, table, &statements.exists)?
                .exists([app_key(statements.app_type, app_id)])?;
        if skip {
            return Ok(0);
        }
        self.all(tx, rows.iter())
    }

    fn all<'r>(&mut self, tx: &'t Work, rows: impl Iterator<Item = &'r [Value]>) -> Step<u64> {
        let Self { table, statements, prepared } = self;
        let insert = match prepared {
            Some(insert) => insert,
            none => none.insert(prepare(tx, table, &statements.insert)?),
        };
        let mut written = 0;
        for (number, row) in rows.enumerate() {
            for (place, column) in (1..).zip(&statements.bound) {
                let (value, sql_type) = (&row[*column], table.columns[*column].sql_type);
                match stored(value, sql_type) {
                    Some(text) => insert.raw_bind_parameter(place, text.as_str())?,
                    None => insert.raw_bind_parameter(place, bind(value, sql_type))?,
                }
            }
            // A trigger may ignore a row without an error: SQLite's own count is used.
            written +=
                insert.raw_execute().map_err(|error| refused(table, Some((number, row)), error))?;
        }
        Ok(written as u64)
    }
}

/// Deletes an application's rows; returns how many.
fn delete(tx: &Work, table: &TargetTable, statements: &RowStatements, app_id: AppId) -> Step<u64> {
    let rows = prepare(tx, table, &statements.delete)?
        .execute([app_key(statements.app_type, app_id)])
        .map_err(|error| refused(table, None, error))?;
    Ok(rows as u64)
}

/// A statement on a target. One that does not compile means that the table was changed after the
/// contract was installed.
pub(super) fn prepare<'t>(
    tx: &'t Work,
    table: &TargetTable,
    sql: &str,
) -> Step<CachedStatement<'t>> {
    tx.prepare_cached(sql).map_err(|error| match code(&error) {
        Some(ErrorCode::Unknown) => drift(table, &error).into(),
        _ => error.into(),
    })
}

fn drift(table: &TargetTable, error: &rusqlite::Error) -> StoreError {
    StoreError::Drift { table: table.name.clone(), reason: error.to_string() }
}

/// The application's id as the table's application column holds it.
pub(super) fn app_key(app_type: SqlType, AppId(app_id): AppId) -> Stored {
    let scaled = |scale: u8| {
        let units = i128::from(app_id) * 10i128.pow(scale.into());
        Stored::Text(Decimal { units, scale }.to_string())
    };
    match app_type {
        SqlType::Decimal { scale, .. } => scaled(scale),
        SqlType::Money => scaled(4),
        SqlType::Float | SqlType::Real => Stored::Real(app_id as f64),
        integer if integer.is_integer() => Stored::Integer(app_id),
        _ => Stored::Text(app_id.to_string()),
    }
}

/// An error that an application may be the cause of, with its place; any other one unchanged.
pub(super) fn refused(
    table: &TargetTable,
    row: Option<(usize, &[Value])>,
    error: rusqlite::Error,
) -> SqliteFault {
    let cause = match cause(&error) {
        Cause::Server if code(&error) == Some(ErrorCode::Unknown) => {
            return drift(table, &error).into();
        }
        cause @ (Cause::Data | Cause::Server | Cause::Unknown) => cause,
        Cause::Busy | Cause::Broken => return error.into(),
    };
    let (number, message) = number_and_message(&error);
    let columns = columns_in(&message, table);
    let value = match (&columns[..], row) {
        ([column], Some((_, values))) => to_text(&values[*column], table.columns[*column].sql_type),
        _ => None,
    };
    let names: Vec<&str> = columns.iter().map(|i| table.columns[*i].name.as_str()).collect();
    SqliteFault::Row(Box::new(RefusedRow {
        cause,
        number,
        message,
        table: table.name.clone(),
        column: (!names.is_empty()).then(|| names.join(", ")),
        value: value.map(String::from),
        row: row.map(|(number, _)| number + 1),
    }))
}

/// The table's columns that a message names, as in `UNIQUE constraint failed: t.a, t.b` or
/// `cannot store TEXT value in INTEGER column t.a`.
fn columns_in(message: &str, table: &TargetTable) -> Vec<usize> {
    message
        .split([' ', ','])
        .filter_map(|word| word.strip_prefix(&table.name)?.strip_prefix('.'))
        .filter_map(|name| table.columns.iter().position(|column| column.name == name))
        .collect()
}

/// A value as its column stores it; see [`super::declaration::storage_type`].
pub(super) fn bind(value: &Value, sql_type: SqlType) -> ToSqlOutput<'_> {
    match value {
        Value::Null => ToSqlOutput::Owned(Stored::Null),
        Value::Bit(bit) => i64::from(*bit).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Bytes(bytes) => (&bytes[..]).into(),
        _ => {
            let text = stored(value, sql_type);
            ToSqlOutput::Owned(text.map_or(Stored::Null, |text| Stored::Text(text.into())))
        }
    }
}

/// The text that a value is stored as, if no type of SQLite holds it.
fn stored(value: &Value, sql_type: SqlType) -> Option<CompactString> {
    match value {
        Value::Decimal(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::DateTime(_)
        | Value::DateTimeOffset(_)
        | Value::Guid(_) => to_text(value, sql_type),
        _ => None,
    }
}
