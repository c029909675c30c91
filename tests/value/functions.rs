use std::cmp::Ordering;

use proptest::prelude::*;
use xmlshred::value::convert::Conversion;
use xmlshred::value::functions::{self as f, DatePart};
use xmlshred::value::{plain_text, Decimal, Number, SqlType, Value};

fn d(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn value(sql_type: &str, text: &str) -> Value {
    Conversion::for_column(SqlType::parse(sql_type).unwrap()).text(text).unwrap()
}

fn shown(value: &Value) -> String {
    plain_text(value).map_or("null".into(), |text| text.to_string())
}

#[test]
fn texts_compare_by_code_point_without_their_trailing_blanks() {
    for (a, b, expected) in [
        ("abc", "abc", Ordering::Equal),
        ("abc", "abc   ", Ordering::Equal),
        ("", "  ", Ordering::Equal),
        ("abc", "ABC", Ordering::Greater),
        ("Z", "a", Ordering::Less),
        ("a", "ab", Ordering::Less),
        ("a\t", "a", Ordering::Less),
        ("a", "a\t", Ordering::Greater),
        (" a", "a", Ordering::Less),
        ("Ann", "Ann Lee", Ordering::Less),
        ("Ann Lee ", "Ann", Ordering::Greater),
        ("a  \t", "a", Ordering::Less),
        ("é", "z", Ordering::Greater),
        ("\u{ffff}", "😀", Ordering::Less),
    ] {
        assert_eq!(f::compare(a, b), expected, "{a:?} {b:?}");
        assert_eq!(f::equal(a, b), expected == Ordering::Equal, "{a:?} {b:?}");
    }
}

#[test]
fn lengths_count_utf_16_units_without_trailing_blanks() {
    for (text, length) in
        [("abc", 3), ("abc  ", 3), ("  abc", 5), ("", 0), ("   ", 0), ("é", 1), ("😀", 2)]
    {
        assert_eq!(f::len(text), length, "{text:?}");
    }
}

#[test]
fn substrings_begin_and_end_where_sql_servers_do() {
    for (text, start, count, expected) in [
        ("abcdef", 2, 3, "bcd"),
        ("abcdef", 1, 0, ""),
        ("abcdef", 0, 3, "ab"),
        ("abcdef", -1, 3, "a"),
        ("abcdef", -5, 3, ""),
        ("abcdef", 5, 99, "ef"),
        ("abcdef", 7, 1, ""),
        ("abcdef", 2, i64::MAX, "bcdef"),
        ("abcdef", i64::MIN, i64::MAX, ""),
        ("abcdef", i64::MAX, 1, ""),
        ("żółw", 2, 2, "ół"),
        ("a😀b", 2, 2, "😀"),
        ("a😀b", 2, 1, ""),
        ("a😀b", 3, 2, "b"),
        ("", 1, 1, ""),
    ] {
        assert_eq!(f::substring(text, start, count), Ok(expected), "{text} {start} {count}");
    }
    for (text, count, left, right) in [
        ("abc", 2, "ab", "bc"),
        ("abc", 0, "", ""),
        ("abc", 99, "abc", "abc"),
        ("żół", 1, "ż", "ł"),
        ("😀b😀", 1, "", ""),
        ("😀b😀", 2, "😀", "😀"),
        ("😀b😀", 3, "😀b", "b😀"),
    ] {
        assert_eq!(f::left(text, count), Ok(left), "LEFT({text}, {count})");
        assert_eq!(f::right(text, count), Ok(right), "RIGHT({text}, {count})");
    }
    assert_eq!(
        f::substring("abc", 1, -1).unwrap_err().to_string(),
        "a length of -1 is negative: LEFT, RIGHT and SUBSTRING take 0 or more"
    );
    assert!(f::left("abc", -1).is_err() && f::right("abc", -1).is_err());
}

#[test]
fn case_and_trimming_change_what_sql_server_changes() {
    assert_eq!(f::upper("straße é"), "STRAßE É");
    assert_eq!(f::lower("ÉCOLE İ"), "école İ");
    assert!(matches!(f::upper("ABC 1"), std::borrow::Cow::Borrowed(_)));
    assert_eq!(
        (f::trim("  a b\t "), f::trim_start("  a "), f::trim_end(" a  ")),
        ("a b\t", "a ", " a")
    );
    assert_eq!(f::replace("aXbXc", "X", "--"), "a--b--c");
    assert_eq!(f::replace("abc", "", "x"), "abc");
    assert_eq!(f::replace("abc", "B", "x"), "abc");
}

#[test]
fn digits_keep_their_leading_zeros() {
    for (text, expected) in [
        ("(0800) 123-45", Some("080012345")),
        ("00501", Some("00501")),
        ("none", None),
        ("", None),
        ("٣x4", Some("4")),
    ] {
        assert_eq!(f::digits(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_number_is_read_as_people_write_it() {
    for (text, expected) in [
        ("1234.5", "1234.5"),
        ("$1,234.50", "1234.50"),
        ("-$1,234.50", "-1234.50"),
        ("$-5", "-5"),
        ("$ (5)", "refused"),
        ("($1,234.50)", "-1234.50"),
        ("( 5 )", "-5"),
        ("(-5)", "refused"),
        ("1 234 567", "1234567"),
        ("1\u{a0}234,567", "1234567"),
        ("1\u{202f}234.5 €", "1234.5"),
        ("12,34,567", "1234567"),
        ("\u{2212}7", "-7"),
        ("+7", "7"),
        ("£.50", "0.50"),
        (",5", "refused"),
        ("1,5", "refused"),
        ("1,50", "refused"),
        ("1,2345", "refused"),
        ("1234,567", "refused"),
        ("1,,234", "refused"),
        ("1.234,5", "refused"),
        ("1.5.2", "refused"),
        ("--5", "refused"),
        ("5-", "refused"),
        ("$", "refused"),
        ("$5€", "refused"),
        ("12%", "refused"),
        ("1e3", "1000"),
        ("1e", "refused"),
        ("$1e3", "refused"),
        ("N/A", "refused"),
        ("", "null"),
        (" \u{a0}", "null"),
    ] {
        let result = match f::number(text) {
            Ok(Some(number)) => number.to_string(),
            Ok(None) => "null".into(),
            Err(_) => "refused".into(),
        };
        assert_eq!(result, expected, "{text:?}");
    }
    assert_eq!(
        f::number("abc").unwrap_err().to_string(),
        "`abc` is not a number: NUMBER reads digits with a sign or accounting parentheses, one point, a currency sign and groups of three, such as $1,234.50"
    );
    let long = format!("${}", "9".repeat(39));
    assert_eq!(
        f::number(&long).unwrap_err().to_string(),
        format!("`{long}` has more than 38 digits before the point")
    );
}

#[test]
fn bytes_come_back_from_base64_and_hex() {
    // RFC 4648, section 10.
    for (text, bytes) in [
        ("", ""),
        ("Zg==", "f"),
        ("Zm8=", "fo"),
        ("Zm9v", "foo"),
        ("Zm9vYg==", "foob"),
        ("Zm9vYmE=", "fooba"),
        ("Zm9vYmFy", "foobar"),
        ("Zm9 vYm\nFy", "foobar"),
        ("Zm9vYg", "foob"),
    ] {
        assert_eq!(f::from_base64(text).as_deref(), Some(bytes.as_bytes()), "{text:?}");
    }
    for text in ["Z", "Zg=", "Z===", "Zg==Zg==", "Zm9v====", "Zm9-", "=", "Zm9vY"] {
        assert_eq!(f::from_base64(text), None, "{text:?}");
    }
    assert_eq!(f::from_hex("0x00fF 10").as_deref(), Some(&[0, 255, 16][..]));
    assert_eq!((f::from_hex("0x0"), f::from_hex("0g"), f::from_hex("x0")), (None, None, None));
}

#[test]
fn the_first_number_of_a_text_is_found_with_its_sign_and_grouping() {
    for (text, expected) in [
        ("about 12.5 m", Some("12.5")),
        ("-3 to 5", Some("-3")),
        ("x.5y", Some("0.5")),
        ("$1,234.50 paid", Some("1234.50")),
        ("1,2,3", Some("1")),
        ("1,2345", Some("1")),
        ("1234,567", Some("1234")),
        ("7.", Some("7")),
        ("7.x", Some("7")),
        ("1.2.3", Some("1.2")),
        ("\u{2212}4°", Some("-4")),
        ("none - .", None),
        ("", None),
    ] {
        assert_eq!(f::first_number(text).unwrap(), expected.map(d), "{text:?}");
    }
    assert!(f::first_number(&"9".repeat(39)).is_err());
}

#[test]
fn powers_are_exact_where_decimals_can_be() {
    for (base, exponent, expected) in [
        ("2", "10", "1024"),
        ("1.5", "2", "2.25"),
        ("2", "-2", "0.250000"),
        ("-2", "3", "-8"),
        ("7", "0", "1"),
        ("0", "0", "1"),
        ("10", "37", "10000000000000000000000000000000000000"),
        ("9", "0.5", "3"),
        ("10", "-50", "0"),
    ] {
        assert_eq!(d(base).power(d(exponent)).unwrap(), d(expected), "{base} ^ {exponent}");
    }
    for (base, exponent, message) in [
        ("10", "38", "the number has more than 38 digits before the point"),
        ("0.1", "-50", "the number has more than 38 digits before the point"),
        ("0", "-1", "division by zero"),
        ("-4", "0.5", "-4 to the power of a fraction is not a real number"),
    ] {
        assert_eq!(d(base).power(d(exponent)).unwrap_err().to_string(), message);
    }
}

#[test]
fn doubles_round_half_away_from_zero() {
    for (number, digits, expected) in [
        (2.5, 0, 3.0),
        (-2.5, 0, -3.0),
        (1234.5678, 2, 1234.57),
        (1250.0, -2, 1300.0),
        (1e300, 300, 1e300),
        (1e300, i32::MAX, 1e300),
        (1e300, i32::MIN, 0.0),
    ] {
        let rounded = Number::Float(number).round(digits);
        assert_eq!(rounded, Ok(Number::Float(expected)), "{number} {digits}");
    }
}

#[test]
fn dateadd_stays_in_the_month_and_in_the_type() {
    use DatePart::*;
    for (part, number, sql_type, text, expected) in [
        (Month, 1, "datetime2(3)", "2006-08-30", "2006-09-30T00:00:00"),
        (Month, 1, "datetime2(3)", "2006-08-31", "2006-09-30T00:00:00"),
        (Month, -1, "date", "2024-03-31", "2024-02-29"),
        (Year, 1, "date", "2024-02-29", "2025-02-28"),
        (Quarter, -1, "date", "2026-05-31", "2026-02-28"),
        (Week, 2, "date", "2026-12-24", "2027-01-07"),
        (Day, -1, "date", "2026-03-01", "2026-02-28"),
        (Hour, 25, "datetime", "2026-11-24T23:00:00.003", "2026-11-26T00:00:00.003"),
        (Minute, -1, "datetimeoffset(0)", "2026-01-01T00:00:00+02:00", "2025-12-31T23:59:00+02:00"),
        (Second, 1, "time(0)", "23:59:59", "00:00:00"),
        (Hour, -25, "time(0)", "00:30:00", "23:30:00"),
        (Year, 0, "date", "9999-12-31", "9999-12-31"),
        (Millisecond, -1, "datetime2(3)", "2026-01-01", "2025-12-31T23:59:59.999"),
        (Nanosecond, 1_500, "time(7)", "23:59:59.999999", "00:00:00.0000005"),
    ] {
        let sum = f::date_add(part, number, &value(sql_type, text)).unwrap();
        assert_eq!(shown(&sum), expected, "{part:?} {number} {text}");
    }
    assert_eq!(f::date_add(Day, 1, &Value::Null), Ok(Value::Null));
}

#[test]
fn dateadd_reports_a_sum_that_does_not_exist() {
    use DatePart::*;
    for (part, number, sql_type, text, expected) in [
        (
            Day,
            1,
            "date",
            "9999-12-31",
            "DATEADD(day, 1, '9999-12-31') is outside 0001-01-01 to 9999-12-31: correct the document, or test the date with CASE first",
        ),
        (
            Year,
            -2026,
            "date",
            "2026-11-24",
            "DATEADD(year, -2026, '2026-11-24') is outside 0001-01-01 to 9999-12-31: correct the document, or test the date with CASE first",
        ),
        (
            Year,
            i64::MAX,
            "date",
            "2026-11-24",
            "DATEADD(year, 9223372036854775807, '2026-11-24') is outside 0001-01-01 to 9999-12-31: correct the document, or test the date with CASE first",
        ),
        (
            Week,
            i64::MIN,
            "date",
            "2026-11-24",
            "DATEADD(week, -9223372036854775808, '2026-11-24') is outside 0001-01-01 to 9999-12-31: correct the document, or test the date with CASE first",
        ),
        (
            Hour,
            1,
            "datetimeoffset(0)",
            "9999-12-31T23:30:00+00:00",
            "DATEADD(hour, 1, '9999-12-31T23:30:00+00:00') is outside 0001-01-01 to 9999-12-31: correct the document, or test the date with CASE first",
        ),
        (
            Hour,
            1,
            "date",
            "2026-11-24",
            "2026-11-24 has no hour: convert it with CAST(… AS datetime2) first",
        ),
        (
            Day,
            1,
            "time(0)",
            "10:00",
            "10:00:00 has no day: convert it with CAST(… AS datetime2) first",
        ),
        (Day, 1, "int", "5", "5 is not a date: convert it with CAST or PARSE_DATE first"),
    ] {
        let error = f::date_add(part, number, &value(sql_type, text)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    assert!(f::date_add(Second, i64::MAX, &value("time(0)", "10:00")).is_err());
}

/// Microsoft's example: one tick apart, one boundary of every part; and weeks begin on Sunday.
#[test]
fn datediff_counts_boundaries() {
    use DatePart::*;
    let from = value("datetime2(7)", "2005-12-31T23:59:59.9999999");
    let to = value("datetime2(7)", "2006-01-01T00:00:00");
    for part in [Year, Quarter, Month, Day, Week, Hour, Minute, Second, Millisecond, Microsecond] {
        assert_eq!(f::date_diff(part, &from, &to), Ok(Some(1)), "{part:?}");
        assert_eq!(f::date_diff(part, &to, &from), Ok(Some(-1)), "{part:?}");
        assert_eq!(f::date_diff(part, &to, &to), Ok(Some(0)), "{part:?}");
    }
    for (part, from, to, expected) in [
        (Week, "2026-11-28", "2026-11-29", 1),
        (Week, "2026-11-22", "2026-11-28", 0),
        (Week, "0001-01-06", "0001-01-07", 1),
        (Year, "1985-06-30", "2026-01-01", 41),
        (Month, "2026-01-31", "2026-02-01", 1),
        (Quarter, "2026-03-31", "2026-12-31", 3),
        (Day, "0001-01-01", "9999-12-31", 3_652_058),
        (Second, "0001-01-01", "9999-12-31", 315_537_811_200),
        (Nanosecond, "2026-11-24", "2026-11-25", 86_400_000_000_000),
    ] {
        let (from, to) = (value("date", from), value("date", to));
        assert_eq!(f::date_diff(part, &from, &to), Ok(Some(expected)), "{part:?} {from:?} {to:?}");
    }
    // The same moment, written in two places.
    let here = value("datetimeoffset(0)", "2026-11-24T01:00:00+02:00");
    let there = value("datetimeoffset(0)", "2026-11-23T23:00:00+00:00");
    assert_eq!(f::date_diff(Day, &here, &there), Ok(Some(0)));
    assert_eq!(f::date_diff(Day, &Value::Null, &there), Ok(None));
    assert_eq!(
        f::date_diff(Hour, &value("time(0)", "10:59"), &value("time(0)", "12:00")),
        Ok(Some(2))
    );
    assert!(f::date_diff(Day, &Value::Bit(true), &there).is_err());
    let (first, last) = (value("date", "0001-01-01"), value("date", "9999-12-31"));
    assert!(f::date_diff(Nanosecond, &first, &last).is_err());
}

#[test]
fn a_date_has_a_year_a_month_and_a_day() {
    let parts =
        |value: &Value| (f::year(value).unwrap(), f::month(value).unwrap(), f::day(value).unwrap());
    assert_eq!(parts(&value("date", "2026-11-24")), (Some(2026), Some(11), Some(24)));
    let offset = value("datetimeoffset(0)", "2026-12-31T23:00:00-05:00");
    assert_eq!(parts(&offset), (Some(2026), Some(12), Some(31)));
    assert_eq!(parts(&value("time(0)", "10:00")), (Some(1900), Some(1), Some(1)));
    assert_eq!(parts(&Value::Null), (None, None, None));
    assert!(f::year(&Value::Text("2026-11-24".into())).is_err());
}

#[test]
fn date_parts_have_sql_servers_names() {
    for (names, part) in [
        (&["year", "YY", "yyyy"][..], DatePart::Year),
        (&["quarter", "qq", "q"], DatePart::Quarter),
        (&["month", "mm", "M"], DatePart::Month),
        (&["dayofyear", "dy", "y"], DatePart::DayOfYear),
        (&["day", "dd", "d"], DatePart::Day),
        (&["week", "wk", "ww"], DatePart::Week),
        (&["weekday", "dw", "w"], DatePart::Weekday),
        (&["hour", "hh"], DatePart::Hour),
        (&["minute", "mi", "n"], DatePart::Minute),
        (&["second", "ss", "s"], DatePart::Second),
    ] {
        for name in names {
            assert_eq!(DatePart::from_name(name), Some(part), "{name}");
        }
        assert_eq!(DatePart::from_name(part.name()), Some(part));
    }
    assert_eq!(DatePart::from_name("fortnight"), None);
}

proptest! {
    #[test]
    fn substrings_agree_with_utf_16(text in "[aé😀 ]{0,8}", start in -3i64..12, count in 0i64..12) {
        let units: Vec<u16> = text.encode_utf16().collect();
        let from = (start - 1).clamp(0, units.len() as i64) as usize;
        let to = (start - 1 + count).clamp(from as i64, units.len() as i64) as usize;
        // Halves of characters are left out.
        let whole: String =
            char::decode_utf16(units[from..to].iter().copied()).filter_map(Result::ok).collect();
        prop_assert_eq!(f::substring(&text, start, count).unwrap(), whole);
    }

    #[test]
    fn dateadd_undoes_dateadd(days in 0i64..3_000_000, number in -9_000i64..9_000) {
        use DatePart::*;
        let date = f::date_add(Day, days, &value("datetime2(0)", "0100-01-01T12:00:00")).unwrap();
        for part in [Week, Day, Hour, Minute, Second] {
            let Ok(sum) = f::date_add(part, number, &date) else { continue };
            prop_assert_eq!(f::date_add(part, -number, &sum).unwrap(), date.clone());
            prop_assert_eq!(f::date_diff(part, &date, &sum).unwrap(), Some(number));
        }
        for part in [Year, Quarter, Month] {
            let Ok(sum) = f::date_add(part, number, &date) else { continue };
            prop_assert_eq!(f::date_diff(part, &date, &sum).unwrap(), Some(number));
        }
    }

    #[test]
    fn grouping_does_not_change_a_number(number in 0u64.., cents in 0u8..100, negative: bool) {
        let digits = number.to_string();
        let grouped: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap()).collect();
        let plain = d(&format!("{}{number}.{cents:02}", if negative { "-" } else { "" }));
        let figures = format!("{}.{cents:02}", grouped.join(","));
        let written = if negative { format!("(${figures})") } else { format!("${figures}") };
        prop_assert_eq!(f::number(&written).unwrap(), Some(plain));
        prop_assert_eq!(f::first_number(&format!("sum {figures}")).unwrap(), Some(plain.abs()));
    }

    #[test]
    fn no_text_makes_the_readers_of_numbers_panic(text in "\\PC{0,12}|[0-9.,$() +−-]{0,12}") {
        let _ = (f::number(&text), f::first_number(&text), f::digits(&text));
    }
}
