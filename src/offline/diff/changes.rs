//! What differs between two contracts, counted over documents.

use serde::Serialize;

use super::pair::{column, Pair};
use super::rows::{Cell, RowsDiff};
use crate::contract::TargetTable;

/// What the new contract does differently. Serialised, its field names do not change.
#[derive(Debug, Serialize)]
pub struct ContractDiff {
    /// Documents compared.
    pub documents: u64,
    /// Documents with a difference.
    pub differing: u64,
    /// Documents whose outcome changes.
    pub outcomes: OutcomeChanges,
    /// Every table of either contract, in the load order of the new one, then the removed ones.
    pub tables: Vec<TableDiff>,
}

/// How outcomes change.
#[derive(Debug, Default, Serialize)]
pub struct OutcomeChanges {
    /// Mapped before, failing now.
    pub fails_now: u64,
    /// Failing before, mapped now.
    pub mapped_now: u64,
    /// Failing before and now, in another way.
    pub fails_otherwise: u64,
    /// The first of each kind.
    pub examples: Vec<OutcomeChange>,
}

/// One document whose outcome changes.
#[derive(Debug, Serialize)]
pub struct OutcomeChange {
    /// Its name.
    pub file: String,
    /// How it changes.
    pub change: Moved,
    /// `mapped`, or the failure's category and place.
    pub old: String,
    /// The same under the new contract.
    pub new: String,
}

/// How a table changes.
#[derive(Debug, Serialize)]
pub struct TableDiff {
    /// Its name.
    pub table: String,
    /// Where it is: `both`, `old` or `new`.
    pub contract: &'static str,
    /// The columns that identify a row: the new primary key, or none.
    pub key: Vec<String>,
    /// Columns that only the new contract has.
    pub new_columns: Vec<String>,
    /// Columns that only the old contract has.
    pub gone_columns: Vec<String>,
    /// Columns of another type: name, old type, new type.
    pub retyped_columns: Vec<(String, String, String)>,
    /// Rows under the old contract, of documents that both map.
    pub old_rows: u64,
    /// Rows under the new contract, of documents that both map.
    pub new_rows: u64,
    /// Rows that only the new contract produces.
    pub appear: RowChanges,
    /// Rows that only the old contract produces.
    pub vanish: RowChanges,
    /// Rows of both in which a column differs.
    pub change: u64,
    /// The columns that differ in some row.
    pub columns: Vec<ColumnDiff>,
    /// All rows of documents that only the new contract maps.
    pub mapped_now: RowChanges,
    /// All rows of documents that only the old contract maps.
    pub fails_now: RowChanges,
}

/// Rows of one contract.
#[derive(Debug, Default, Serialize)]
pub struct RowChanges {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<RowExample>,
}

/// One row: its document, and its key, or all of it where there is no key or its document is mapped by
/// one contract only.
#[derive(Debug, Serialize)]
pub struct RowExample {
    /// The document.
    pub file: String,
    /// `column=value`, joined by blanks.
    pub row: String,
}

/// How a column changes.
#[derive(Debug, Serialize)]
pub struct ColumnDiff {
    /// Its name.
    pub column: String,
    /// Rows in which it differs.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<ValueChange>,
}

/// One value that changes.
#[derive(Debug, Serialize)]
pub struct ValueChange {
    /// The document.
    pub file: String,
    /// The row, as [`RowExample::row`].
    pub row: String,
    /// Before; `None` for null.
    pub old: Option<String>,
    /// Now; `None` for null.
    pub new: Option<String>,
}

/// What differs in one document.
pub(super) struct DocumentDiff {
    pub(super) file: String,
    pub(super) outcome: Option<(String, String, Moved)>,
    pub(super) tables: Vec<RowsDiff>,
}

/// How an outcome changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moved {
    /// Mapped before, failing now.
    FailsNow,
    /// Failing before, mapped now.
    MappedNow,
    /// Failing before and now, in another way.
    FailsOtherwise,
}

impl ContractDiff {
    /// Whether both contracts produce the same for every document.
    pub fn is_empty(&self) -> bool {
        self.differing == 0
    }

    pub(super) fn add(&mut self, document: DocumentDiff, examples: usize) {
        self.documents += 1;
        let mut differs = document.outcome.is_some();
        if let Some((old, new, moved)) = document.outcome {
            let outcomes = &mut self.outcomes;
            let count = match moved {
                Moved::FailsNow => &mut outcomes.fails_now,
                Moved::MappedNow => &mut outcomes.mapped_now,
                Moved::FailsOtherwise => &mut outcomes.fails_otherwise,
            };
            *count += 1;
            if *count <= examples as u64 {
                let file = document.file.clone();
                outcomes.examples.push(OutcomeChange { file, change: moved, old, new });
            }
        }
        for (table, rows) in self.tables.iter_mut().zip(document.tables) {
            differs |= table.add(&document.file, rows, examples);
        }
        self.differing += u64::from(differs);
    }
}

