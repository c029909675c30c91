//! Which table of a contract gets what is new in an element.

use std::collections::BTreeMap;

use crate::contract::model::{Model, TableRule};
use crate::coverage::Found;
use crate::profile::NodeId;

/// The `[[tables]]` with the row elements for which they get new columns: one for each element, in
/// contract order.
pub(super) fn owners(model: &Model, found: &Found) -> BTreeMap<usize, Vec<NodeId>> {
    let mut owners: BTreeMap<NodeId, usize> = BTreeMap::new();
    for (at, rows) in found.rows.iter().enumerate() {
        if !has_one_row(&model.tables[at]) {
            continue;
        }
        for row in rows {
            let owner = owners.entry(*row).or_insert(at);
            if rank(&model.tables[at]) > rank(&model.tables[*owner]) {
                *owner = at;
            }
        }
    }
    let mut tables: BTreeMap<usize, Vec<NodeId>> = BTreeMap::new();
    // In the order of the row elements.
    for (at, rows) in found.rows.iter().enumerate() {
        let own = rows.iter().filter(|row| owners.get(row) == Some(&at));
        let own: Vec<NodeId> = own.copied().collect();
        if !own.is_empty() {
            tables.insert(at, own);
        }
    }
    tables
}

/// Whether an element is one row: with more, what is new in it would be in each of them.
fn has_one_row(table: &TableRule) -> bool {
    table.rows.is_empty() && table.split.is_none()
}

/// Best is a table with a row for each element, then one with many columns.
fn rank(table: &TableRule) -> (bool, usize) {
    (table.where_.is_none() && !table.has_predicates(), table.columns.len())
}
