//! The type of a column by what a schema says of its values, and what samples add to that.

use super::few::{few, Fate, Few};
use super::read::Read;
use super::typed::Typed;
use super::types;
use crate::profile::{Form, Seen, Shape, Size, Sizes, ValueType, Values};
use crate::value::SqlType;

/// Digits before and behind the point where neither the schema nor samples say how many.
const DECIMAL: (u8, u8) = (38, 10);

/// Characters that are worth a fixed width.
const LONGEST_CODE: u64 = 10;

/// The schema's type of a value. Samples say what it does not: lengths, digits and offsets; and where many
/// of them have more digits or an offset that it would drop, there is room for these.
pub(super) fn typed(value: &ValueType, seen: &Values, is_id: bool) -> Typed {
    let measured = (seen.count() > 0).then(|| types::typed(seen, false));
    let measured_type = measured.as_ref().map(|typed| typed.sql_type);
    let mut notes: Vec<String> = value.remark.map(str::to_owned).into_iter().collect();
    let mut wide = Vec::new();
    let (sql_type, read) = match value.form {
        Form::Truth => (SqlType::Bit, Read::Plain),
        Form::Whole { least, greatest } => {
            let sql_type = whole(least, greatest, seen, &mut wide);
            let is_small = matches!(sql_type, SqlType::TinyInt | SqlType::SmallInt);
            (if is_small && is_id { SqlType::Int } else { sql_type }, Read::Plain)
        }
        Form::Decimal { total, fraction, whole } => {
            let declared = decimal(total, fraction, whole, measured_type, seen);
            let sql_type = with_room(declared, seen);
            if sql_type != declared {
                notes.push(format!("{declared} in the schema: the samples have more digits"));
            }
            (sql_type, Read::Plain)
        }
        Form::Float => (SqlType::Float, Read::Plain),
        Form::Date if with_offset(seen).0 > types::allowed(seen) => {
            notes.push("a date in the schema: the samples have offsets from UTC".to_owned());
            (SqlType::DateTimeOffset(0), Read::Plain)
        }
        Form::Date => (SqlType::Date, Read::Plain),
        Form::DateTime => {
            let (sql_type, note) = date_time(seen);
            notes.extend(note.map(str::to_owned));
            (sql_type, Read::Plain)
        }
        Form::Time if seen.count() == 0 => (SqlType::Time(7), Read::Plain),
        Form::Time => (SqlType::Time(second_digits(seen)), Read::Plain),
        Form::Base64(most) => (SqlType::VarBinary(width(most, 8000)), Read::Base64),
        Form::Hex(most) => (SqlType::VarBinary(width(most, 8000)), Read::Hex),
        Form::Text { least, most, is_ascii } => {
            let is_number = matches!(measured_type, Some(SqlType::Decimal { .. }));
            let is_date = measured_type.is_some_and(SqlType::is_temporal);
            if let Some(measured) = measured_type.filter(|_| is_number || is_date) {
                notes.push(format!("text in the schema, {measured} in the samples"));
            }
            let is_ascii = is_ascii && seen.not_ascii == 0;
            match most {
                Some(most) => (text(least, most.max(1), is_ascii), Read::Plain),
                None => (unlimited(is_ascii, seen), Read::Plain),
            }
        }
    };
    notes.extend(codes(value));
    let mut few = few(sql_type, &read, seen, false);
    few.extend(wide);
    Typed { sql_type, read, note: (!notes.is_empty()).then(|| notes.join("; ")), few }
}

