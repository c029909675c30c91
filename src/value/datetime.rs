//! Dates and times as text: ISO 8601 and .NET patterns.

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};

use super::Value;

/// What a text says of a date and a time, before it becomes a value of some type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DateText {
    /// The date, within 0001-01-01 to 9999-12-31.
    pub date: Option<NaiveDate>,
    /// The time of day with up to nine digits after the second, not rounded.
    pub time: Option<NaiveTime>,
    /// The offset from UTC, within 14 hours, when one was written.
    pub offset: Option<FixedOffset>,
}

impl DateText {
    /// The value of the type that holds just what was written: a date, a time, both, or both
    /// with an offset. The time is not rounded. `None` when neither was written, or when the
    /// moment in UTC is outside the years 1 to 9999.
    pub fn to_value(self) -> Option<Value> {
        match (self.date, self.time, self.offset) {
            (Some(date), None, _) => Some(Value::Date(date)),
            (None, Some(time), _) => Some(Value::Time(time)),
            (Some(date), Some(time), None) => Some(Value::DateTime(date.and_time(time))),
            (Some(date), Some(time), Some(offset)) => {
                with_offset(date.and_time(time), offset).map(Value::DateTimeOffset)
            }
            (None, None, _) => None,
        }
    }
}

/// The moment at which clocks with `offset` show `local`, within the years 1 to 9999 in UTC.
pub(super) fn with_offset(
    local: NaiveDateTime,
    offset: FixedOffset,
) -> Option<chrono::DateTime<FixedOffset>> {
    let moment = offset.from_local_datetime(&local).single()?;
    in_years(moment.naive_utc().date()).then_some(moment)
}

/// Whether a date is within 0001-01-01 to 9999-12-31.
pub(super) fn in_years(date: NaiveDate) -> bool {
    (1..=9999).contains(&chrono::Datelike::year(&date))
}

/// Reads ISO 8601, then each pattern in turn; the first that matches the whole text wins.
/// Surrounding white space is ignored.
pub fn parse_date_text(text: &str, formats: &[DatePattern]) -> Option<DateText> {
    parse_iso(text).or_else(|| formats.iter().find_map(|format| format.parse(text)))
}

/// Reads ISO 8601 as documents write it: `2026-11-24` or `20261124`, then `T` or one blank and
/// `13:05`, `13:05:09` or `13:05:09.123456789` (1 to 9 digits), then `Z` or `+02:00`, which one
/// blank may precede. A time alone is read as well. Surrounding white space is ignored.
pub fn parse_iso(text: &str) -> Option<DateText> {
    let mut rest = Cursor::new(super::trim_xml(text));
    let mut found = DateText::default();
    if rest.byte_at(2) != Some(b':') {
        found.date = Some(rest.iso_date()?);
        if !rest.is_at_end() && (rest.take(b'T') || rest.take(b't') || rest.blank_then_digit()) {
            found.time = Some(rest.iso_time()?);
        }
    } else {
        found.time = Some(rest.iso_time()?);
    }
    if !rest.is_at_end() {
        rest.take(b' ');
        found.offset = Some(rest.iso_offset()?);
    }
    rest.is_at_end().then_some(found)
}

/// Reads a text from its front.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text.as_bytes() }
    }

    fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn byte_at(&self, index: usize) -> Option<u8> {
        self.rest.get(index).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.rest.first() == Some(&byte);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn blank_then_digit(&mut self) -> bool {
        self.byte_at(1).is_some_and(|b| b.is_ascii_digit()) && self.take(b' ')
    }

    /// Exactly `count` digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        let mut number = 0;
        for byte in taken {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            number = number * 10 + u32::from(digit);
        }
        self.rest = rest;
        Some(number)
    }

    /// As many digits as there are, up to `most`; how many, and their number.
    fn digits_up_to(&mut self, most: usize) -> (usize, u32) {
        let count = self.rest.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
        (count, self.digits(count).unwrap_or(0))
    }

    /// One digit, or two.
    fn one_or_two_digits(&mut self) -> Option<u32> {
        let (count, number) = self.digits_up_to(2);
        (count > 0).then_some(number)
    }

    fn two_or_fewer(&mut self, padded: bool) -> Option<u32> {
        if padded {
            return self.digits(2);
        }
        self.one_or_two_digits()
    }

    fn iso_date(&mut self) -> Option<NaiveDate> {
        let year = self.digits(4)?;
        let dashed = self.take(b'-');
        let month = self.digits(2)?;
        if dashed && !self.take(b'-') {
            return None;
        }
        date(year, month, self.digits(2)?)
    }

    fn iso_time(&mut self) -> Option<NaiveTime> {
        let hour = self.digits(2)?;
        if !self.take(b':') {
            return None;
        }
        let minute = self.digits(2)?;
        if !self.take(b':') {
            return NaiveTime::from_hms_opt(hour, minute, 0);
        }
        let second = self.digits(2)?;
        if !self.take(b'.') {
            return NaiveTime::from_hms_opt(hour, minute, second);
        }
        let (count, fraction) = self.digits_up_to(9);
        if count == 0 {
            return None;
        }
        NaiveTime::from_hms_nano_opt(hour, minute, second, nanoseconds(fraction, count))
    }

    fn iso_offset(&mut self) -> Option<FixedOffset> {
        if self.take(b'Z') || self.take(b'z') {
            return FixedOffset::east_opt(0);
        }
        let sign = self.sign()?;
        let hours = self.digits(2)?;
        if !self.take(b':') {
            return None;
        }
        offset(sign, hours, self.digits(2)?)
    }

    fn sign(&mut self) -> Option<i32> {
        match self.byte_at(0)? {
            b'+' if self.take(b'+') => Some(1),
            b'-' if self.take(b'-') => Some(-1),
            _ => None,
        }
    }

    /// The name's index and its length taken, ignoring case.
    fn name(&mut self, names: &[&str]) -> Option<u32> {
        let starts = |name: &&str| {
            self.rest.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name.as_bytes()))
        };
        let index = names.iter().position(|name| starts(name))?;
        self.rest = &self.rest[names[index].len()..];
        Some(index as u32)
    }
}

