//! What a mapping's types make of the text that it reads.

use super::calculated::{self, Misread};
use super::layout::{Layout, Rows};
use super::legacy::{row_maker, DataType, Enum, EnumValue, Legacy, Mapping};
use super::output::Column;
use super::report::Difference;
use super::{build, dates, legacy};
use crate::contract::expr::ast::{Expr, ExprKind, Function};

/// A mapping's value on its way through the chain of types.
pub(super) struct Converted {
    pub(super) expr: Option<Expr>,
    kind: Kind,
    /// It is never null.
    pub(super) always: bool,
    pub(super) differences: Vec<Difference>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Text of the document that no conversion has touched.
    Text,
    /// Text of the document that stands as it is: `identity_insert`.
    Plain,
    Digits,
    Bit,
    Enum,
    Calculated,
    Now,
}

/// Reads attributes and applies mapping types.
#[derive(Clone, Copy)]
pub(super) struct Converter<'l> {
    pub(super) legacy: &'l Legacy,
    pub(super) layout: &'l Layout<'l>,
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

impl Converter<'_> {
    /// What the mapping reads, before any conversion. None where it reads nothing.
    pub(super) fn source(&self, rows: &Rows, mapping: &Mapping) -> Result<Option<Expr>, String> {
        if mapping.has_type("last_valid_pr_contact") {
            return self.layout.of_last_contact(rows, mapping, 0).map(Some);
        }
        if mapping.has_type("last_valid_sec_contact") || mapping.has_type("authu_contact") {
            return self.layout.of_last_contact(rows, mapping, 1).map(Some);
        }
        if mapping.has_type("curr_address_only") {
            return self.layout.of_current_address(rows, mapping).map(Some);
        }
        if mapping.path.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.layout.plain(rows, &mapping.path, mapping.attribute.as_deref())))
    }

    /// Applies the chain to what the mapping reads.
    pub(super) fn convert(&self, rows: &Rows, mapping: &Mapping) -> Result<Converted, String> {
        let source = self.source(rows, mapping)?;
        let mut converted = Converted {
            expr: source.clone(),
            kind: Kind::Text,
            always: false,
            differences: Vec::new(),
        };
        if self.layout.is_below_last_contact(mapping) {
            converted.differences.push(Difference::ContactsElsewhere);
        }
        for link in &mapping.chain {
            if row_maker(link).is_some() {
                continue;
            }
            match link.as_str() {
                "last_valid_pr_contact"
                | "last_valid_sec_contact"
                | "authu_contact"
                | "curr_address_only"
                | "extract_date" => {}
                "identity_insert" => converted.kind = Kind::Plain,
                "enum" => self.look_up(mapping, source.as_ref(), &mut converted)?,
                "char_to_bit" | "boolean_to_bit" => self.bit(link, &mut converted)?,
                "numbers_only" | "extract_numeric" => digits(mapping, &mut converted),
                "default_getutcdate_if_null" => now(&mut converted),
                "calculated_field" => self.calculate(rows, mapping, &mut converted)?,
                other => return Err(unknown_type(other)),
            }
        }
        Ok(converted)
    }

    fn look_up(
        &self,
        mapping: &Mapping,
        source: Option<&Expr>,
        converted: &mut Converted,
    ) -> Result<(), String> {
        let wanted = mapping.enum_name.as_ref().unwrap_or(&mapping.column);
        let found = self.legacy.enums.0.iter().find(|(name, _)| name == wanted);
        let Some((_, found)) = found else {
            let names = self.legacy.enums.0.iter().map(|(name, _)| name.as_str());
            let near = crate::diagnostic::spelling::nearest(wanted, names);
            let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return Err(format!("there is no enum `{wanted}` in enum_mappings{near}"));
        };
        let calculated = converted.kind == Kind::Calculated;
        let text = if calculated { source.cloned() } else { converted.expr.take() };
        let looked_up = match constant(found) {
            Some(constant) => Some(constant),
            // An enum without values maps everything to nothing.
            None if found.0.is_empty() => None,
            None => Some(build::call(
                Function::Lookup,
                [build::text(wanted), text.unwrap_or_else(|| build::expr(ExprKind::Null))],
            )),
        };
        converted.always |= blank_value(found).is_some();
        converted.expr = match (calculated, converted.expr.take()) {
            (true, Some(first)) => {
                looked_up.map(|second| build::call(Function::Coalesce, [first, second]))
            }
            _ => looked_up,
        };
        converted.kind = if calculated { Kind::Calculated } else { Kind::Enum };
        Ok(())
    }

    fn bit(&self, table: &str, converted: &mut Converted) -> Result<(), String> {
        let known = match table {
            "char_to_bit" => &self.legacy.bits.char_to_bit,
            _ => &self.legacy.bits.boolean_to_bit,
        };
        if known.0.is_empty() {
            return Err(format!("there is no `{table}` in bit_conversions"));
        }
        let text = converted.expr.take().unwrap_or_else(|| build::expr(ExprKind::Null));
        converted.expr = Some(build::call(Function::Lookup, [build::text(table), text]));
        converted.kind = Kind::Bit;
        converted.always = true;
        Ok(())
    }

    fn calculate(
        &self,
        rows: &Rows,
        mapping: &Mapping,
        converted: &mut Converted,
    ) -> Result<(), String> {
        let expression = mapping.expression.as_ref().ok_or("it has no expression")?;
        let numeric = mapping.data_type.is_integer() || mapping.data_type == DataType::Decimal;
        // Before an enum comes text, even where the column holds a number.
        let numeric = numeric && !mapping.has_type("enum");
        let field = |name: &str| self.layout.field(rows, mapping, name);
        let formats = dates::patterns();
        let calculated = calculated::translate(expression, numeric, &formats, &field)?;
        converted.differences.extend(misread(calculated.misread));
        let before_enum = mapping.has_type("enum") && calculated.text;
        converted.expr = Some(match before_enum {
            true => build::call(Function::NullIf, [calculated.expr, build::text("")]),
            false => calculated.expr,
        });
        converted.kind = Kind::Calculated;
        converted.always = calculated.always;
        Ok(())
    }

    /// The column of a mapping, with its type, default and all.
    pub(super) fn column(
        &self,
        rows: &Rows,
        index: usize,
        mapping: &Mapping,
    ) -> Result<(Column, Vec<Difference>), String> {
        let converted = self.convert(rows, mapping)?;
        let mut differences = converted.differences.clone();
        let (value, on_error_null) = converted.typed_for(mapping);
        let always = converted.always;
        let applies = default_applies(&converted, mapping);
        let default = match &mapping.default {
            Some(default) if applies => Some(super::defaults::literal(default, mapping)?),
            _ => None,
        };
        if mapping.length == Some(-1) {
            differences.push(Difference::WholeText);
        }
        if mapping.is_never_null() && default.is_none() && !always {
            differences.push(Difference::NeverNull);
        }
        if mapping.data_type == DataType::Decimal {
            differences.push(Difference::DecimalDigits);
        }
        if mapping.exclude_default && default.is_some() {
            differences.push(Difference::DefaultOfEmptyRecord);
        }
        let sql_type = mapping.sql_type();
        let column = Column {
            name: mapping.column.clone(),
            sql_type,
            value,
            default,
            required: mapping.is_never_null(),
            truncate: sql_type.max_chars().is_some(),
            on_error_null,
            always,
            note: mapping.description.clone(),
            mapping: Some(index),
        };
        Ok((column, differences))
    }
}

