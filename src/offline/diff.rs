//! Two contracts over the same documents: which rows appear, vanish or change.

use std::collections::HashMap;
use std::fmt;
use std::io;

use rayon::ThreadPool;
use serde::Serialize;

use super::{in_order, Content, Mapped, Mapping, Source};
use crate::contract::{Contract, TargetTable};
use crate::outcome::{Outcome, TableRows};
use crate::report::{self, Align, Table};
use crate::value::{to_text, SqlType, Value};

/// What the new contract does differently. Serialised, its field names do not change.
#[derive(Debug, Serialize)]
pub struct ContractDiff {
    /// Documents compared.
    pub documents: u64,
    /// Documents of which something differs.
    pub differing: u64,
    /// Documents that fail, or fail otherwise, under the new contract, or no longer fail.
    pub outcomes: OutcomeChanges,
    /// Every table of either contract, in the new one's load order, then those that are gone.
    pub tables: Vec<TableDiff>,
}

/// How outcomes change.
#[derive(Debug, Default, Serialize)]
pub struct OutcomeChanges {
    /// Mapped before, failing now.
    pub fails_now: u64,
    /// Failing before, mapped now.
    pub mapped_now: u64,
    /// Failing before and now, otherwise.
    pub fails_otherwise: u64,
    /// The first of them.
    pub examples: Vec<OutcomeChange>,
}

/// One document whose outcome changes.
#[derive(Debug, Serialize)]
pub struct OutcomeChange {
    /// Its name.
    pub file: String,
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
    /// By which columns rows are told apart: the new primary key, or nothing.
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
    /// Rows that only the new contract gives.
    pub appear: RowChanges,
    /// Rows that only the old contract gives.
    pub vanish: RowChanges,
    /// Rows of both in which a column differs.
    pub change: u64,
    /// The columns that differ in some row.
    pub columns: Vec<ColumnDiff>,
}

/// Rows that come or go.
#[derive(Debug, Default, Serialize)]
pub struct RowChanges {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<RowExample>,
}

/// One row: its document, and its key, or all of it where there is no key.
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

/// Maps all documents with both contracts and compares the rows. Of each kind of difference the
/// first `examples` are kept.
///
/// # Errors
/// None that come from documents: what cannot be read fails under both.
pub fn diff(
    old: &Mapping,
    new: &Mapping,
    sources: &[Source],
    threads: &ThreadPool,
    examples: usize,
) -> io::Result<ContractDiff> {
    let pairs = pairs(&old.contract, &new.contract);
    let mut found = ContractDiff {
        documents: 0,
        differing: 0,
        outcomes: OutcomeChanges::default(),
        tables: pairs.iter().map(Pair::nothing_yet).collect(),
    };
    let work = |shredders: &mut (crate::shred::Shredder, crate::shred::Shredder),
                source: &Source| {
        let source = match source.read(old.limits.document_bytes) {
            Ok(document) => Source { content: Content::Stored(document), ..source.clone() },
            Err(_) => source.clone(),
        };
        let (old, new) = (old.map(&mut shredders.0, &source), new.map(&mut shredders.1, &source));
        compare(&pairs, &source.name, &old, &new)
    };
    in_order(
        sources,
        threads,
        || (old.shredder(), new.shredder()),
        work,
        |document| {
            found.add(document, examples);
            Ok(())
        },
    )?;
    Ok(found)
}

/// A table in both contracts, or in one.
struct Pair<'c> {
    old: Option<(usize, &'c TargetTable)>,
    new: Option<(usize, &'c TargetTable)>,
    /// Columns of both: old index, new index.
    columns: Vec<(usize, usize)>,
    /// The key's columns among `columns`; empty where rows have no key of both.
    key: Vec<usize>,
}

fn pairs<'c>(old: &'c Contract, new: &'c Contract) -> Vec<Pair<'c>> {
    let find = |contract: &'c Contract, name: &str| {
        let mut targets = contract.targets.iter().enumerate();
        targets.find(|(_, target)| target.name.eq_ignore_ascii_case(name))
    };
    let kept = new.targets.iter().enumerate();
    let kept = kept.map(|(at, target)| pair(find(old, &target.name), Some((at, target))));
    let gone = old.targets.iter().enumerate();
    let gone = gone.filter(|(_, target)| find(new, &target.name).is_none());
    kept.chain(gone.map(|gone| pair(Some(gone), None))).collect()
}

