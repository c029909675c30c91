//! .NET's custom date and time patterns.

use chrono::{FixedOffset, NaiveTime};

use super::datetime::{date, nanoseconds, offset, Cursor, DateText};

/// A .NET custom date and time pattern, compiled: `MM/dd/yyyy`, `yyyy-MM-dd HH:mm:ss.FFF`.
///
/// Specifiers: `yyyy yy M MM MMM MMMM d dd H HH h hh m mm s ss f` to `fffffff`, `F` to `FFFFFFF`,
/// `tt K z zz zzz`, as in .NET's `ParseExact` with the invariant culture: `dd` takes two digits,
/// `d` one or two; month names are English, in any case; `F` digits are optional, and so is a
/// point before them. `yy` is 1950 to 2049, SQL Server's cutoff. `'…'`, `"…"` and `\x` are
/// literal, and so are `/`, `:` and everything else that is no letter; `T` and `Z` may stand
/// unquoted. A month or day left out is 1; a pattern without a date reads a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatePattern {
    text: String,
    parts: Vec<Part>,
    lenient: bool,
}

/// One thing a pattern expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Literal(char),
    Year {
        digits: u8,
    },
    Month {
        padded: bool,
    },
    MonthName {
        long: bool,
    },
    Day {
        padded: bool,
    },
    Hour24 {
        padded: bool,
    },
    Hour12 {
        padded: bool,
    },
    Minute {
        padded: bool,
    },
    Second {
        padded: bool,
    },
    /// `fff`: just so many digits.
    Fraction {
        digits: u8,
    },
    /// `FFF`: up to so many digits; a `point` before them may be missing with them.
    OptionalFraction {
        digits: u8,
        point: bool,
    },
    Half,
    /// `K`: `Z`, `+02:00`, or nothing.
    Zone,
    Offset {
        letters: u8,
    },
}

/// Why a text is not a date pattern. Each sentence says what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A run of letters that means nothing.
    #[error("`{specifier}` in the date pattern `{pattern}` is not a specifier: {advice}")]
    BadSpecifier {
        /// The whole pattern.
        pattern: String,
        /// The letters.
        specifier: String,
        /// What to write.
        advice: &'static str,
    },
    /// A quote, backslash or `%` with nothing after it.
    #[error("the date pattern `{pattern}` ends after an open `{mark}`: close it, or write `\\{mark}` for the character itself")]
    Unclosed {
        /// The whole pattern.
        pattern: String,
        /// The mark.
        mark: char,
    },
    /// The same part of a date twice.
    #[error("the date pattern `{pattern}` gives the {part} twice: leave one")]
    Twice {
        /// The whole pattern.
        pattern: String,
        /// `year`, `month`, …
        part: &'static str,
    },
    /// A part without the one it belongs to.
    #[error("the date pattern `{pattern}` has {found}: {advice}")]
    Incomplete {
        /// The whole pattern.
        pattern: String,
        /// What is there.
        found: &'static str,
        /// What to write.
        advice: &'static str,
    },
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const SHORT_MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl DatePattern {
    /// Compiles a pattern.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let parts = compile(pattern)?;
        check(pattern, &parts)?;
        Ok(Self { text: pattern.to_owned(), parts, lenient: false })
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same pattern for careless texts: seconds over 59 count as 59, and where the year comes
    /// first, whatever follows a time that the pattern ends with is passed over.
    pub fn lenient(self) -> Self {
        Self { lenient: true, ..self }
    }

    /// Whether the pattern reads a text of which it leaves something over.
    fn passes_over_the_rest(&self) -> bool {
        let last =
            |part: &&Part| matches!(part, Part::Second { .. } | Part::OptionalFraction { .. });
        self.lenient
            && matches!(self.parts.first(), Some(Part::Year { .. }))
            && self.parts.last().is_some_and(|part| last(&part))
    }

    /// Reads a text that the pattern matches from end to end, surrounding white space apart.
    pub fn parse(&self, text: &str) -> Option<DateText> {
        let mut rest = Cursor::new(super::trim_xml(text));
        let mut fields = Fields::default();
        for part in &self.parts {
            fields.read(*part, &mut rest)?;
        }
        if !rest.is_at_end() && !self.passes_over_the_rest() {
            return None;
        }
        if self.lenient {
            fields.second = fields.second.min(59);
        }
        fields.finish()
    }
}

/// What was read so far.
#[derive(Default)]
struct Fields {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    hour: Option<u32>,
    minute: u32,
    second: u32,
    nanosecond: u32,
    afternoon: Option<bool>,
    offset: Option<FixedOffset>,
}

