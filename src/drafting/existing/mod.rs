//! A draft for tables that exist: each gets the element that its columns are named after, and each column
//! the path that its name and its type fit.

mod likeness;
mod rows;
mod types;

use std::collections::HashSet;

use self::likeness::{ColumnName, Likeness};
use self::rows::{NamedLeaf, Rows};
use self::types::fit;
use super::columns::path_of;
use super::few::Few;
use super::namespaces::Namespaces;
use super::report::{Report, Unfilled};
use super::table::{Column, Existing, Leaf, LeafKind, Table};
use crate::contract::identifier::invalid_name;
use crate::declared::{DeclaredColumn, DeclaredKey, DeclaredTable};
use crate::figures::count;
use crate::profile::{NodeId, Profile};
use crate::value::SqlType;

/// Names of columns with the application's id.
const APP_COLUMNS: [&str; 4] = ["app_id", "appid", "application_id", "applicationid"];

/// Paths that are named as alternatives of a column.
const MOST_ALTERNATIVES: usize = 3;

/// The tables of `declared` that fit an element, with the columns that fit a path; `free` is the draft
/// as it would be without them.
pub(super) fn tables(
    profile: &Profile,
    namespaces: &Namespaces,
    free: &[Table],
    declared: &[DeclaredTable],
    report: &mut Report,
) -> Vec<Table> {
    let rows = Rows::of(profile, free);
    let order = in_order(declared);
    let mut fitted: Vec<Table> = Vec::new();
    for table in order {
        if let Some((why, _)) = invalid_name(&table.name) {
            let why = format!("a contract cannot name it: {why}");
            report.unfilled.push(Unfilled { place: table.name.clone(), why });
            continue;
        }
        let Some(row) = rows.best(table) else {
            report.unfilled.push(Unfilled {
                place: table.name.clone(),
                why: "no element has columns of these names".to_owned(),
            });
            continue;
        };
        let mut fitting = Fitting { profile, namespaces, table, row, fitted: &fitted, report };
        match fitting.table(rows.leaves(row)) {
            Some(table) => fitted.push(table),
            None => report.unfilled.push(Unfilled {
                place: table.name.clone(),
                why: "no column for the application's id, and no foreign key to a table with one"
                    .to_owned(),
            }),
        }
    }
    let used: HashSet<NodeId> =
        fitted.iter().flat_map(|t| &t.columns).filter_map(|column| column.node).collect();
    for leaf in free.iter().flat_map(|table| &table.leaves) {
        if !used.contains(&leaf.node) {
            report.left_out(profile, leaf.node, "no column takes it");
        }
    }
    fitted
}

/// Tables behind those that they refer to.
fn in_order(declared: &[DeclaredTable]) -> Vec<&DeclaredTable> {
    let mut left: Vec<&DeclaredTable> = declared.iter().collect();
    let mut order: Vec<&DeclaredTable> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_ready = |table: &&DeclaredTable| {
            let waits = |key: &DeclaredKey| {
                left.iter().any(|other| is_name(&other.name, &key.parent) && other != table)
            };
            !table.foreign_keys.iter().any(waits)
        };
        // Tables that refer to each other in a circle stay in their order.
        let at = left.iter().position(is_ready).unwrap_or(0);
        order.push(left.remove(at));
    }
    order
}

fn numbered_by_the_database(column: &DeclaredColumn) -> Option<Column> {
    let sql_type = column.contract_type().filter(|_| column.identity)?;
    let own = Column::own(column.name.clone(), sql_type, String::new());
    Some(Column { identity: true, ..own })
}

fn is_name(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// The columns of a foreign key in the order of the primary key that it refers to; none where it refers
/// to other columns.
fn referring(declared: &DeclaredKey, key: &[String]) -> Option<Vec<String>> {
    if declared.references.is_empty() {
        return (declared.columns.len() == key.len()).then(|| declared.columns.clone());
    }
    let pairs = || declared.references.iter().zip(&declared.columns);
    let own = |key: &String| pairs().find(|(of, _)| is_name(of, key)).map(|(_, own)| own.clone());
    key.iter().map(own).collect()
}

struct Fitting<'f> {
    profile: &'f Profile,
    namespaces: &'f Namespaces,
    table: &'f DeclaredTable,
    row: NodeId,
    /// The tables before it.
    fitted: &'f [Table],
    report: &'f mut Report,
}

