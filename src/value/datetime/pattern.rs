//! .NET's custom date and time patterns.

use chrono::{Datelike, FixedOffset, Month, NaiveTime};

use super::cursor::{date, nanoseconds, offset, Cursor};
use super::date_text::DateText;
use crate::value::trim_xml;

/// A .NET custom date and time pattern, compiled: `MM/dd/yyyy`, `yyyy-MM-dd HH:mm:ss.FFF`.
///
/// Specifiers: `yyyy yy M MM MMM MMMM d dd ddd dddd H HH h hh m mm s ss f` to `fffffff`, `F` to
/// `FFFFFFF`, `tt K z zz zzz`, as in .NET's `ParseExact` with the invariant culture: `dd` takes two
/// digits, `d` one or two; names of months and days are English, in any case, and the day must be that
/// of the date; `F` digits are optional, and so is a
/// point before them. `yy` is 1950 to 2049, SQL Server's cutoff. `'…'`, `"…"` and `\x` are
/// literal, and so are `/`, `:` and every other character except letters; `T` and `Z` may be
/// unquoted. A month or day left out is 1; a pattern without a date reads a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatePattern {
    text: Box<str>,
    parts: Vec<Part>,
    lenient: bool,
}

/// Why a text is not a date pattern, and what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(String);

/// One thing a pattern expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Literal(char),
    /// `yyyy` or `yy`, by the number of digits.
    Year(u8),
    /// `MMM`, or `MMMM` when long.
    MonthName {
        long: bool,
    },
    /// `ddd`, or `dddd` when long.
    DayName {
        long: bool,
    },
    /// Two digits when `padded`, else one or two.
    Number {
        field: Field,
        padded: bool,
    },
    /// `fff`: exactly this many digits.
    Fraction(u8),
    /// `FFF`: up to this many digits; a `point` before them may be missing with them.
    OptionalFraction {
        digits: u8,
        point: bool,
    },
    Half,
    /// `K`: `Z`, `+02:00`, or nothing.
    Zone,
    /// `z`, `zz` or `zzz`, by the number of letters.
    Offset(u8),
}

/// What a part of a pattern reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Year,
    Month,
    Day,
    Hour24,
    Hour12,
    Minute,
    Second,
    Fraction,
    Half,
    Weekday,
    Offset,
}

impl Part {
    fn field(self) -> Option<Field> {
        Some(match self {
            Part::Literal(_) => return None,
            Part::Year(_) => Field::Year,
            Part::MonthName { .. } => Field::Month,
            Part::DayName { .. } => Field::Weekday,
            Part::Number { field, .. } => field,
            Part::Fraction(_) | Part::OptionalFraction { .. } => Field::Fraction,
            Part::Half => Field::Half,
            Part::Zone | Part::Offset(_) => Field::Offset,
        })
    }
}

/// The English names of the months, in full or their first three letters.
fn month_names(long: bool) -> impl Iterator<Item = &'static str> {
    let months = (1..=12u8).filter_map(|number| Month::try_from(number).ok());
    months.map(move |month| if long { month.name() } else { &month.name()[..3] })
}

/// The English names of the days from Monday on, in full or their first three letters.
fn day_names(long: bool) -> impl Iterator<Item = &'static str> {
    let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    names.into_iter().map(move |name| if long { name } else { &name[..3] })
}

impl DatePattern {
    /// Compiles a pattern.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let parts = compile(pattern)?;
        match mistake(&parts) {
            None => Ok(Self { text: pattern.into(), parts, lenient: false }),
            Some(mistake) => {
                Err(PatternError(format!("the date pattern `{pattern}` has {mistake}")))
            }
        }
    }

    /// The same pattern for careless texts: seconds over 59 count as 59, and where the year comes
    /// first, the text after a time at the end of the pattern is ignored.
    pub fn lenient(self) -> Self {
        Self { lenient: true, ..self }
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether careless texts match, too.
    pub fn is_lenient(&self) -> bool {
        self.lenient
    }

    fn ignores_the_rest(&self) -> bool {
        let last = self.parts.last().and_then(|part| part.field());
        self.lenient
            && matches!(self.parts.first(), Some(Part::Year(_)))
            && !matches!(self.parts.last(), Some(Part::Fraction(_)))
            && matches!(last, Some(Field::Second | Field::Fraction))
    }

    /// Reads a text that the pattern matches from end to end. Surrounding white space is ignored.
    pub fn parse(&self, text: &str) -> Option<DateText> {
        let mut rest = Cursor::new(trim_xml(text));
        let mut fields = Fields::default();
        for part in &self.parts {
            fields.read(*part, &mut rest)?;
        }
        if !rest.is_at_end() && !self.ignores_the_rest() {
            return None;
        }
        if self.lenient {
            let second = &mut fields.numbers[Field::Second as usize];
            *second = second.map(|second| second.min(59));
        }
        fields.finish()
    }
}