impl TableDiff {
    /// The table of a pair, before any document is compared.
    pub(super) fn of(pair: &Pair<'_>) -> Self {
        let tables = (pair.old.map(|(_, table)| table), pair.new.map(|(_, table)| table));
        let only_in = |one: &TargetTable, other: &TargetTable| -> Vec<String> {
            let names = one.columns.iter().map(|column| &column.name);
            names.filter(|name| column(other, name).is_none()).cloned().collect()
        };
        let (new_columns, gone_columns) = match tables {
            (Some(old), Some(new)) => (only_in(new, old), only_in(old, new)),
            _ => (Vec::new(), Vec::new()),
        };
        let retyped_columns = match tables {
            (Some(old), Some(new)) => pair.columns.iter().filter_map(|(a, b)| {
                let (a, b) = (&old.columns[*a], &new.columns[*b]);
                (a.sql_type != b.sql_type)
                    .then(|| (b.name.clone(), a.sql_type.to_string(), b.sql_type.to_string()))
            }),
            _ => return Self::of_one(pair),
        };
        Self {
            new_columns,
            gone_columns,
            retyped_columns: retyped_columns.collect(),
            ..Self::of_one(pair)
        }
    }

    fn of_one(pair: &Pair<'_>) -> Self {
        let name = pair.new.or(pair.old).map(|(_, table)| table.name.clone());
        let key = pair.key.iter().filter_map(|at| {
            pair.new.map(|(_, table)| table.columns[pair.columns[*at].1].name.clone())
        });
        Self {
            table: name.unwrap_or_default(),
            contract: match (pair.old, pair.new) {
                (Some(_), Some(_)) => "both",
                (Some(_), None) => "old",
                _ => "new",
            },
            key: key.collect(),
            new_columns: Vec::new(),
            gone_columns: Vec::new(),
            retyped_columns: Vec::new(),
            old_rows: 0,
            new_rows: 0,
            appear: RowChanges::default(),
            vanish: RowChanges::default(),
            change: 0,
            columns: Vec::new(),
            mapped_now: RowChanges::default(),
            fails_now: RowChanges::default(),
        }
    }

    /// Whether anything differs.
    fn add(&mut self, file: &str, rows: RowsDiff, examples: usize) -> bool {
        let differs = !(rows.appear.is_empty() && rows.vanish.is_empty() && rows.change.is_empty());
        self.old_rows += rows.old_rows;
        self.new_rows += rows.new_rows;
        self.appear.add(file, rows.appear, examples);
        self.vanish.add(file, rows.vanish, examples);
        self.mapped_now.add(file, rows.mapped_now, examples);
        self.fails_now.add(file, rows.fails_now, examples);
        self.change += rows.change.len() as u64;
        for (row, cells) in rows.change {
            for cell in cells {
                self.column(&cell.column).add(file, &row, cell, examples);
            }
        }
        differs
    }

    fn column(&mut self, name: &str) -> &mut ColumnDiff {
        let at = self.columns.iter().position(|column| column.column == name);
        let at = at.unwrap_or_else(|| {
            let column = ColumnDiff { column: name.to_owned(), count: 0, examples: Vec::new() };
            self.columns.push(column);
            self.columns.len() - 1
        });
        &mut self.columns[at]
    }

    pub(super) fn is_alike(&self) -> bool {
        self.contract == "both"
            && self.new_columns.is_empty()
            && self.gone_columns.is_empty()
            && self.retyped_columns.is_empty()
            && self.appear.count + self.vanish.count + self.change == 0
            && self.mapped_now.count + self.fails_now.count == 0
    }
}

impl RowChanges {
    fn add(&mut self, file: &str, rows: Vec<String>, examples: usize) {
        self.count += rows.len() as u64;
        let room = examples.saturating_sub(self.examples.len());
        let file = || file.to_owned();
        self.examples
            .extend(rows.into_iter().take(room).map(|row| RowExample { file: file(), row }));
    }
}

impl ColumnDiff {
    fn add(&mut self, file: &str, row: &str, cell: Cell, examples: usize) {
        self.count += 1;
        if self.examples.len() < examples {
            let (file, row) = (file.to_owned(), row.to_owned());
            self.examples.push(ValueChange { file, row, old: cell.old, new: cell.new });
        }
    }
}
