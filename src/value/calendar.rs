//! `DATEADD`, `DATEDIFF`, `YEAR`, `MONTH` and `DAY`.

use chrono::{Datelike, FixedOffset, Months, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use super::canonical::plain_text;
use super::datetime::{in_years, with_offset, BASE_DATE};
use super::text::clip;
use super::typed::Value;
use crate::reason::{self, formed, known, reason, Part, Reason};

/// The unit of `DATEADD` and `DATEDIFF`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatePart {
    /// `year`, `yy`, `yyyy`
    Year,
    /// `quarter`, `qq`, `q`
    Quarter,
    /// `month`, `mm`, `m`
    Month,
    /// `dayofyear`, `dy`, `y`: counts days
    DayOfYear,
    /// `day`, `dd`, `d`
    Day,
    /// `week`, `wk`, `ww`: starts on Sunday
    Week,
    /// `weekday`, `dw`, `w`: counts days
    Weekday,
    /// `hour`, `hh`
    Hour,
    /// `minute`, `mi`, `n`
    Minute,
    /// `second`, `ss`, `s`
    Second,
    /// `millisecond`, `ms`
    Millisecond,
    /// `microsecond`, `mcs`
    Microsecond,
    /// `nanosecond`, `ns`
    Nanosecond,
}

impl DatePart {
    /// Every part: its full name, then SQL Server's abbreviations.
    const NAMES: [(Self, &'static [&'static str]); 13] = [
        (Self::Year, &["year", "yy", "yyyy"]),
        (Self::Quarter, &["quarter", "qq", "q"]),
        (Self::Month, &["month", "mm", "m"]),
        (Self::DayOfYear, &["dayofyear", "dy", "y"]),
        (Self::Day, &["day", "dd", "d"]),
        (Self::Week, &["week", "wk", "ww"]),
        (Self::Weekday, &["weekday", "dw", "w"]),
        (Self::Hour, &["hour", "hh"]),
        (Self::Minute, &["minute", "mi", "n"]),
        (Self::Second, &["second", "ss", "s"]),
        (Self::Millisecond, &["millisecond", "ms"]),
        (Self::Microsecond, &["microsecond", "mcs"]),
        (Self::Nanosecond, &["nanosecond", "ns"]),
    ];

    /// The part of that name or abbreviation, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        let known = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        Self::NAMES.iter().find(|(_, names)| known(names)).map(|(part, _)| *part)
    }

    /// The full name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].1[0]
    }

    /// The full names of all parts.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::NAMES.iter().map(|(_, names)| names[0])
    }

    pub(crate) fn is_time(self) -> bool {
        self.months().is_none() && self.nanoseconds() < Self::Day.nanoseconds()
    }

    /// Months in one, for parts that are counted in months.
    fn months(self) -> Option<i64> {
        match self {
            Self::Year => Some(12),
            Self::Quarter => Some(3),
            Self::Month => Some(1),
            _ => None,
        }
    }

    /// Nanoseconds in one, for the others.
    fn nanoseconds(self) -> i64 {
        const SECOND: i64 = 1_000_000_000;
        match self {
            Self::Week => 604_800 * SECOND,
            Self::Hour => 3_600 * SECOND,
            Self::Minute => 60 * SECOND,
            Self::Second => SECOND,
            Self::Millisecond => 1_000_000,
            Self::Microsecond => 1_000,
            Self::Nanosecond => 1,
            _ => 86_400 * SECOND,
        }
    }

    /// So many of one that is not counted in months.
    fn times(self, number: i64) -> Option<TimeDelta> {
        let nanoseconds = i128::from(self.nanoseconds()) * i128::from(number);
        let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?;
        TimeDelta::new(seconds, nanoseconds.rem_euclid(1_000_000_000) as u32)
    }
}

/// Why a date function has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DateError(Reason);

impl DateError {
    fn no_such_part(part: DatePart, value: &Value) -> Self {
        let part = known(part.name());
        Self(reason!("{} has no {}: convert it with CAST(… AS datetime2) first", name(value), part))
    }

    fn not_a_date(value: &Value) -> Self {
        Self(reason!("{} is not a date: convert it with CAST or PARSE_DATE first", name(value)))
    }

    /// The sentence.
    pub fn reason(&self) -> Reason {
        self.0.clone()
    }
}

/// `SWITCHOFFSET(value, offset)`: the same moment at another offset; null stays null. A value without
/// an offset is in UTC.
pub fn switch_offset(value: &Value, offset: FixedOffset) -> Result<Value, DateError> {
    let moment = match value {
        Value::Null => return Ok(Value::Null),
        Value::Date(date) => date.and_time(NaiveTime::MIN),
        Value::DateTime(both) => *both,
        Value::DateTimeOffset(both) => both.naive_utc(),
        _ => return Err(DateError::not_a_date(value)),
    };
    let switched = moment.and_utc().with_timezone(&offset);
    if !in_years(switched.naive_local().date()) {
        return Err(DateError(reason!(
            "SWITCHOFFSET('{}', '{}') is outside 0001-01-01 to 9999-12-31: correct the document",
            name(value),
            formed(offset, "+#:#")
        )));
    }
    Ok(Value::DateTimeOffset(switched))
}

