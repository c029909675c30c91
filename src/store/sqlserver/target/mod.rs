//! Target tables: their comparison with a contract, and reading their rows.

mod compare;
mod read;

pub(super) use compare::{
    alterations, check, compare_targets, compare_with_seeds, declared_tables, without_index,
};
pub(super) use read::read_rows;
