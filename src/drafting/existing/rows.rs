//! Which element gives the rows of a table that exists.

use super::likeness::Likeness;
use super::types::fit;
use crate::declared::DeclaredTable;
use crate::drafting::table::{Leaf, LeafKind, Table};
use crate::profile::{NodeId, Profile};

/// Elements that may be rows: those that repeat, the root, and all others with values below them.
pub(super) struct Rows {
    /// Each with the position of the free table that has its values.
    all: Vec<(NodeId, usize)>,
}

impl Rows {
    pub(super) fn of(profile: &Profile, free: &[Table]) -> Self {
        let mut all: Vec<(NodeId, usize)> = Vec::new();
        for (at, table) in free.iter().enumerate() {
            all.push((table.node, at));
            for leaf in &table.leaves {
                let line = profile.line(leaf.node);
                let from = line.iter().position(|step| *step == table.node).unwrap_or(0) + 1;
                let last = line.len() - usize::from(profile[leaf.node].is_attribute);
                for step in line.get(from..last.min(line.len() - 1).max(from)).unwrap_or_default() {
                    if !all.contains(&(*step, at)) {
                        all.push((*step, at));
                    }
                }
            }
        }
        Self { all }
    }

    /// The leaves below an element that belong to its rows.
    pub(super) fn leaves(&self, profile: &Profile, free: &[Table], row: NodeId) -> Vec<Leaf> {
        let Some((_, at)) = self.all.iter().find(|(node, _)| *node == row) else {
            return Vec::new();
        };
        let is_below = |leaf: &&Leaf| profile.line(leaf.node).contains(&row);
        free[*at].leaves.iter().filter(is_below).copied().collect()
    }

    /// The element whose name and values are most like a table's name and columns.
    pub(super) fn best(
        &self,
        profile: &Profile,
        free: &[Table],
        table: &DeclaredTable,
    ) -> Option<NodeId> {
        let weighed = self.all.iter().map(|(row, at)| {
            let is_repeated = free[*at].node == *row;
            (self.weight(profile, free, *row, table, is_repeated), *row)
        });
        let best = weighed.fold(None, |best: Option<(f64, NodeId)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        });
        best.filter(|(weight, _)| *weight >= 2.0).map(|(_, row)| row)
    }

    fn weight(
        &self,
        profile: &Profile,
        free: &[Table],
        row: NodeId,
        table: &DeclaredTable,
        is_repeated: bool,
    ) -> f64 {
        let named = Likeness::of_table(&table.name, &profile[row].name.local);
        // An element that occurs once gives rows of its own only where the table is
        // named after it.
        if !is_repeated && named < Some(Likeness::End) {
            return 0.0;
        }
        let leaves = self.leaves(profile, free, row);
        let columns = table.columns.iter().filter(|column| !column.computed);
        let of_columns: f64 = columns
            .map(|column| {
                let likely = leaves.iter().filter_map(|leaf| {
                    let line = profile.line(leaf.node);
                    let from = line.iter().position(|step| *step == row)?;
                    let steps: Vec<String> =
                        line[from..].iter().map(|step| profile[*step].name.local.clone()).collect();
                    let likeness = Likeness::of(&column.name, &table.name, &steps)?;
                    let fits = column.contract_type().is_some_and(|sql_type| {
                        leaf.kind != LeafKind::Value || fit(&profile[leaf.node], sql_type).is_some()
                    });
                    Some(likeness.weight() * if fits { 1.0 } else { 0.3 })
                });
                likely.fold(0.0, f64::max)
            })
            .sum();
        of_columns + named.map_or(0.0, |likeness| 1.5 * likeness.weight())
    }
}
