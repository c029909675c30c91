//! The mapping contract: how one document becomes rows.
//!
//! [`Contract::parse`] reads the text to a draft, checks the draft, lowers it to a model, and
//! compiles the model to the plan that the shredder runs.

mod bytes;
mod check;
mod clock;
mod compile;
mod compiled;
mod constants;
pub(crate) mod draft;
pub mod expr;
pub(crate) mod identifier;
mod lower;
pub mod model;
mod names;
mod parsed;
pub(crate) mod plan;
pub(crate) mod probe;
mod read;
mod sources;
mod string_map;
mod target;
mod written;

pub use bytes::MOST_KEY_BYTES;
pub use clock::Clock;
pub use compiled::Contract;
pub(crate) use constants::{is_computed_once, ROOT as CONSTANTS_ROOT};
#[cfg(feature = "sqlserver")]
pub(crate) use identifier::unfit_for_script;
pub(crate) use names::FoundName;
pub use parsed::ParsedContract;
pub use read::DEFAULT_SCHEMA;
pub use sources::SourcePath;
pub(crate) use sources::SourceProbe;
pub use target::{
    ForeignKey, Identity, OnExisting, TargetColumn, TargetTable, STAGE_APP_ID, STAGE_ROW,
};
pub(crate) use written::{WrittenName, WrittenNames};
