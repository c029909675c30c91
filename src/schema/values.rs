//! What a simple type says of a value.

use std::collections::HashSet;

use super::facets::{Facets, Simple};
use crate::profile::{Form, ValueType};

/// The types of XML Schema, except those that are lists.
pub(super) const BUILT_IN: [&str; 48] = [
    "string",
    "normalizedString",
    "token",
    "language",
    "Name",
    "NCName",
    "NMTOKEN",
    "ID",
    "IDREF",
    "ENTITY",
    "anyURI",
    "QName",
    "NOTATION",
    "anySimpleType",
    "anyAtomicType",
    "boolean",
    "decimal",
    "integer",
    "nonPositiveInteger",
    "negativeInteger",
    "nonNegativeInteger",
    "positiveInteger",
    "long",
    "int",
    "short",
    "byte",
    "unsignedLong",
    "unsignedInt",
    "unsignedShort",
    "unsignedByte",
    "float",
    "double",
    "date",
    "dateTime",
    "dateTimeStamp",
    "time",
    "duration",
    "yearMonthDuration",
    "dayTimeDuration",
    "gYear",
    "gYearMonth",
    "gMonth",
    "gMonthDay",
    "gDay",
    "base64Binary",
    "hexBinary",
    "untypedAtomic",
    "error",
];

/// The types of XML Schema that are lists.
pub(super) const LISTS: [&str; 3] = ["NMTOKENS", "IDREFS", "ENTITIES"];

/// Whether the values of a type are ASCII.
pub(super) fn is_ascii(simple: &Simple) -> bool {
    match value_type(simple).form {
        Form::Text { is_ascii, .. } => is_ascii,
        _ => true,
    }
}

/// What a type says of a value.
pub(super) fn value_type(simple: &Simple) -> ValueType {
    match simple {
        Simple::Atomic(name, facets) => atomic(name, facets),
        Simple::List { is_ascii, codes, is_filled } => {
            let form = Form::Text { least: 0, most: None, is_ascii: *is_ascii };
            let list =
                ValueType { form, may_be_blank: !is_filled, is_collapsed: true, ..ValueType::TEXT };
            let list = ValueType { remark: Some("a list: blanks divide its values"), ..list };
            listed(list, codes)
        }
        Simple::Union(shared, codes) => listed(shared.clone(), codes),
    }
}

fn atomic(name: &str, facets: &Facets) -> ValueType {
    let whole = |least: Option<i128>, greatest: Option<i128>| whole(least, greatest, facets);
    let form = match name {
        "boolean" => Form::Truth,
        "decimal" if facets.fraction_digits == Some(0) => whole(None, None),
        "decimal" => decimal(facets),
        "integer" => whole(None, None),
        "nonPositiveInteger" => whole(None, Some(0)),
        "negativeInteger" => whole(None, Some(-1)),
        "nonNegativeInteger" => whole(Some(0), None),
        "positiveInteger" => whole(Some(1), None),
        "long" => whole(Some(i64::MIN.into()), Some(i64::MAX.into())),
        "int" => whole(Some(i32::MIN.into()), Some(i32::MAX.into())),
        "short" => whole(Some(i16::MIN.into()), Some(i16::MAX.into())),
        "byte" => whole(Some(i8::MIN.into()), Some(i8::MAX.into())),
        "unsignedLong" => whole(Some(0), Some(u64::MAX.into())),
        "unsignedInt" => whole(Some(0), Some(u32::MAX.into())),
        "unsignedShort" => whole(Some(0), Some(u16::MAX.into())),
        "unsignedByte" => whole(Some(0), Some(u8::MAX.into())),
        "float" | "double" => Form::Float,
        "date" => Form::Date,
        "dateTime" | "dateTimeStamp" => Form::DateTime,
        "time" => Form::Time,
        "base64Binary" => Form::Base64(facets.most_length),
        "hexBinary" => Form::Hex(facets.most_length),
        _ => match facets.decimal.filter(|_| facets.codes.is_empty()) {
            Some((whole, fraction)) => Form::Decimal {
                total: Some(whole + fraction),
                fraction: Some(fraction),
                whole: Some(whole),
            },
            None => text(name, facets),
        },
    };
    // Their white space does not count, whether a facet says so or not.
    let is_spaced = matches!(name, "string" | "normalizedString" | "anySimpleType");
    let value = ValueType {
        form,
        codes: Vec::new(),
        may_be_blank: may_be_blank(name, form),
        is_collapsed: facets.is_collapsed || !is_spaced,
        remark: match (name, form) {
            ("ID", _) => Some("xs:ID: no two the same in a document"),
            (name, Form::Decimal { .. }) if name != "decimal" => {
                Some("text of decimals in the schema")
            }
            ("IDREF", _) => Some("xs:IDREF: the xs:ID of another element"),
            (_, Form::Whole { least, greatest }) if least.is_none() || greatest.is_none() => {
                Some("the schema has no limit")
            }
            _ => None,
        },
    };
    listed(value, &facets.codes)
}

