//! The contract that comes out, before it is text. Expressions are text already.

use super::legacy::EnumValue;
use super::sql;
use crate::value::SqlType;

pub(super) struct Draft {
    pub(super) name: String,
    pub(super) lookups: Vec<Lookup>,
    pub(super) tables: Vec<Table>,
}

pub(super) struct Lookup {
    pub(super) name: String,
    /// The value of blanks and unlisted text; null where there is none.
    pub(super) otherwise: Option<EnumValue>,
    pub(super) values: Vec<(String, EnumValue)>,
}

impl Lookup {
    /// Codes have no blanks around them, because no text has.
    pub(super) fn new(
        name: &str,
        otherwise: Option<EnumValue>,
        values: impl Iterator<Item = (String, EnumValue)>,
    ) -> Self {
        let mut listed: Vec<(String, EnumValue)> = Vec::new();
        for (code, value) in values {
            let code = code.trim();
            if !code.is_empty() && !listed.iter().any(|(other, _)| other == code) {
                listed.push((code.to_owned(), value));
            }
        }
        Self { name: name.to_owned(), otherwise, values: listed }
    }
}

#[derive(Default)]
pub(super) struct Table {
    /// Its rows, in one line.
    pub(super) about: String,
    pub(super) name: String,
    pub(super) each: String,
    pub(super) primary_key: Vec<String>,
    /// The column of the application's id, which is the first; None where a foreign key leads to it.
    pub(super) app_column: Option<String>,
    /// The earlier contract does not have that column.
    pub(super) is_app_column_new: bool,
    /// The child's column and the parent.
    pub(super) foreign_key: Option<(String, String)>,
    pub(super) where_: Option<String>,
    pub(super) distinct: Option<Distinct>,
    /// A row stays when the test of one of these columns holds: `IS NOT NULL`, `<> 0`, `> 0`.
    pub(super) keep_when: Vec<(String, &'static str)>,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

pub(super) struct Distinct {
    pub(super) by: Vec<String>,
    pub(super) keep: &'static str,
    pub(super) prefer: Option<String>,
}

#[derive(Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) sql_type: SqlType,
    pub(super) value: Option<String>,
    /// A TOML literal.
    pub(super) default: Option<String>,
    pub(super) required: bool,
    pub(super) on_error_null: bool,
    /// It may be an identity column.
    pub(super) identity: bool,
    /// It is never null.
    pub(super) always: bool,
    /// Text that is too long is cut.
    pub(super) truncate: bool,
    /// A remark beside it.
    pub(super) note: Option<String>,
    /// Position of its mapping.
    pub(super) mapping: Option<usize>,
}

impl Column {
    /// A column with a value and nothing else.
    pub(super) fn new(name: &str, sql_type: SqlType, value: Option<String>) -> Self {
        Self {
            name: name.to_owned(),
            sql_type,
            value,
            default: None,
            required: false,
            on_error_null: false,
            identity: false,
            always: false,
            truncate: false,
            note: None,
            mapping: None,
        }
    }

    /// Takes a remark away.
    pub(super) fn forget(&mut self, remark: Option<&str>) {
        let notes = self.note.as_deref().unwrap_or_default().split("; ");
        let kept: Vec<&str> =
            notes.filter(|note| !note.is_empty() && Some(*note) != remark).collect();
        self.note = (!kept.is_empty()).then(|| kept.join("; "));
    }

    /// Adds a remark to those it has.
    pub(super) fn remark(&mut self, remark: Option<&str>) {
        let notes: Vec<&str> = self.note.as_deref().into_iter().chain(remark).collect();
        self.note = (!notes.is_empty()).then(|| notes.join("; "));
    }
}

pub(super) struct Row {
    pub(super) when: Option<String>,
    pub(super) values: Vec<(String, String)>,
    /// Positions of its mappings.
    pub(super) mappings: Vec<usize>,
}

impl Table {
    /// The condition that keeps a row, of the columns that it has.
    pub(super) fn kept(&self) -> Option<String> {
        let exists = |name: &String| self.columns.iter().any(|c| c.name == *name);
        let tests = self.keep_when.iter().filter(|(name, _)| exists(name));
        sql::joined("OR", tests.map(|(name, test)| format!("[{}] {test}", name.replace(']', "]]"))))
    }
}
