//! Which rows of one document are the same under both contracts, and what differs in them.

use std::collections::HashMap;

use super::pair::{column, Pair};
use crate::contract::TargetTable;
use crate::outcome::TableRows;
use crate::value::{to_text, SqlType, Value};

/// What differs in one table of one document.
#[derive(Default)]
pub(super) struct RowsDiff {
    pub(super) old_rows: u64,
    pub(super) new_rows: u64,
    pub(super) appear: Vec<String>,
    pub(super) vanish: Vec<String>,
    /// Row, and the columns that differ: name, old, new.
    pub(super) change: Vec<(String, Vec<Cell>)>,
    /// Rows of a document that only the new contract maps.
    pub(super) mapped_now: Vec<String>,
    /// Rows of a document that only the old contract maps.
    pub(super) fails_now: Vec<String>,
}

pub(super) struct Cell {
    pub(super) column: String,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

/// The rows of a document that the old contract cannot map: there are none to compare them with.
pub(super) fn mapped_now(pair: &Pair<'_>, new: &[TableRows]) -> RowsDiff {
    RowsDiff { mapped_now: whole(pair.new, new), ..RowsDiff::default() }
}

/// The rows of a document that the new contract cannot map.
pub(super) fn fails_now(pair: &Pair<'_>, old: &[TableRows]) -> RowsDiff {
    RowsDiff { fails_now: whole(pair.old, old), ..RowsDiff::default() }
}

/// The rows of a table with their values.
fn whole(table: Option<(usize, &TargetTable)>, rows: &[TableRows]) -> Vec<String> {
    let Some((at, table)) = table else { return Vec::new() };
    let row = |row: &[Value]| {
        let filled = (0..row.len()).filter(|at| row[*at] != Value::Null);
        let cells: Vec<String> = filled.map(|at| cell(table, row, at)).collect();
        cut(&cells.join(" "), LONGEST_ROW)
    };
    rows[at].iter().map(row).collect()
}

pub(super) fn rows_diff(pair: &Pair<'_>, old: &[TableRows], new: &[TableRows]) -> RowsDiff {
    let empty = TableRows::default();
    let old_rows = pair.old.map_or(&empty, |(at, _)| &old[at]);
    let new_rows = pair.new.map_or(&empty, |(at, _)| &new[at]);
    let mut diff = RowsDiff {
        old_rows: old_rows.len() as u64,
        new_rows: new_rows.len() as u64,
        ..RowsDiff::default()
    };
    let (Some((_, before)), Some((_, now))) = (pair.old, pair.new) else {
        let whole = |(_, table): (usize, &TargetTable), rows: &TableRows| {
            rows.iter().map(|row| all_of(table, row)).collect()
        };
        diff.appear = pair.new.map_or(Vec::new(), |new| whole(new, new_rows));
        diff.vanish = pair.old.map_or(Vec::new(), |old| whole(old, old_rows));
        return diff;
    };
    let rows = Rows { pair, before, now };
    let Aligned { gone, come, matched } = rows.aligned(old_rows, new_rows);
    diff.appear = come.into_iter().map(|row| rows.shown(now, row, |(_, new)| *new)).collect();
    diff.vanish = gone.into_iter().map(|row| rows.shown(before, row, |(old, _)| *old)).collect();
    for (old, new) in matched {
        let cells = rows.cells(old, new);
        if !cells.is_empty() {
            diff.change.push((rows.shown(now, new, |(_, new)| *new), cells));
        }
    }
    diff
}

/// Which old rows correspond to which new rows.
#[derive(Default)]
struct Aligned<'r> {
    gone: Vec<&'r [Value]>,
    come: Vec<&'r [Value]>,
    matched: Vec<(&'r [Value], &'r [Value])>,
}

/// The rows of a table that both contracts have.
struct Rows<'p, 'c> {
    pair: &'p Pair<'c>,
    before: &'c TargetTable,
    now: &'c TargetTable,
}

