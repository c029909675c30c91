//! Which rows and columns are backfilled.

use crate::contract::{Contract, TargetTable};
use crate::outcome::TableRows;

/// Which rows and columns are backfilled.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whether rows are inserted, or only columns filled.
    pub rows: bool,
    /// For each target table: `None` is left alone; otherwise which columns keep their values.
    tables: Vec<Option<Vec<bool>>>,
    /// Tables that are wanted and whose rows have no key that documents decide.
    pub keyless: Vec<String>,
}

/// A name that cannot be backfilled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwanted {
    /// The contract has no such table.
    Table(String),
    /// None of the tables has such a column that can be NULL in a row with a key.
    Column(String),
}

impl Wanted {
    /// Rows and columns of these tables, or only these columns of them.
    ///
    /// # Errors
    /// A name is none of the contract's, or none that can be filled.
    pub fn new(
        contract: &Contract,
        tables: &[String],
        columns: &[String],
    ) -> Result<Self, Unwanted> {
        let same = |name: &String, other: &str| name.eq_ignore_ascii_case(other);
        let known = |name: &&String| !contract.targets.iter().any(|table| same(name, &table.name));
        if let Some(unknown) = tables.iter().find(known) {
            return Err(Unwanted::Table(unknown.clone()));
        }
        let chosen = |table: &TargetTable| tables.iter().any(|name| same(name, &table.name));
        let kept = |table: &TargetTable| -> Vec<bool> {
            let named = |name: &str| columns.is_empty() || columns.iter().any(|c| same(c, name));
            let kept = |at: usize| !is_fillable(table, at) || named(&table.columns[at].name);
            (0..table.columns.len()).map(kept).collect()
        };
        let wanted = contract.targets.iter().map(|t| chosen(t).then(|| kept(t))).collect();
        for column in columns {
            let is_filled = contract.targets.iter().filter(|table| chosen(table)).any(|table| {
                let mut places = table.columns.iter();
                let place = places.position(|known| same(column, &known.name));
                place.is_some_and(|at| is_fillable(table, at))
            });
            if !is_filled {
                return Err(Unwanted::Column(column.clone()));
            }
        }
        let keyless = contract.targets.iter().filter(|table| chosen(table) && !has_key(table));
        let keyless = keyless.map(|table| table.name.clone()).collect();
        Ok(Self { rows: columns.is_empty(), tables: wanted, keyless })
    }

    /// Leaves of the rows what is wanted: no rows of other tables, and null in other columns that
    /// could be filled, if only columns are.
    pub(super) fn restrict(&self, rows: &mut [TableRows]) {
        for (rows, wanted) in rows.iter_mut().zip(&self.tables) {
            let Some(columns) = wanted else {
                *rows = TableRows::default();
                continue;
            };
            if self.rows || rows.is_empty() {
                continue;
            }
            for row in rows.values.chunks_mut(rows.width) {
                let others = row.iter_mut().zip(columns).filter(|(_, kept)| !**kept);
                others.for_each(|(value, _)| drop(std::mem::take(value)));
            }
        }
    }
}

/// Whether documents decide the key of a table's rows.
fn has_key(table: &TargetTable) -> bool {
    let numbered = |name: &String| {
        table.columns.iter().any(|c| c.name.eq_ignore_ascii_case(name) && c.is_generated())
    };
    !table.primary_key.is_empty() && !table.primary_key.iter().any(numbered)
}

/// Whether a column can be NULL in a row that is found by its key.
fn is_fillable(table: &TargetTable, at: usize) -> bool {
    let column = &table.columns[at];
    let same = |name: &str| name.eq_ignore_ascii_case(&column.name);
    let identifies = table.primary_key.iter().any(|name| same(name))
        || table.sought_columns().into_iter().any(same);
    has_key(table) && !column.required && !column.is_generated() && !identifies
}
