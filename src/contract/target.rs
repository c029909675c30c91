//! The tables that a contract writes to.

use crate::value::SqlType;

/// Column of every stage table: the application that the row belongs to.
pub const STAGE_APP_ID: &str = "__app_id";

/// Column of every stage table: the row's place in the stage, from 1 without a gap.
pub const STAGE_ROW: &str = "__row";

/// Names that no column of a target table may have, in any case.
pub const STAGE_COLUMNS: [&str; 2] = [STAGE_APP_ID, STAGE_ROW];

/// A table that rows are written to. Several `[[tables]]` of a contract may share one.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetTable {
    /// The table's name, without schema.
    pub name: String,
    /// The columns, in contract order. Names are unique ignoring case.
    pub columns: Vec<TargetColumn>,
    /// Names of the primary key's columns; empty when the contract declares none.
    pub primary_key: Vec<String>,
    /// Index into `columns` of the column that holds the application's id.
    pub app_column: usize,
    /// The parent table, where one is declared.
    pub foreign_key: Option<ForeignKey>,
    /// What to do with the application's existing rows.
    pub on_existing: OnExisting,
}

/// One column of a [`TargetTable`].
#[derive(Debug, Clone, PartialEq)]
pub struct TargetColumn {
    /// The column's name.
    pub name: String,
    /// Its type.
    pub sql_type: SqlType,
    /// `required`: NOT NULL in the DDL.
    pub required: bool,
    /// `identity`: the database generates the value, and the rows have null in its place.
    pub identity: bool,
}

/// `foreign_key = { columns = […], references = "…" }`: to the parent's primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The child's columns, in the order of the parent's primary key.
    pub columns: Vec<String>,
    /// The parent table's name.
    pub references: String,
}

/// `on_existing`: what happens to the application's existing rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnExisting {
    /// Insert; a duplicate key fails the application.
    #[default]
    Fail,
    /// Keep the existing rows; insert none for the application into this table.
    Skip,
    /// Delete the existing rows first, children before parents.
    Replace,
}