impl Fields {
    fn read(&mut self, part: Part, rest: &mut Cursor<'_>) -> Option<()> {
        match part {
            Part::Literal(c) => {
                let mut bytes = [0; 4];
                rest.literal(c.encode_utf8(&mut bytes))?;
            }
            Part::Year { digits: 4 } => self.year = Some(rest.digits(4)?),
            Part::Year { .. } => {
                let year = rest.digits(2)?;
                self.year = Some(if year < 50 { 2000 } else { 1900 } + year);
            }
            Part::Month { padded } => self.month = Some(rest.two_or_fewer(padded)?),
            Part::MonthName { long } => {
                self.month = Some(1 + rest.name(if long { &MONTHS } else { &SHORT_MONTHS })?);
            }
            Part::Day { padded } => self.day = Some(rest.two_or_fewer(padded)?),
            Part::Hour24 { padded } => self.hour = Some(rest.two_or_fewer(padded)?),
            Part::Hour12 { padded } => {
                let hour = rest.two_or_fewer(padded)?;
                self.hour = Some((1..=12).contains(&hour).then_some(hour % 12)?);
            }
            Part::Minute { padded } => self.minute = rest.two_or_fewer(padded)?,
            Part::Second { padded } => self.second = rest.two_or_fewer(padded)?,
            Part::Fraction { digits } => {
                self.nanosecond = nanoseconds(rest.digits(digits.into())?, digits.into());
            }
            Part::OptionalFraction { digits, point } => {
                if !point || rest.take(b'.') {
                    let (count, fraction) = rest.digits_up_to(digits.into());
                    self.nanosecond = nanoseconds(fraction, count);
                }
            }
            Part::Half => self.afternoon = Some(rest.name(&["AM", "PM"])? == 1),
            Part::Zone if rest.is_at_end() => {}
            Part::Zone => self.offset = Some(rest.iso_offset()?),
            Part::Offset { letters } => self.offset = Some(read_offset(rest, letters)?),
        }
        Some(())
    }

    fn finish(self) -> Option<DateText> {
        let time = match self.hour {
            Some(hour) => {
                let hour = hour + if self.afternoon == Some(true) { 12 } else { 0 };
                // Chrono takes a leap second as a nanosecond above a billion, never from here.
                let (m, s, n) = (self.minute, self.second, self.nanosecond);
                Some(NaiveTime::from_hms_nano_opt(hour, m, s, n)?)
            }
            None => None,
        };
        let date = match self.year {
            Some(year) => Some(date(year, self.month.unwrap_or(1), self.day.unwrap_or(1))?),
            None => None,
        };
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
    let unclosed = |mark| PatternError::Unclosed { pattern: pattern.to_owned(), mark };
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            '\'' | '"' => {
                let (quoted, tail) = after.split_once(c).ok_or_else(|| unclosed(c))?;
                parts.extend(quoted.chars().map(Part::Literal));
                rest = tail;
            }
            '\\' => {
                let escaped = after.chars().next().ok_or_else(|| unclosed(c))?;
                parts.push(Part::Literal(escaped));
                rest = &after[escaped.len_utf8()..];
            }
            '%' if after.starts_with(|c: char| c.is_ascii_alphabetic()) => rest = after,
            '%' => return Err(unclosed(c)),
            'T' | 'Z' if !after.starts_with(c) => {
                parts.push(Part::Literal(c));
                rest = after;
            }
            _ if c.is_ascii_alphabetic() => {
                let run = rest.len() - rest.trim_start_matches(c).len();
                parts.push(specifier(pattern, &rest[..run], parts.last())?);
                if matches!(parts.last(), Some(Part::OptionalFraction { point: true, .. })) {
                    let point = parts.len() - 2;
                    parts.remove(point);
                }
                rest = &rest[run..];
            }
            _ => {
                parts.push(Part::Literal(c));
                rest = after;
            }
        }
    }
    Ok(parts)
}

fn specifier(pattern: &str, run: &str, before: Option<&Part>) -> Result<Part, PatternError> {
    let count = u8::try_from(run.len()).unwrap_or(u8::MAX);
    let padded = count == 2;
    let part = match (run.as_bytes()[0], count) {
        (b'y', 2 | 4) => Part::Year { digits: count },
        (b'M', 1 | 2) => Part::Month { padded },
        (b'M', 3 | 4) => Part::MonthName { long: count == 4 },
        (b'd', 1 | 2) => Part::Day { padded },
        (b'H', 1 | 2) => Part::Hour24 { padded },
        (b'h', 1 | 2) => Part::Hour12 { padded },
        (b'm', 1 | 2) => Part::Minute { padded },
        (b's', 1 | 2) => Part::Second { padded },
        (b'f', 1..=7) => Part::Fraction { digits: count },
        (b'F', 1..=7) => {
            Part::OptionalFraction { digits: count, point: before == Some(&Part::Literal('.')) }
        }
        (b't', 2) => Part::Half,
        (b'K', 1) => Part::Zone,
        (b'z', 1..=3) => Part::Offset { letters: count },
        (letter, _) => {
            return Err(PatternError::BadSpecifier {
                pattern: pattern.to_owned(),
                specifier: run.to_owned(),
                advice: advice(letter),
            })
        }
    };
    Ok(part)
}

