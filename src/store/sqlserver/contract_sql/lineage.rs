//! From an application to its rows in a target table, through the parents of the table where it has no
//! column for the application's id.

use super::names::{bracketed, qualified};
use crate::contract::TargetTable;
use crate::value::SqlType;

/// A target table, as `t`, and the parents that lead to the application, from `p1` upward.
pub(super) struct Lineage<'t> {
    schema: &'t str,
    tables: Vec<&'t TargetTable>,
}

impl<'t> Lineage<'t> {
    pub fn new(schema: &'t str, table: &'t TargetTable, targets: &'t [TargetTable]) -> Self {
        Self { schema, tables: table.lineage(targets) }
    }

    /// The table with the application's id.
    pub fn root(&self) -> String {
        self.aliased(self.tables.len() - 1)
    }

    /// Whether a row of [`Lineage::root`] is the application's. An integer column is compared as it
    /// is, so that its index can be sought, also beyond its range; the id is converted to any other
    /// type.
    pub fn is_app(&self, app_id: &str) -> String {
        let column = self.app_column();
        match self.app_type() {
            integer if integer.is_integer() => format!("{column} = {app_id}"),
            other => format!("{column} = TRY_CONVERT({other}, {app_id})"),
        }
    }

    /// The joins from [`Lineage::root`] to the table, each after `join`.
    pub fn joins_from_root(&self, join: &str) -> String {
        let below = (0..self.tables.len() - 1).rev();
        below.map(|at| format!("{join}{} ON {}", self.aliased(at), self.on(at))).collect()
    }

    /// The table, and the joins from it to [`Lineage::root`], each after `join`.
    pub fn joins_to_root(&self, join: &str) -> String {
        let above = (1..self.tables.len())
            .map(|at| format!("{join}{} ON {}", self.aliased(at), self.on(at - 1)));
        self.aliased(0) + &above.collect::<String>()
    }

    /// The column with the application's id.
    pub fn app_column(&self) -> String {
        let last = self.tables.len() - 1;
        let name = self.tables[last].sought_columns()[0];
        format!("{}.{}", alias(last), bracketed(name))
    }

    /// The type of [`Lineage::app_column`].
    pub fn app_type(&self) -> SqlType {
        self.tables[self.tables.len() - 1].app_type(&[])
    }

    fn aliased(&self, at: usize) -> String {
        format!("{} AS {}", qualified(self.schema, self.tables[at]), alias(at))
    }

    /// The foreign key from a table to the next one.
    fn on(&self, at: usize) -> String {
        let key = self.tables[at].foreign_key.iter().flat_map(|key| &key.columns);
        let pairs = key.zip(&self.tables[at + 1].primary_key).map(|(ours, theirs)| {
            format!("{}.{} = {}.{}", alias(at), bracketed(ours), alias(at + 1), bracketed(theirs))
        });
        pairs.collect::<Vec<_>>().join(" AND ")
    }
}

fn alias(at: usize) -> String {
    if at == 0 {
        "t".to_owned()
    } else {
        format!("p{at}")
    }
}