impl Fitting<'_> {
    /// The table; `None` where nothing says which application a row is of.
    fn table(&mut self, leaves: &[NamedLeaf]) -> Option<Table> {
        let parent = self.parent();
        let app_column = self.app_column(parent);
        if app_column.is_none() && parent.is_none() {
            return None;
        }
        let (mut columns, mut guesses): (Vec<Column>, Vec<Column>) = (Vec::new(), Vec::new());
        for column in self.table.columns.iter().filter(|c| !c.computed) {
            if let Some((why, _)) = invalid_name(&column.name) {
                let place = format!("{}.{}", self.table.name, column.name);
                let must = if column.is_optional() { "" } else { "NOT NULL; " };
                let why = format!("{must}a contract cannot name it: {why}");
                self.report.unfilled.push(Unfilled { place, why });
                continue;
            }
            let key = self.of_key(column, app_column.as_deref(), parent, leaves);
            let found = key.or_else(|| numbered_by_the_database(column));
            let found = found.or_else(|| self.of_path(column, leaves, &columns));
            let found = found.or_else(|| self.of_parent(column, parent));
            let found = found.or_else(|| self.number(column, parent));
            match found {
                Some(column) => columns.push(column),
                None => guesses.extend(self.unfilled(column, leaves)),
            }
        }
        let is_filled = |name: &String| columns.iter().any(|c| is_name(&c.name, name));
        // A key that the contract does not fill cannot tell its rows apart.
        let primary_key = match self.table.primary_key.iter().all(is_filled) {
            true => self.table.primary_key.clone(),
            false => Vec::new(),
        };
        let foreign_key = parent.and_then(|at| {
            let keys = self.keys_to(at);
            let names: Vec<String> = keys.into_iter().map(|(own, _)| own).collect();
            names.iter().all(is_filled).then(|| (names, self.fitted[at].name.clone()))
        });
        // What the table does not take as null, the contract does not either; keys never are.
        for column in columns.iter_mut().chain(&mut guesses) {
            let is_key =
                primary_key.iter().chain(&app_column).any(|key| is_name(key, &column.name));
            let nullable = self.table.column(&column.name).is_some_and(|c| c.nullable);
            column.required = !nullable && !is_key && !column.identity;
        }
        Some(Table {
            name: self.table.name.clone(),
            parent,
            columns,
            leaves: leaves.iter().map(|named| named.leaf).collect(),
            is_recursive: self.profile[self.row].recursive > 0,
            existing: Some(Existing { primary_key, foreign_key, app_column, guesses }),
            ..Table::of(self.row)
        })
    }

    /// The nearest fitted table that this one refers to, or whose key it has, and in whose element
    /// its own lies.
    fn parent(&self) -> Option<usize> {
        let line = self.profile.line(self.row);
        let is_around = |at: &usize| line.contains(&self.fitted[*at].node);
        (0..self.fitted.len()).rev().filter(is_around).find(|at| !self.keys_to(*at).is_empty())
    }

    /// The columns that refer to a fitted table, each with the one that it refers to.
    fn keys_to(&self, at: usize) -> Vec<(String, String)> {
        let parent = &self.fitted[at];
        let Some(key) = parent.existing.as_ref().map(|existing| &existing.primary_key) else {
            return Vec::new();
        };
        let declared = self.table.foreign_keys.iter().filter(|k| is_name(&k.parent, &parent.name));
        let declared = declared.filter_map(|declared| referring(declared, key));
        let alike = key.iter().filter_map(|k| self.table.column(k)).map(|c| c.name.clone());
        let own = declared.into_iter().next().unwrap_or_else(|| alike.collect());
        let are_equal = |(own, key): (&String, &String)| {
            let own = self.table.column(own).and_then(DeclaredColumn::contract_type);
            let of = parent.columns.iter().find(|column| is_name(&column.name, key));
            own.is_some() && own == of.map(|column| column.sql_type)
        };
        match own.len() == key.len() && own.iter().zip(key).all(are_equal) {
            true => own.into_iter().zip(key.iter().cloned()).collect(),
            false => Vec::new(),
        }
    }

    /// The column of the application's id: one of that name, the one that refers to its parent's, or
    /// the whole number that is the key of the document's own table.
    fn app_column(&self, parent: Option<usize>) -> Option<String> {
        let named = APP_COLUMNS.iter().find_map(|name| self.table.column(name));
        if let Some(column) = named {
            return Some(column.name.clone());
        }
        if let Some(parent) = parent {
            let of_parent = self.fitted[parent].existing.as_ref()?.app_column.as_ref()?;
            let keys = self.keys_to(parent);
            return keys.into_iter().find(|(_, key)| is_name(key, of_parent)).map(|(own, _)| own);
        }
        let is_root = self.profile[self.row].parent.is_none();
        let [only] = self.table.primary_key.as_slice() else { return None };
        let column = self.table.column(only).filter(|_| is_root)?;
        let sql_type = column.contract_type()?;
        matches!(sql_type, SqlType::Int | SqlType::BigInt).then(|| column.name.clone())
    }

    /// The application's id, and what comes from the row around.
    fn of_key(
        &self,
        column: &DeclaredColumn,
        app_column: Option<&str>,
        parent: Option<usize>,
        leaves: &[NamedLeaf],
    ) -> Option<Column> {
        let sql_type = column.contract_type()?;
        if app_column.is_some_and(|name| is_name(name, &column.name)) {
            let identity = column.identity;
            let own = Column::own(column.name.clone(), sql_type, "APP_ID()".to_owned());
            let note = self.like_the_id(column, leaves);
            return Some(Column { identity, note, ..own });
        }
        let keys = parent.map(|at| self.keys_to(at)).unwrap_or_default();
        let (_, key) = keys.into_iter().find(|(own, _)| is_name(own, &column.name))?;
        Some(Column::own(column.name.clone(), sql_type, format!("PARENT([{key}])")))
    }

    /// What to check where documents have something like the application's id.
    fn like_the_id(&self, column: &DeclaredColumn, leaves: &[NamedLeaf]) -> Option<String> {
        let candidates = self.candidates(column, leaves);
        let mut like = candidates.into_iter().map(|(leaf, _)| leaf);
        let like = like.find(|leaf| self.fitted(column, leaf).is_some())?;
        let path = path_of(self.profile, self.namespaces, self.row, like);
        Some(format!("the application's id; if {path} is the same, make it document.key"))
    }

    /// The one path whose name is the column's and whose values its type takes.
    fn of_path(
        &mut self,
        column: &DeclaredColumn,
        leaves: &[NamedLeaf],
        before: &[Column],
    ) -> Option<Column> {
        let mut candidates = self.candidates(column, leaves);
        candidates.retain(|(leaf, likeness)| {
            *likeness >= Likeness::End && !before.iter().any(|c| c.node == Some(leaf.node))
        });
        let best = candidates.first()?.1;
        candidates.retain(|(_, likeness)| *likeness == best);
        let (only, _) = candidates.pop().filter(|_| candidates.is_empty())?;
        let (fitted, few) = self.fitted(column, only)?;
        let node = only.node;
        let (path, of) = (self.profile.path(node), self.profile[node].values.count());
        self.report.few(&path, fitted.sql_type, of, few);
        Some(fitted)
    }

    /// The value of the column of the same name in the row around.
    fn of_parent(&self, column: &DeclaredColumn, parent: Option<usize>) -> Option<Column> {
        let around = &self.fitted[parent?];
        let same = around.columns.iter().find(|other| is_name(&other.name, &column.name))?;
        let sql_type = column.contract_type().filter(|wanted| *wanted == same.sql_type)?;
        Some(Column::own(column.name.clone(), sql_type, format!("PARENT([{}])", same.name)))
    }

    /// The row's number, for a column of the primary key that nothing else fills.
    fn number(&self, column: &DeclaredColumn, parent: Option<usize>) -> Option<Column> {
        let is_key = self.table.primary_key.iter().any(|key| is_name(key, &column.name));
        let sql_type = column.contract_type().filter(|sql_type| {
            let is_whole = matches!(
                sql_type,
                SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt
            );
            is_key && is_whole
        })?;
        // Several elements between the parent's row and this one would each begin with 1.
        let line = self.profile.line(self.row);
        let is_numbered = parent.is_some_and(|at| {
            let around = line.iter().position(|step| *step == self.fitted[at].node);
            let between = line.iter().skip(around.map_or(0, |at| at + 1));
            between.filter(|step| **step != self.row).all(|step| self.profile[*step].most <= 1)
        });
        let value = if is_numbered { "POSITION()" } else { "ORDINAL()" };
        let note = "no path fits: the row's number".to_owned();
        Some(Column {
            note: Some(note),
            ..Column::own(column.name.clone(), sql_type, value.to_owned())
        })
    }

    /// Paths with names like the column's, the likeliest first.
    fn candidates<'l>(
        &self,
        column: &DeclaredColumn,
        leaves: &'l [NamedLeaf],
    ) -> Vec<(&'l Leaf, Likeness)> {
        let name = ColumnName::new(&column.name, &self.table.name);
        let likely = leaves.iter();
        let likely = likely.filter_map(|own| Some((&own.leaf, Likeness::of(&name, &own.names)?)));
        let mut likely: Vec<(&Leaf, Likeness)> = likely.collect();
        likely.sort_by(|(_, a), (_, b)| b.partial_cmp(a).unwrap_or(std::cmp::Ordering::Equal));
        likely
    }

    /// The column with a path's value, and the values that its type does not keep; `None` if it does not take
    /// nearly all of them.
    fn fitted(&self, declared: &DeclaredColumn, leaf: &Leaf) -> Option<(Column, Vec<Few>)> {
        let sql_type = declared.contract_type()?;
        let path = path_of(self.profile, self.namespaces, self.row, leaf);
        let column =
            Column { node: Some(leaf.node), ..Column::own(declared.name.clone(), sql_type, path) };
        let node = &self.profile[leaf.node];
        let is_it = match leaf.kind {
            LeafKind::Presence => sql_type == SqlType::Bit,
            LeafKind::String => sql_type.is_character(),
            LeafKind::Value | LeafKind::First => {
                let fit = fit(node, sql_type)?;
                let value = fit.read.of(column.value.clone());
                let (dates, has_iso) = fit.read.dates();
                let rows = self.profile[self.row].count;
                let found = node.values.count();
                let required = found == rows && leaf.kind == LeafKind::Value;
                let note = (!required)
                    .then(|| format!("in {} of {}", count(found.min(rows)), count(rows)));
                let is_padded = sql_type.is_character() && node.values.padded > 0;
                let column = Column { value, dates, has_iso, note, is_padded, required, ..column };
                return Some((column, fit.few));
            }
        };
        is_it.then_some((column, Vec::new()))
    }

    /// Says that a column has no path, and which it might have; the likeliest is returned.
    fn unfilled(&mut self, column: &DeclaredColumn, leaves: &[NamedLeaf]) -> Option<Column> {
        let mut candidates = self.candidates(column, leaves);
        candidates.truncate(MOST_ALTERNATIVES);
        let candidates = candidates.into_iter().map(|(leaf, _)| (leaf, self.fitted(column, leaf)));
        let candidates: Vec<_> = candidates.collect();
        let shown = candidates.iter().map(|(leaf, fitted)| match fitted {
            Some((column, _)) => column.value.clone(),
            None => format!(
                "{}, whose values are not {}",
                path_of(self.profile, self.namespaces, self.row, leaf),
                column.sql_type
            ),
        });
        let shown = shown.collect::<Vec<_>>().join(", or ");
        let must = if column.is_optional() { "" } else { "NOT NULL; " };
        let why = match shown.is_empty() {
            true => format!("{must}no path has such a name"),
            false => format!("{must}perhaps {shown}"),
        };
        let place = format!("{}.{}", self.table.name, column.name);
        self.report.unfilled.push(Unfilled { place, why: why.clone() });
        let guess = candidates.into_iter().find_map(|(_, fitted)| fitted)?.0;
        Some(Column { note: Some(why), ..guess })
    }
}
