//! Values as SQL Server compares them: what it changes on its way into a column makes no difference.

use std::fmt::Write;

use super::xml;
use crate::value::{to_text, SqlType, Value};

/// Whether two values of a column are the same.
pub(super) fn same(expected: &Value, found: &Value, sql_type: SqlType) -> bool {
    if expected == found {
        return true;
    }
    let (mut a, mut b) = (String::new(), String::new());
    write(expected, sql_type, &mut a);
    write(found, sql_type, &mut b);
    a == b
}

/// Appends a text that is the same for values that are the same, and only for them.
///
/// * Blanks at the end of a text do not count: `char` is padded, and `=` ignores them. Case and accents
///   count with any collation.
/// * A number is the same with any number of zeros after the point, a `real` in single precision.
/// * A time is the same with any number of zeros after the second. A `datetime` is rounded to its
///   3 milliseconds already in the contract.
/// * `xml` is the same document, however it is written.
pub(super) fn write(value: &Value, sql_type: SqlType, to: &mut String) {
    let written = match value {
        Value::Null => to.write_str("\u{1}"),
        Value::Text(text) if sql_type == SqlType::Xml => {
            to.push('=');
            xml::write(text, to);
            Ok(())
        }
        Value::Text(text) => write!(to, "={}", text.trim_end_matches(' ')),
        Value::Bit(bit) => write!(to, "={}", u8::from(*bit)),
        Value::Int(number) => write!(to, "={number}"),
        Value::Decimal(number) => write!(to, "={}", number.normalized()),
        // 0 and -0 are the same.
        Value::Float(number) if sql_type == SqlType::Real => {
            write!(to, "={}", *number as f32 + 0.0)
        }
        Value::Float(number) => write!(to, "={}", number + 0.0),
        Value::Date(date) => write!(to, "={date}"),
        Value::Time(time) => write!(to, "={time}"),
        Value::DateTime(time) => write!(to, "={time}"),
        Value::DateTimeOffset(time) => write!(to, "={time}"),
        Value::Guid(_) | Value::Bytes(_) => {
            write!(to, "={}", to_text(value, sql_type).unwrap_or_default())
        }
    };
    // Writing to a string does not fail.
    let _ = written;
    to.push('\u{2}');
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::value::Decimal;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn blanks_at_the_end_make_no_difference_and_the_case_does() {
        assert!(same(&text("Ann"), &text("Ann   "), SqlType::Char(6)));
        assert!(same(&text(""), &text("  "), SqlType::VarChar(None)));
        assert!(!same(&text("Ann"), &text("ANN"), SqlType::VarChar(None)));
        assert!(!same(&text("Ann"), &text(" Ann"), SqlType::VarChar(None)));
        assert!(!same(&text(""), &Value::Null, SqlType::VarChar(None)));
    }

    #[test]
    fn a_number_is_the_same_with_any_scale_and_in_single_precision() {
        let decimal = |units, scale| Value::Decimal(Decimal { units, scale });
        assert!(same(&decimal(150, 2), &decimal(1500, 3), SqlType::Money));
        assert!(!same(&decimal(150, 2), &decimal(151, 2), SqlType::Money));
        assert!(same(&Value::Float(0.1), &Value::Float(f64::from(0.1f32)), SqlType::Real));
        assert!(!same(&Value::Float(0.1), &Value::Float(f64::from(0.1f32)), SqlType::Float));
        assert!(same(&Value::Float(0.0), &Value::Float(-0.0), SqlType::Float));
    }

    #[test]
    fn two_neighbours_are_not_taken_for_one() {
        let (mut a, mut b) = (String::new(), String::new());
        for value in ["ab", "c"] {
            write(&text(value), SqlType::VarChar(None), &mut a);
        }
        for value in ["a", "bc"] {
            write(&text(value), SqlType::VarChar(None), &mut b);
        }
        assert_ne!(a, b);
    }

    #[test]
    fn a_time_of_day_counts() {
        let at = |h| {
            Value::DateTime(
                NaiveDate::from_ymd_opt(2026, 1, 2).unwrap().and_hms_opt(h, 0, 0).unwrap(),
            )
        };
        assert!(same(&at(3), &at(3), SqlType::DateTime2(3)));
        assert!(!same(&at(3), &at(4), SqlType::DateTime2(3)));
    }
}
