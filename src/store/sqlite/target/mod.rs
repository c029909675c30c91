//! Target tables: their declarations, their comparison with a contract, and writing their rows.

mod backfill;
mod compare;
mod declaration;
mod read;
mod rows;

pub(super) use compare::{compare_targets, differences_of, found};
pub(super) use declaration::{
    add_column, check, create_indexes, create_rows_view, create_table, not_null, quoted,
    storage_type, ROWS_VIEW,
};
pub(super) use read::read_rows;
pub(super) use rows::{Inserts, Targets};
