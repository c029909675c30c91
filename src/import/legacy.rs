//! The earlier system's contract, as serde reads it from the JSON.

use serde::de::{Error, IntoDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

use super::json::Pairs;
use super::lines::toml_string;
use super::sql;
use crate::contract::identifier::same_name;
use crate::value::names::is_name;
use crate::value::SqlType;

/// Names of elements from the root down.
pub(super) type Steps = Vec<String>;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub(super) struct Legacy {
    pub(super) xml_root_element: String,
    #[serde(rename = "xml_application_path", deserialize_with = "steps")]
    pub(super) application_path: Steps,
    source_application_table: Option<String>,
    source_table: Option<String>,
    source_column: Option<String>,
    pub(super) target_schema: Option<String>,
    table_insertion_order: Vec<String>,
    pub(super) element_filtering: Filtering,
    pub(super) relationships: Vec<Relationship>,
    pub(super) enum_mappings: Pairs<String, Enum>,
    pub(super) bit_conversions: BitConversions,
    pub(super) mappings: Vec<Mapping>,
}

impl Legacy {
    /// The filter rule for elements of this type.
    pub(super) fn filter(&self, wanted: ElementType) -> Option<&Filter> {
        self.element_filtering.filter_rules.iter().find(|rule| rule.element_type == wanted)
    }

    pub(super) fn is_parent(&self, table: &str) -> bool {
        self.relationships.iter().any(|r| same_name(&r.parent_table, table))
    }

    pub(super) fn is_child(&self, table: &str) -> bool {
        self.parents_of(table).next().is_some()
    }

    pub(super) fn parents_of<'l>(
        &'l self,
        child: &'l str,
    ) -> impl Iterator<Item = &'l Relationship> {
        self.relationships.iter().filter(move |r| same_name(&r.child_table, child))
    }

    /// The position of a table in `table_insertion_order`.
    pub(super) fn order_of(&self, table: &str) -> Option<usize> {
        self.table_insertion_order.iter().position(|other| same_name(other, table))
    }

    /// The lines of xmlshred.toml that name the table of the documents. The earlier system looks for a
    /// table without a schema in dbo, and for the id in app_id.
    pub(super) fn source_settings(&self) -> Vec<String> {
        let table = self.source_table.as_ref().map(|table| match table.contains('.') {
            true => table.clone(),
            false => format!("dbo.{table}"),
        });
        let line = |key, value: String| format!("{key} = {}", toml_string(&value));
        let table = table.map(|table| line("source_table", table));
        let column = self.source_column.clone();
        table.into_iter().chain(column.map(|c| line("source_document_column", c))).collect()
    }

    /// The element that a document must have.
    pub(super) fn application_element(&self) -> &str {
        let last = self.application_path.last().map_or("", String::as_str);
        self.source_application_table.as_deref().unwrap_or(last)
    }
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
pub(super) struct Filtering {
    pub(super) filter_rules: Vec<Filter>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ElementType {
    #[default]
    Contact,
    Address,
    Employment,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub(super) struct Filter {
    pub(super) element_type: ElementType,
    #[serde(rename = "xml_child_path", deserialize_with = "steps")]
    pub(super) path: Steps,
    #[serde(rename = "required_attributes")]
    pub(super) attributes: RequiredAttributes,
}

impl Filter {
    /// The name of the elements.
    pub(super) fn element(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// The condition of the first list with its preferred value.
    pub(super) fn preferred(&self) -> Option<String> {
        let (name, values) = self.attributes.listed.first()?;
        Some(format!("@{name} = {}", sql::text(values.first()?)))
    }

    /// What has to hold for an element whose attributes are below `start`.
    pub(super) fn conditions(&self, start: &str) -> Vec<String> {
        let RequiredAttributes { filled, listed } = &self.attributes;
        let filled = filled.iter().map(|name| format!("{start}@{name} IS NOT EMPTY"));
        let listed =
            listed.iter().map(|(name, values)| sql::is_one_of(&format!("{start}@{name}"), values));
        filled.chain(listed).collect()
    }
}

/// What the elements of a filter rule must have.
#[derive(Default, Deserialize)]
#[serde(try_from = "Pairs<String, Requirement>")]
pub(super) struct RequiredAttributes {
    /// Attributes that must not be blank.
    pub(super) filled: Vec<String>,
    /// Attributes with their allowed values, the preferred first.
    pub(super) listed: Vec<(String, Vec<String>)>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected `true` or a list of allowed values")]
enum Requirement {
    Filled(bool),
    Listed(Vec<String>),
}

impl TryFrom<Pairs<String, Requirement>> for RequiredAttributes {
    type Error = String;

    fn try_from(pairs: Pairs<String, Requirement>) -> Result<Self, String> {
        let mut attributes = Self::default();
        for (name, requirement) in pairs.0 {
            match requirement {
                Requirement::Listed(values) if values.is_empty() => {
                    return Err(format!("the list of allowed values of `{name}` is empty"));
                }
                Requirement::Listed(values) => attributes.listed.push((name, values)),
                Requirement::Filled(true) => attributes.filled.push(name),
                Requirement::Filled(false) => {}
            }
        }
        Ok(attributes)
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub(super) struct Relationship {
    pub(super) parent_table: String,
    pub(super) child_table: String,
    pub(super) foreign_key_column: String,
}

/// Codes and their values.
pub(super) type Enum = Pairs<String, EnumValue>;

impl<V> Pairs<String, V> {
    /// The value for blanks and for every text that is not listed.
    pub(super) fn blank_value(&self) -> Option<&V> {
        self.0.iter().find(|(text, _)| text.trim().is_empty()).map(|(_, value)| value)
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "expected a number or a string")]
pub(super) enum EnumValue {
    Number(Number),
    Text(String),
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
pub(super) struct BitConversions {
    pub(super) char_to_bit: BitTable,
    pub(super) boolean_to_bit: BitTable,
}

/// Texts and their bits.
pub(super) type BitTable = Pairs<String, Bit>;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Bit(bool);

impl TryFrom<Value> for Bit {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        match value.as_bool().map_or(value.as_u64(), |bit| Some(bit.into())) {
            Some(bit @ 0..=1) => Ok(Self(bit == 1)),
            _ => Err("expected 0 or 1"),
        }
    }
}

impl Bit {
    pub(super) fn value(&self) -> EnumValue {
        EnumValue::Number(u8::from(self.0).into())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum DataType {
    #[default]
    #[serde(rename = "string")]
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

impl DataType {
    pub(super) fn is_integer(self) -> bool {
        matches!(self, Self::Int | Self::SmallInt | Self::TinyInt | Self::BigInt)
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub(super) struct Mapping {
    /// Position among the mappings.
    #[serde(skip)]
    pub(super) index: usize,
    /// Offset of the mapping in the JSON.
    #[serde(skip)]
    pub(super) start: usize,
    #[serde(rename = "xml_path", deserialize_with = "steps")]
    pub(super) path: Steps,
    #[serde(rename = "xml_attribute", deserialize_with = "attribute")]
    pub(super) attribute: Option<String>,
    #[serde(rename = "target_table")]
    pub(super) table: String,
    #[serde(rename = "target_column")]
    pub(super) column: String,
    #[serde(deserialize_with = "data_type")]
    pub(super) data_type: DataType,
    #[serde(rename = "data_length", deserialize_with = "length")]
    pub(super) length: Option<i64>,
    nullable: Option<bool>,
    required: bool,
    #[serde(rename = "default_value", deserialize_with = "default_value")]
    pub(super) default: Option<String>,
    /// The mapping types, in the order in which they are applied.
    #[serde(rename = "mapping_type", deserialize_with = "chain")]
    pub(super) chain: Vec<String>,
    pub(super) expression: Option<String>,
    enum_name: Option<String>,
    pub(super) exclude_default_when_record_empty: bool,
    pub(super) description: Option<String>,
}

/// The mapping types that make rows of their own.
pub(super) const ROW_MAKERS: [&str; 7] = [
    "add_score",
    "add_indicator",
    "add_history",
    "add_report_lookup",
    "policy_exceptions",
    "warranty_field",
    "add_collateral",
];

/// The row maker that a mapping type is, and what is in its parentheses.
pub(super) fn row_maker(link: &str) -> Option<(&'static str, &str)> {
    let (name, rest) = link.split_once('(').unwrap_or((link, ")"));
    let argument = rest.trim_end().strip_suffix(')')?;
    let maker = ROW_MAKERS.into_iter().find(|maker| *maker == name.trim())?;
    Some((maker, argument.trim().trim_matches(['\'', '"'])))
}

/// Longer text than this is `nvarchar(max)`.
const LONGEST_TEXT: i64 = 4000;

pub(super) fn text_type(length: Option<i64>) -> SqlType {
    let length = length.filter(|length| (1..=LONGEST_TEXT).contains(length));
    SqlType::NVarChar(length.and_then(|length| u16::try_from(length).ok()))
}

/// Digits of a decimal, whose number the JSON does not say: with fewer, what does not fit would
/// become null.
const MOST_DIGITS: u8 = 38;

impl Mapping {
    /// Whether the earlier system may have inserted its values into an identity column.
    pub(super) fn is_identity_insert(&self) -> bool {
        self.has_type("identity_insert") && self.data_type.is_integer()
    }

    pub(super) fn is_never_null(&self) -> bool {
        self.required || self.nullable == Some(false)
    }

    /// `table.column`; `table(attribute)` for a row maker that names no column.
    pub(super) fn name(&self) -> String {
        match (self.column.as_str(), &self.attribute) {
            ("", Some(attribute)) => format!("{}(@{attribute})", self.table),
            (column, _) => format!("{}.{column}", self.table),
        }
    }

    /// The enum that its mapping type `enum` reads.
    pub(super) fn enum_name(&self) -> &str {
        self.enum_name.as_ref().unwrap_or(&self.column)
    }

    pub(super) fn has_type(&self, name: &str) -> bool {
        self.chain.iter().any(|link| link == name)
    }

    /// The row maker among its mapping types, and what is in its parentheses.
    pub(super) fn maker(&self) -> Option<(&'static str, &str)> {
        self.chain.iter().find_map(|link| row_maker(link))
    }

    /// The column's type.
    pub(super) fn sql_type(&self) -> SqlType {
        match self.data_type {
            DataType::Text => text_type(self.length),
            DataType::Int => SqlType::Int,
            DataType::SmallInt => SqlType::SmallInt,
            DataType::TinyInt => SqlType::TinyInt,
            DataType::BigInt => SqlType::BigInt,
            DataType::Bit => SqlType::Bit,
            DataType::Date => SqlType::Date,
            DataType::DateTime => SqlType::DateTime,
            DataType::Decimal => {
                let scale = self.length.and_then(|length| u8::try_from(length).ok()).unwrap_or(2);
                SqlType::Decimal { precision: MOST_DIGITS, scale: scale.min(MOST_DIGITS) }
            }
        }
    }
}

/// The steps of a path such as `/Provenir/Request`.
fn steps<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Steps, D::Error> {
    let text = String::deserialize(deserializer)?;
    let steps: Steps = text.trim_matches('/').split('/').map(str::to_owned).collect();
    let is_name = |step: &String| is_name(step);
    match steps.iter().all(is_name) {
        true => Ok(steps),
        false => Err(D::Error::custom("expected names of elements such as `/Provenir/Request`")),
    }
}

fn attribute<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let name = text.trim_start_matches('@');
    match name.is_empty() || is_name(name) {
        true => Ok(Some(name.to_owned()).filter(|name| !name.is_empty())),
        false => Err(D::Error::custom("expected the name of an attribute")),
    }
}

fn data_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DataType, D::Error> {
    let name = String::deserialize(deserializer)?.to_ascii_lowercase();
    DataType::deserialize(name.into_deserializer())
}

/// A whole number, in quotes or not.
fn length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    match number {
        Some(-1..=1_000_000) => Ok(number),
        _ => Err(D::Error::custom("expected a whole number, or -1 for no limit")),
    }
}

fn default_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(bit) => Ok(Some(u8::from(bit).to_string())),
        _ => Err(D::Error::custom("expected a string, a number, true or false")),
    }
}

/// One mapping type, or several.
fn chain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a string or an array of strings")]
    enum Chain {
        One(String),
        Several(Vec<String>),
    }
    let links = match Chain::deserialize(deserializer)? {
        Chain::One(link) => vec![link],
        Chain::Several(links) => links,
    };
    Ok(links.into_iter().filter(|link| !link.is_empty()).collect())
}
