//! Tables as a database or a script declares them.

mod script;
mod tokens;

pub use script::{read_script, ScriptError};

use crate::value::SqlType;

/// A table as it is declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredTable {
    /// The schema that the declaration names; empty if it names none.
    pub schema: String,
    /// The table's name.
    pub name: String,
    /// In the table's order; empty if the table does not exist.
    pub columns: Vec<DeclaredColumn>,
    /// Columns of the primary key, in its order.
    pub primary_key: Vec<String>,
    /// In no particular order.
    pub foreign_keys: Vec<DeclaredKey>,
}

/// A column as it is declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredColumn {
    /// The column's name.
    pub name: String,
    /// The type as DDL writes it, such as `varchar(50)`.
    pub sql_type: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether it is an identity column.
    pub identity: bool,
    /// Whether only the database gives it values: computed, a row version, or a period of versions.
    pub computed: bool,
    /// Whether it has a default.
    pub has_default: bool,
}

/// A foreign key as it is declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredKey {
    /// The table that it refers to, without schema.
    pub parent: String,
    /// Its columns; empty if they were not read.
    pub columns: Vec<String>,
    /// The columns that they refer to; empty where these are the primary key or were not read.
    pub references: Vec<String>,
}

impl DeclaredTable {
    /// The column of that name, in any case.
    pub fn column(&self, name: &str) -> Option<&DeclaredColumn> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

impl DeclaredColumn {
    /// The type, if a contract can name it.
    pub fn contract_type(&self) -> Option<SqlType> {
        SqlType::parse(&self.sql_type).ok()
    }

    /// Whether a row may leave it out.
    pub fn is_optional(&self) -> bool {
        self.nullable || self.has_default || self.identity || self.computed
    }
}