/// The narrowest type that has all numbers between two; without limits `bigint`, unless samples have
/// more.
fn whole(
    least: Option<i128>,
    greatest: Option<i128>,
    seen: &Values,
    wide: &mut Vec<Few>,
) -> SqlType {
    let (Some(least), Some(greatest)) = (least, greatest) else {
        let sizes = Sizes::of_all(numbers(seen).map(|seen| &seen.whole));
        let is_larger = |size: &&Size| (20..=38).contains(&size.digits);
        let (count, examples) = Sizes::joined(sizes.iter().filter(is_larger));
        let allowed = types::allowed(seen);
        if count == 0 {
            return SqlType::BigInt;
        }
        if count <= allowed {
            wide.push(Few { count, examples, fate: Fate::Widens(SqlType::BigInt) });
        }
        return SqlType::Decimal { precision: 38, scale: 0 };
    };
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
    seen: &Values,
) -> SqlType {
    let seen_scale = match measured {
        Some(SqlType::Decimal { scale, .. }) => Some(u32::from(scale)),
        Some(_) => Some(4),
        None => None,
    };
    let seen_scale = seen_scale.map(|scale| scale.max(digits(seen, |seen| &seen.fraction, 0)));
    let scale = match (fraction, total) {
        (Some(fraction), _) => fraction,
        (None, Some(total)) => seen_scale.unwrap_or(total.min(10)),
        (None, None) => match measured {
            Some(known @ SqlType::Decimal { .. }) => return known,
            Some(_) => seen_scale.unwrap_or(4),
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

/// The same with as many digits on both sides of the point as nearly all samples have, if any type has.
fn with_room(sql_type: SqlType, seen: &Values) -> SqlType {
    let SqlType::Decimal { precision, scale } = sql_type else { return sql_type };
    let few = types::allowed(seen);
    let before = digits(seen, |seen| &seen.whole, few).max((precision - scale).into());
    let behind = digits(seen, |seen| &seen.fraction, few).max(scale.into());
    match before + behind {
        all @ ..=38 => SqlType::Decimal { precision: all as u8, scale: behind as u8 },
        _ => sql_type,
    }
}

/// The values that are plain numbers.
fn numbers(seen: &Values) -> impl Iterator<Item = &Seen> {
    let is_number =
        |seen: &&Seen| matches!(seen.shape, Shape::Whole | Shape::Decimal | Shape::Digits);
    seen.shapes.iter().filter(is_number)
}

/// The most digits of numbers, where a few may have more.
fn digits(seen: &Values, of: fn(&Seen) -> &Sizes, few: u64) -> u32 {
    Sizes::of_all(numbers(seen).map(of)).most_but(few)
}

/// How many dates and times have an offset from UTC, and how many have none.
fn with_offset(seen: &Values) -> (u64, u64) {
    let of = |has_offset: bool| {
        let is_it = |seen: &&Seen| match seen.shape {
            Shape::Date(date) => date.time.is_some_and(|time| time.zone) == has_offset,
            Shape::ZonedDate => has_offset,
            _ => false,
        };
        seen.shapes.iter().filter(is_it).map(|seen| seen.count).sum()
    };
    (of(true), of(false))
}

/// The digits after the second: what `datetime` has, and as many as samples have.
fn second_digits(seen: &Values) -> u8 {
    let is_time =
        |seen: &&Seen| matches!(seen.shape, Shape::Date(_) | Shape::Time | Shape::ZonedTime);
    let times = seen.shapes.iter().filter(is_time);
    times.map(|seen| seen.fraction.most()).max().unwrap_or(0).clamp(3, 7) as u8
}

/// A date and time has an offset or none, as its schema does not say.
fn date_time(seen: &Values) -> (SqlType, Option<&'static str>) {
    let digits = second_digits(seen);
    match with_offset(seen) {
        (0, 0) if seen.count() > 0 => (SqlType::DateTimeOffset(7), None),
        (0, 0) => (SqlType::DateTimeOffset(7), Some("datetime2 if yours have no offset from UTC")),
        (zoned, _) if zoned > types::allowed(seen) => (SqlType::DateTimeOffset(digits), None),
        (zoned, 0) if zoned > 0 => (SqlType::DateTimeOffset(digits), None),
        _ => (SqlType::DateTime2(digits), None),
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
        (true, true) => match types::text_type(seen) {
            SqlType::NVarChar(width) => SqlType::VarChar(width),
            other => other,
        },
        (true, false) => types::text_type(seen),
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
