//! The service manager of this system, if it has one.

#[cfg(not(windows))]
pub use super::elsewhere::{create, fail, find, remove, run, supported, update};
#[cfg(windows)]
pub use super::windows::{create, fail, find, remove, run, supported, update};
