//! The forms of dates that the earlier system read, beside ISO 8601.

use crate::value::datetime::DatePattern;

/// In the order in which they are tried.
pub(super) const PATTERNS: [&str; 7] = [
    "yyyy-M-d H:m:s.FFFFFFF",
    "yyyy-M-d",
    "M/d/yyyy",
    "M/d/yyyy H:m:s",
    "M/d/yyyy h:m:s tt",
    "d/M/yyyy",
    "d/M/yyyy H:m:s",
];

/// The patterns, ready to read with, as forgiving as the earlier system was.
pub(super) fn patterns() -> Vec<DatePattern> {
    let patterns = PATTERNS.iter().filter_map(|pattern| DatePattern::new(pattern).ok());
    patterns.map(DatePattern::lenient).collect()
}