impl Converted {
    /// The value as the column's type takes it, and whether what does not convert is null.
    pub(super) fn typed_for(&self, mapping: &Mapping) -> (Option<Expr>, bool) {
        let Some(expr) = self.expr.clone() else { return (None, false) };
        let number = |expr| Some(build::call(Function::Number, [expr]));
        match (self.kind, mapping.data_type) {
            (Kind::Bit | Kind::Plain, _) | (_, DataType::Text) => (Some(expr), false),
            (Kind::Enum, _) | (Kind::Digits, _) => (Some(expr), false),
            (Kind::Calculated | Kind::Now, _) => (Some(expr), true),
            (Kind::Text, DataType::Decimal) => (number(expr), true),
            (Kind::Text, data_type) if data_type.is_integer() && mapping.chain.is_empty() => {
                (Some(build::call(Function::FirstNumber, [expr])), false)
            }
            (Kind::Text, data_type) if data_type.is_integer() => (number(expr), true),
            (Kind::Text, _) => (Some(expr), true),
        }
    }
}

fn default_applies(converted: &Converted, mapping: &Mapping) -> bool {
    match converted.kind {
        Kind::Bit => false,
        Kind::Enum => mapping.is_never_null() && !converted.always,
        _ => true,
    }
}

fn digits(mapping: &Mapping, converted: &mut Converted) {
    let text = converted.expr.take();
    converted.expr = text.map(|text| build::call(Function::Digits, [text]));
    converted.kind = Kind::Digits;
    if mapping.data_type == DataType::Text {
        converted.differences.push(Difference::LeadingZeros);
    }
}

fn now(converted: &mut Converted) {
    let now = build::call(Function::NowUtc, []);
    converted.expr = Some(match converted.expr.take() {
        None => now,
        Some(text) => {
            let filled = build::call(Function::NullIf, [text, build::text("")]);
            build::call(Function::Coalesce, [filled, now])
        }
    });
    converted.kind = Kind::Now;
    converted.always = true;
}

fn misread(misread: Misread) -> impl Iterator<Item = Difference> {
    let all = [
        (misread.bare_number, Difference::BareNumber),
        (misread.logic, Difference::Logic),
        (misread.quoted_number, Difference::QuotedNumber),
        (misread.remainder, Difference::Remainder),
    ];
    all.into_iter().filter(|(there, _)| *there).map(|(_, difference)| difference)
}

/// What an enum gives for blanks and for every text it does not list.
pub(super) fn blank_value(found: &Enum) -> Option<&EnumValue> {
    found.0.iter().find(|(code, _)| code.trim().is_empty()).map(|(_, value)| value)
}

/// The value of an enum that gives the same for everything.
fn constant(found: &Enum) -> Option<Expr> {
    let blank = blank_value(found)?;
    if found.0.iter().any(|(_, value)| value != blank) {
        return None;
    }
    Some(match blank {
        EnumValue::Number(number) => match number.as_i64() {
            Some(integer) => build::integer(integer),
            None => build::text(number.to_string()),
        },
        EnumValue::Text(text) => build::text(text),
    })
}

fn unknown_type(link: &str) -> String {
    let name = link.split('(').next().unwrap_or(link).trim();
    let known = MAPPING_TYPES.into_iter().chain(legacy::ROW_MAKERS);
    match crate::diagnostic::spelling::nearest(name, known) {
        Some(near) if near != name => {
            format!("`{link}` is no mapping type; did you mean `{near}`?")
        }
        _ => format!("`{link}` is no mapping type"),
    }
}