fn date(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year as i32, month, day).filter(|_| year >= 1)
}

fn offset(sign: i32, hours: u32, minutes: u32) -> Option<FixedOffset> {
    if minutes > 59 || hours * 60 + minutes > 14 * 60 {
        return None;
    }
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60) as i32)
}

/// A fraction of `count` digits as nanoseconds.
fn nanoseconds(fraction: u32, count: usize) -> u32 {
    fraction * 10u32.pow(9 - count as u32)
}

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
        Ok(Self { text: pattern.to_owned(), parts })
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Reads a text that the pattern matches from end to end, surrounding white space apart.
    pub fn parse(&self, text: &str) -> Option<DateText> {
        let mut rest = Cursor::new(super::trim_xml(text));
        let mut fields = Fields::default();
        for part in &self.parts {
            fields.read(*part, &mut rest)?;
        }
        if !rest.is_at_end() {
            return None;
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
                rest.rest = rest.rest.strip_prefix(c.encode_utf8(&mut bytes).as_bytes())?;
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
    let count = run.len() as u8;
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

fn check(pattern: &str, parts: &[Part]) -> Result<(), PatternError> {
    let count = |is: fn(&Part) -> bool| parts.iter().filter(|part| is(part)).count();
    let year = count(|p| matches!(p, Part::Year { .. }));
    let month = count(|p| matches!(p, Part::Month { .. } | Part::MonthName { .. }));
    let day = count(|p| matches!(p, Part::Day { .. }));
    let hour24 = count(|p| matches!(p, Part::Hour24 { .. }));
    let hour12 = count(|p| matches!(p, Part::Hour12 { .. }));
    let minute = count(|p| matches!(p, Part::Minute { .. }));
    let second = count(|p| matches!(p, Part::Second { .. }));
    let fraction = count(|p| matches!(p, Part::Fraction { .. } | Part::OptionalFraction { .. }));
    let half = count(|p| matches!(p, Part::Half));
    let offset = count(|p| matches!(p, Part::Zone | Part::Offset { .. }));
    let hour = hour24 + hour12;
    let twice = [
        (year, "year"),
        (month, "month"),
        (day, "day"),
        (hour, "hour"),
        (minute, "minute"),
        (second, "second"),
        (fraction, "fraction"),
        (half, "AM or PM"),
        (offset, "offset"),
    ];
    if let Some((_, part)) = twice.into_iter().find(|(n, _)| *n > 1) {
        return Err(PatternError::Twice { pattern: pattern.to_owned(), part });
    }
    let incomplete = [
        (
            year + hour == 0 && month + day + minute == 0,
            "no date and no time",
            "write one, such as `yyyy-MM-dd`",
        ),
        (
            year == 0 && month + day > 0,
            "a month or day but no year",
            "write `yyyy` or `yy`; minutes are `mm`",
        ),
        (month == 0 && day > 0, "a day but no month", "write `MM`; minutes are `mm`"),
        (hour == 0 && minute > 0, "minutes but no hour", "write `HH`; months are `MM`"),
        (minute == 0 && second > 0, "seconds but no minutes", "write `mm`"),
        (second == 0 && fraction > 0, "a fraction but no seconds", "write `ss`"),
        (hour12 > 0 && half == 0, "`h` but no `tt`", "write `HH` for hours 0 to 23"),
        (half > 0 && hour12 == 0, "`tt` but no `h`", "write `h` or `hh` for hours 1 to 12"),
        (hour == 0 && offset > 0, "an offset but no time", "write `HH:mm`"),
    ];
    match incomplete.into_iter().find(|(wrong, ..)| *wrong) {
        Some((_, found, advice)) => {
            Err(PatternError::Incomplete { pattern: pattern.to_owned(), found, advice })
        }
        None => Ok(()),
    }
}