fn may_be_blank(name: &str, form: Form) -> bool {
    match form {
        Form::Text { least, .. } => match name {
            "string" | "normalizedString" | "token" | "anyURI" | "anySimpleType"
            | "anyAtomicType" | "untypedAtomic" => least == 0,
            _ => false,
        },
        Form::Base64(_) | Form::Hex(_) => true,
        _ => false,
    }
}

/// The type with a list of its only values.
fn listed(value: ValueType, codes: &[String]) -> ValueType {
    if codes.is_empty() {
        return value;
    }
    let trimmed = |code: &String| match value.is_collapsed {
        true => code.trim_matches([' ', '\t', '\n', '\r']).to_owned(),
        false => code.clone(),
    };
    let mut known = HashSet::with_capacity(codes.len());
    let list = codes.iter().map(trimmed).filter(|code| known.insert(code.clone()));
    let list: Vec<String> = list.collect();
    let lengths = || list.iter().map(|code| code.encode_utf16().count() as u64);
    let form = match value.form {
        Form::Text { .. } => Form::Text {
            least: lengths().min().unwrap_or(0),
            most: lengths().max(),
            is_ascii: list.iter().all(|code| code.is_ascii()),
        },
        Form::Whole { least, greatest } => {
            let numbers = || list.iter().filter_map(|code| code.parse::<i128>().ok());
            Form::Whole { least: numbers().min().or(least), greatest: numbers().max().or(greatest) }
        }
        other => other,
    };
    let may_be_blank = list.iter().any(|code| crate::value::is_blank(code));
    ValueType { form, codes: list, may_be_blank, ..value }
}

fn whole(least: Option<i128>, greatest: Option<i128>, facets: &Facets) -> Form {
    // A bound may be written as a decimal, and with a plus.
    let number = |text: &Option<String>| -> Option<i128> {
        let text = text.as_deref()?;
        text.split('.').next()?.trim_start_matches('+').parse().ok()
    };
    let above =
        number(&facets.least).map(|least| least.saturating_add(i128::from(facets.is_above_least)));
    let below = number(&facets.greatest)
        .map(|greatest| greatest.saturating_sub(i128::from(facets.is_below_greatest)));
    let digits = facets.total_digits.filter(|digits| *digits <= 38);
    let most = digits.map(|digits| 10_i128.pow(digits) - 1);
    let narrowest = |bounds: [Option<i128>; 3], choose: fn(i128, i128) -> i128| {
        bounds.into_iter().flatten().reduce(choose)
    };
    Form::Whole {
        least: narrowest([least, above, most.map(|most: i128| -most)], i128::max),
        greatest: narrowest([greatest, below, most], i128::min),
    }
}

fn decimal(facets: &Facets) -> Form {
    let digits = |text: &Option<String>| -> Option<u32> {
        let text = text.as_deref()?.trim_start_matches(['+', '-']);
        let whole = text.split('.').next()?.trim_start_matches('0');
        whole.bytes().all(|byte| byte.is_ascii_digit()).then_some(whole.len().max(1) as u32)
    };
    let bounds = digits(&facets.least).zip(digits(&facets.greatest));
    Form::Decimal {
        total: facets.total_digits,
        fraction: facets.fraction_digits,
        whole: bounds.map(|(a, b)| a.max(b)),
    }
}

fn text(name: &str, facets: &Facets) -> Form {
    let pattern = facets.pattern;
    let (least, most, is_ascii) = match name {
        "duration" | "yearMonthDuration" | "dayTimeDuration" => (2, Some(50), true),
        "gYear" | "gYearMonth" | "gMonth" | "gMonthDay" | "gDay" => (4, Some(20), true),
        "language" => (1, Some(50), true),
        "Name" | "NCName" | "NMTOKEN" | "ID" | "IDREF" | "ENTITY" | "QName" | "NOTATION" => {
            (1, None, false)
        }
        _ => (0, None, false),
    };
    let patterned = pattern.and_then(|pattern| pattern.most).map(u64::from);
    // A character outside the basic plane has two UTF-16 units; nobody's limits count on it.
    let most = [most, facets.most_length, patterned].into_iter().flatten().min();
    let least = [Some(least), facets.least_length, pattern.map(|p| p.least.into())];
    Form::Text {
        least: least.into_iter().flatten().max().unwrap_or(0),
        most,
        is_ascii: is_ascii || pattern.is_some_and(|pattern| pattern.is_ascii),
    }
}
