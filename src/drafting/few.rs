//! The values that a type does not keep as they are.

use std::sync::Arc;

use encoding_rs::WINDOWS_1252;

use super::read::Read;
use crate::profile::{Example, Seen, Shape, Size, Sizes, Values};
use crate::value::convert::Conversion;
use crate::value::datetime::{parse_date_text, DatePattern, DateText};
use crate::value::functions::{from_base64, from_hex, number};
use crate::value::SqlType;

/// Some of the values of a column, and what becomes of them.
#[derive(Debug, Clone)]
pub(super) struct Few {
    pub(super) count: u64,
    /// The first ones.
    pub(super) examples: Vec<Example>,
    pub(super) fate: Fate,
}

/// What becomes of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The type does not take them: their documents fail.
    Fails,
    /// The column has them, without this part.
    Loses(&'static str),
    /// The column has them, with this that they do not have.
    Gains(&'static str),
    /// The type is as wide as it is for them alone; the others need this one.
    Widens(SqlType),
}

impl Fate {
    /// Whether the column has something else than the document.
    pub(super) fn is_wrong(self) -> bool {
        matches!(self, Self::Fails | Self::Loses(_))
    }
}

/// The part that values without significant zeros have.
const ZEROS: &str = "zeros before it, or a plus";

/// What of values a type does not keep, where they are read so. Zeros before a number count, unless
/// a schema says that it is one.
pub(super) fn few(sql_type: SqlType, read: &Read, values: &Values, has_zeros: bool) -> Vec<Few> {
    let patterns: &[String] = match read {
        Read::Date(patterns, _) => patterns,
        _ => &[],
    };
    let patterns = patterns.iter().filter_map(|pattern| DatePattern::new(pattern).ok());
    few_read_by(sql_type, read, patterns.collect(), values, has_zeros)
}

/// The same with the patterns of dates of a contract.
pub(super) fn few_read_by(
    sql_type: SqlType,
    read: &Read,
    patterns: Arc<[DatePattern]>,
    values: &Values,
    has_zeros: bool,
) -> Vec<Few> {
    let keeping = Keeping::new(sql_type, read, patterns, has_zeros);
    let mut all: Vec<Few> = values.shapes.iter().flat_map(|seen| keeping.of(seen)).collect();
    all.sort_by(|a, b| a.examples.cmp(&b.examples));
    let width = match sql_type {
        SqlType::Char(width) | SqlType::NChar(width) => Some(width),
        SqlType::VarChar(width) | SqlType::NVarChar(width) => width,
        _ => None,
    };
    all.extend(width.and_then(|width| too_long(values, u32::from(width))));
    all.extend(Some(foreign(values)).filter(|few| sql_type.is_code_page() && few.count > 0));
    all
}

/// The values with characters that code page 1252 does not have; where some of the first have such
/// characters, all that are not ASCII may.
fn foreign(values: &Values) -> Few {
    let all = values.shapes.iter().flat_map(|seen| &seen.examples);
    let is_foreign = |e: &&Example| WINDOWS_1252.encode(e.text.trim_end_matches('…')).2;
    let examples: Vec<Example> = all.filter(is_foreign).take(3).cloned().collect();
    let count = if examples.is_empty() { 0 } else { values.not_ascii };
    Few { count, examples, fate: Fate::Fails }
}

/// The values that are longer than this, if any.
fn too_long(values: &Values, width: u32) -> Option<Few> {
    let count = values.lengths.above(width);
    let is_long = |e: &&Example| e.text.encode_utf16().count() > width as usize;
    let examples = || values.longest.iter().filter(is_long).cloned().collect();
    (count > 0).then(|| Few { count, examples: examples(), fate: Fate::Fails })
}

/// A type, and how it is read.
struct Keeping<'k> {
    sql_type: SqlType,
    read: &'k Read,
    patterns: Arc<[DatePattern]>,
    conversion: Conversion,
    has_zeros: bool,
}

impl<'k> Keeping<'k> {
    fn new(
        sql_type: SqlType,
        read: &'k Read,
        patterns: Arc<[DatePattern]>,
        has_zeros: bool,
    ) -> Self {
        let conversion = Conversion::for_column(sql_type).date_formats(Arc::clone(&patterns));
        Self { sql_type, read, patterns, conversion, has_zeros }
    }

