//! Which tables and columns of two contracts belong together.

use super::changes::{RowChanges, TableDiff};
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
    // The database gives an identity's value, so that no row can be found by it.
    let identity = key.iter().any(|at| now.columns[columns[*at].1].identity);
    Pair { old, new, key: if identity { Vec::new() } else { key }, columns }
}

pub(super) fn column(table: &TargetTable, name: &str) -> Option<usize> {
    table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
}

impl Pair<'_> {
    pub(super) fn nothing_yet(&self) -> TableDiff {
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
