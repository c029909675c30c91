//! The contract that comes out, before it is text.

use super::build;
use super::legacy::{BitTable, Enum, EnumValue};
use crate::contract::expr::ast::{BinaryOp, Expr};
use crate::value::SqlType;

pub(super) struct Output {
    pub(super) name: String,
    pub(super) target_schema: Option<String>,
    /// Table and column of the documents.
    pub(super) source: Option<String>,
    pub(super) root: String,
    /// Paths, as they are written.
    pub(super) require: Vec<String>,
    pub(super) key: String,
    pub(super) lookups: Vec<Lookup>,
    pub(super) tables: Vec<Table>,
}

pub(super) struct Lookup {
    pub(super) name: String,
    /// What blanks and unlisted text become; null where there is nothing.
    pub(super) otherwise: Option<EnumValue>,
    pub(super) values: Vec<(String, EnumValue)>,
}

impl Lookup {
    /// The `""` entry of an enum answers what no other does.
    pub(super) fn of_enum(name: &str, found: &Enum) -> Self {
        let blank = super::conversion::blank_value(found).cloned();
        Self { name: name.to_owned(), otherwise: blank, values: listed(found.0.iter().cloned()) }
    }

    /// What a bit table does not list is 0.
    pub(super) fn of_bits(name: &str, table: &BitTable) -> Self {
        let bit = |bit: bool| EnumValue::Number(u8::from(bit).into());
        let blank = table.0.iter().any(|(text, bit)| text.is_empty() && bit.0);
        Self {
            name: name.to_owned(),
            otherwise: Some(bit(blank)),
            values: listed(table.0.iter().map(|(text, value)| (text.clone(), bit(value.0)))),
        }
    }
}

/// The entries for text that is not blank, without the blanks that no text has around it.
fn listed(values: impl Iterator<Item = (String, EnumValue)>) -> Vec<(String, EnumValue)> {
    let mut listed: Vec<(String, EnumValue)> = Vec::new();
    for (code, value) in values {
        let code = code.trim();
        if !code.is_empty() && !listed.iter().any(|(other, _)| other == code) {
            listed.push((code.to_owned(), value));
        }
    }
    listed
}

pub(super) struct Table {
    /// What it holds, in a line.
    pub(super) about: String,
    pub(super) name: String,
    pub(super) each: String,
    pub(super) primary_key: Vec<String>,
    pub(super) app_column: String,
    /// The child's column and the parent.
    pub(super) foreign_key: Option<(String, String)>,
    pub(super) where_: Option<Expr>,
    pub(super) distinct: Option<Distinct>,
    /// A row stays when one of these columns says something.
    pub(super) keep_when: Vec<Kept>,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    /// What could not be translated, one line each.
    pub(super) missing: Vec<String>,
}

pub(super) struct Distinct {
    pub(super) by: Vec<Expr>,
    pub(super) keep: &'static str,
    pub(super) prefer: Option<Expr>,
}

/// A column that keeps its row.
pub(super) struct Kept {
    pub(super) column: String,
    pub(super) test: Test,
}

/// What a column has to hold to keep its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    NotNull,
    NotZero,
    AboveZero,
}

#[derive(Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) sql_type: SqlType,
    pub(super) value: Option<Expr>,
    /// A TOML literal.
    pub(super) default: Option<String>,
    pub(super) required: bool,
    pub(super) truncate: bool,
    pub(super) on_error_null: bool,
    /// It is never null, whatever the document holds.
    pub(super) always: bool,
    /// A remark that stands beside it.
    pub(super) note: Option<String>,
    /// Index into the mappings.
    pub(super) mapping: Option<usize>,
}

impl Column {
    /// A column with a value and nothing else.
    pub(super) fn new(name: &str, sql_type: SqlType, value: Option<Expr>) -> Self {
        Self {
            name: name.to_owned(),
            sql_type,
            value,
            default: None,
            required: false,
            truncate: false,
            on_error_null: false,
            always: false,
            note: None,
            mapping: None,
        }
    }

    /// Adds a remark to those it has.
    pub(super) fn remark(&mut self, remark: &str) {
        self.note = Some(match self.note.take() {
            Some(note) => format!("{note}; {remark}"),
            None => remark.to_owned(),
        });
    }
}

pub(super) struct Row {
    pub(super) when: Option<Expr>,
    pub(super) values: Vec<(String, Expr)>,
    /// Indices into the mappings.
    pub(super) mappings: Vec<usize>,
}

impl Table {
    /// The condition that keeps a row, of the columns that are there.
    pub(super) fn kept(&self) -> Option<Expr> {
        let there = |kept: &&Kept| self.columns.iter().any(|c| c.name == kept.column);
        let parts = self.keep_when.iter().filter(there).map(|kept| {
            let column = build::column(&kept.column);
            match kept.test {
                Test::NotNull => build::is_not_null(column),
                Test::NotZero => build::binary(BinaryOp::NotEqual, column, build::integer(0)),
                Test::AboveZero => build::binary(BinaryOp::Greater, column, build::integer(0)),
            }
        });
        build::joined(BinaryOp::Or, parts)
    }

    pub(super) fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// A basic TOML string.
pub(super) fn toml_string(text: &str) -> String {
    let mut written = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\t' => written.push_str("\\t"),
            c if c.is_control() => written.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => written.push(c),
        }
    }
    written.push('"');
    written
}
