//! A contract as far as it could be read: every part with its place in the file, nothing checked
//! against anything else.

use std::ops::Range;

use super::expr::ast::{Expr, Path};
use super::expr::check::DocumentScope;
use super::model::{Check, Keep, Lookup, Split, TooLong};
use super::string_map::StringMap;
use super::target::{Identity, OnExisting};
use crate::value::datetime::DatePattern;
use crate::value::{SqlType, Value};

/// Something and its place in the file.
#[derive(Debug, Clone)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

/// An expression or a path, and how places in it map to places in the file.
#[derive(Debug, Clone)]
pub(crate) struct Placed<T> {
    pub(crate) tree: T,
    pub(crate) map: StringMap,
    /// It has mistakes already; NULL is in the place of what could not be read.
    pub(crate) broken: bool,
}

impl<T> Placed<T> {
    pub(crate) fn whole(&self) -> Range<usize> {
        self.map.content()
    }
}

#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) target_schema: String,
    pub(crate) document: DocumentDraft,
    pub(crate) lookups: Vec<LookupDraft>,
    pub(crate) keys: Vec<KeyDraft>,
    pub(crate) tables: Vec<TableDraft>,
    /// The maps of all expressions and paths.
    pub(crate) maps: Vec<StringMap>,
}

impl Draft {
    /// Where the types of each table's columns are written.
    pub(crate) fn type_places(&self) -> Vec<Vec<Range<usize>>> {
        let place = |column: &ColumnDraft| match &column.sql_type {
            Some(sql_type) => sql_type.span.clone(),
            None => column.name.span.clone(),
        };
        self.tables.iter().map(|table| table.columns.iter().map(place).collect()).collect()
    }
}

#[derive(Debug, Default)]
pub(crate) struct DocumentDraft {
    pub(crate) roots: Vec<Located<String>>,
    pub(crate) require: Vec<Placed<Path>>,
    pub(crate) key: Option<Placed<Path>>,
    pub(crate) unwrap: Option<Placed<Path>>,
    pub(crate) ignore_case_attributes: bool,
    pub(crate) check: Check,
    pub(crate) strip: bool,
    pub(crate) date_formats: Vec<DatePattern>,
    pub(crate) namespaces: Vec<(String, Vec<String>)>,
    pub(crate) ignore_namespaces: bool,
    pub(crate) scope: DocumentScope,
}

#[derive(Debug)]
pub(crate) struct LookupDraft {
    pub(crate) name: Range<usize>,
    pub(crate) lookup: Lookup,
}

#[derive(Debug)]
pub(crate) struct KeyDraft {
    pub(crate) name: Located<String>,
    pub(crate) each: Option<Placed<Path>>,
    pub(crate) key: Option<Placed<Expr>>,
    pub(crate) must_be_found: bool,
}

#[derive(Debug)]
pub(crate) struct TableDraft {
    /// The `[[tables]]` header.
    pub(crate) header: Range<usize>,
    pub(crate) name: Option<Located<String>>,
    pub(crate) each: Option<Placed<Path>>,
    pub(crate) split: Option<Split>,
    pub(crate) primary_key: Option<Located<Vec<Located<String>>>>,
    pub(crate) app_column: Option<Located<String>>,
    pub(crate) foreign_key: Option<Located<ForeignKeyDraft>>,
    pub(crate) where_: Option<Placed<Expr>>,
    pub(crate) distinct: Option<DistinctDraft>,
    pub(crate) keep_when: Option<Placed<Expr>>,
    pub(crate) on_existing: Option<Located<OnExisting>>,
    pub(crate) columns: Vec<ColumnDraft>,
    pub(crate) rows: Vec<RowDraft>,
}

#[derive(Debug, Clone)]
pub(crate) struct ForeignKeyDraft {
    pub(crate) columns: Vec<Located<String>>,
    pub(crate) references: Located<String>,
}

#[derive(Debug)]
pub(crate) struct DistinctDraft {
    pub(crate) by: Vec<Placed<Expr>>,
    pub(crate) keep: Keep,
    pub(crate) prefer: Option<Placed<Expr>>,
}

#[derive(Debug)]
pub(crate) struct ColumnDraft {
    pub(crate) name: Located<String>,
    /// None when it is missing or invalid.
    pub(crate) sql_type: Option<Located<SqlType>>,
    pub(crate) value: Option<Placed<Expr>>,
    pub(crate) default: Option<Located<Value>>,
    /// There is a value or a default that could not be read.
    pub(crate) unreadable: bool,
    pub(crate) required: Option<Located<bool>>,
    pub(crate) too_long: TooLong,
    pub(crate) blank_keep: bool,
    pub(crate) on_error_null: bool,
    pub(crate) identity: Option<Located<Identity>>,
}

impl ColumnDraft {
    pub(crate) fn is_required(&self) -> bool {
        self.required.as_ref().is_some_and(|r| r.value)
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity.as_ref().map(|i| i.value).unwrap_or_default()
    }

    /// Whether the database gives the value.
    pub(crate) fn is_generated(&self) -> bool {
        self.identity() == Identity::Generated
    }
}

#[derive(Debug)]
pub(crate) struct RowDraft {
    pub(crate) span: Range<usize>,
    pub(crate) when: Option<Placed<Expr>>,
    /// Index into the table's columns, and its expression.
    pub(crate) values: Vec<(usize, Placed<Expr>)>,
    /// Columns whose expression could not be read.
    pub(crate) unreadable: Vec<usize>,
}
