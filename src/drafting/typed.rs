//! A column's type, and the values that it takes.

use super::few::Few;
use super::read::Read;
use crate::value::SqlType;

/// A column's type, and how its value is read.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) sql_type: SqlType,
    pub(super) read: Read,
    /// What a person should know.
    pub(super) note: Option<String>,
    /// Values that it does not keep as they are, or that alone make the type wider.
    pub(super) few: Vec<Few>,
}

impl Typed {
    /// Values that a column of this type has otherwise, or not at all.
    pub(super) fn wrong(&self) -> u64 {
        self.few.iter().filter(|few| few.fate.is_wrong()).map(|few| few.count).sum()
    }
}

/// A type that fits most values, how they are read, and what a person should know.
pub(super) type Candidate = (SqlType, Read, Option<String>);