impl Rows<'_, '_> {
    fn aligned<'r>(&self, old: &'r TableRows, new: &'r TableRows) -> Aligned<'r> {
        let mut aligned = Aligned::default();
        let mut waiting: HashMap<String, Vec<(usize, &[Value])>> = HashMap::new();
        for (at, row) in new.iter().enumerate().rev() {
            let identity = self.identity(self.now, row, |(_, new)| *new);
            waiting.entry(identity).or_default().push((at, row));
        }
        for row in old.iter() {
            let same = waiting.get_mut(&self.identity(self.before, row, |(old, _)| *old));
            match same.and_then(Vec::pop) {
                Some((_, new)) => aligned.matched.push((row, new)),
                None => aligned.gone.push(row),
            }
        }
        let mut come: Vec<_> = waiting.into_values().flatten().collect();
        come.sort_by_key(|(at, _)| *at);
        aligned.come = come.into_iter().map(|(_, row)| row).collect();
        // Without a key, equally many old and new rows are matched in their order.
        if self.pair.key.is_empty() && aligned.gone.len() == aligned.come.len() {
            let pairs = aligned.gone.drain(..).zip(aligned.come.drain(..));
            aligned.matched.extend(pairs);
        }
        aligned
    }

    /// What identifies a row: the key, or the whole row.
    fn identity(
        &self,
        table: &TargetTable,
        row: &[Value],
        side: impl Fn(&(usize, usize)) -> usize,
    ) -> String {
        let mut identity = String::new();
        for at in self.identifying() {
            let at = side(&self.pair.columns[at]);
            match to_text(&row[at], table.columns[at].sql_type) {
                Some(text) => identity.push_str(&text),
                None => identity.push('\u{1}'),
            }
            identity.push('\0');
        }
        identity
    }

    fn identifying(&self) -> Vec<usize> {
        match self.pair.key.as_slice() {
            [] => (0..self.pair.columns.len()).collect(),
            key => key.to_vec(),
        }
    }

    fn shown(
        &self,
        table: &TargetTable,
        row: &[Value],
        side: impl Fn(&(usize, usize)) -> usize,
    ) -> String {
        let columns = self.identifying();
        let cells = columns.iter().map(|at| cell(table, row, side(&self.pair.columns[*at])));
        cells.collect::<Vec<_>>().join(" ")
    }

    fn cells(&self, old: &[Value], new: &[Value]) -> Vec<Cell> {
        let differing = self.pair.columns.iter().filter(|(a, b)| old[*a] != new[*b]);
        let cells = differing.map(|(a, b)| Cell {
            column: self.now.columns[*b].name.clone(),
            old: text(&old[*a], self.before.columns[*a].sql_type),
            new: text(&new[*b], self.now.columns[*b].sql_type),
        });
        cells.filter(|cell| cell.old != cell.new).collect()
    }
}

fn all_of(table: &TargetTable, row: &[Value]) -> String {
    let columns = match table.primary_key.as_slice() {
        [] => (0..row.len()).collect(),
        key => key.iter().filter_map(|name| column(table, name)).collect::<Vec<_>>(),
    };
    columns.into_iter().map(|at| cell(table, row, at)).collect::<Vec<_>>().join(" ")
}

/// Longer values are cut in examples.
const LONGEST: usize = 60;

/// Longer rows are, too.
const LONGEST_ROW: usize = 240;

fn cell(table: &TargetTable, row: &[Value], at: usize) -> String {
    let text = text(&row[at], table.columns[at].sql_type);
    format!("{}={}", table.columns[at].name, shown(text.as_deref()))
}

fn text(value: &Value, sql_type: SqlType) -> Option<String> {
    to_text(value, sql_type).map(String::from)
}

pub(super) fn shown(text: Option<&str>) -> String {
    text.map_or("NULL".to_owned(), |text| cut(text, LONGEST))
}

fn cut(text: &str, longest: usize) -> String {
    let mut shown: String = text.chars().take(longest).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
