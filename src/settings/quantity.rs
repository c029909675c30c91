//! Sizes and durations as people write them.

use std::time::Duration;

const UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// Bytes from `64MiB`, `64 MB` or `67108864`. Units ignore case; KiB, MiB and GiB are powers of
/// 1024, kB, MB and GB powers of 1000.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = if unit.is_empty() { "B" } else { unit.trim() };
    let (_, factor) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// Bytes as [`parse_bytes`] reads them: in the largest binary unit that needs no fraction.
pub fn shown_bytes(bytes: u64) -> String {
    let whole = UNITS.iter().find(|(_, factor)| bytes.is_multiple_of(*factor));
    let (unit, factor) = whole.expect("a byte is a unit");
    format!("{}{unit}", bytes / factor)
}

/// A duration from `2m`, `1h 30m` or `500ms`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}

/// A duration as [`parse_duration`] reads it.
pub fn shown_duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}
