//! What a mapping's types make of the text that it reads.

use super::calculated;
use super::defaults;
use super::difference::Difference;
use super::draft::Column;
use super::layout::{Layout, Rows};
use super::legacy::{row_maker, DataType, Enum, EnumValue, Mapping, ROW_MAKERS};
use super::sql;
use crate::diagnostic::spelling;

/// A mapping's value on its way through the chain of types.
pub(super) struct Converted {
    pub(super) sql: Option<String>,
    kind: Kind,
    /// It is never null.
    pub(super) always: bool,
    pub(super) differences: Vec<Difference>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Text of the document.
    Text,
    /// Text of the document that stays as it is: `identity_insert`.
    Plain,
    Digits,
    Bit,
    Enum,
    Calculated,
    Now,
}

const MAPPING_TYPES: [&str; 12] = [
    "enum",
    "char_to_bit",
    "boolean_to_bit",
    "numbers_only",
    "extract_numeric",
    "last_valid_pr_contact",
    "last_valid_sec_contact",
    "authu_contact",
    "curr_address_only",
    "default_getutcdate_if_null",
    "calculated_field",
    "identity_insert",
];

/// Reads a mapping's attribute and applies its types.
pub(super) fn convert(
    layout: &Layout<'_>,
    rows: &Rows,
    mapping: &Mapping,
) -> Result<Converted, String> {
    let source = layout.source(rows, mapping)?;
    let (source, is_selected) = match source {
        Some(source) => (Some(source.text), source.is_selected),
        None => (None, None),
    };
    let mut value =
        Converted { sql: source.clone(), kind: Kind::Text, always: false, differences: Vec::new() };
    if layout.is_below_last_contact(mapping) {
        value.differences.push(Difference::ContactsElsewhere);
    }
    for link in mapping.chain.iter().filter(|link| row_maker(link).is_none()) {
        match link.as_str() {
            // These choose the source, or change nothing.
            "last_valid_pr_contact"
            | "last_valid_sec_contact"
            | "authu_contact"
            | "curr_address_only"
            | "extract_date" => {}
            "identity_insert" => value.kind = Kind::Plain,
            "enum" => value.look_up(layout, mapping, source.as_deref())?,
            "char_to_bit" | "boolean_to_bit" => value.bit(layout, link)?,
            "numbers_only" | "extract_numeric" => value.digits(mapping),
            "default_getutcdate_if_null" => value.now(),
            "calculated_field" => value.calculate(layout, rows, mapping)?,
            other => return Err(unknown_type(other)),
        }
    }
    // Without the contact or address there is nothing to convert.
    if let Some(condition) = is_selected.filter(|_| value.always && !mapping.is_never_null()) {
        value.sql = value.sql.map(|sql| format!("CASE WHEN {condition} THEN {sql} END"));
        value.always = false;
    }
    Ok(value)
}

impl Converted {
    fn look_up(
        &mut self,
        layout: &Layout<'_>,
        mapping: &Mapping,
        source: Option<&str>,
    ) -> Result<(), String> {
        let (wanted, enums) = (mapping.enum_name(), &layout.legacy.enum_mappings.0);
        let Some((_, found)) = enums.iter().find(|(name, _)| name == wanted) else {
            let near = spelling::nearest(wanted, enums.iter().map(|(name, _)| name.as_str()));
            let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return Err(format!("unknown enum `{wanted}`{near}"));
        };
        let is_calculated = self.kind == Kind::Calculated;
        let current = self.sql.take();
        let text = if is_calculated { source } else { current.as_deref() };
        let looked_up = match constant(found) {
            Some(constant) => Some(constant),
            // An enum without values maps everything to nothing.
            None if found.0.is_empty() => None,
            None => {
                let text = text.unwrap_or("NULL");
                Some(format!("LOOKUP({}, {text})", sql::text(wanted)))
            }
        };
        self.always |= found.blank_value().is_some();
        self.sql = match (current, looked_up) {
            (Some(first), Some(second)) if is_calculated => {
                Some(format!("COALESCE({first}, {second})"))
            }
            (first, None) if is_calculated => first,
            (_, looked_up) => looked_up,
        };
        if !is_calculated {
            self.kind = Kind::Enum;
        }
        Ok(())
    }

    fn bit(&mut self, layout: &Layout<'_>, table: &str) -> Result<(), String> {
        let bits = &layout.legacy.bit_conversions;
        let known = if table == "char_to_bit" { &bits.char_to_bit } else { &bits.boolean_to_bit };
        if known.0.is_empty() {
            return Err(format!("there is no `{table}` in bit_conversions"));
        }
        let text = self.sql.as_deref().unwrap_or("NULL");
        self.sql = Some(format!("LOOKUP({}, {text})", sql::text(table)));
        (self.kind, self.always) = (Kind::Bit, true);
        Ok(())
    }