    fn of(&self, seen: &Seen) -> Vec<Few> {
        let is_number = matches!(self.read, Read::Number | Read::DecimalComma)
            || matches!(seen.shape, Shape::Whole | Shape::Decimal | Shape::Digits);
        let mut all = match self.sql_type {
            _ if self.sql_type.is_character() => Vec::new(),
            SqlType::Bit if is_whole(seen) => self.beyond(seen, (0, 1), Fate::Loses("the number")),
            of if of.is_integer() && is_whole(seen) => {
                self.beyond(seen, of.integer_range().unwrap_or_default(), Fate::Fails)
            }
            SqlType::Decimal { .. } | SqlType::Money if is_number && self.are_taken(seen) => {
                let (precision, scale) = match self.sql_type {
                    SqlType::Decimal { precision, scale } => (precision, scale),
                    _ => (19, 4),
                };
                let (whole, scale) = (u32::from(precision - scale), u32::from(scale));
                let (count, examples) = seen.whole.above(whole);
                let large = Few { count, examples, fate: Fate::Fails };
                vec![large, rounded(seen, scale, "digits after the point")]
            }
            _ => self.by_examples(seen),
        };
        if let SqlType::Time(digits)
        | SqlType::DateTime2(digits)
        | SqlType::DateTimeOffset(digits) = self.sql_type
        {
            all.push(rounded(seen, u32::from(digits), "digits after the second"));
        }
        let is_number = self.sql_type.is_integer()
            || matches!(self.sql_type, SqlType::Decimal { .. } | SqlType::Money | SqlType::Float);
        let is_plain = is_number && self.has_zeros && seen.shape == Shape::Digits;
        if is_plain && all.iter().all(|few| few.count == 0) {
            let (count, examples) = (seen.count, seen.examples.clone());
            all.push(Few { count, examples, fate: Fate::Loses(ZEROS) });
        }
        all.retain(|few| few.count > 0);
        all
    }

    /// Whole numbers that an integer type does not take. Of those with as many digits as its greatest,
    /// which are counted together, the type may take some.
    fn beyond(&self, seen: &Seen, (low, high): (i64, i64), fate: Fate) -> Vec<Few> {
        let is_beyond =
            |size: &&Size| size.digits >= 20 || size.least < low || size.greatest > high;
        let (mut count, mut examples) = Sizes::joined(seen.whole.iter().filter(is_beyond));
        let all = examples.len() as u64;
        examples.retain(|example| self.fate(seen.shape, example) == Some(fate));
        if count == all {
            count = examples.len() as u64;
        }
        vec![Few { count, examples, fate }]
    }

    /// Whether the first values of a shape become numbers, however large.
    fn are_taken(&self, seen: &Seen) -> bool {
        let widest = Self::new(SqlType::Float, self.read, Arc::from([]), false);
        seen.examples.iter().all(|example| widest.fate(seen.shape, example).is_none())
    }

    /// All values of a shape, by what becomes of the first.
    fn by_examples(&self, seen: &Seen) -> Vec<Few> {
        let fates: Vec<(Fate, &Example)> = seen
            .examples
            .iter()
            .filter_map(|example| Some((self.fate(seen.shape, example)?, example)))
            .collect();
        let fails = fates.iter().find(|(fate, _)| *fate == Fate::Fails);
        let Some((fate, _)) = fails.or(fates.first()) else { return Vec::new() };
        let examples = fates.iter().filter(|(other, _)| other == fate);
        let examples: Vec<Example> = examples.map(|(_, example)| (*example).clone()).collect();
        // Of three values or fewer, all are known.
        let are_all = seen.count == seen.examples.len() as u64;
        let count = if are_all { examples.len() as u64 } else { seen.count };
        vec![Few { count, examples, fate: *fate }]
    }

    /// What becomes of a value; nothing where the column has all of it.
    fn fate(&self, shape: Shape, example: &Example) -> Option<Fate> {
        let text = example.text.as_str();
        if text.ends_with('…') && matches!(self.read, Read::Base64 | Read::Hex) {
            return None;
        }
        let is_taken = |text: &str| match self.conversion.text(text) {
            Ok(_) => None,
            Err(_) => Some(Fate::Fails),
        };
        match self.read {
            Read::Base64 => from_base64(text).is_none().then_some(Fate::Fails),
            Read::Hex => from_hex(text).is_none().then_some(Fate::Fails),
            Read::Number => match number(text) {
                Ok(Some(number)) => is_taken(&number.to_string()),
                _ => Some(Fate::Fails),
            },
            Read::DecimalComma => is_taken(&text.replace(',', ".")),
            Read::Plain | Read::Date(..) if self.sql_type.is_temporal() => self.of_date(text),
            Read::Plain | Read::Date(..) => is_taken(text).or_else(|| {
                let is_flag = self.sql_type == SqlType::Bit && shape != Shape::Truth;
                (is_flag && !matches!(text, "0" | "1")).then_some(Fate::Loses("the number"))
            }),
        }
    }

    fn of_date(&self, text: &str) -> Option<Fate> {
        let found = parse_date_text(text, &self.patterns);
        let found = found.filter(|_| self.conversion.text(text).is_ok());
        let Some(DateText { date, time, offset }) = found else { return Some(Fate::Fails) };
        let is_date = self.sql_type == SqlType::Date;
        let has_offset = matches!(self.sql_type, SqlType::DateTimeOffset(_));
        match self.sql_type {
            SqlType::Time(_) if date.is_some() => Some(Fate::Loses("the date")),
            _ if is_date && time.is_some() => Some(Fate::Loses("the time of day")),
            _ if offset.is_some() && !has_offset => Some(Fate::Loses("the offset from UTC")),
            _ if offset.is_none() && has_offset => Some(Fate::Gains("the offset +00:00")),
            _ => None,
        }
    }
}

fn is_whole(seen: &Seen) -> bool {
    seen.shape == Shape::Whole || seen.shape == Shape::Digits && seen.fraction.most() == 0
}

fn rounded(seen: &Seen, digits: u32, what: &'static str) -> Few {
    let (count, examples) = seen.fraction.above(digits);
    Few { count, examples, fate: Fate::Loses(what) }
}
