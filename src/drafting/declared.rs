//! The type of a column by what a schema says of its values, and what samples add to that.

use super::typed::{Read, Typed};
use super::types;
use crate::profile::{Example, Form, Seen, Shape, ValueType, Values};
use crate::value::datetime::parse_date_text;
use crate::value::SqlType;

/// Digits before and behind the point where neither the schema nor samples say how many.
const DECIMAL: (u8, u8) = (38, 10);

/// Characters that are worth a fixed width.
const LONGEST_CODE: u64 = 10;

/// The schema's type of a value. Samples say what it does not: lengths, digits and offsets.
pub(super) fn typed(value: &ValueType, seen: &Values) -> Typed {
    let measured = (seen.count() > 0).then(|| types::typed(seen));
    let measured_type = measured.as_ref().map(|typed| typed.sql_type);
    let mut notes: Vec<String> = value.remark.map(str::to_owned).into_iter().collect();
    let (sql_type, read) = match value.form {
        Form::Truth => (SqlType::Bit, Read::Plain),
        Form::Whole { least, greatest } => (whole(least, greatest), Read::Plain),
        Form::Decimal { total, fraction, whole } => {
            (decimal(total, fraction, whole, measured_type), Read::Plain)
        }
        Form::Float => (SqlType::Float, Read::Plain),
        Form::Date => (SqlType::Date, Read::Plain),
        Form::DateTime => {
            let (sql_type, note) = date_time(measured_type);
            notes.extend(note.map(str::to_owned));
            (sql_type, Read::Plain)
        }
        Form::Time => match measured_type {
            Some(SqlType::Time(digits)) => (SqlType::Time(digits.max(3)), Read::Plain),
            _ => (SqlType::Time(7), Read::Plain),
        },
        Form::Base64(most) => (SqlType::VarBinary(width(most, 8000)), Read::Base64),
        Form::Hex(most) => (SqlType::VarBinary(width(most, 8000)), Read::Hex),
        Form::Text { least, most, is_ascii } => {
            let is_number = matches!(measured_type, Some(SqlType::Decimal { .. }));
            let is_date = measured_type.is_some_and(SqlType::is_temporal);
            if let Some(measured) = measured_type.filter(|_| is_number || is_date) {
                notes.push(format!("text in the schema, {measured} in the samples"));
            }
            match most {
                Some(most) => {
                    let is_ascii = is_ascii && seen.not_ascii == 0;
                    (text(least, most.max(1), is_ascii), Read::Plain)
                }
                None => (unlimited(is_ascii, seen), Read::Plain),
            }
        }
    };
    notes.extend(codes(value));
    Typed {
        outliers: outliers(value, sql_type, seen),
        sql_type,
        read,
        note: (!notes.is_empty()).then(|| notes.join("; ")),
    }
}

/// The narrowest type that has all numbers between two.
fn whole(least: Option<i128>, greatest: Option<i128>) -> SqlType {
    let (Some(least), Some(greatest)) = (least, greatest) else { return SqlType::BigInt };
    let holds = |low: i128, high: i128| low <= least && greatest <= high;
    let digits =
        least.unsigned_abs().max(greatest.unsigned_abs()).checked_ilog10().unwrap_or(0) + 1;
    match () {
        () if holds(0, 255) => SqlType::TinyInt,
        () if holds(i16::MIN.into(), i16::MAX.into()) => SqlType::SmallInt,
        () if holds(i32::MIN.into(), i32::MAX.into()) => SqlType::Int,
        () if holds(i64::MIN.into(), i64::MAX.into()) => SqlType::BigInt,
        () => SqlType::Decimal { precision: digits.min(38) as u8, scale: 0 },
    }
}

fn decimal(
    total: Option<u32>,
    fraction: Option<u32>,
    whole: Option<u32>,
    measured: Option<SqlType>,
) -> SqlType {
    let seen_scale = match measured {
        Some(SqlType::Decimal { scale, .. }) => Some(u32::from(scale)),
        Some(_) => Some(4),
        None => None,
    };
    let scale = match (fraction, total) {
        (Some(fraction), _) => fraction,
        (None, Some(total)) => seen_scale.unwrap_or(total.min(10)),
        (None, None) => match measured {
            Some(known @ SqlType::Decimal { .. }) => return known,
            Some(_) => 4,
            None => DECIMAL.1.into(),
        },
    };
    let precision = match (total, fraction, whole) {
        (Some(total), Some(_), _) => total,
        (Some(total), None, _) => total.saturating_add(scale),
        (None, _, Some(whole)) => whole.saturating_add(scale),
        (None, Some(_), None) if scale <= 10 => 28,
        (None, None, None) if measured.is_some() => 19,
        (None, _, None) => DECIMAL.0.into(),
    };
    let scale = scale.min(38);
    SqlType::Decimal { precision: precision.clamp(scale.max(1), 38) as u8, scale: scale as u8 }
}

