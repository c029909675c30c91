//! Expressions over one row: SQL's three-valued logic, its conversions, and the failure when a
//! value that is used does not convert.

mod aggregate;
mod arithmetic;
mod calls;
mod condition;
mod datum;
mod following;
mod keys;
mod lookup;
mod parent;
mod scope;
mod value;

pub(super) use datum::Datum;
pub(super) use scope::{ListPart, ParentRow, Scope, Setting, Shared};
