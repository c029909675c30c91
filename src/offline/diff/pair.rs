//! Which tables and columns of two contracts belong together.

use crate::contract::{Contract, TargetTable};

/// A table in both contracts, or in one.
pub(super) struct Pair<'c> {
    pub(super) old: Option<(usize, &'c TargetTable)>,
    pub(super) new: Option<(usize, &'c TargetTable)>,
    /// Columns of both: old index, new index.
    pub(super) columns: Vec<(usize, usize)>,
    /// The key's columns among `columns`; empty where rows have no key of both.
    pub(super) key: Vec<usize>,
}

pub(super) fn pairs<'c>(old: &'c Contract, new: &'c Contract) -> Vec<Pair<'c>> {
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
    // The database generates an identity, so that it cannot identify a row.
    let identity = key.iter().any(|at| now.columns[columns[*at].1].is_generated());
    Pair { old, new, key: if identity { Vec::new() } else { key }, columns }
}

pub(super) fn column(table: &TargetTable, name: &str) -> Option<usize> {
    table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
}
