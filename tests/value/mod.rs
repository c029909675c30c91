//! Typed values: what SQL Server documents, and what proptest can break.

mod convert;
mod datetime;
mod decimal;
mod exact;
mod functions;
mod like;
mod sql_type;
