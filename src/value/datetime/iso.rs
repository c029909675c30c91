//! ISO 8601.

use super::cursor::Cursor;
use super::date_text::DateText;
use crate::value::trim_xml;

/// Reads ISO 8601 as documents write it: `2026-11-24` or `20261124`, then `T` or one blank and
/// `13:05`, `13:05:09` or `13:05:09.123456789` (1 to 9 digits), then `Z` or `+02:00`, which one
/// blank may precede. A time alone is read as well. Surrounding white space is ignored.
pub fn parse_iso(text: &str) -> Option<DateText> {
    let mut rest = Cursor::new(trim_xml(text));
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
