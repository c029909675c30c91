//! Adding to the target tables what an application lacks there.

use rusqlite::params_from_iter;
use rusqlite::types::{ToSqlOutput, Value as Stored};

use super::declaration::{is_app, not_null, quoted};
use super::rows::{app_key, bind, prepare, refused, Targets};
use crate::contract::TargetTable;
use crate::id::AppId;
use crate::outcome::TableRows;
use crate::store::sqlite::fault::{Cause, RefusedRow, SqliteFault, Step};
use crate::store::sqlite::transaction::Work;
use crate::store::{BackfillRequest, Missing};
use crate::value::Value;

/// The statements that find a row and fill its columns.
struct Backfill<'t> {
    table: &'t TargetTable,
    targets: &'t [TargetTable],
    /// Indexes of the columns that identify a row; none where the database numbers one of them.
    key: Vec<usize>,
    /// Indexes of the columns that can be NULL.
    fillable: Vec<usize>,
}

impl Targets<'_> {
    /// Inserts the rows that the application does not have, and fills columns that are NULL in the
    /// others, parents first; or only counts.
    pub fn backfill(
        &self,
        tx: &Work,
        app_id: AppId,
        rows: &[TableRows],
        targets: &[TargetTable],
        request: &BackfillRequest,
    ) -> Step<Vec<Missing>> {
        let mut all = Vec::new();
        for (table, rows) in targets.iter().zip(rows).filter(|(_, rows)| !rows.is_empty()) {
            let backfill = Backfill::new(table, targets);
            all.extend(backfill.run(self, tx, app_id, rows, request)?);
        }
        Ok(all)
    }
}

impl<'t> Backfill<'t> {
    fn new(table: &'t TargetTable, targets: &'t [TargetTable]) -> Self {
        let place = |name: &String| {
            let mut columns = table.columns.iter();
            columns.position(|c| c.name.eq_ignore_ascii_case(name) && !c.is_generated())
        };
        let key: Option<Vec<usize>> = table.primary_key.iter().map(place).collect();
        let key = key.unwrap_or_default();
        let sought = table.sought_columns();
        let is_fillable = |at: &usize| {
            let column = &table.columns[*at];
            let is_sought = sought.iter().any(|name| name.eq_ignore_ascii_case(&column.name));
            !not_null(table, column) && !is_sought
        };
        let fillable = match key.is_empty() {
            true => Vec::new(),
            false => (0..table.columns.len()).filter(is_fillable).collect(),
        };
        Self { table, targets, key, fillable }
    }

    fn run(
        &self,
        targets: &Targets,
        tx: &Work,
        app_id: AppId,
        rows: &TableRows,
        request: &BackfillRequest,
    ) -> Step<Vec<Missing>> {
        let mut missing = Vec::new();
        let mut fills = Vec::new();
        for row in rows.iter() {
            match self.find(tx, app_id, row)? {
                None => missing.extend(request.insert_rows.then_some(row)),
                Some(nulls) => {
                    let nulls = self.fillable.iter().zip(nulls).filter(|(_, null)| *null);
                    let filled = nulls.filter(|(at, _)| row[**at] != Value::Null);
                    fills.extend(filled.map(|(at, _)| (*at, row)));
                }
            }
        }
        if request.execute {
            targets.insert_rows(tx, self.table, &missing)?;
            for row in &missing {
                if self.find(tx, app_id, row)?.is_none() {
                    Err(self.without_parent())?;
                }
            }
            for (column, row) in &fills {
                self.fill(tx, app_id, row, *column)?;
            }
        }
        Ok(self.counted(missing.len(), &fills))
    }

    /// Whether each fillable column is NULL in the row; `None` if the application has no such row.
    fn find(&self, tx: &Work, app_id: AppId, row: &[Value]) -> Step<Option<Vec<bool>>> {
        let nulls: String = self
            .fillable
            .iter()
            .map(|at| format!(", {} IS NULL", quoted(&self.table.columns[*at].name)))
            .collect();
        let sql = format!(
            "SELECT 1{nulls} FROM {} WHERE {} LIMIT 1",
            quoted(&self.table.name),
            self.is_row()
        );
        let mut find = prepare(tx, self.table, &sql)?;
        let mut found = find.query(params_from_iter(self.identity(app_id, row)))?;
        let Some(found) = found.next()? else { return Ok(None) };
        let nulls = (1..=self.fillable.len()).map(|at| found.get(at));
        Ok(Some(nulls.collect::<rusqlite::Result<_>>()?))
    }

    fn fill(&self, tx: &Work, app_id: AppId, row: &[Value], column: usize) -> Step<()> {
        let filled = &self.table.columns[column];
        let name = quoted(&filled.name);
        let sql = format!(
            "UPDATE {} SET {name} = ?{} WHERE {} AND {name} IS NULL",
            quoted(&self.table.name),
            self.key.len() + 2,
            self.is_row(),
        );
        let mut parameters = self.identity(app_id, row);
        parameters.push(bind(&row[column], filled.sql_type));
        prepare(tx, self.table, &sql)?
            .execute(params_from_iter(parameters))
            .map_err(|error| refused(self.table, None, error))?;
        Ok(())
    }

    /// The condition for a row of the application `?1` with the key `?2`, …
    fn is_row(&self) -> String {
        let same = |(place, at): (usize, &usize)| {
            format!(" AND {} = ?{}", quoted(&self.table.columns[*at].name), place + 2)
        };
        let key: String = self.key.iter().enumerate().map(same).collect();
        is_app(self.table, self.targets) + &key
    }

    fn identity<'v>(&self, app_id: AppId, row: &'v [Value]) -> Vec<ToSqlOutput<'v>> {
        let app: Stored = app_key(self.table.app_type(self.targets), app_id);
        let key = self.key.iter().map(|at| bind(&row[*at], self.table.columns[*at].sql_type));
        [ToSqlOutput::Owned(app)].into_iter().chain(key).collect()
    }

    fn counted(&self, rows: usize, fills: &[(usize, &[Value])]) -> Vec<Missing> {
        let missing = |column: Option<usize>, count: usize| Missing {
            table: self.table.name.clone(),
            column: column.map(|at| self.table.columns[at].name.clone()),
            count: count as u64,
        };
        let mut columns: Vec<Missing> = self
            .fillable
            .iter()
            .map(|at| missing(Some(*at), fills.iter().filter(|(filled, _)| filled == at).count()))
            .collect();
        columns.sort_by(|a, b| a.column.cmp(&b.column));
        columns.insert(0, missing(None, rows));
        columns.retain(|missing| missing.count > 0);
        columns
    }

    fn without_parent(&self) -> SqliteFault {
        SqliteFault::Row(Box::new(RefusedRow {
            cause: Cause::Data,
            number: rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY,
            message: format!(
                "a row of table {} would not belong to the application: its parent row is missing; backfill \
                 the parent too",
                self.table.name
            ),
            table: self.table.name.clone(),
            column: None,
            value: None,
            row: None,
        }))
    }
}
