//! Target tables: their comparison with a contract, and reading their rows.

mod compare;
mod numbering;
mod read;

pub(super) use compare::{alterations, check, compare_targets, declared_tables, without_index};
pub(super) use read::read_rows;