/// A date and time has an offset or none, as its schema does not say.
fn date_time(measured: Option<SqlType>) -> (SqlType, Option<&'static str>) {
    match measured {
        Some(SqlType::Date) => (SqlType::DateTime2(3), None),
        Some(SqlType::DateTime2(digits)) => (SqlType::DateTime2(digits.max(3)), None),
        Some(SqlType::DateTimeOffset(digits)) => (SqlType::DateTimeOffset(digits.max(3)), None),
        Some(_) => (SqlType::DateTimeOffset(7), None),
        None => (SqlType::DateTimeOffset(7), Some("datetime2 if yours have no offset from UTC")),
    }
}

fn text(least: u64, most: u64, is_ascii: bool) -> SqlType {
    match (is_ascii, width(Some(most), if is_ascii { 8000 } else { 4000 })) {
        (true, Some(width)) if least == most && most <= LONGEST_CODE => SqlType::Char(width),
        (true, width) => SqlType::VarChar(width),
        (false, width) => SqlType::NVarChar(width),
    }
}

/// Text without a limit is as wide as samples show.
fn unlimited(is_ascii: bool, seen: &Values) -> SqlType {
    match (seen.count() > 0, is_ascii) {
        (true, _) => types::text_type(seen),
        (false, true) => SqlType::VarChar(None),
        (false, false) => SqlType::NVarChar(None),
    }
}

fn width(most: Option<u64>, limit: u64) -> Option<u16> {
    most.filter(|most| *most <= limit).map(|most| most.max(1) as u16)
}

/// The only values of a type: `one of A, B`.
fn codes(value: &ValueType) -> Option<String> {
    let codes: Vec<&str> = value.codes.iter().map(String::as_str).collect();
    match codes.as_slice() {
        [] => None,
        [only] => Some(format!("always {only:?}")),
        few if few.len() <= 12 => Some(format!("one of {}", few.join(", "))),
        many => Some(format!("one of {} codes, such as {}", many.len(), many[..3].join(", "))),
    }
}

/// What of the samples the type does not take.
fn outliers(value: &ValueType, sql_type: SqlType, seen: &Values) -> Vec<(u64, Vec<Example>)> {
    let takes = |shape: &Seen| match value.form {
        Form::Truth => match shape.shape {
            Shape::Truth => true,
            Shape::Whole => shape.least >= 0 && shape.greatest <= 1,
            _ => false,
        },
        Form::Whole { .. } => match shape.shape {
            Shape::Whole => is_within(shape, sql_type),
            Shape::Digits => shape.fraction_digits == 0,
            _ => false,
        },
        Form::Decimal { .. } => match (shape.shape, sql_type) {
            (
                Shape::Whole | Shape::Decimal | Shape::Digits,
                SqlType::Decimal { precision, scale },
            ) => shape.whole_digits <= u32::from(precision - scale),
            _ => false,
        },
        Form::Float => {
            matches!(shape.shape, Shape::Whole | Shape::Decimal | Shape::Digits | Shape::Exponent)
        }
        Form::Date | Form::DateTime | Form::Time => {
            shape.examples.iter().all(|example| parse_date_text(&example.text, &[]).is_some())
        }
        Form::Base64(_) | Form::Hex(_) | Form::Text { .. } => true,
    };
    let wrong = seen.shapes.iter().filter(|shape| !takes(shape));
    let mut wrong: Vec<_> = wrong.map(|shape| (shape.count, shape.examples.clone())).collect();
    wrong.sort_by(|a, b| a.1.cmp(&b.1));
    let limit = match sql_type {
        SqlType::Char(width) | SqlType::VarChar(Some(width)) | SqlType::NVarChar(Some(width)) => {
            u32::from(width)
        }
        _ => return wrong,
    };
    wrong.extend(types::too_long(seen, limit));
    wrong
}

fn is_within(seen: &Seen, sql_type: SqlType) -> bool {
    let (low, high) = match sql_type {
        SqlType::TinyInt => (0, 255),
        SqlType::SmallInt => (i16::MIN.into(), i16::MAX.into()),
        SqlType::Int => (i32::MIN.into(), i32::MAX.into()),
        _ => return true,
    };
    low <= seen.least && seen.greatest <= high
}
