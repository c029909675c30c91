//! The T-SQL of a contract: the DDL of its target tables, the stage, `usp_LoadApps`, which loads the
//! tables from the stage, `usp_BackfillRows`, which adds what is missing, `usp_ReadRows`, which reads an
//! application's rows in them, and `vw_TargetRows`, which finds them. It depends on the contract alone, so that it can be reviewed and
//! compared.

mod backfill;
mod columns;
mod ddl;
mod lineage;
mod load;
mod names;
mod read;
mod rows_view;
mod stage;

pub use backfill::backfill_procedure;
pub use columns::{find_column_changes, make_column_changes, within_lock_timeout};
pub use ddl::{app_index_name, constraint_names, target_ddl};
pub use load::load_procedure;
pub use names::{bracketed, column_list, literal, stage_name};
pub use read::read_procedure;
pub use rows_view::rows_view;
pub use stage::{stage_ddl, stage_ddl_of, stage_text, stage_type, staged_columns};
