//! Target tables: their comparison with a contract, and reading their rows.

mod compare;
mod features;
mod numbering;
mod read;

pub(super) use compare::{alterations, check, compare_targets, declared_tables, without_index};
pub(super) use features::masked_columns;
pub use features::{feature_differences, ColumnFeatures, TableFeatures};
pub(super) use read::read_rows;
