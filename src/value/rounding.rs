//! How SQL Server's date and time types round.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;

fn nanoseconds(time: NaiveTime) -> u64 {
    u64::from(time.num_seconds_from_midnight()) * SECOND + u64::from(time.nanosecond())
}

/// The time of day so many nanoseconds after midnight, and whether that is the next day's.
fn time_at(nanoseconds: u64) -> (NaiveTime, bool) {
    let within = nanoseconds % DAY;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(
        (within / SECOND) as u32,
        (within % SECOND) as u32,
    );
    (time.unwrap_or(NaiveTime::MIN), nanoseconds >= DAY)
}

/// Rounds to `digits` after the second, halves up. Past midnight the clock starts again at
/// 00:00:00, which is all a `time` can say; the flag tells the types that have a date.
pub(super) fn round_time(time: NaiveTime, digits: u8) -> (NaiveTime, bool) {
    let unit = 10u32.pow(9 - u32::from(digits));
    if time.nanosecond().is_multiple_of(unit) {
        return (time, false);
    }
    let unit = u64::from(unit);
    time_at((nanoseconds(time) + unit / 2) / unit * unit)
}

pub(super) fn on_day(date: NaiveDate, next_day: bool) -> Option<NaiveDate> {
    if next_day {
        return date.succ_opt();
    }
    Some(date)
}

/// To the nearest 300th of a second, written as 0, 3 or 7 milliseconds.
pub(super) fn round_to_ticks(moment: NaiveDateTime) -> Option<NaiveDateTime> {
    if moment.nanosecond() == 0 {
        return Some(moment);
    }
    let ticks = (nanoseconds(moment.time()) * 3 + SECOND / 200) / (SECOND / 100);
    let milliseconds = (ticks * 10 + 1) / 3;
    let (time, next_day) = time_at(milliseconds * 1_000_000);
    Some(on_day(moment.date(), next_day)?.and_time(time))
}

/// To the nearest minute: up from 29.999 seconds, because SQL Server rounds to ticks first.
pub(super) fn round_to_minutes(moment: NaiveDateTime) -> Option<NaiveDateTime> {
    const MINUTE: u64 = 60 * SECOND;
    let ticked = round_to_ticks(moment)?;
    let (time, next_day) = time_at((nanoseconds(ticked.time()) + MINUTE / 2) / MINUTE * MINUTE);
    Some(on_day(ticked.date(), next_day)?.and_time(time))
}
