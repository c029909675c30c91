//! What of a contract reads a path.

use std::fmt;

/// A part of the contract that reads a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The table; none for parts of `[document]`.
    pub table: Option<String>,
    /// The column, of [`Part::Column`]; the name, of [`Part::Keys`].
    pub column: Option<String>,
    /// Which part.
    pub part: Part,
    /// A predicate of a path there reads it.
    pub predicate: bool,
    /// Its value is read, not only its presence.
    pub value: bool,
}

/// Parts of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `document.key`
    Key,
    /// `document.require`
    Require,
    /// `[keys.name]`
    Keys,
    /// A table's row path.
    Each,
    /// A table's `where`.
    Where,
    /// A table's `distinct`.
    Distinct,
    /// `when` of a row template.
    When,
    /// A column's value.
    Column,
}

impl Part {
    /// Its key in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Require => "require",
            Self::Keys => "keys",
            Self::Each => "each",
            Self::Where => "where",
            Self::Distinct => "distinct",
            Self::When => "when",
            Self::Column => "column",
        }
    }
}

impl Reader {
    pub(super) fn document(part: Part) -> Self {
        Self { table: None, column: None, part, predicate: false, value: true }
    }

    pub(super) fn keys(name: &str) -> Self {
        Self { column: Some(name.to_owned()), ..Self::document(Part::Keys) }
    }

    pub(super) fn table(table: &str, part: Part) -> Self {
        Self { table: Some(table.to_owned()), ..Self::document(part) }
    }

    pub(super) fn column(table: &str, column: &str) -> Self {
        Self { column: Some(column.to_owned()), ..Self::table(table, Part::Column) }
    }

    /// A predicate in it.
    pub(super) fn predicate(&self) -> Self {
        Self { predicate: true, value: true, ..self.clone() }
    }

    /// Whether both are the same part.
    pub(super) fn is_same_part(&self, other: &Self) -> bool {
        Self { value: other.value, ..self.clone() } == *other
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.table, &self.column) {
            (Some(table), _) if self.part == Part::Each && !self.predicate => {
                return write!(f, "rows of {table}");
            }
            (Some(table), Some(column)) => write!(f, "{table}.{column}")?,
            (Some(table), None) => write!(f, "{table} {}", self.part.name())?,
            (None, Some(name)) => write!(f, "{}.{name}", self.part.name())?,
            (None, None) => write!(f, "document {}", self.part.name())?,
        }
        if self.predicate {
            f.write_str(" predicate")?;
        }
        match self.value {
            true => Ok(()),
            false => f.write_str(" (presence)"),
        }
    }
}
