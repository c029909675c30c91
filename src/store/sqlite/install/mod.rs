//! Installing: the file with the store's own tables, and the contract with its target tables.

mod contract;
mod file;
mod integrity;
mod new_store;
mod open;
mod ownership;
mod place;
mod upgrade;
mod views;

pub(super) use contract::{
    check_installed, get_contract, install_altering, install_contract, installed_tables,
    plan_install, preview_install,
};
pub use contract::{InstallPreview, Installation};
pub(super) use file::{version, SCHEMA_VERSION};
pub(super) use integrity::{back_up, check_integrity};
pub use new_store::NewStore;
pub(super) use open::{any_version, open, open_in_memory};
pub(super) use place::Place;
pub(super) use upgrade::{preview as preview_upgrade, upgrade};
