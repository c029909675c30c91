//! Which element gives the rows of a table that exists.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use super::likeness::{ColumnName, Likeness, PathNames};
use super::types::fit;
use crate::declared::DeclaredTable;
use crate::drafting::table::{Leaf, LeafKind, Table};
use crate::profile::{NodeId, Profile};
use crate::value::SqlType;

/// Elements of which all columns are compared with a table's; the others have fewer of its names.
const MOST_COMPARED: usize = 8;

/// Elements that may be rows: those that repeat, the root, and all others with values below them.
pub(super) struct Rows<'p> {
    profile: &'p Profile,
    all: Vec<RowElement>,
    /// Whether a type takes the values of a node.
    fitting: RefCell<HashMap<(NodeId, SqlType), bool>>,
}

/// An element that may be a row.
struct RowElement {
    node: NodeId,
    /// The draft without tables has a table of it.
    is_repeated: bool,
    leaves: Vec<NamedLeaf>,
    /// The names of columns for its leaves.
    wholes: HashSet<String>,
}

/// A leaf of a row, and the names of the steps to it.
pub(super) struct NamedLeaf {
    pub(super) leaf: Leaf,
    pub(super) names: PathNames,
}

impl<'p> Rows<'p> {
    pub(super) fn of(profile: &'p Profile, free: &[Table]) -> Self {
        let mut rows = Self { profile, all: Vec::new(), fitting: RefCell::default() };
        for table in free {
            let mut own: HashMap<NodeId, usize> = HashMap::new();
            let lines = table.leaves.iter().map(|leaf| {
                let line = profile.line(leaf.node);
                let from = line.iter().position(|step| *step == table.node).unwrap_or(0);
                (leaf, line[from..].to_vec())
            });
            let lines: Vec<(&Leaf, Vec<NodeId>)> = lines.collect();
            let around = lines.iter().flat_map(|(_, line)| &line[..line.len() - 1]);
            for node in std::iter::once(&table.node).chain(around) {
                own.entry(*node).or_insert_with(|| {
                    let is_repeated = *node == table.node;
                    let (leaves, wholes) = (Vec::new(), HashSet::new());
                    rows.all.push(RowElement { node: *node, is_repeated, leaves, wholes });
                    rows.all.len() - 1
                });
            }
            for (leaf, line) in lines {
                for (at, row) in line.iter().enumerate() {
                    let Some(row) = own.get(row) else { continue };
                    let names = line[at..].iter().map(|step| profile[*step].name.local.as_str());
                    let names = PathNames::new(names);
                    let row = &mut rows.all[*row];
                    row.wholes.extend(names.wholes().map(str::to_owned));
                    row.leaves.push(NamedLeaf { leaf: *leaf, names });
                }
            }
        }
        rows
    }

    /// The leaves below an element that belong to its rows.
    pub(super) fn leaves(&self, row: NodeId) -> &[NamedLeaf] {
        self.all.iter().find(|own| own.node == row).map_or(&[], |own| &own.leaves)
    }

    /// The element whose name and values are most like a table's name and columns.
    pub(super) fn best(&self, table: &DeclaredTable) -> Option<NodeId> {
        let columns = table.columns.iter().filter(|column| !column.computed);
        let columns: Vec<(ColumnName, Option<SqlType>)> = columns
            .map(|column| (ColumnName::new(&column.name, &table.name), column.contract_type()))
            .collect();
        let likely = self.all.iter().filter_map(|row| {
            let named = Likeness::of_table(&table.name, &self.profile[row.node].name.local);
            // An element that occurs once gives rows of its own only where the table is
            // named after it.
            (row.is_repeated || named >= Some(Likeness::End)).then_some((row, named))
        });
        let mut likely: Vec<(f64, &RowElement, Option<Likeness>)> = likely
            .map(|(row, named)| {
                let is_in =
                    |name: &ColumnName| name.wholes().iter().any(|n| row.wholes.contains(*n));
                let same = columns.iter().filter(|(name, _)| is_in(name)).count();
                (same as f64 + weight_of(named), row, named)
            })
            .collect();
        if likely.len() > MOST_COMPARED {
            // The sort is stable: of those with as much, the first are compared.
            likely.sort_by(|a, b| b.0.total_cmp(&a.0));
            likely.truncate(MOST_COMPARED);
        }
        let weighed = likely
            .into_iter()
            .map(|(_, row, named)| (weight_of(named) + self.weight(row, &columns), row.node));
        let best = weighed.fold(None, |best: Option<(f64, NodeId)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        });
        best.filter(|(weight, _)| *weight >= 2.0).map(|(_, row)| row)
    }

    /// How much the columns have in common with the leaves of a row.
    fn weight(&self, row: &RowElement, columns: &[(ColumnName, Option<SqlType>)]) -> f64 {
        let of_columns = columns.iter().map(|(name, sql_type)| {
            let likely = row.leaves.iter().filter_map(|NamedLeaf { leaf, names }| {
                let likeness = Likeness::of(name, names)?;
                let fits = sql_type.is_some_and(|sql_type| {
                    leaf.kind != LeafKind::Value || self.fits(leaf.node, sql_type)
                });
                Some(likeness.weight() * if fits { 1.0 } else { 0.3 })
            });
            likely.fold(0.0, f64::max)
        });
        of_columns.sum()
    }

    fn fits(&self, node: NodeId, sql_type: SqlType) -> bool {
        let known = self.fitting.borrow().get(&(node, sql_type)).copied();
        known.unwrap_or_else(|| {
            let fits = fit(&self.profile[node], sql_type).is_some();
            self.fitting.borrow_mut().insert((node, sql_type), fits);
            fits
        })
    }
}

fn weight_of(named: Option<Likeness>) -> f64 {
    named.map_or(0.0, |likeness| 1.5 * likeness.weight())
}
