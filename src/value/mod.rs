//! Typed values and the SQL Server types they belong to.

mod calendar;
mod canonical;
pub mod convert;
pub mod datetime;
mod decimal;
mod encoded;
pub mod functions;
mod like;
pub(crate) mod names;
mod number;
mod sql_type;
mod text;
mod type_text;
mod typed;
pub(crate) mod xml;

pub use canonical::{plain_text, to_text};
pub use decimal::{Decimal, DecimalError};
pub use number::Number;
pub use sql_type::SqlType;
pub(crate) use text::clip;
pub use text::{is_blank, trim_xml};
pub use type_text::ParseTypeError;
pub use typed::Value;
