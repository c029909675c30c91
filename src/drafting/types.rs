//! The type of a column, by what the many have; the few are outliers.

use super::dates::dated;
use super::few::{few, Fate, Few};
use super::read::Read;
use super::typed::{Candidate, Typed};
use crate::figures::count;
use crate::profile::{Lengths, Seen, Shape, Sizes, Values};
use crate::value::SqlType;

/// One value in so many may have another form without a say in the type.
const RARELY: u64 = 50;

/// So many digits more are a thousand times as much.
const FAR: u32 = 3;

/// Fewer values show nothing about what is rare.
const FEW: u64 = 50;

/// The type of values, of which there is at least one that is not blank; those that name things grow.
pub(super) fn typed(values: &Values, is_id: bool) -> Typed {
    let total = values.count();
    let allowed = allowed(values);
    let fits = |accepts: &dyn Fn(&Seen) -> bool| {
        let taken: u64 = values.shapes.iter().filter(|seen| accepts(seen)).map(|s| s.count).sum();
        taken + allowed >= total
    };
    let mut wide = Vec::new();
    let candidate = truth(values, &fits)
        .or_else(|| compact_date(&fits))
        .or_else(|| number(values, &fits, is_id, &mut wide))
        .or_else(|| dated(values, allowed, total))
        .or_else(|| one_shape(values, &fits));
    let (sql_type, read, note) = candidate.unwrap_or_else(|| text(values, allowed));
    let mut few = few(sql_type, &read, values, true);
    few.extend(wide);
    Typed { sql_type, read, note, few }
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

type Fits<'f> = &'f dyn Fn(&dyn Fn(&Seen) -> bool) -> bool;

fn of(values: &Values, shape: Shape) -> Option<&Seen> {
    values.shapes.iter().find(|seen| seen.shape == shape)
}

fn truth(values: &Values, fits: Fits<'_>) -> Option<Candidate> {
    of(values, Shape::Truth)?;
    let is_digit = |seen: &Seen| seen.range().0 >= 0 && seen.range().1 <= 1;
    let accepts =
        |seen: &Seen| seen.shape == Shape::Truth || seen.shape == Shape::Whole && is_digit(seen);
    fits(&accepts).then_some((SqlType::Bit, Read::Plain, None))
}

/// `20261124`: more than one, and nothing else.
fn compact_date(fits: Fits<'_>) -> Option<Candidate> {
    let accepts = |seen: &Seen| {
        seen.shape == Shape::Whole && seen.count > 1 && seen.compact_dates == seen.count
    };
    fits(&accepts).then_some((SqlType::Date, Read::Plain, None))
}

/// Whole numbers, decimals, numbers for people: the narrowest that takes nearly all. `wide` gets those that
/// alone make it wider.
fn number(values: &Values, fits: Fits<'_>, is_id: bool, wide: &mut Vec<Few>) -> Option<Candidate> {
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
    let of_form: u64 = seen.iter().map(|seen| seen.count).sum();
    let few = (allowed(values) + of_form).saturating_sub(values.count());
    let sizes = Sizes::of_all(seen.iter().map(|seen| &seen.whole));
    if shapes.len() == 1 {
        let type_of = |digits| sizes.range(digits).map(|(least, most)| whole(least, most, is_id));
        let sql_type = sized(&sizes, few, type_of, wide)?;
        let is_flag = seen[0].range() == (0, 1) && seen[0].count >= FEW;
        let note = is_flag.then(|| "only 0 and 1: bit if it is a flag".to_owned());
        return Some((sql_type, read, note));
    }
    if shapes.contains(&Shape::Exponent) && of(values, Shape::Exponent).is_some() {
        return Some((SqlType::Float, read, None));
    }
    // With fewer digits after the point, what has two would be rounded without a word: all have room.
    let fractions = Sizes::of_all(seen.iter().map(|seen| &seen.fraction));
    let scale = fractions.most().max(2);
    let sql_type = sized(&sizes, few, |digits| decimal(digits, scale), wide)?;
    let usual = fractions.most_but(few).max(2);
    let narrower = decimal(sizes.most(), usual).filter(|_| usual < scale);
    if let Some(narrower) = narrower.filter(|narrower| *narrower != sql_type) {
        let (count, examples) = fractions.above(usual);
        wide.push(Few { count, examples, fate: Fate::Widens(narrower) });
    }
    Some((sql_type, read, None))
}

/// The type of numbers by their digits before the point. Those that are a thousand times as large as
/// nearly all others have no say in it; a few that are not are named if they alone make it wider.
fn sized(
    sizes: &Sizes,
    few: u64,
    type_of: impl Fn(u32) -> Option<SqlType>,
    wide: &mut Vec<Few>,
) -> Option<SqlType> {
    let all = type_of(sizes.most());
    let many = sizes.most_but(few);
    let Some(narrower) = type_of(many).filter(|_| many > 0) else { return all };
    if all == Some(narrower) {
        return all;
    }
    let next = sizes.iter().find(|size| size.digits > many);
    if next.is_some_and(|next| next.digits >= many + FAR) {
        return Some(narrower);
    }
    let (count, examples) = sizes.above(many);
    wide.extend(all.map(|_| Few { count, examples, fate: Fate::Widens(narrower) }));
    all
}

/// Room for numbers a hundred times as large, up to what the next size of storage holds.
fn decimal(whole: u32, scale: u32) -> Option<SqlType> {
    let whole = whole.max(1);
    let wanted = whole + 2 + scale;
    let precision = [9, 19, 28].into_iter().find(|size| *size >= wanted).unwrap_or(38);
    (whole + scale <= 38)
        .then_some(SqlType::Decimal { precision: precision as u8, scale: scale as u8 })
}

/// A type with room for ten times as much.
fn whole(least: i64, greatest: i64, is_id: bool) -> SqlType {
    let most = least.unsigned_abs().max(greatest.unsigned_abs()).saturating_mul(10);
    match most {
        0..=255 if least >= 0 && !is_id => SqlType::TinyInt,
        0..=32_767 if !is_id => SqlType::SmallInt,
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
        Shape::Time => (SqlType::Time(seen.fraction.most().min(7) as u8), Read::Plain),
        Shape::Guid => (SqlType::UniqueIdentifier, Read::Plain),
        _ => (SqlType::VarBinary(None), Read::Base64),
    };
    Some((sql_type, read, None))
}

/// Text, as wide as the many need and a quarter more.
fn text(values: &Values, allowed: u64) -> Candidate {
    let lengths = &values.lengths;
    let longest = tight(lengths, allowed).unwrap_or(lengths.longest);
    let is_code = values.not_ascii == 0 && values.spaced == 0 && longest <= 40;
    if is_code && values.count() >= FEW && longest <= 10 && lengths.are_all(longest) {
        return (SqlType::Char(longest as u16), Read::Plain, None);
    }
    let width = rounded(longest);
    let limited = |limit: u32| (width <= limit).then_some(width as u16);
    let sql_type = match is_code {
        true => SqlType::VarChar(limited(8000)),
        false => SqlType::NVarChar(limited(4000)),
    };
    (sql_type, Read::Plain, None)
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
