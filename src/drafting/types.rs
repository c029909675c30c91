//! The type of a column, by what the many have; the few are outliers.

use super::dates::dated;
use super::typed::{Accepts, Candidate, Read, Typed};
use crate::figures::count;
use crate::profile::{Example, Lengths, Seen, Shape, Values};
use crate::value::SqlType;

/// One value in so many may have another form without a say in the type.
const RARELY: u64 = 50;

/// Fewer values show nothing about what is rare.
const FEW: u64 = 50;

/// The type of values, of which there is at least one that is not blank.
pub(super) fn typed(values: &Values) -> Typed {
    let total = values.count();
    let allowed = allowed(values);
    let fits = |accepts: &dyn Fn(&Seen) -> bool| {
        let taken: u64 = values.shapes.iter().filter(|seen| accepts(seen)).map(|s| s.count).sum();
        taken + allowed >= total
    };
    let candidates = [
        truth(values, &fits),
        compact_date(&fits),
        number(values, &fits),
        dated(values, allowed, total),
        one_shape(values, &fits),
    ];
    let best = candidates.into_iter().flatten().next();
    let (sql_type, read, note, accepts) = best.unwrap_or_else(|| text(values, allowed));
    let mut outliers: Vec<(u64, Vec<Example>)> = values
        .shapes
        .iter()
        .filter(|seen| !accepts.takes(seen))
        .map(|seen| (seen.count, seen.examples.clone()))
        .collect();
    outliers.sort_by(|a, b| a.1.cmp(&b.1));
    if let Accepts::Length(width) = accepts {
        outliers.extend(too_long(values, width));
    }
    Typed { sql_type, read, note, outliers }
}

/// How many values may have another form without a say in the type.
pub(super) fn allowed(values: &Values) -> u64 {
    let total = values.count();
    if total < FEW {
        0
    } else {
        total / RARELY
    }
}

/// The type of values that are text.
pub(super) fn text_type(values: &Values) -> SqlType {
    text(values, allowed(values)).0
}

/// The values that are longer than this, if any.
pub(super) fn too_long(values: &Values, width: u32) -> Option<(u64, Vec<Example>)> {
    let above = values.lengths.above(width);
    let is_long = |e: &&Example| e.text.encode_utf16().count() > width as usize;
    (above > 0).then(|| (above, values.longest.iter().filter(is_long).cloned().collect()))
}

type Fits<'f> = &'f dyn Fn(&dyn Fn(&Seen) -> bool) -> bool;

fn of(values: &Values, shape: Shape) -> Option<&Seen> {
    values.shapes.iter().find(|seen| seen.shape == shape)
}

fn truth(values: &Values, fits: Fits<'_>) -> Option<Candidate> {
    of(values, Shape::Truth)?;
    let is_digit = |seen: &Seen| seen.least >= 0 && seen.greatest <= 1;
    let accepts =
        |seen: &Seen| seen.shape == Shape::Truth || seen.shape == Shape::Whole && is_digit(seen);
    fits(&accepts).then(|| {
        let taken = values.shapes.iter().filter(|seen| accepts(seen)).map(|seen| seen.shape);
        (SqlType::Bit, Read::Plain, None, Accepts::Shapes(taken.collect()))
    })
}

/// `20261124`: more than one, and nothing else.
fn compact_date(fits: Fits<'_>) -> Option<Candidate> {
    let accepts = |seen: &Seen| {
        seen.shape == Shape::Whole && seen.count > 1 && seen.compact_dates == seen.count
    };
    let shapes = || Accepts::Shapes(vec![Shape::Whole]);
    fits(&accepts).then(|| (SqlType::Date, Read::Plain, None, shapes()))
}

/// Whole numbers, decimals, numbers for people: the narrowest that takes nearly all.
fn number(values: &Values, fits: Fits<'_>) -> Option<Candidate> {
    let forms: [(&[Shape], Read); 5] = [
        (&[Shape::Whole], Read::Plain),
        (&[Shape::Whole, Shape::Decimal], Read::Plain),
        (&[Shape::Whole, Shape::Decimal, Shape::Exponent], Read::Plain),
        (&[Shape::Whole, Shape::Decimal, Shape::Grouped], Read::Number),
        (&[Shape::Whole, Shape::Comma], Read::DecimalComma),
    ];
    let (shapes, read) =
        forms.into_iter().find(|(shapes, _)| fits(&|seen| shapes.contains(&seen.shape)))?;
    let seen: Vec<&Seen> = values.shapes.iter().filter(|s| shapes.contains(&s.shape)).collect();
    let has = |shape: Shape| shapes.contains(&shape) && of(values, shape).is_some();
    let accepts = Accepts::Shapes(shapes.to_vec());
    if shapes.len() == 1 {
        let (least, greatest) = (seen[0].least, seen[0].greatest);
        let is_flag = (least, greatest) == (0, 1) && seen[0].count >= FEW;
        let note = is_flag.then(|| "only 0 and 1: bit if it is a flag".to_owned());
        return Some((whole(least, greatest), read, note, accepts));
    }
    if has(Shape::Exponent) {
        return Some((SqlType::Float, read, None, accepts));
    }
    let most = |digits: fn(&Seen) -> u32| seen.iter().map(|seen| digits(seen)).max().unwrap_or(0);
    // With fewer digits after the point, what has two would be rounded without a word.
    let scale = most(|seen| seen.fraction_digits).max(2);
    let before = most(|seen| seen.whole_digits).max(1);
    if before + scale > 38 {
        return None;
    }
    // Room for numbers a hundred times as large, up to what the next size of storage holds.
    let wanted = before + 2 + scale;
    let precision = [9, 19, 28].into_iter().find(|size| *size >= wanted).unwrap_or(38);
    let sql_type = SqlType::Decimal { precision: precision as u8, scale: scale as u8 };
    Some((sql_type, read, None, accepts))
}