/// The numbers read so far, by [`Field`]. Half is 12 for PM.
#[derive(Default)]
struct Fields {
    numbers: [Option<u32>; 10],
    offset: Option<FixedOffset>,
}

impl Fields {
    fn read(&mut self, part: Part, rest: &mut Cursor<'_>) -> Option<()> {
        let number = match part {
            Part::Literal(c) => return rest.literal(c.encode_utf8(&mut [0; 4])),
            Part::Year(4) => rest.digits(4)?,
            Part::Year(_) => {
                let year = rest.digits(2)?;
                year + if year < 50 { 2000 } else { 1900 }
            }
            Part::MonthName { long } => 1 + rest.name(month_names(long))?,
            Part::DayName { long } => rest.name(day_names(long))?,
            Part::Number { field: Field::Hour12, padded } => {
                rest.two_or_fewer(padded).filter(|hour| (1..=12).contains(hour))? % 12
            }
            Part::Number { padded, .. } => rest.two_or_fewer(padded)?,
            Part::Fraction(digits) => nanoseconds(rest.digits(digits.into())?, digits.into()),
            Part::OptionalFraction { point, .. } if point && !rest.take(b'.') => 0,
            Part::OptionalFraction { digits, .. } => {
                let (count, fraction) = rest.digits_up_to(digits.into());
                nanoseconds(fraction, count)
            }
            Part::Half => 12 * rest.name(["AM", "PM"])?,
            Part::Zone if rest.is_at_end() => return Some(()),
            Part::Zone => {
                self.offset = Some(rest.iso_offset()?);
                return Some(());
            }
            Part::Offset(letters) => {
                self.offset = Some(read_offset(rest, letters)?);
                return Some(());
            }
        };
        self.numbers[part.field()? as usize] = Some(number);
        Some(())
    }

    fn finish(self) -> Option<DateText> {
        let number = |field: Field| self.numbers[field as usize];
        let or = |field: Field, otherwise: u32| number(field).unwrap_or(otherwise);
        let hour =
            number(Field::Hour24).or(number(Field::Hour12).map(|hour| hour + or(Field::Half, 0)));
        let time = match hour {
            Some(hour) => Some(NaiveTime::from_hms_nano_opt(
                hour,
                or(Field::Minute, 0),
                or(Field::Second, 0),
                // Chrono reads a leap second as a nanosecond above a billion, never from here.
                or(Field::Fraction, 0),
            )?),
            None => None,
        };
        let date = match number(Field::Year) {
            Some(year) => Some(date(year, or(Field::Month, 1), or(Field::Day, 1))?),
            None => None,
        };
        if let (Some(date), Some(day)) = (date, number(Field::Weekday)) {
            if date.weekday().num_days_from_monday() != day {
                return None;
            }
        }
        Some(DateText { date, time, offset: self.offset })
    }
}

/// `z` is `+2` or `+02`, `zz` is `+02`, `zzz` is `+02:00` or `+0200`.
fn read_offset(rest: &mut Cursor<'_>, letters: u8) -> Option<FixedOffset> {
    let sign = rest.sign()?;
    let hours = rest.two_or_fewer(letters > 1)?;
    if letters < 3 {
        return offset(sign, hours, 0);
    }
    rest.take(b':');
    offset(sign, hours, rest.digits(2)?)
}

fn compile(pattern: &str) -> Result<Vec<Part>, PatternError> {
    let unclosed = |mark: char| {
        PatternError(format!(
            "the date pattern `{pattern}` ends after an open `{mark}`: close it, or write \
             `\\{mark}` for the character itself"
        ))
    };
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\'' | '"' => {
                let (quoted, tail) = after.split_once(c).ok_or_else(|| unclosed(c))?;
                parts.extend(quoted.chars().map(Part::Literal));
                tail
            }
            '\\' => {
                let escaped = after.chars().next().ok_or_else(|| unclosed(c))?;
                parts.push(Part::Literal(escaped));
                &after[escaped.len_utf8()..]
            }
            '%' if after.starts_with(|c: char| c.is_ascii_alphabetic()) => after,
            '%' => return Err(unclosed(c)),
            _ if c.is_ascii_alphabetic() && (!matches!(c, 'T' | 'Z') || after.starts_with(c)) => {
                let run = rest.len() - rest.trim_start_matches(c).len();
                let part = specifier(pattern, &rest[..run], parts.last())?;
                if let Part::OptionalFraction { point: true, .. } = part {
                    parts.pop();
                }
                parts.push(part);
                &rest[run..]
            }
            _ => {
                parts.push(Part::Literal(c));
                after
            }
        };
    }
    Ok(parts)
}

