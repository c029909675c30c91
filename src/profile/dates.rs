//! The forms of dates.

use serde::{Deserialize, Serialize};

/// How a date is written, as far as one value tells: whether `01/02/2026` begins with its day, others
/// must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DateShape {
    /// The order of its parts.
    pub order: DateOrder,
    /// Between the parts.
    pub separator: char,
    /// The time of day behind it.
    pub time: Option<TimeShape>,
}

/// The order of a date's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DateOrder {
    /// ISO 8601, which every contract reads: `2026-11-24`.
    Iso,
    /// Year, month, day.
    YearFirst,
    /// Day and month in one of the two orders, then the year.
    YearLast,
    /// `24 Nov 2026`.
    DayName,
    /// `Nov 24, 2026`.
    NameDay,
}

/// How a time of day is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeShape {
    /// Between date and time: `T` or a blank.
    pub joint: char,
    /// It has seconds.
    pub seconds: bool,
    /// It has a fraction of a second.
    pub fraction: bool,
    /// It ends with AM or PM.
    pub halves: bool,
    /// It ends with Z or an offset from UTC.
    pub zone: bool,
}

/// What a value of a date's form tells besides.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DateParts {
    /// The two parts beside the year, as written.
    pub(super) pair: (u32, u32),
    /// A part, or the hour, has one digit.
    pub(super) is_unpadded: bool,
    /// The name of the month is whole; May counts as short.
    pub(super) has_long_name: bool,
    /// It has its first three letters.
    pub(super) has_short_name: bool,
    /// Digits of the fraction of a second.
    pub(super) fraction: u32,
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

/// The form of a date with or without a time, where the text is one.
pub(super) fn date(text: &str) -> Option<(DateShape, DateParts)> {
    let mut reader = Reader { rest: text };
    let mut parts = DateParts::default();
    let (order, separator) = reader.date(&mut parts)?;
    if reader.rest.is_empty() {
        return Some((DateShape { order, separator, time: None }, parts));
    }
    let joint = reader.any(&['T', ' '])?;
    let mut time = reader.time(&mut parts)?;
    time.joint = joint;
    let plain = !time.halves && !parts.is_unpadded;
    let order = match order {
        DateOrder::Iso if !plain => DateOrder::YearFirst,
        order => order,
    };
    // Patterns have at most seven digits of a second, and no zone behind the half of the day.
    let is_read = order == DateOrder::Iso || !(time.zone && time.halves) && parts.fraction <= 7;
    (reader.rest.is_empty() && is_read)
        .then_some((DateShape { order, separator, time: Some(time) }, parts))
}

/// Whether a text is a date alone with an offset from UTC, such as `2026-11-24Z`.
pub(super) fn is_zoned_date(text: &str) -> bool {
    let mut reader = Reader { rest: text };
    let is_iso = |(order, _)| order == DateOrder::Iso;
    reader.date(&mut DateParts::default()).is_some_and(is_iso)
        && reader.zone() == Some(true)
        && reader.rest.is_empty()
}

/// Whether a text is a time of day such as `13:05` or `13:05:59.25Z`, the digits of its fraction, and
/// whether it has an offset from UTC.
pub(super) fn time_of_day(text: &str) -> Option<(u32, bool)> {
    let mut reader = Reader { rest: text };
    let mut parts = DateParts::default();
    let time = reader.time(&mut parts)?;
    let is_plain = !time.halves && !parts.is_unpadded;
    (reader.rest.is_empty() && is_plain).then_some((parts.fraction, time.zone))
}

/// Whether eight digits are a date of these centuries.
pub(super) fn is_compact_date(number: i64) -> bool {
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    (1900..=2100).contains(&year) && is_day(year as u32, month as u32, day as u32)
}

