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
    /// Index into `columns` of the column that holds the application's id. None: the rows are those of
    /// the parent's rows, and `foreign_key` is present and never null.
    pub app_column: Option<usize>,
    /// The parent table, where one is declared.
    pub foreign_key: Option<ForeignKey>,
    /// What to do with the application's existing rows.
    pub on_existing: OnExisting,
}

impl TargetTable {
    /// The table that the foreign key refers to.
    pub fn parent<'t>(&self, targets: &'t [TargetTable]) -> Option<&'t TargetTable> {
        let name = &self.foreign_key.as_ref()?.references;
        targets.iter().find(|table| table.name.eq_ignore_ascii_case(name))
    }

    /// The way to an application's rows: this table, then its parents up to the first with a column
    /// for the application's id.
    pub fn lineage<'t>(&'t self, targets: &'t [TargetTable]) -> Vec<&'t TargetTable> {
        let mut lineage = vec![self];
        let mut last = self;
        while last.app_column.is_none() {
            // A contract's check has followed the parents to such a table.
            let Some(parent) = last.parent(targets) else { break };
            lineage.push(parent);
            last = parent;
        }
        lineage
    }

    /// The type of the column with the application's id: its own, or that at the end of its lineage.
    pub fn app_type(&self, targets: &[TargetTable]) -> SqlType {
        let with_id = self.lineage(targets).pop().and_then(|t| Some(&t.columns[t.app_column?]));
        with_id.map_or(SqlType::BigInt, |column| column.sql_type)
    }

    /// The columns by which an application's rows are sought: the application's own, or the foreign
    /// key's.
    pub fn sought_columns(&self) -> Vec<&str> {
        match (self.app_column, &self.foreign_key) {
            (Some(column), _) => vec![&self.columns[column].name],
            (None, Some(key)) => key.columns.iter().map(String::as_str).collect(),
            (None, None) => Vec::new(),
        }
    }
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
    /// `identity`: who numbers the rows.
    pub identity: Identity,
}

impl TargetColumn {
    /// Whether the database gives the value, so that rows have null in its place.
    pub fn is_generated(&self) -> bool {
        self.identity == Identity::Generated
    }
}

/// `identity`: who gives the values of a column that may be an identity column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Identity {
    /// It must not be one.
    #[default]
    No,
    /// `true`: the database.
    Generated,
    /// `"explicit"`: the documents, also where the column is an identity column.
    Explicit,
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
