//! The earlier system's contract as it was written: its parts, each with its place in the JSON.

use std::ops::Range;

use super::json::{Json, JsonValue, Key};
use crate::contract::draft::Located;
use crate::diagnostic::spelling;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Names of elements from the root down.
pub(super) type Steps = Vec<String>;

pub(super) struct Legacy {
    pub(super) root: String,
    pub(super) application_path: Steps,
    /// The element that a document must have.
    pub(super) application_element: String,
    pub(super) source_table: Option<String>,
    pub(super) source_column: Option<String>,
    pub(super) target_schema: Option<String>,
    pub(super) table_order: Vec<String>,
    pub(super) filters: Vec<Filter>,
    pub(super) relationships: Vec<Relationship>,
    pub(super) enums: Vec<Enum>,
    pub(super) char_to_bit: Option<BitTable>,
    pub(super) boolean_to_bit: Option<BitTable>,
    pub(super) mappings: Vec<Mapping>,
}

/// Text and the bit it stands for, in the contract's order.
pub(super) type BitTable = Vec<(String, bool)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementType {
    Contact,
    Address,
    Employment,
}

pub(super) struct Filter {
    pub(super) element_type: ElementType,
    pub(super) span: Range<usize>,
    pub(super) path: Steps,
    /// Attributes that must not be blank.
    pub(super) filled: Vec<String>,
    /// Attributes with their allowed values, the preferred first.
    pub(super) listed: Vec<(String, Vec<String>)>,
}

pub(super) struct Relationship {
    pub(super) parent: Located<String>,
    pub(super) child: Located<String>,
    pub(super) column: String,
}

pub(super) struct Enum {
    pub(super) name: String,
    pub(super) values: Vec<(String, EnumValue)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum EnumValue {
    /// As it is written.
    Number(String),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataType {
    Text,
    Int,
    SmallInt,
    TinyInt,
    BigInt,
    Bit,
    Decimal,
    Date,
    DateTime,
}

const DATA_TYPES: [(&str, DataType); 9] = [
    ("string", DataType::Text),
    ("int", DataType::Int),
    ("smallint", DataType::SmallInt),
    ("tinyint", DataType::TinyInt),
    ("bigint", DataType::BigInt),
    ("bit", DataType::Bit),
    ("decimal", DataType::Decimal),
    ("date", DataType::Date),
    ("datetime", DataType::DateTime),
];

impl DataType {
    pub(super) fn is_integer(self) -> bool {
        matches!(self, Self::Int | Self::SmallInt | Self::TinyInt | Self::BigInt)
    }
}

pub(super) struct Mapping {
    pub(super) span: Range<usize>,
    pub(super) path: Steps,
    pub(super) attribute: Option<String>,
    pub(super) table: String,
    pub(super) column: String,
    pub(super) data_type: DataType,
    pub(super) length: Option<i64>,
    pub(super) nullable: bool,
    pub(super) required: bool,
    pub(super) default: Option<Located<String>>,
    /// The mapping types, in the order in which they are applied.
    pub(super) chain: Vec<Located<String>>,
    pub(super) expression: Option<Located<String>>,
    pub(super) enum_name: Option<Located<String>>,
    pub(super) exclude_default: bool,
    pub(super) description: Option<String>,
}

impl Mapping {
    pub(super) fn is_never_null(&self) -> bool {
        self.required || !self.nullable
    }

    /// `table.column`; `table(attribute)` for a row maker that names no column.
    pub(super) fn name(&self) -> String {
        match (self.column.as_str(), &self.attribute) {
            ("", Some(attribute)) => format!("{}(@{attribute})", self.table),
            (column, _) => format!("{}.{column}", self.table),
        }
    }

    pub(super) fn has_type(&self, name: &str) -> bool {
        self.chain.iter().any(|link| link.value == name)
    }
}

/// Makes the contract of its JSON, or says everything that is wrong with it.
pub(super) fn read(json: &Json, diagnostics: &mut Diagnostics) -> Option<Legacy> {
    let mut reader = Reader { diagnostics };
    let contract = reader.contract(json);
    if reader.diagnostics.errors() > 0 {
        return None;
    }
    contract
}

struct Reader<'a> {
    diagnostics: &'a mut Diagnostics,
}

/// An object whose keys are asked for by name.
struct Section<'j> {
    entries: &'j [(Key, Json)],
    span: Range<usize>,
    title: &'static str,
}

