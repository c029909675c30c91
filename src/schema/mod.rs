//! XML Schemas: which paths documents have, and what their values are. Nothing is read from a network.

mod content;
mod decimals;
mod error;
mod facets;
mod files;
mod follow;
mod identity;
mod index;
mod locate;
mod markup;
mod part;
mod pattern;
mod roots;
mod simple;
mod values;

pub use error::SchemaError;
pub use files::{Open, SchemaFiles};
pub use index::Schema;
pub use roots::Root;
