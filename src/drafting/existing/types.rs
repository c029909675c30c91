//! Whether a column's type takes the values of a path, and how they are then read.

use crate::drafting::evidence::typed;
use crate::drafting::typed::{Read, Typed};
use crate::profile::{Example, Node, Seen, Shape, Values};
use crate::value::SqlType;

/// How a type takes values.
pub(super) struct Fit {
    pub(super) read: Read,
    /// Values that it does not take, and examples.
    pub(super) outliers: Vec<(u64, Vec<Example>)>,
}

/// One value in so many may not fit.
const RARELY: u64 = 50;

/// `None` if the type does not take nearly all of the values.
pub(super) fn fit(node: &Node, sql_type: SqlType) -> Option<Fit> {
    let (values, drafted) = (&node.values, typed(node));
    let fit = match sql_type {
        SqlType::Char(width) | SqlType::NChar(width) => text(values, Some(width)),
        SqlType::VarChar(width) | SqlType::NVarChar(width) => text(values, width),
        _ if values.count() == 0 && !is_of_kind(sql_type, drafted.sql_type) => return None,
        SqlType::TinyInt => whole(values, 0, 255),
        SqlType::SmallInt => whole(values, i64::from(i16::MIN), i64::from(i16::MAX)),
        SqlType::Int => whole(values, i64::from(i32::MIN), i64::from(i32::MAX)),
        SqlType::BigInt => whole(values, i64::MIN, i64::MAX),
        SqlType::Bit => {
            let is_bit = |seen: &Seen| {
                seen.shape == Shape::Truth
                    || seen.shape == Shape::Whole && seen.least >= 0 && seen.greatest <= 1
            };
            shaped(values, is_bit)
        }
        SqlType::Xml => return None,
        _ if is_of_kind(sql_type, drafted.sql_type)
            && is_whole_value(values, sql_type, &drafted) =>
        {
            Fit { read: drafted.read, outliers: drafted.outliers }
        }
        _ => return None,
    };
    let outliers: u64 = fit.outliers.iter().map(|(count, _)| count).sum();
    (outliers * RARELY <= values.count()).then_some(fit)
}

/// Whether nothing of a value would be rounded or cut: digits, a time of day, an offset.
fn is_whole_value(values: &Values, wanted: SqlType, drafted: &Typed) -> bool {
    let digits = values.shapes.iter().map(|seen| seen.fraction_digits).max().unwrap_or(0);
    let has_time = matches!(drafted.sql_type, SqlType::DateTime2(_) | SqlType::DateTimeOffset(_));
    let has_offset = matches!(drafted.sql_type, SqlType::DateTimeOffset(_));
    match wanted {
        SqlType::Decimal { scale, .. } => digits <= u32::from(scale),
        SqlType::Money => digits <= 4,
        SqlType::Real => values.shapes.iter().all(|s| s.whole_digits + s.fraction_digits <= 7),
        SqlType::Date => !has_time,
        SqlType::SmallDateTime => !has_offset && digits == 0,
        SqlType::DateTime => !has_offset && digits <= 3,
        SqlType::DateTime2(scale) => !has_offset && digits <= u32::from(scale),
        SqlType::DateTimeOffset(scale) | SqlType::Time(scale) => digits <= u32::from(scale),
        _ => true,
    }
}

fn is_of_kind(wanted: SqlType, drafted: SqlType) -> bool {
    let is_whole =
        |t| matches!(t, SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt);
    match wanted {
        SqlType::Bit => drafted == SqlType::Bit,
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => is_whole(drafted),
        SqlType::Float | SqlType::Real => {
            is_whole(drafted) || matches!(drafted, SqlType::Decimal { .. } | SqlType::Float)
        }
        SqlType::Decimal { .. } | SqlType::Money => {
            is_whole(drafted) || matches!(drafted, SqlType::Decimal { .. })
        }
        SqlType::Date
        | SqlType::DateTime
        | SqlType::SmallDateTime
        | SqlType::DateTime2(_)
        | SqlType::DateTimeOffset(_) => {
            matches!(drafted, SqlType::Date | SqlType::DateTime2(_) | SqlType::DateTimeOffset(_))
        }
        SqlType::Time(_) => matches!(drafted, SqlType::Time(_)),
        SqlType::UniqueIdentifier => drafted == SqlType::UniqueIdentifier,
        SqlType::VarBinary(_) => matches!(drafted, SqlType::VarBinary(_)),
        _ => false,
    }
}

fn text(values: &Values, width: Option<u16>) -> Fit {
    let above = width.map_or(0, |width| values.lengths.above(u32::from(width)));
    let is_long = |example: &&Example| {
        width.is_some_and(|width| example.text.encode_utf16().count() > usize::from(width))
    };
    let outliers = match above {
        0 => Vec::new(),
        _ => vec![(above, values.longest.iter().filter(is_long).cloned().collect())],
    };
    Fit { read: Read::Plain, outliers }
}

fn whole(values: &Values, least: i64, greatest: i64) -> Fit {
    let fits = |seen: &Seen| {
        seen.shape == Shape::Whole && seen.least >= least && seen.greatest <= greatest
    };
    shaped(values, fits)
}

fn shaped(values: &Values, fits: impl Fn(&Seen) -> bool) -> Fit {
    let others = values.shapes.iter().filter(|seen| !fits(seen));
    let outliers = others.map(|seen| (seen.count, seen.examples.clone())).collect();
    Fit { read: Read::Plain, outliers }
}