fn pair<'c>(
    old: Option<(usize, &'c TargetTable)>,
    new: Option<(usize, &'c TargetTable)>,
) -> Pair<'c> {
    let (Some((_, before)), Some((_, now))) = (old, new) else {
        return Pair { old, new, columns: Vec::new(), key: Vec::new() };
    };
    let columns: Vec<(usize, usize)> = (0..now.columns.len())
        .filter_map(|at| Some((column(before, &now.columns[at].name)?, at)))
        .collect();
    let key = now.primary_key.iter().map(|name| {
        columns.iter().position(|(_, at)| now.columns[*at].name.eq_ignore_ascii_case(name))
    });
    let key = key.collect::<Option<Vec<_>>>().unwrap_or_default();
    // The database gives an identity's value, so that no row can be found by it.
    let identity = key.iter().any(|at| now.columns[columns[*at].1].identity);
    Pair { old, new, key: if identity { Vec::new() } else { key }, columns }
}

fn column(table: &TargetTable, name: &str) -> Option<usize> {
    table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
}

impl Pair<'_> {
    fn nothing_yet(&self) -> TableDiff {
        let tables = (self.old.map(|(_, table)| table), self.new.map(|(_, table)| table));
        let only_in = |one: &TargetTable, other: &TargetTable| -> Vec<String> {
            let names = one.columns.iter().map(|column| &column.name);
            names.filter(|name| column(other, name).is_none()).cloned().collect()
        };
        let (new_columns, gone_columns) = match tables {
            (Some(old), Some(new)) => (only_in(new, old), only_in(old, new)),
            _ => (Vec::new(), Vec::new()),
        };
        let retyped_columns = match tables {
            (Some(old), Some(new)) => self.columns.iter().filter_map(|(a, b)| {
                let (a, b) = (&old.columns[*a], &new.columns[*b]);
                (a.sql_type != b.sql_type)
                    .then(|| (b.name.clone(), a.sql_type.to_string(), b.sql_type.to_string()))
            }),
            _ => return self.of_one(),
        };
        TableDiff {
            new_columns,
            gone_columns,
            retyped_columns: retyped_columns.collect(),
            ..self.of_one()
        }
    }

    fn of_one(&self) -> TableDiff {
        let name = self.new.or(self.old).map(|(_, table)| table.name.clone());
        let key = self.key.iter().filter_map(|at| {
            self.new.map(|(_, table)| table.columns[self.columns[*at].1].name.clone())
        });
        TableDiff {
            table: name.unwrap_or_default(),
            contract: match (self.old, self.new) {
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
        }
    }
}

/// What differs in one document.
struct DocumentDiff {
    file: String,
    outcome: Option<(String, String, Moved)>,
    tables: Vec<RowsDiff>,
}

#[derive(Clone, Copy)]
enum Moved {
    FailsNow,
    MappedNow,
    FailsOtherwise,
}

/// What differs in one table of one document.
#[derive(Default)]
struct RowsDiff {
    old_rows: u64,
    new_rows: u64,
    appear: Vec<String>,
    vanish: Vec<String>,
    /// Row, and the columns that differ: name, old, new.
    change: Vec<(String, Vec<Cell>)>,
}

struct Cell {
    column: String,
    old: Option<String>,
    new: Option<String>,
}