impl<'j> Section<'j> {
    /// The value of a key, unless it is null.
    fn get(&self, key: &str) -> Option<&'j Json> {
        let found = self.entries.iter().find(|(k, _)| k.name == key).map(|(_, value)| value);
        found.filter(|json| !matches!(json.value, JsonValue::Null))
    }
}

const CONTRACT: [&str; 12] = [
    "xml_root_element",
    "xml_application_path",
    "source_table",
    "source_column",
    "source_application_table",
    "target_schema",
    "table_insertion_order",
    "element_filtering",
    "relationships",
    "enum_mappings",
    "bit_conversions",
    "mappings",
];

const MAPPING: [&str; 14] = [
    "xml_path",
    "xml_attribute",
    "target_table",
    "target_column",
    "data_type",
    "data_length",
    "nullable",
    "required",
    "default_value",
    "mapping_type",
    "expression",
    "enum_name",
    "exclude_default_when_record_empty",
    "description",
];

impl Reader<'_> {
    fn error(&mut self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(span, message).hint(hint));
    }

    fn wrong_type(&mut self, key: &str, json: &Json, wanted: &str) {
        let message = format!("`{key}` has to be {wanted}, and this is {}", json.describe());
        self.error(json.span.clone(), message, "correct the value");
    }

    fn section<'j>(&mut self, title: &'static str, json: &'j Json) -> Option<Section<'j>> {
        match &json.value {
            JsonValue::Object(entries) => Some(Section { entries, span: json.span.clone(), title }),
            _ => {
                self.wrong_type(title, json, "an object");
                None
            }
        }
    }

    fn list<'j>(&mut self, section: &Section<'j>, key: &str) -> &'j [Json] {
        match section.get(key) {
            Some(Json { value: JsonValue::Array(items), .. }) => items,
            Some(json) => {
                self.wrong_type(key, json, "an array");
                &[]
            }
            None => &[],
        }
    }

    fn required<'j>(&mut self, section: &Section<'j>, key: &str) -> Option<&'j Json> {
        let found = section.get(key);
        if found.is_none() {
            let span = section.span.start..section.span.start + 1;
            let message = format!("{} lacks `{key}`", section.title);
            self.error(span, message, format!("add `\"{key}\": …`"));
        }
        found
    }

    fn text(&mut self, key: &str, json: &Json) -> Option<Located<String>> {
        match &json.value {
            JsonValue::Text(text) => {
                Some(Located { value: text.trim().to_owned(), span: json.span.clone() })
            }
            _ => {
                self.wrong_type(key, json, "text");
                None
            }
        }
    }

    /// Text that is there and not blank.
    fn filled(&mut self, section: &Section<'_>, key: &str) -> Option<Located<String>> {
        let text = section.get(key).and_then(|json| self.text(key, json))?;
        Some(text).filter(|text| !text.value.is_empty())
    }

    fn required_text(&mut self, section: &Section<'_>, key: &str) -> Option<Located<String>> {
        let json = self.required(section, key)?;
        let text = self.text(key, json)?;
        if text.value.is_empty() {
            self.error(text.span, format!("`{key}` is blank"), "fill it in");
            return None;
        }
        Some(text)
    }

    fn boolean(&mut self, section: &Section<'_>, key: &str, absent: bool) -> bool {
        match section.get(key) {
            None => absent,
            Some(Json { value: JsonValue::Boolean(boolean), .. }) => *boolean,
            Some(json) => {
                self.wrong_type(key, json, "true or false");
                absent
            }
        }
    }

    /// The steps of a path such as `/Provenir/Request`.
    fn steps(&mut self, key: &str, path: &Located<String>) -> Option<Steps> {
        let steps: Steps = path.value.trim_matches('/').split('/').map(str::to_owned).collect();
        let is_name = |step: &String| {
            step.starts_with(crate::contract::expr::lexer::starts_name)
                && step.chars().all(crate::contract::expr::lexer::continues_name)
        };
        if steps.iter().all(is_name) {
            return Some(steps);
        }
        let message = format!("`{}` in `{key}` is no path of element names", path.value);
        self.error(path.span.clone(), message, "for example `/Provenir/Request/CustData`");
        None
    }

    /// Warns of keys that are one slip away from a known one, and so were never read.
    fn misspelt(&mut self, section: &Section<'_>, known: &[&str]) {
        for (key, _) in section.entries {
            if known.contains(&key.name.as_str()) {
                continue;
            }
            if let Some(near) = spelling::nearest(&key.name, known.iter().copied()) {
                let message =
                    format!("{} has no key `{}`, so it is not read", section.title, key.name);
                let hint = format!("did you mean `{near}`?");
                self.diagnostics.push(Diagnostic::warning(key.span.clone(), message).hint(hint));
            }
        }
    }

    fn contract(&mut self, json: &Json) -> Option<Legacy> {
        let section = self.section("the contract", json)?;
        self.misspelt(&section, &CONTRACT);
        let root = self.required_text(&section, "xml_root_element");
        let application_path = self.required_text(&section, "xml_application_path");
        let application_path =
            application_path.and_then(|path| self.steps("xml_application_path", &path));
        let element = self.filled(&section, "source_application_table").map(|e| e.value);
        let source_table = self.filled(&section, "source_table").map(|t| t.value);
        let source_column = self.filled(&section, "source_column").map(|t| t.value);
        let target_schema = self.filled(&section, "target_schema").map(|t| t.value);
        let table_order = self.table_order(&section);
        let filters = self.filters(&section);
        let relationships = self.relationships(&section);
        let enums = self.enums(&section);
        let (char_to_bit, boolean_to_bit) = self.bit_tables(&section);
        let mappings = self.mappings(&section);
        let application_path = application_path?;
        Some(Legacy {
            root: root?.value,
            application_element: element.or_else(|| application_path.last().cloned())?,
            application_path,
            source_table,
            source_column,
            target_schema,
            table_order,
            filters,
            relationships,
            enums,
            char_to_bit,
            boolean_to_bit,
            mappings,
        })
    }

    fn table_order(&mut self, section: &Section<'_>) -> Vec<String> {
        let key = "table_insertion_order";
        let items = self.list(section, key).iter();
        items.filter_map(|item| self.text(key, item)).map(|name| name.value).collect()
    }

    fn filters(&mut self, section: &Section<'_>) -> Vec<Filter> {
        let Some(json) = section.get("element_filtering") else { return Vec::new() };
        let Some(filtering) = self.section("element_filtering", json) else { return Vec::new() };
        let mut filters: Vec<Filter> = Vec::new();
        for json in self.list(&filtering, "filter_rules") {
            let Some(filter) = self.filter(json) else { continue };
            match filters.iter().find(|f| f.element_type == filter.element_type) {
                None => filters.push(filter),
                Some(first) => {
                    let message = "this type of element has a filter rule already";
                    let twice = Diagnostic::error(filter.span, message)
                        .hint("leave one rule for each element_type")
                        .related(first.span.clone(), "first here");
                    self.diagnostics.push(twice);
                }
            }
        }
        filters
    }

    fn filter(&mut self, json: &Json) -> Option<Filter> {
        let section = self.section("the filter rule", json)?;
        let path = self.required_text(&section, "xml_child_path");
        let path = path.and_then(|path| self.steps("xml_child_path", &path));
        let (filled, listed) = self.required_attributes(&section);
        let word = self.required_text(&section, "element_type")?;
        let types = [
            ("contact", ElementType::Contact),
            ("address", ElementType::Address),
            ("employment", ElementType::Employment),
        ];
        let known = types.iter().find(|(name, _)| *name == word.value);
        let Some((_, element_type)) = known else {
            let message = format!("`element_type` cannot be `{}`", word.value);
            let hint = spelling::suggestion(&word.value, types.iter().map(|(name, _)| *name));
            self.diagnostics.push(Diagnostic::error(word.span, message).maybe_hint(hint));
            return None;
        };
        Some(Filter { element_type: *element_type, span: word.span, path: path?, filled, listed })
    }

    fn required_attributes(
        &mut self,
        section: &Section<'_>,
    ) -> (Vec<String>, Vec<(String, Vec<String>)>) {
        let (mut filled, mut listed) = (Vec::new(), Vec::new());
        let Some(json) = section.get("required_attributes") else { return (filled, listed) };
        let Some(attributes) = self.section("required_attributes", json) else {
            return (filled, listed);
        };
        for (key, json) in attributes.entries {
            match &json.value {
                JsonValue::Boolean(true) => filled.push(key.name.clone()),
                JsonValue::Boolean(false) | JsonValue::Null => {}
                JsonValue::Array(items) if !items.is_empty() => {
                    let texts = items.iter().filter_map(|item| self.text(&key.name, item));
                    let values: Vec<String> = texts.map(|text| text.value).collect();
                    listed.push((key.name.clone(), values));
                }
                _ => self.wrong_type(&key.name, json, "`true` or a list of allowed values"),
            }
        }
        (filled, listed)
    }

    fn relationships(&mut self, section: &Section<'_>) -> Vec<Relationship> {
        let list = self.list(section, "relationships").iter();
        list.filter_map(|json| {
            let section = self.section("the relationship", json)?;
            let parent = self.required_text(&section, "parent_table");
            let child = self.required_text(&section, "child_table");
            let column = self.required_text(&section, "foreign_key_column");
            Some(Relationship { parent: parent?, child: child?, column: column?.value })
        })
        .collect()
    }

    fn enums(&mut self, section: &Section<'_>) -> Vec<Enum> {
        let Some(json) = section.get("enum_mappings") else { return Vec::new() };
        let Some(enums) = self.section("enum_mappings", json) else { return Vec::new() };
        let mut all = Vec::new();
        for (key, json) in enums.entries {
            let Some(section) = self.section("the enum", json) else { continue };
            let mut values = Vec::new();
            for (code, json) in section.entries {
                match &json.value {
                    JsonValue::Number(number) => {
                        values.push((code.name.clone(), EnumValue::Number(number.clone())));
                    }
                    JsonValue::Text(text) => {
                        values.push((code.name.clone(), EnumValue::Text(text.clone())));
                    }
                    JsonValue::Null => {}
                    _ => self.wrong_type(&code.name, json, "a number or text"),
                }
            }
            all.push(Enum { name: key.name.clone(), values });
        }
        all
    }

    fn bit_tables(&mut self, section: &Section<'_>) -> (Option<BitTable>, Option<BitTable>) {
        let Some(json) = section.get("bit_conversions") else { return (None, None) };
        let Some(tables) = self.section("bit_conversions", json) else { return (None, None) };
        (self.bit_table(&tables, "char_to_bit"), self.bit_table(&tables, "boolean_to_bit"))
    }

    fn bit_table(&mut self, tables: &Section<'_>, name: &'static str) -> Option<BitTable> {
        let section = self.section(name, tables.get(name)?)?;
        let mut table = Vec::new();
        for (key, json) in section.entries {
            match &json.value {
                JsonValue::Number(bit) if bit == "0" || bit == "1" => {
                    table.push((key.name.clone(), bit == "1"));
                }
                JsonValue::Boolean(bit) => table.push((key.name.clone(), *bit)),
                _ => self.wrong_type(&key.name, json, "0 or 1"),
            }
        }
        Some(table)
    }

    fn mappings(&mut self, section: &Section<'_>) -> Vec<Mapping> {
        let Some(json) = self.required(section, "mappings") else { return Vec::new() };
        let items = self.list(section, "mappings");
        if matches!(&json.value, JsonValue::Array(items) if items.is_empty()) {
            self.error(json.span.clone(), "the contract has no mappings", "it maps nothing");
        }
        items.iter().filter_map(|item| self.mapping(item)).collect()
    }

    fn mapping(&mut self, json: &Json) -> Option<Mapping> {
        let section = self.section("the mapping", json)?;
        self.misspelt(&section, &MAPPING);
        let table = self.required_text(&section, "target_table");
        let chain = self.chain(&section);
        let is_maker = |link: &Located<String>| super::conversion::row_maker(&link.value).is_some();
        let column = match chain.iter().any(is_maker) {
            // What a row maker fills is known without.
            true => {
                Some(self.filled(&section, "target_column").map_or_else(String::new, |c| c.value))
            }
            false => self.required_text(&section, "target_column").map(|column| column.value),
        };
        let data_type = self.data_type(&section);
        let path = self.filled(&section, "xml_path");
        let path = path.map(|path| self.steps("xml_path", &path));
        let attribute = self.filled(&section, "xml_attribute");
        let attribute = attribute.map(|name| self.attribute(name));
        let length = self.length(&section);
        let default = section.get("default_value").and_then(|json| self.scalar(json));
        let nullable = self.boolean(&section, "nullable", true);
        let required = self.boolean(&section, "required", false);
        let expression = self.filled(&section, "expression");
        let enum_name = self.filled(&section, "enum_name");
        let exclude = self.boolean(&section, "exclude_default_when_record_empty", false);
        let description = self.filled(&section, "description");
        Some(Mapping {
            span: json.span.start..json.span.start + 1,
            path: path.unwrap_or(Some(Vec::new()))?,
            attribute: attribute.unwrap_or(Some(String::new())).filter(|name| !name.is_empty()),
            table: table?.value,
            column: column?,
            data_type: data_type?,
            length,
            nullable,
            required,
            default: default.filter(|default| !default.value.is_empty()),
            chain,
            expression,
            enum_name,
            exclude_default: exclude,
            description: description.map(|description| description.value),
        })
    }

    fn attribute(&mut self, name: Located<String>) -> Option<String> {
        let plain = name.value.trim_start_matches('@').to_owned();
        let step = Located { value: plain.clone(), span: name.span };
        self.steps("xml_attribute", &step).filter(|steps| steps.len() == 1).map(|_| plain)
    }

    fn data_type(&mut self, section: &Section<'_>) -> Option<DataType> {
        let word = self.required_text(section, "data_type")?;
        let known = DATA_TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&word.value));
        if known.is_none() {
            let message = format!("`data_type` cannot be `{}`", word.value);
            let hint = spelling::suggestion(&word.value, DATA_TYPES.iter().map(|(name, _)| *name));
            self.diagnostics.push(Diagnostic::error(word.span, message).maybe_hint(hint));
        }
        known.map(|(_, data_type)| *data_type)
    }

    /// `data_length`: a whole number, in quotes or not.
    fn length(&mut self, section: &Section<'_>) -> Option<i64> {
        let json = section.get("data_length")?;
        let length = match &json.value {
            JsonValue::Number(text) | JsonValue::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        match length {
            Some(length @ -1..=1_000_000) => Some(length),
            _ => {
                self.wrong_type("data_length", json, "a whole number, or -1 for no limit");
                None
            }
        }
    }

    fn scalar(&mut self, json: &Json) -> Option<Located<String>> {
        let text = match &json.value {
            JsonValue::Text(text) => text.trim().to_owned(),
            JsonValue::Number(number) => number.clone(),
            JsonValue::Boolean(boolean) => i32::from(*boolean).to_string(),
            _ => {
                self.wrong_type("default_value", json, "text, a number, true or false");
                return None;
            }
        };
        Some(Located { value: text, span: json.span.clone() })
    }

    fn chain(&mut self, section: &Section<'_>) -> Vec<Located<String>> {
        let key = "mapping_type";
        let links: Vec<Located<String>> = match section.get(key) {
            None => Vec::new(),
            Some(Json { value: JsonValue::Array(items), .. }) => {
                items.iter().filter_map(|item| self.text(key, item)).collect()
            }
            Some(json) => self.text(key, json).into_iter().collect(),
        };
        links.into_iter().filter(|link| !link.value.is_empty()).collect()
    }
}
