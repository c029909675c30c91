//! The demonstration: generated applications, several workers, one of them killed.
//!
//! It does nothing that an operator could not do by hand: the workers are this program itself,
//! started as separate processes, and the numbers at the end are counted in the database.

pub mod generate;
#[cfg(feature = "embedded")]
mod proof;
#[cfg(feature = "embedded")]
mod run;
#[cfg(feature = "embedded")]
mod story;
#[cfg(feature = "embedded")]
mod workers;

#[cfg(feature = "embedded")]
pub use proof::Proof;
#[cfg(feature = "embedded")]
pub use run::{run, DemoError, DemoOptions};
