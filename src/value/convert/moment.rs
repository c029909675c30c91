//! Dates and times to a type.

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, TimeDelta, Timelike};

use super::error::ConversionFault::{self, NotA, OutOfRange};
use crate::value::datetime::{in_years, with_offset, DateText, BASE_DATE};
use crate::value::{SqlType, Value};

/// `datetime` starts with the first full Gregorian year of the British Empire.
const DATETIME_START: NaiveDate = NaiveDate::from_ymd_opt(1753, 1, 1).expect("a date");
const SMALLDATETIME_END: NaiveDate = NaiveDate::from_ymd_opt(2079, 6, 6).expect("a date");

const SECOND: i64 = 1_000_000_000;

/// The parts of a date or time that may become this date or time type.
pub fn parts(value: &Value, sql_type: SqlType) -> Option<DateText> {
    let (date, time, offset) = match value {
        Value::Date(date) => (Some(*date), None, None),
        // SQL Server's date of a time that becomes a datetime.
        Value::Time(time) if sql_type != SqlType::Date => (Some(BASE_DATE), Some(*time), None),
        Value::DateTime(both) => (Some(both.date()), Some(both.time()), None),
        Value::DateTimeOffset(both) => {
            let local = both.naive_local();
            (Some(local.date()), Some(local.time()), Some(*both.offset()))
        }
        _ => return None,
    };
    Some(DateText { date, time, offset })
}

/// A date and time to a date or time type. An offset is dropped, not applied, where the type has
/// none, as SQL Server does.
pub fn value(found: DateText, sql_type: SqlType) -> Result<Value, ConversionFault> {
    if let SqlType::Time(digits) = sql_type {
        return Ok(Value::Time(found.time.ok_or(NotA)?.round_subsecs(digits.into())));
    }
    let date = found.date.ok_or(NotA)?;
    let local = date.and_time(found.time.unwrap_or(NaiveTime::MIN));
    let rounded = match sql_type {
        SqlType::Date => return Ok(Value::Date(date)),
        SqlType::DateTime => round_to_ticks(local),
        SqlType::SmallDateTime => round_to_minutes(local),
        SqlType::DateTime2(digits) | SqlType::DateTimeOffset(digits) => {
            local.round_subsecs(digits.into())
        }
        _ => return Err(NotA),
    };
    if !holds(sql_type, rounded.date()) {
        return Err(OutOfRange);
    }
    if let SqlType::DateTimeOffset(_) = sql_type {
        let offset = found.offset.unwrap_or(FixedOffset::east_opt(0).expect("UTC"));
        return with_offset(rounded, offset).map(Value::DateTimeOffset).ok_or(OutOfRange);
    }
    Ok(Value::DateTime(rounded))
}

/// To the nearest 300th of a second, written as 0, 3 or 7 milliseconds.
fn round_to_ticks(moment: NaiveDateTime) -> NaiveDateTime {
    let (midnight, nanoseconds) = since_midnight(moment);
    let ticks = (nanoseconds * 3 + SECOND / 200) / (SECOND / 100);
    midnight + TimeDelta::milliseconds((ticks * 10 + 1) / 3)
}

/// To the nearest minute: up from 29.999 seconds, because SQL Server rounds to ticks first.
fn round_to_minutes(moment: NaiveDateTime) -> NaiveDateTime {
    let (midnight, nanoseconds) = since_midnight(round_to_ticks(moment));
    midnight + TimeDelta::minutes((nanoseconds + 30 * SECOND) / (60 * SECOND))
}

fn since_midnight(moment: NaiveDateTime) -> (NaiveDateTime, i64) {
    let seconds = i64::from(moment.num_seconds_from_midnight());
    (moment.date().and_time(NaiveTime::MIN), seconds * SECOND + i64::from(moment.nanosecond()))
}

fn holds(sql_type: SqlType, date: NaiveDate) -> bool {
    match sql_type {
        SqlType::DateTime => date >= DATETIME_START && in_years(date),
        SqlType::SmallDateTime => (BASE_DATE..=SMALLDATETIME_END).contains(&date),
        _ => in_years(date),
    }
}
