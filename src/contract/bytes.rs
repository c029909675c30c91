//! Bytes of values in SQL Server's rows and keys.

use super::target::TargetTable;
use crate::value::{SqlType, Value};

/// Bytes of a clustered index's key. Microsoft, "Maximum capacity specifications for SQL Server".
pub const MOST_KEY_BYTES: usize = 900;

impl TargetTable {
    /// The most bytes that a primary key can have; 0 without one.
    pub fn most_key_bytes(&self) -> usize {
        self.key_columns().map(|at| longest(self.columns[at].sql_type)).sum()
    }

    /// The bytes of a row's primary key; `row` has the values of `columns`.
    pub fn key_bytes(&self, row: &[Value]) -> usize {
        let bytes = |at: usize| match (self.columns[at].sql_type, &row[at]) {
            (SqlType::VarChar(_), Value::Text(text)) => text.chars().count(),
            (SqlType::NVarChar(_), Value::Text(text)) => 2 * text.encode_utf16().count(),
            (SqlType::VarBinary(_), Value::Bytes(bytes)) => bytes.len(),
            (sql_type, _) => fixed(sql_type),
        };
        self.key_columns().map(bytes).sum()
    }

    fn key_columns(&self) -> impl Iterator<Item = usize> + '_ {
        let position = |name: &String| self.columns.iter().position(|c| c.name == *name);
        self.primary_key.iter().filter_map(position)
    }
}

/// Bytes of a type of fixed length; 0 of another.
pub(super) fn fixed(sql_type: SqlType) -> usize {
    match sql_type {
        SqlType::Bit | SqlType::TinyInt => 1,
        SqlType::SmallInt => 2,
        SqlType::Int | SqlType::Real | SqlType::SmallDateTime => 4,
        SqlType::BigInt | SqlType::Money | SqlType::Float | SqlType::DateTime => 8,
        SqlType::Decimal { precision: 1..=9, .. } => 5,
        SqlType::Decimal { precision: 10..=19, .. } => 9,
        SqlType::Decimal { precision: 20..=28, .. } => 13,
        SqlType::Decimal { .. } => 17,
        SqlType::Date => 3,
        SqlType::Time(digits) => 3 + fraction(digits),
        SqlType::DateTime2(digits) => 6 + fraction(digits),
        SqlType::DateTimeOffset(digits) => 8 + fraction(digits),
        SqlType::Char(length) => length.into(),
        SqlType::NChar(length) => 2 * usize::from(length),
        SqlType::UniqueIdentifier => 16,
        SqlType::VarChar(_) | SqlType::NVarChar(_) | SqlType::VarBinary(_) | SqlType::Xml => 0,
    }
}

/// Bytes that the digits after the second need beyond those of none.
fn fraction(digits: u8) -> usize {
    match digits {
        0..=2 => 0,
        3 | 4 => 1,
        _ => 2,
    }
}

/// The most bytes of a type in a key.
pub(super) fn longest(sql_type: SqlType) -> usize {
    match sql_type {
        SqlType::VarChar(Some(length)) | SqlType::VarBinary(Some(length)) => length.into(),
        SqlType::NVarChar(Some(length)) => 2 * usize::from(length),
        other => fixed(other),
    }
}
