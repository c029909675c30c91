//! Installing: the file with the store's own tables, and the contract with its target tables.

mod contract;
mod file;
mod new_store;
mod open;

pub(super) use contract::{
    check_installed, get_contract, install_contract, installed_tables, preview_install,
};
pub use contract::{InstallPreview, Installation};
pub(super) use file::SCHEMA_VERSION;
pub use new_store::NewStore;
pub(super) use open::{open, open_in_memory};
