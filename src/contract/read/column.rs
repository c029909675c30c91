//! `[tables.columns]`

use toml::de::DeValue;

use super::reader::Reader;
use super::section::{Section, Value};
use crate::contract::draft::{ColumnDraft, Located};
use crate::contract::expr::check::DocumentScope;
use crate::contract::expr::mistake;
use crate::contract::expr::parser::Names;
use crate::contract::identifier::{same_name, NameIndex};
use crate::contract::model::TooLong;
use crate::contract::target::{Identity, STAGE_COLUMNS};
use crate::diagnostic::Diagnostic;
use crate::value::convert::Conversion;
use crate::value::{self, SqlType};

const KEYS: [&str; 8] =
    ["type", "value", "default", "required", "too_long", "blank", "on_error", "identity"];

const COLUMN: &str = "for example `{ type = \"int\", value = \"@name\" }`";

impl Reader<'_> {
    pub(super) fn columns(
        &mut self,
        columns: &Section<'_>,
        scope: &DocumentScope,
    ) -> Vec<ColumnDraft> {
        let mut drafts: Vec<ColumnDraft> = Vec::new();
        let mut index = NameIndex::default();
        for (name, value) in columns.entries() {
            if let Some(other) = index.get(&name.value) {
                let other = &drafts[other];
                let message = format!("duplicate column `{}`", name.value);
                let twice = Diagnostic::error(name.span.clone(), message)
                    .hint("rename one: case does not tell columns apart")
                    .related(other.name.span.clone(), "first here");
                self.report(twice);
                continue;
            }
            self.check_identifier(&name.value, &name.span);
            self.check_reserved(&name);
            if let Some(section) = self.section(&name.value, value, COLUMN) {
                let section = section.titled(format!("the column `{}`", name.value));
                index.insert(&name.value, drafts.len());
                drafts.push(self.column(name, &section, scope));
            }
        }
        if columns.is_empty() {
            let message = "missing columns";
            let hint = "write `[tables.columns]`, then one column per line";
            self.report_absent(Diagnostic::error(columns.span.clone(), message).hint(hint));
        }
        drafts
    }

    /// The stage has columns of its own beside those of the table.
    fn check_reserved(&mut self, name: &Located<String>) {
        if STAGE_COLUMNS.iter().any(|reserved| same_name(reserved, &name.value)) {
            let message = format!("reserved column name `{}`", name.value);
            let hint =
                "rename the column: the tables that rows are loaded from have one of this name";
            self.report(Diagnostic::error(name.span.clone(), message).hint(hint));
        }
    }

    fn column(
        &mut self,
        name: Located<String>,
        section: &Section<'_>,
        scope: &DocumentScope,
    ) -> ColumnDraft {
        self.known_keys(section, &KEYS);
        let sql_type = self.required(section, "type").and_then(|value| self.sql_type(value));
        let value = section.get("value");
        let value = value.and_then(|value| self.expression("value", value, Names::Paths));
        let too_long = self.too_long(section, sql_type.as_ref());
        let blank_keep = self.blank_keep(section, sql_type.as_ref());
        let default =
            section.get("default").zip(sql_type.as_ref()).and_then(|(value, sql_type)| {
                let conversion = Conversion::for_column(sql_type.value)
                    .keep_blank(blank_keep)
                    .date_formats(scope.date_formats.clone());
                self.default_value(value, &conversion)
            });
        let lost = |key: &str, read: bool| section.get(key).is_some() && !read;
        let unreadable = lost("value", value.is_some()) || lost("default", default.is_some());
        let on_error = self.word(section, "on_error", &[("fail", false), ("null", true)]);
        ColumnDraft {
            name,
            sql_type,
            value,
            default,
            unreadable,
            required: self.boolean(section, "required"),
            too_long,
            blank_keep,
            on_error_null: on_error.is_some_and(|o| o.value),
            identity: self.identity(section),
        }
    }

    fn identity(&mut self, section: &Section<'_>) -> Option<Located<Identity>> {
        let value = section.get("identity")?;
        match value.get_ref() {
            DeValue::String(_) => {
                self.word(section, "identity", &[("explicit", Identity::Explicit)])
            }
            DeValue::Boolean(generated) => {
                let identity = if *generated { Identity::Generated } else { Identity::No };
                Some(Located { value: identity, span: value.span() })
            }
            _ => {
                let expected = "true, false or \"explicit\"";
                self.wrong_type("identity", value, expected, "write one of them");
                None
            }
        }
    }

    fn sql_type(&mut self, value: &Value<'_>) -> Option<Located<SqlType>> {
        let text = self.string("type", value)?;
        match SqlType::parse(&text.value) {
            Ok(sql_type) => {
                self.warn_of_length(sql_type, &text);
                Some(Located { value: sql_type, span: text.span })
            }
            Err(error) => {
                self.report(Diagnostic::error(text.span, error.to_string()).hint(error.hint()));
                None
            }
        }
    }

    /// `varchar` alone is varchar(1), which hardly anybody means.
    fn warn_of_length(&mut self, sql_type: SqlType, text: &Located<String>) {
        let one = matches!(
            sql_type,
            SqlType::VarChar(Some(1)) | SqlType::NVarChar(Some(1)) | SqlType::VarBinary(Some(1))
        );
        if !one || text.value.contains('(') {
            return;
        }
        let name = &text.value;
        let message = format!("`{name}` without a length means {name}(1)");
        let hint = format!("write its length: `{name}(50)`, `{name}(max)`, or `{name}(1)`");
        self.report(Diagnostic::warning(text.span.clone(), message).hint(hint));
    }

    fn too_long(&mut self, section: &Section<'_>, sql_type: Option<&Located<SqlType>>) -> TooLong {
        let words = [("error", TooLong::Error), ("truncate", TooLong::Truncate)];
        let Some(word) = self.word(section, "too_long", &words) else { return TooLong::Error };
        let fits = sql_type
            .is_none_or(|t| t.value.is_character() || matches!(t.value, SqlType::VarBinary(_)));
        if !fits {
            self.only_for("too_long", &word, "types with a length, such as nvarchar(50)");
        }
        word.value
    }

    fn blank_keep(&mut self, section: &Section<'_>, sql_type: Option<&Located<SqlType>>) -> bool {
        let words = [("null", false), ("keep", true)];
        let Some(word) = self.word(section, "blank", &words) else { return false };
        if !sql_type.is_none_or(|t| t.value.is_character()) {
            self.only_for("blank", &word, "character types, such as nvarchar(50)");
        }
        word.value
    }

    fn only_for<T>(&mut self, key: &str, word: &Located<T>, types: &str) {
        let message = format!("`{key}` is only for {types}");
        self.report(Diagnostic::error(word.span.clone(), message).hint("leave it out"));
    }

    fn default_value(
        &mut self,
        value: &Value<'_>,
        conversion: &Conversion,
    ) -> Option<Located<value::Value>> {
        let literal = match value.get_ref() {
            DeValue::String(text) => value::Value::Text(text.as_ref().into()),
            DeValue::Boolean(boolean) => value::Value::Bit(*boolean),
            DeValue::Integer(_) => value::Value::Int(self.integer(value)?),
            DeValue::Float(_) => value::Value::Decimal(self.decimal(value)?),
            DeValue::Datetime(datetime) => value::Value::Text(datetime.to_string().into()),
            DeValue::Array(_) | DeValue::Table(_) => {
                self.wrong_type("default", value, "a literal", "for example `default = \"00000\"`");
                return None;
            }
        };
        match conversion.value(literal) {
            Ok(value::Value::Null) => {
                let message = "a blank default is null";
                let hint = "leave it out, or write `blank = \"keep\"` on a character column";
                self.report(Diagnostic::error(value.span(), message).hint(hint));
                None
            }
            Ok(converted) => Some(Located { value: converted, span: value.span() }),
            Err(error) => {
                let (message, hint) = mistake::of_literal(&error);
                let hint = match value.get_ref() {
                    DeValue::String(text) if text.ends_with(')') || text.contains('@') => {
                        "write an expression in `value`; `default` is a literal".to_owned()
                    }
                    _ => hint,
                };
                self.report(Diagnostic::error(value.span(), message).hint(hint));
                None
            }
        }
    }
}
