//! Values as people write them: sizes and durations.

use std::time::Duration;

/// What a value should have looked like; completes the sentence "… is not …".
pub type Expected = String;

const UNITS: [(&str, u64); 7] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// Bytes from `64MiB`, `64 MB` or `67108864`. Units ignore case; KiB, MiB and GiB are powers of
/// 1024, kB, MB and GB powers of 1000.
pub fn parse_bytes(text: &str) -> Result<u64, Expected> {
    let expected = || "a size such as 64MiB, 500MB or 1048576".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| expected())?;
    let unit = unit.trim();
    let factor = match unit {
        "" => 1,
        _ => UNITS.iter().find(|u| u.0.eq_ignore_ascii_case(unit)).ok_or_else(expected)?.1,
    };
    number.checked_mul(factor).ok_or_else(expected)
}

/// A duration from `2m`, `1h 30m` or `500ms`.
pub fn parse_duration(text: &str) -> Result<Duration, Expected> {
    humantime::parse_duration(text).map_err(|_| "a duration such as 500ms, 30s or 2m".to_owned())
}