fn compare(pairs: &[Pair<'_>], file: &str, old: &Mapped, new: &Mapped) -> DocumentDiff {
    let (before, now) = (described(&old.outcome), described(&new.outcome));
    let moved = match (&old.outcome, &new.outcome) {
        (Ok(_), Ok(_)) => None,
        (Ok(_), Err(_)) => Some(Moved::FailsNow),
        (Err(_), Ok(_)) => Some(Moved::MappedNow),
        (Err(_), Err(_)) => (before != now).then_some(Moved::FailsOtherwise),
    };
    let tables = match (&old.outcome, &new.outcome) {
        (Ok(old), Ok(new)) => pairs.iter().map(|pair| rows_diff(pair, old, new)).collect(),
        _ => Vec::new(),
    };
    let outcome = moved.map(|moved| (before, now, moved));
    DocumentDiff { file: file.to_owned(), outcome, tables }
}

/// `mapped`, or what failed where.
fn described(outcome: &Outcome) -> String {
    let Err(failure) = outcome else { return "mapped".to_owned() };
    let mut text = failure.category.name().to_owned();
    if let (Some(table), Some(column)) = (&failure.table, &failure.column) {
        text += &format!(" {table}.{column}");
    }
    if let Some(path) = &failure.path {
        text += &format!(" at {path}");
    }
    if let Some(value) = &failure.value {
        text += &format!(" `{value}`");
    }
    text
}

fn rows_diff(pair: &Pair<'_>, old: &[TableRows], new: &[TableRows]) -> RowsDiff {
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

/// Which rows of before are which rows of now.
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
        // Without a key, as many rows before and now are the same rows in their order.
        if self.pair.key.is_empty() && aligned.gone.len() == aligned.come.len() {
            let pairs = aligned.gone.drain(..).zip(aligned.come.drain(..));
            aligned.matched.extend(pairs);
        }
        aligned
    }

    /// What tells rows apart: the key, or the whole row.
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

fn cell(table: &TargetTable, row: &[Value], at: usize) -> String {
    let text = text(&row[at], table.columns[at].sql_type);
    format!("{}={}", table.columns[at].name, shown(text.as_deref()))
}

fn text(value: &Value, sql_type: SqlType) -> Option<String> {
    to_text(value, sql_type).map(String::from)
}

fn shown(text: Option<&str>) -> String {
    let Some(text) = text else { return "NULL".to_owned() };
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

impl ContractDiff {
    /// Whether both contracts give the same for every document.
    pub fn is_empty(&self) -> bool {
        self.differing == 0
    }

    fn add(&mut self, document: DocumentDiff, examples: usize) {
        self.documents += 1;
        let mut differs = document.outcome.is_some();
        if let Some((old, new, moved)) = document.outcome {
            let outcomes = &mut self.outcomes;
            *match moved {
                Moved::FailsNow => &mut outcomes.fails_now,
                Moved::MappedNow => &mut outcomes.mapped_now,
                Moved::FailsOtherwise => &mut outcomes.fails_otherwise,
            } += 1;
            if outcomes.examples.len() < examples {
                let file = document.file.clone();
                outcomes.examples.push(OutcomeChange { file, old, new });
            }
        }
        for (table, rows) in self.tables.iter_mut().zip(document.tables) {
            differs |= table.add(&document.file, rows, examples);
        }
        self.differing += u64::from(differs);
    }
}

impl TableDiff {
    /// Whether anything differs.
    fn add(&mut self, file: &str, rows: RowsDiff, examples: usize) -> bool {
        let differs = !(rows.appear.is_empty() && rows.vanish.is_empty() && rows.change.is_empty());
        self.old_rows += rows.old_rows;
        self.new_rows += rows.new_rows;
        self.appear.add(file, rows.appear, examples);
        self.vanish.add(file, rows.vanish, examples);
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

    fn is_alike(&self) -> bool {
        self.contract == "both"
            && self.new_columns.is_empty()
            && self.gone_columns.is_empty()
            && self.retyped_columns.is_empty()
            && self.appear.count + self.vanish.count + self.change == 0
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

impl fmt::Display for ContractDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcomes = &self.outcomes;
        writeln!(
            f,
            "{} documents: {} differ, {} fail now, {} no longer fail, {} fail otherwise",
            report::count(self.documents),
            report::count(self.differing),
            report::count(outcomes.fails_now),
            report::count(outcomes.mapped_now),
            report::count(outcomes.fails_otherwise),
        )?;
        for change in &outcomes.examples {
            writeln!(f, "  {}: {} -> {}", change.file, change.old, change.new)?;
        }
        let right = Align::Right;
        let columns = ["before", "now", "appear", "vanish", "change"].map(|name| (name, right));
        let mut tables = Table::new(&[&[("table", Align::Left)], &columns[..]].concat());
        for table in &self.tables {
            let counts = [
                table.old_rows,
                table.new_rows,
                table.appear.count,
                table.vanish.count,
                table.change,
            ];
            let counts = counts.map(report::count);
            tables.row([&table.table].into_iter().chain(&counts));
        }
        write!(f, "\n{tables}")?;
        self.tables.iter().filter(|table| !table.is_alike()).try_for_each(|table| table.fmt(f))
    }
}

impl fmt::Display for TableDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.contract {
            "new" => writeln!(f, "\n{} is new", self.table)?,
            "old" => writeln!(f, "\n{} is gone", self.table)?,
            _ => writeln!(f, "\n{}", self.table)?,
        }
        for column in &self.new_columns {
            writeln!(f, "  {column} is a new column")?;
        }
        for column in &self.gone_columns {
            writeln!(f, "  {column} is gone")?;
        }
        for (column, old, new) in &self.retyped_columns {
            writeln!(f, "  {column} was {old} and is {new}")?;
        }
        for (changes, what) in [(&self.appear, "appear"), (&self.vanish, "vanish")] {
            if changes.count > 0 {
                let verb = if changes.count == 1 { format!("{what}s") } else { what.to_owned() };
                writeln!(f, "  {} {verb}", rows(changes.count))?;
            }
            for example in &changes.examples {
                writeln!(f, "    {}: {}", example.file, example.row)?;
            }
        }
        for column in &self.columns {
            writeln!(f, "  {} changes in {}", column.column, rows(column.count))?;
            for change in &column.examples {
                let (old, new) = (shown(change.old.as_deref()), shown(change.new.as_deref()));
                writeln!(f, "    {}: {}: {old} -> {new}", change.file, change.row)?;
            }
        }
        Ok(())
    }
}

fn rows(count: u64) -> String {
    match count {
        1 => "1 row".to_owned(),
        _ => format!("{} rows", report::count(count)),
    }
}
