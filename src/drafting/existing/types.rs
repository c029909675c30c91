//! Whether a column's type takes the values of a path, and how they are then read.

use crate::drafting::evidence::typed;
use crate::drafting::few::{few, Few};
use crate::drafting::read::Read;
use crate::drafting::typed::Typed;
use crate::profile::{Node, Values};
use crate::value::SqlType;

/// How a type takes values.
pub(super) struct Fit {
    pub(super) read: Read,
    /// Values that it does not keep as they are.
    pub(super) few: Vec<Few>,
}

/// One value in so many may not fit.
const RARELY: u64 = 50;

/// `None` if the type does not take nearly all of the values.
pub(super) fn fit(node: &Node, sql_type: SqlType) -> Option<Fit> {
    let (values, drafted) = (&node.values, typed(node));
    let read = match sql_type {
        _ if sql_type.is_character() => Read::Plain,
        _ if values.count() == 0 && !is_of_kind(sql_type, drafted.sql_type) => return None,
        SqlType::Bit => Read::Plain,
        _ if sql_type.is_integer() => Read::Plain,
        SqlType::Xml => return None,
        _ if is_of_kind(sql_type, drafted.sql_type)
            && is_whole_value(values, sql_type, &drafted) =>
        {
            drafted.read
        }
        _ => return None,
    };
    let few = few(sql_type, &read, values, true);
    let wrong: u64 = few.iter().filter(|few| few.fate.is_wrong()).map(|few| few.count).sum();
    (wrong * RARELY <= values.count()).then_some(Fit { read, few })
}

/// Whether nothing of a value would be rounded or cut: digits, a time of day, an offset.
fn is_whole_value(values: &Values, wanted: SqlType, drafted: &Typed) -> bool {
    let digits = values.shapes.iter().map(|seen| seen.fraction.most()).max().unwrap_or(0);
    let has_time = matches!(drafted.sql_type, SqlType::DateTime2(_) | SqlType::DateTimeOffset(_));
    let has_offset = matches!(drafted.sql_type, SqlType::DateTimeOffset(_));
    match wanted {
        SqlType::Decimal { scale, .. } => digits <= u32::from(scale),
        SqlType::Money => digits <= 4,
        SqlType::Real => values.shapes.iter().all(|s| s.whole.most() + s.fraction.most() <= 7),
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
