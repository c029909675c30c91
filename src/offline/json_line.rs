//! One mapped document as one line of JSON.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::contract::{Contract, TargetTable};
use crate::id::AppId;
use crate::outcome::{Failure, Outcome, TableRows};
use crate::value::{to_text, SqlType, Value};

/// `{"file","app_id","ok","failure","tables"}`: numbers are JSON numbers, decimals and dates are
/// strings, so that no reader rounds them.
pub struct JsonLine<'a> {
    /// The file's name as it was given, `-` for stdin.
    pub file: &'a str,
    /// The application's id.
    pub app_id: AppId,
    /// The result of the document.
    pub outcome: &'a Outcome,
    /// The contract it was mapped with.
    pub contract: &'a Contract,
}

impl Serialize for JsonLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.outcome.as_deref().unwrap_or_default();
        let mut line = serializer.serialize_map(Some(5))?;
        line.serialize_entry("file", self.file)?;
        line.serialize_entry("app_id", &self.app_id.0)?;
        line.serialize_entry("ok", &self.outcome.is_ok())?;
        line.serialize_entry("failure", &self.outcome.as_ref().err().map(|f| FailureFields(f)))?;
        line.serialize_entry("tables", &Tables(self.contract, rows))?;
        line.end()
    }
}

struct FailureFields<'a>(&'a Failure);

impl Serialize for FailureFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let failure = self.0;
        let mut fields = serializer.serialize_map(Some(8))?;
        fields.serialize_entry("category", failure.category.name())?;
        fields.serialize_entry("table", &failure.table)?;
        fields.serialize_entry("column", &failure.column)?;
        fields.serialize_entry("path", &failure.path)?;
        fields.serialize_entry("line", &failure.line)?;
        fields.serialize_entry("column_number", &failure.column_number)?;
        fields.serialize_entry("value", &failure.value)?;
        fields.serialize_entry("message", &failure.reason)?;
        fields.end()
    }
}

struct Tables<'a>(&'a Contract, &'a [TableRows]);

impl Serialize for Tables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tables = serializer.serialize_map(Some(self.1.len()))?;
        for (target, rows) in self.0.targets.iter().zip(self.1) {
            tables.serialize_entry(&target.name, &Rows(target, rows))?;
        }
        tables.end()
    }
}

struct Rows<'a>(&'a TargetTable, &'a TableRows);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.1.len()))?;
        for values in self.1.iter() {
            rows.serialize_element(&Row(self.0, values))?;
        }
        rows.end()
    }
}

struct Row<'a>(&'a TargetTable, &'a [Value]);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(Some(self.1.len()))?;
        for (column, value) in self.0.columns.iter().zip(self.1) {
            row.serialize_entry(&column.name, &Cell(value, column.sql_type))?;
        }
        row.end()
    }
}

struct Cell<'a>(&'a Value, SqlType);

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bit(bit) => serializer.serialize_bool(*bit),
            Value::Int(number) => serializer.serialize_i64(*number),
            // The shortest digits that read back as the same real.
            Value::Float(number) if self.1 == SqlType::Real => {
                serializer.serialize_f32(*number as f32)
            }
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            other => to_text(other, self.1).as_deref().serialize(serializer),
        }
    }
}
