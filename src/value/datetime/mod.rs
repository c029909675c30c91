//! Dates and times as text: ISO 8601 and .NET patterns.

mod cursor;
mod date_text;
mod iso;
mod pattern;

pub use date_text::DateText;
pub(super) use date_text::{in_years, with_offset, BASE_DATE};
pub use iso::{parse_iso, parse_offset};
pub use pattern::{DatePattern, PatternError};

/// Reads ISO 8601, then each pattern in turn; the first that matches the whole text wins.
/// Surrounding white space is ignored.
pub fn parse_date_text(text: &str, formats: &[DatePattern]) -> Option<DateText> {
    parse_iso(text).or_else(|| formats.iter().find_map(|format| format.parse(text)))
}