fn advice(letter: u8) -> &'static str {
    match letter {
        b'y' | b'Y' => "years are `yyyy` or `yy`",
        b'M' => "months are `M`, `MM`, `MMM` or `MMMM`",
        b'd' => "days are `d` or `dd`; names of days cannot be read",
        b'D' => "days are `d` or `dd`",
        b'H' | b'h' => "hours are `H` or `HH`, or `h` or `hh` with `tt`",
        b'm' => "minutes are `m` or `mm`",
        b's' | b'S' => "seconds are `s` or `ss`, their fraction `f` to `fffffff`",
        b'f' | b'F' => "a fraction has at most 7 digits",
        b't' | b'a' | b'A' | b'p' | b'P' => "AM or PM is `tt`",
        b'K' | b'k' | b'z' | b'Z' | b'X' => "an offset is `K`, `z`, `zz` or `zzz`",
        _ => "write letters that stand for themselves in single quotes",
    }
}

/// How often a pattern has each part of a date.
#[derive(Default)]
struct Counts {
    year: u32,
    month: u32,
    day: u32,
    hour24: u32,
    hour12: u32,
    minute: u32,
    second: u32,
    fraction: u32,
    half: u32,
    offset: u32,
}

impl Counts {
    fn of(parts: &[Part]) -> Self {
        let mut counts = Self::default();
        for part in parts {
            let count = match part {
                Part::Literal(_) => continue,
                Part::Year { .. } => &mut counts.year,
                Part::Month { .. } | Part::MonthName { .. } => &mut counts.month,
                Part::Day { .. } => &mut counts.day,
                Part::Hour24 { .. } => &mut counts.hour24,
                Part::Hour12 { .. } => &mut counts.hour12,
                Part::Minute { .. } => &mut counts.minute,
                Part::Second { .. } => &mut counts.second,
                Part::Fraction { .. } | Part::OptionalFraction { .. } => &mut counts.fraction,
                Part::Half => &mut counts.half,
                Part::Zone | Part::Offset { .. } => &mut counts.offset,
            };
            *count += 1;
        }
        counts
    }

    /// What is there twice.
    fn twice(&self) -> Option<&'static str> {
        let counts = [
            (self.year, "year"),
            (self.month, "month"),
            (self.day, "day"),
            (self.hour24 + self.hour12, "hour"),
            (self.minute, "minute"),
            (self.second, "second"),
            (self.fraction, "fraction"),
            (self.half, "AM or PM"),
            (self.offset, "offset"),
        ];
        counts.into_iter().find(|(count, _)| *count > 1).map(|(_, part)| part)
    }

    /// What is there without the part it belongs to, and what to write.
    fn incomplete(&self) -> Option<(&'static str, &'static str)> {
        let hour = self.hour24 + self.hour12;
        let date = self.year + self.month + self.day;
        let time = hour + self.minute + self.second + self.fraction + self.half;
        let rules = [
            (date + time == 0, "no date and no time", "write one, such as `yyyy-MM-dd`"),
            (self.minute > 0 && hour == 0, "minutes but no hour", "write `HH`; months are `MM`"),
            (
                date > 0 && self.year == 0,
                "a month or day but no year",
                "write `yyyy` or `yy`; minutes are `mm`",
            ),
            (self.day > 0 && self.month == 0, "a day but no month", "write `MM`"),
            (self.second > 0 && self.minute == 0, "seconds but no minutes", "write `mm`"),
            (self.fraction > 0 && self.second == 0, "a fraction but no seconds", "write `ss`"),
            (self.hour12 > 0 && self.half == 0, "`h` but no `tt`", "write `HH` for hours 0 to 23"),
            (self.half > 0 && self.hour12 == 0, "`tt` but no `h`", "write `h` for hours 1 to 12"),
            (self.offset > 0 && hour == 0, "an offset but no time", "write `HH:mm`"),
        ];
        rules.into_iter().find(|(wrong, ..)| *wrong).map(|(_, found, advice)| (found, advice))
    }
}

fn check(pattern: &str, parts: &[Part]) -> Result<(), PatternError> {
    let counts = Counts::of(parts);
    let pattern = pattern.to_owned();
    if let Some(part) = counts.twice() {
        return Err(PatternError::Twice { pattern, part });
    }
    match counts.incomplete() {
        Some((found, advice)) => Err(PatternError::Incomplete { pattern, found, advice }),
        None => Ok(()),
    }
}
