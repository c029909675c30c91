//! Numbers as people read them.

use std::time::Duration;

/// Digits in groups of three: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun: `1 row`, `1,234 rows`.
pub fn counted(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// Decimal megabytes or gigabytes: `58.1 MB`.
pub fn bytes(number: u64) -> String {
    match number {
        0..1_000_000 => format!("{:.1} kB", number as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", number as f64 / 1e6),
        _ => format!("{:.2} GB", number as f64 / 1e9),
    }
}

/// The two largest units of a duration: `2 h 05 min`, `3 min 20 s`, `4.2 s`, `350 ms`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..172_800 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_in_threes() {
        let texts = [0, 12, 123, 1234, 123_456, 1_234_567].map(count);
        assert_eq!(texts, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        let texts = [350, 4_200, 59_990, 200_000, 7_500_000, 200_000_000]
            .map(|ms| duration(Duration::from_millis(ms)));
        let expected = ["350 ms", "4.2 s", "60.0 s", "3 min 20 s", "2 h 05 min", "2 d 07 h"];
        assert_eq!(texts, expected);
    }

    #[test]
    fn bytes_are_decimal() {
        assert_eq!([999, 58_120_000, 1_234_000_000].map(bytes), ["1.0 kB", "58.1 MB", "1.23 GB"]);
    }
}
