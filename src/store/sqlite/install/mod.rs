//! Installing: the file with the store's own tables, and the contract with its target tables.

mod contract;
mod file;
mod fresh;
mod integrity;
mod new_store;
mod open;
mod ownership;
mod place;
mod plan;
mod upgrade;
mod views;

pub use contract::Installation;
pub(super) use contract::{check_installed, get_contract, install_contract, installed_tables};
pub(super) use file::{version, SCHEMA_VERSION};
pub(super) use integrity::{back_up, check_integrity};
pub use new_store::NewStore;
pub(super) use open::{any_version, open};
pub(super) use place::Place;
pub(super) use plan::{install, plan, preview};