fn is_day(year: u32, month: u32, day: u32) -> bool {
    chrono::NaiveDate::from_ymd_opt(year as i32, month, day).is_some()
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn date(&mut self, parts: &mut DateParts) -> Option<(DateOrder, char)> {
        if let Some(month) = self.month(parts) {
            self.any(&[' '])?;
            let (day, digits) = self.number(2)?;
            self.any(&[','])?;
            self.any(&[' '])?;
            parts.is_unpadded |= digits == 1;
            let year = self.year()?;
            return is_day(year, month, day).then_some((DateOrder::NameDay, ' '));
        }
        let (first, digits) = self.number(4)?;
        match digits {
            4 => {
                let separator = self.any(&['-', '/', '.'])?;
                let (month, month_digits) = self.number(2)?;
                self.any(&[separator])?;
                let (day, day_digits) = self.number(2)?;
                parts.is_unpadded |= month_digits == 1 || day_digits == 1;
                let iso = separator == '-' && !parts.is_unpadded;
                let order = if iso { DateOrder::Iso } else { DateOrder::YearFirst };
                is_day(first, month, day).then_some((order, separator))
            }
            1 | 2 => {
                parts.is_unpadded |= digits == 1;
                let separator = self.any(&['/', '.', '-', ' '])?;
                if let Some(month) = self.month(parts) {
                    self.any(&[separator])?;
                    let year = self.year()?;
                    return is_day(year, month, first).then_some((DateOrder::DayName, separator));
                }
                let (second, digits) = self.number(2)?;
                parts.is_unpadded |= digits == 1;
                self.any(&[separator]).filter(|_| separator != ' ')?;
                let year = self.year()?;
                parts.pair = (first, second);
                let is_one = is_day(year, second, first) || is_day(year, first, second);
                is_one.then_some((DateOrder::YearLast, separator))
            }
            _ => None,
        }
    }

    fn time(&mut self, parts: &mut DateParts) -> Option<TimeShape> {
        let (hour, digits) = self.number(2)?;
        parts.is_unpadded |= digits == 1;
        self.any(&[':'])?;
        let minute = self.two_digits()?;
        let mut second = None;
        if self.any(&[':']).is_some() {
            second = Some(self.two_digits()?);
        }
        let mut fraction = 0;
        if second.is_some() && self.any(&['.']).is_some() {
            let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            self.rest = &self.rest[digits..];
            fraction = u32::try_from(digits).ok().filter(|digits| (1..=9).contains(digits))?;
            parts.fraction = fraction;
        }
        let halves = self.halves();
        let zone = self.zone()?;
        let is_hour = if halves { (1..=12).contains(&hour) } else { hour < 24 };
        (is_hour && minute < 60 && second.is_none_or(|second| second < 60)).then_some(TimeShape {
            joint: ' ',
            seconds: second.is_some(),
            fraction: fraction > 0,
            halves,
            zone,
        })
    }

    fn halves(&mut self) -> bool {
        let text = self.rest.trim_start_matches(' ');
        let found = text
            .get(..2)
            .filter(|half| half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm"));
        if found.is_some() {
            self.rest = &text[2..];
        }
        found.is_some()
    }

    /// Whether there is a zone; `None` where there is something that is none.
    fn zone(&mut self) -> Option<bool> {
        if self.any(&['Z']).is_some() {
            return Some(true);
        }
        if self.any(&['+', '-']).is_none() {
            return Some(false);
        }
        let hours = self.two_digits()?;
        self.any(&[':'])?;
        let minutes = self.two_digits()?;
        (hours <= 14 && minutes < 60).then_some(true)
    }

    fn any(&mut self, of: &[char]) -> Option<char> {
        let first = self.rest.chars().next().filter(|first| of.contains(first))?;
        self.rest = &self.rest[first.len_utf8()..];
        Some(first)
    }

    fn year(&mut self) -> Option<u32> {
        self.number(4).filter(|(_, digits)| *digits == 4).map(|(year, _)| year)
    }

    fn two_digits(&mut self) -> Option<u32> {
        self.number(2).filter(|(_, digits)| *digits == 2).map(|(number, _)| number)
    }

    /// A number of at most so many digits, and how many it has; not the begin of a longer one.
    fn number(&mut self, most: usize) -> Option<(u32, usize)> {
        let digits = self.rest.bytes().take(most + 1).take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > most {
            return None;
        }
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        Some((number.parse().ok()?, digits))
    }

    fn month(&mut self, parts: &mut DateParts) -> Option<u32> {
        let letters = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let word = &self.rest[..letters];
        let is_it =
            |name: &&str| word.eq_ignore_ascii_case(name) || word.eq_ignore_ascii_case(&name[..3]);
        let month = MONTHS.iter().position(is_it)?;
        parts.has_long_name |= letters > 3;
        parts.has_short_name |= letters == 3;
        self.rest = &self.rest[letters..];
        Some(month as u32 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, order, separator) in [
            ("2026-11-24", DateOrder::Iso, '-'),
            ("2026-11-24T10:15:30.123+02:00", DateOrder::Iso, '-'),
            ("2026-11-24 10:15", DateOrder::Iso, '-'),
            ("2026/11/24", DateOrder::YearFirst, '/'),
            ("2026-1-4", DateOrder::YearFirst, '-'),
            ("24.11.2026", DateOrder::YearLast, '.'),
            ("11/24/2026 1:05 PM", DateOrder::YearLast, '/'),
            ("24 Nov 2026", DateOrder::DayName, ' '),
            ("24-November-2026", DateOrder::DayName, '-'),
            ("Nov 24, 2026", DateOrder::NameDay, ' '),
        ] {
            let (shape, _) = date(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((shape.order, shape.separator), (order, separator), "{text}");
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in ["2026-02-30", "31/31/2026", "12-34-56", "2026", "24 11 2026", "1.2.3", "10:75"]
        {
            assert!(date(text).is_none(), "{text}");
        }
        assert_eq!(time_of_day("23:59:59.25"), Some((2, false)));
        assert_eq!(time_of_day("23:59:59+02:00"), Some((0, true)));
        assert!(is_zoned_date("2026-11-24-05:00") && !is_zoned_date("2026-11-24"));
        assert_eq!(time_of_day("24:00"), None);
    }
}