fn specifier(pattern: &str, run: &str, before: Option<&Part>) -> Result<Part, PatternError> {
    let digits = u8::try_from(run.len()).unwrap_or(u8::MAX);
    let number = |field| Part::Number { field, padded: digits == 2 };
    let letter = run.as_bytes()[0];
    Ok(match (letter, digits) {
        (b'y', 2 | 4) => Part::Year(digits),
        (b'M', 1 | 2) => number(Field::Month),
        (b'M', 3 | 4) => Part::MonthName { long: digits == 4 },
        (b'd', 1 | 2) => number(Field::Day),
        (b'd', 3 | 4) => Part::DayName { long: digits == 4 },
        (b'H', 1 | 2) => number(Field::Hour24),
        (b'h', 1 | 2) => number(Field::Hour12),
        (b'm', 1 | 2) => number(Field::Minute),
        (b's', 1 | 2) => number(Field::Second),
        (b'f', 1..=7) => Part::Fraction(digits),
        (b'F', 1..=7) => {
            Part::OptionalFraction { digits, point: before == Some(&Part::Literal('.')) }
        }
        (b't', 2) => Part::Half,
        (b'K', 1) => Part::Zone,
        (b'z', 1..=3) => Part::Offset(digits),
        _ => {
            return Err(PatternError(format!(
                "`{run}` in the date pattern `{pattern}` is not a specifier: {}",
                advice(letter)
            )))
        }
    })
}

fn advice(letter: u8) -> &'static str {
    match letter {
        b'y' | b'Y' => "years are `yyyy` or `yy`",
        b'M' => "months are `M`, `MM`, `MMM` or `MMMM`",
        b'd' => "days are `d` or `dd`, their names `ddd` or `dddd`",
        b'D' => "days are `d` or `dd`",
        b'H' | b'h' => "hours are `H` or `HH`, or `h` or `hh` with `tt`",
        b'm' => "minutes are `m` or `mm`",
        b's' | b'S' => "seconds are `s` or `ss`, their fraction `f` to `fffffff`",
        b'f' | b'F' => "a fraction has at most 7 digits",
        b't' | b'a' | b'A' | b'p' | b'P' => "AM or PM is `tt`",
        b'K' | b'k' | b'z' | b'Z' | b'X' => "an offset is `K`, `z`, `zz` or `zzz`",
        _ => "write literal letters in single quotes",
    }
}

/// A duplicate part, or a part without the one it belongs to, and what to write.
fn mistake(parts: &[Part]) -> Option<String> {
    use Field::*;
    let count = |fields: &[Field]| {
        parts
            .iter()
            .filter(|part| part.field().is_some_and(|field| fields.contains(&field)))
            .count()
    };
    let has = |field: Field| count(&[field]) > 0;
    let duplicates = [
        (&[Year][..], "year"),
        (&[Month], "month"),
        (&[Day], "day"),
        (&[Hour24, Hour12], "hour"),
        (&[Minute], "minute"),
        (&[Second], "second"),
        (&[Fraction], "fraction"),
        (&[Half], "AM or PM"),
        (&[Weekday], "name of a day"),
        (&[Offset], "offset"),
    ];
    if let Some((_, name)) = duplicates.iter().find(|(fields, _)| count(fields) > 1) {
        return Some(format!("more than one {name}: remove one"));
    }
    let hour = has(Hour24) || has(Hour12);
    let date = has(Year) || has(Month) || has(Day);
    let rules = [
        (
            parts.iter().all(|part| matches!(part.field(), None | Some(Offset | Weekday))),
            "no date and no time",
            "write one, such as `yyyy-MM-dd`",
        ),
        (has(Minute) && !hour, "minutes but no hour", "write `HH`; months are `MM`"),
        (
            date && !has(Year),
            "a month or day but no year",
            "write `yyyy` or `yy`; minutes are `mm`",
        ),
        (has(Day) && !has(Month), "a day but no month", "write `MM`"),
        (has(Weekday) && !has(Day), "a day's name but no day", "write `dd`"),
        (has(Second) && !has(Minute), "seconds but no minutes", "write `mm`"),
        (has(Fraction) && !has(Second), "a fraction but no seconds", "write `ss`"),
        (has(Hour12) && !has(Half), "`h` but no `tt`", "write `HH` for hours 0 to 23"),
        (has(Half) && !has(Hour12), "`tt` but no `h`", "write `h` for hours 1 to 12"),
        (has(Offset) && !hour, "an offset but no time", "write `HH:mm`"),
    ];
    let (_, found, advice) = rules.into_iter().find(|(wrong, ..)| *wrong)?;
    Some(format!("{found}: {advice}"))
}