    fn calculate(
        &mut self,
        layout: &Layout<'_>,
        rows: &Rows,
        mapping: &Mapping,
    ) -> Result<(), String> {
        let expression = mapping.expression.as_ref().ok_or("it has no expression")?;
        let before_enum = mapping.has_type("enum");
        let is_number = mapping.data_type.is_integer() || mapping.data_type == DataType::Decimal;
        let field = |name: &str| layout.field(rows, mapping, name);
        // Before an enum comes text, even where the column holds a number.
        let calculated = calculated::translate(expression, is_number && !before_enum, &field)?;
        self.differences.extend(calculated.differences);
        self.sql = Some(match before_enum && calculated.text {
            true => format!("NULLIF({}, '')", calculated.sql),
            false => calculated.sql,
        });
        (self.kind, self.always) = (Kind::Calculated, calculated.always);
        Ok(())
    }

    fn digits(&mut self, mapping: &Mapping) {
        self.sql = self.sql.take().map(|text| format!("DIGITS({text})"));
        self.kind = Kind::Digits;
        if mapping.data_type == DataType::Text {
            self.differences.push(Difference::LeadingZeros);
        }
    }

    fn now(&mut self) {
        self.sql = Some(match self.sql.take() {
            None => "NOW_UTC()".to_owned(),
            Some(text) => format!("COALESCE(NULLIF({text}, ''), NOW_UTC())"),
        });
        (self.kind, self.always) = (Kind::Now, true);
    }

    /// The value in the form that the column's type needs, and whether it is null when it does
    /// not convert.
    pub(super) fn typed_for(&self, mapping: &Mapping) -> (Option<String>, bool) {
        let Some(sql) = self.sql.clone() else { return (None, false) };
        match (self.kind, mapping.data_type) {
            (Kind::Bit | Kind::Plain | Kind::Enum | Kind::Digits, _) | (_, DataType::Text) => {
                (Some(sql), false)
            }
            (Kind::Text, data_type) if data_type.is_integer() && mapping.chain.is_empty() => {
                (Some(format!("FIRST_NUMBER({sql})")), false)
            }
            (Kind::Text, data_type) if data_type.is_integer() || data_type == DataType::Decimal => {
                (Some(format!("NUMBER({sql})")), true)
            }
            _ => (Some(sql), true),
        }
    }

    fn has_default(&self, mapping: &Mapping) -> bool {
        match self.kind {
            Kind::Bit => false,
            Kind::Enum => mapping.is_never_null() && !self.always,
            _ => true,
        }
    }
}

/// The column of a mapping, and how it differs.
pub(super) fn column(
    layout: &Layout<'_>,
    rows: &Rows,
    mapping: &Mapping,
) -> Result<(Column, Vec<Difference>), String> {
    let converted = convert(layout, rows, mapping)?;
    let (value, on_error_null) = converted.typed_for(mapping);
    let default = mapping.default.as_ref().filter(|_| converted.has_default(mapping));
    let default = default.map(|text| defaults::literal(text, mapping.sql_type())).transpose()?;
    let always = converted.always;
    let mut differences = converted.differences;
    let applying = [
        (mapping.length == Some(-1), Difference::WholeText),
        (mapping.is_never_null() && default.is_none() && !always, Difference::NeverNull),
        (mapping.data_type == DataType::Decimal, Difference::DecimalDigits),
        (
            mapping.exclude_default_when_record_empty && default.is_some(),
            Difference::DefaultOfEmptyRecord,
        ),
    ];
    differences.extend(applying.into_iter().filter(|(applies, _)| *applies).map(|(_, d)| d));
    let sql_type = mapping.sql_type();
    let column = Column {
        default,
        required: mapping.is_never_null(),
        truncate: sql_type.max_chars().is_some(),
        on_error_null,
        identity: mapping.is_identity_insert(),
        always,
        note: mapping.description.clone(),
        mapping: Some(mapping.index),
        ..Column::new(&mapping.column, sql_type, value)
    };
    Ok((column, differences))
}

/// The value of an enum that has the same for everything.
fn constant(found: &Enum) -> Option<String> {
    let blank = found.blank_value()?;
    let is_constant = found.0.iter().all(|(_, value)| value == blank);
    is_constant.then(|| match blank {
        EnumValue::Number(number) if number.is_i64() => number.to_string(),
        EnumValue::Number(number) => sql::text(&number.to_string()),
        EnumValue::Text(text) => sql::text(text),
    })
}

fn unknown_type(link: &str) -> String {
    let name = link.split('(').next().unwrap_or(link).trim();
    match spelling::nearest(name, MAPPING_TYPES.into_iter().chain(ROW_MAKERS)) {
        Some(near) if near != name => {
            format!("unknown mapping type `{link}`; did you mean `{near}`?")
        }
        _ => format!("unknown mapping type `{link}`"),
    }
}