/// A type with room for ten times as much.
fn whole(least: i64, greatest: i64) -> SqlType {
    let most = least.unsigned_abs().max(greatest.unsigned_abs()).saturating_mul(10);
    match most {
        0..=255 if least >= 0 => SqlType::TinyInt,
        0..=32_767 => SqlType::SmallInt,
        0..=21_474_836_470 if least >= -2_147_483_648 && greatest <= 2_147_483_647 => SqlType::Int,
        _ => SqlType::BigInt,
    }
}

/// Times of day, GUIDs, bytes.
fn one_shape(values: &Values, fits: Fits<'_>) -> Option<Candidate> {
    let shape = [Shape::Time, Shape::Guid, Shape::Base64]
        .into_iter()
        .find(|shape| of(values, *shape).is_some() && fits(&|seen| seen.shape == *shape))?;
    let seen = of(values, shape).expect("found");
    let (sql_type, read) = match shape {
        Shape::Time => (SqlType::Time(seen.fraction_digits.min(7) as u8), Read::Plain),
        Shape::Guid => (SqlType::UniqueIdentifier, Read::Plain),
        _ => (SqlType::VarBinary(None), Read::Base64),
    };
    Some((sql_type, read, None, Accepts::Shapes(vec![shape])))
}

/// Text, as wide as the many need and a quarter more.
fn text(values: &Values, allowed: u64) -> Candidate {
    let lengths = &values.lengths;
    let longest = tight(lengths, allowed).unwrap_or(lengths.longest);
    let is_code = values.not_ascii == 0 && values.spaced == 0 && longest <= 40;
    let accepts = Accepts::Length(longest.max(1));
    let note = None;
    if is_code && values.count() >= FEW && longest <= 10 && lengths.are_all(longest) {
        return (SqlType::Char(longest as u16), Read::Plain, note, accepts);
    }
    let width = rounded(longest);
    let limited = |limit: u32| (width <= limit).then_some(width as u16);
    let sql_type = match is_code {
        true => SqlType::VarChar(limited(8000)),
        false => SqlType::NVarChar(limited(4000)),
    };
    let accepts = match limited(4000) {
        Some(width) => Accepts::Length(u32::from(width)),
        None => Accepts::Length(u32::MAX),
    };
    (sql_type, Read::Plain, note, accepts)
}

/// The length of nearly all values, where these are alike and the others are much longer.
fn tight(lengths: &Lengths, allowed: u64) -> Option<u32> {
    let (half, most) = (lengths.per_mille(500), lengths.per_mille(980));
    let is_far = lengths.longest > most + most / 2 && lengths.longest >= most + 8;
    let are_alike = most <= half + half / 3 + 1;
    (allowed > 0 && is_far && are_alike && lengths.above(most) <= allowed).then_some(most)
}

/// A quarter more, rounded up to a length that a person would choose.
fn rounded(longest: u32) -> u32 {
    let wanted = longest.max(1).saturating_mul(5).div_ceil(4);
    let step = match wanted {
        0..=4 => 1,
        5..=50 => 5,
        51..=100 => 10,
        101..=500 => 50,
        _ => 100,
    };
    wanted.div_ceil(step) * step
}

/// The different values, where they look like codes: `A 120, B 45`.
pub(super) fn codes(values: &Values) -> Option<String> {
    let codes = values.codes.as_ref()?;
    let is_list = (2..=12).contains(&codes.len()) && values.count() >= 4 * codes.len() as u64;
    let is_text = values.shapes.iter().any(|seen| seen.shape == Shape::Text);
    if !is_list || !is_text {
        return None;
    }
    let mut codes: Vec<&(String, u64)> = codes.iter().collect();
    codes.sort_by_key(|(code, times)| (std::cmp::Reverse(*times), code.clone()));
    let shown = codes.iter().map(|(code, times)| format!("{code} {}", count(*times)));
    Some(shown.collect::<Vec<_>>().join(", "))
}
