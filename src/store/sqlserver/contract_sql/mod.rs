//! The T-SQL of a contract: the DDL of its target tables, the stage, and `usp_LoadApps`, which loads the
//! tables from the stage. It depends on the contract alone, so that it can be reviewed and compared.

mod ddl;
mod load;
mod names;
mod stage;

pub use ddl::target_ddl;
pub use load::load_procedure;
pub use names::{bracketed, literal, stage_name};
pub use stage::{clear_stage, stage_ddl, stage_ddl_of, stage_text, stage_type, staged_columns};
