//! ISO 8601.

use chrono::FixedOffset;

use super::cursor::Cursor;
use super::date_text::{in_years, DateText};
use crate::value::trim_xml;

/// Reads ISO 8601 as documents write it: `2026-11-24` or `20261124`, then `T` or one blank and
/// `13:05`, `13:05:09` or `13:05:09.123456789` (1 to 9 digits), then `Z` or `+02:00`, which one
/// blank may precede. A time alone is read as well. `24:00:00` is midnight at the end of the day.
/// Surrounding white space is ignored.
pub fn parse_iso(text: &str) -> Option<DateText> {
    let mut rest = Cursor::new(trim_xml(text));
    let mut found = DateText::default();
    if rest.byte_at(2) != Some(b':') {
        found.date = Some(rest.iso_date()?);
        if !rest.is_at_end() && (rest.take(b'T') || rest.take(b't') || rest.blank_then_digit()) {
            let (time, next_day) = rest.iso_time()?;
            found.time = Some(time);
            if next_day {
                found.date = found.date?.succ_opt().filter(|date| in_years(*date));
                found.date?;
            }
        }
    } else {
        found.time = Some(rest.iso_time()?.0);
    }
    if !rest.is_at_end() {
        rest.take(b' ');
        found.offset = Some(rest.iso_offset()?);
    }
    rest.is_at_end().then_some(found)
}

/// Reads an offset from UTC: `Z`, `+02:00` or `-05:30`, within 14 hours.
pub fn parse_offset(text: &str) -> Option<FixedOffset> {
    let mut rest = Cursor::new(trim_xml(text));
    let offset = rest.iso_offset()?;
    rest.is_at_end().then_some(offset)
}
