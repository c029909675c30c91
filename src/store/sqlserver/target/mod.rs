//! Target tables: their comparison with a contract, and reading their rows.

mod columns;
mod compare;
mod features;
mod look;
mod masking;
mod numbering;
mod read;

pub(super) use columns::{column_changes, ColumnChange};
pub(super) use compare::{
    check, compare_targets, declared_tables, queries, read_differences, without_index,
};
pub use features::{feature_differences, ColumnFeatures, TableFeatures};
pub(super) use masking::masked_columns;
pub(super) use read::read_rows;
