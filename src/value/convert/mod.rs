//! Text and values to SQL types.

mod characters;
mod conversion;
mod error;
mod moment;
mod parse;

pub use conversion::Conversion;
pub use error::{ConversionError, ConversionFault};