/// `DATEADD(part, number, value)`: a value of the same type; null stays null. A day that the
/// month lacks becomes its last. A `time` starts again at midnight.
///
/// Errors: outside the years 1 to 9999; hours and less of a date, days and more of a time; a
/// value that is not a date or time.
pub fn date_add(part: DatePart, number: i64, value: &Value) -> Result<Value, DateError> {
    let sum = match value {
        Value::Null => return Ok(Value::Null),
        Value::Date(_) if part.is_time() => return Err(DateError::no_such_part(part, value)),
        Value::Date(date) => {
            add(part, number, date.and_time(NaiveTime::MIN)).map(|sum| Value::Date(sum.date()))
        }
        Value::Time(_) if !part.is_time() => return Err(DateError::no_such_part(part, value)),
        Value::Time(time) => {
            part.times(number).map(|delta| Value::Time(time.overflowing_add_signed(delta).0))
        }
        Value::DateTime(both) => add(part, number, *both).map(Value::DateTime),
        Value::DateTimeOffset(both) => add(part, number, both.naive_local())
            .and_then(|local| with_offset(local, *both.offset()))
            .map(Value::DateTimeOffset),
        _ => return Err(DateError::not_a_date(value)),
    };
    sum.ok_or_else(|| {
        DateError(reason!(
            "DATEADD({}, {}, '{}') is outside 0001-01-01 to 9999-12-31: correct the document, or test \
             the date with CASE first",
            known(part.name()),
            reason::number(number),
            name(value)
        ))
    })
}

fn add(part: DatePart, number: i64, moment: NaiveDateTime) -> Option<NaiveDateTime> {
    let sum = match part.months() {
        Some(months) => {
            let months = months.checked_mul(number)?;
            let magnitude = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
            if months < 0 {
                moment.checked_sub_months(magnitude)
            } else {
                moment.checked_add_months(magnitude)
            }
        }
        None => moment.checked_add_signed(part.times(number)?),
    };
    sum.filter(|sum| in_years(sum.date()))
}

/// `DATEDIFF(part, from, to)`: how many boundaries of the part lie between the two, negative when
/// `to` is earlier; `None` when either is null. Weeks start on Sunday. A date is its midnight, a
/// time is on 1900-01-01, and an offset is applied first, as in SQL Server.
pub fn date_diff(part: DatePart, from: &Value, to: &Value) -> Result<Option<i64>, DateError> {
    let (Some(begin), Some(end)) = (dated(from, moment)?, dated(to, moment)?) else {
        return Ok(None);
    };
    let between = i64::try_from(boundaries(part, end) - boundaries(part, begin));
    between.map(Some).map_err(|_| {
        DateError(reason!(
            "DATEDIFF({}, '{}', '{}') is out of the range of bigint: count a longer part",
            known(part.name()),
            name(from),
            name(to)
        ))
    })
}

/// How many boundaries of the part lie before a moment, from one that is the same for all.
fn boundaries(part: DatePart, moment: NaiveDateTime) -> i128 {
    match part.months() {
        Some(months) => {
            let month = i64::from(moment.year()) * 12 + i64::from(moment.month0());
            month.div_euclid(months).into()
        }
        None => {
            // Four days before 1970-01-01 was a Sunday.
            let seconds = i128::from(moment.and_utc().timestamp() + 4 * 86_400);
            let nanoseconds = seconds * 1_000_000_000 + i128::from(moment.nanosecond());
            nanoseconds.div_euclid(part.nanoseconds().into())
        }
    }
}

/// `YEAR(value)`; null stays null, and a time is in 1900, as in SQL Server.
pub fn year(value: &Value) -> Result<Option<i64>, DateError> {
    Ok(dated(value, local)?.map(|moment| moment.year().into()))
}

/// `MONTH(value)`, 1 to 12; null stays null, and a time is in January.
pub fn month(value: &Value) -> Result<Option<i64>, DateError> {
    Ok(dated(value, local)?.map(|moment| moment.month().into()))
}

/// `DAY(value)`, 1 to 31; null stays null, and a time is on the first.
pub fn day(value: &Value) -> Result<Option<i64>, DateError> {
    Ok(dated(value, local)?.map(|moment| moment.day().into()))
}

/// The date and time of a value; `None` for null.
fn dated(
    value: &Value,
    read: fn(&Value) -> Option<NaiveDateTime>,
) -> Result<Option<NaiveDateTime>, DateError> {
    match (value, read(value)) {
        (Value::Null, _) => Ok(None),
        (_, None) => Err(DateError::not_a_date(value)),
        (_, found) => Ok(found),
    }
}

/// The local date and time of a date or time. A time alone is on SQL Server's day 0.
fn local(value: &Value) -> Option<NaiveDateTime> {
    match value {
        Value::Date(date) => Some(date.and_time(NaiveTime::MIN)),
        Value::Time(time) => Some(BASE_DATE.and_time(*time)),
        Value::DateTime(both) => Some(*both),
        Value::DateTimeOffset(both) => Some(both.naive_local()),
        _ => None,
    }
}

/// What dates and times are compared by: UTC for a value with an offset, else the local time.
pub fn moment(value: &Value) -> Option<NaiveDateTime> {
    match value {
        Value::DateTimeOffset(both) => Some(both.naive_utc()),
        _ => local(value),
    }
}

/// A value in a sentence.
fn name(value: &Value) -> Part<'_> {
    let text = clip(&plain_text(value).unwrap_or_default());
    formed(
        text,
        match value {
            Value::Date(_) => "#-#-#",
            Value::Time(_) => "#:#:#",
            Value::DateTime(_) => "#-#-# #:#:#",
            Value::DateTimeOffset(_) => "#-#-# #:#:# +#:#",
            _ => "#",
        },
    )
}
