//! What a type does not keep of a few values is named, with what becomes of them; what many have, it keeps.

use xmlshred::drafting::{Drafted, Fate};

use super::rules::outline;
use super::{drafted, drafted_from, schema};

/// Documents with these values of one attribute, and as many of another until there are so many.
fn documents(values: &[&str], others: &str, all: usize) -> Vec<String> {
    let rest = std::iter::repeat_n(&others, all - values.len());
    values.iter().chain(rest).map(|value| format!("<r x='{value}'/>")).collect()
}

fn by_schema(of: &str, documents: &[String]) -> Drafted {
    let attribute = if of.starts_with('<') {
        format!("<xs:attribute name='x'><xs:simpleType>{of}</xs:simpleType></xs:attribute>")
    } else {
        format!("<xs:attribute name='x' type='{of}'/>")
    };
    let content =
        format!("<xs:element name='r'><xs:complexType>{attribute}</xs:complexType></xs:element>");
    let drafted = drafted_from(&[("a.xsd", &schema(&content))], documents, &Default::default());
    drafted.unwrap_or_else(|error| panic!("{error}"))
}

/// The type, and each outlier as `1 of 60 value: fate`.
fn told(drafted: &Drafted) -> (String, Vec<String>) {
    let outline = outline(&drafted.toml);
    let column = outline.lines().find_map(|line| line.trim().strip_prefix("x ")).expect("x");
    let sql_type = column.split(' ').next().expect("a type").to_owned();
    let outliers = drafted.report.outliers.iter().map(|outlier| {
        let fate = match outlier.fate {
            Fate::Fails => "fails".to_owned(),
            Fate::Loses(what) => format!("loses {what}"),
            Fate::Gains(what) => format!("gains {what}"),
            Fate::Widens(other) => format!("not {other}"),
        };
        let examples: Vec<&str> = outlier.examples.iter().map(|e| e.text.as_str()).collect();
        format!("{} of {} {}: {fate}", outlier.count, outlier.of, examples.join(" "))
    });
    (sql_type, outliers.collect())
}

#[test]
fn what_a_schema_does_not_keep_of_a_few_samples_is_named() {
    let decimal = "<xs:restriction base='xs:decimal'><xs:totalDigits value='7'/><xs:fractionDigits value='2'/></xs:restriction>";
    for (of, few, others, sql_type, fate) in [
        ("xs:date", "2026-11-24T10:15:00", "2026-11-24", "date", "loses the time of day"),
        ("xs:date", "2026-11-24+02:00", "2026-11-24", "date", "loses the offset from UTC"),
        ("xs:date", "24.11.2026", "2026-11-24", "date", "fails"),
        (
            "xs:dateTime",
            "2026-11-24T10:15:00Z",
            "2026-11-24T10:15:00",
            "datetime2(3)",
            "loses the offset from UTC",
        ),
        (
            "xs:dateTime",
            "2026-11-24T10:15:00",
            "2026-11-24T10:15:00Z",
            "datetimeoffset(3)",
            "gains the offset +00:00",
        ),
        (
            "xs:dateTime",
            "2026-11-24T10:15:00.123456789",
            "2026-11-24T10:15:00",
            "datetime2(7)",
            "loses digits after the second",
        ),
        ("xs:dateTime", "10:15:00", "2026-11-24T10:15:00", "datetime2(3)", "fails"),
        ("xs:time", "10:15:00Z", "10:15:00", "time(3)", "loses the offset from UTC"),
        ("xs:time", "2026-11-24T10:15:00", "10:15:00", "time(3)", "loses the date"),
        ("xs:boolean", "2", "true", "bit", "loses the number"),
        ("xs:short", "70000", "7", "smallint", "fails"),
        ("xs:long", "9223372036854775808", "1234567890123456789", "bigint", "fails"),
        ("xs:integer", "12345678901234567890", "7", "decimal(38,0)", "not bigint"),
        ("xs:integer", "1234567890123456789012345678901234567890", "7", "bigint", "fails"),
        (decimal, "12.345", "12.34", "decimal(7,2)", "loses digits after the point"),
        (decimal, "1234567.5", "12.34", "decimal(7,2)", "fails"),
    ] {
        let drafted = by_schema(of, &documents(&[few], others, 60));
        let expected = format!("1 of 60 {few}: {fate}");
        assert_eq!(told(&drafted), (sql_type.to_owned(), vec![expected]), "{of} {few}");
    }
}

#[test]
fn what_many_samples_have_the_type_keeps() {
    let decimal = "<xs:restriction base='xs:decimal'><xs:totalDigits value='7'/><xs:fractionDigits value='2'/></xs:restriction>";
    for (of, value, sql_type) in [
        ("xs:date", "2026-11-24T10:15:00", "datetime2(0)"),
        ("xs:date", "2026-11-24Z", "datetimeoffset(0)"),
        ("xs:dateTime", "2026-11-24T10:15:00.1234567Z", "datetimeoffset(7)"),
        ("xs:time", "10:15:00+01:00", "varchar(20)"),
        ("xs:time", "10:15:00.12345", "time(5)"),
        ("xs:integer", "9223372036854775807", "bigint"),
        ("xs:integer", "9223372036854775808", "decimal(38,0)"),
        ("xs:nonNegativeInteger", "99999999999999999999999999999999999999", "decimal(38,0)"),
        ("xs:nonNegativeInteger", "1234567890123456789012345678901234567890", "varchar(50)"),
        ("xs:decimal", "+12.123456", "decimal(19,6)"),
        (decimal, "12.345", "decimal(8,3)"),
        (decimal, "1234567.5", "decimal(9,2)"),
    ] {
        let drafted = by_schema(of, &documents(&[value], value, 3));
        assert_eq!(told(&drafted), (sql_type.to_owned(), Vec::new()), "{of} {value}");
    }
}

#[test]
fn what_becomes_of_outliers_is_told_without_a_schema_too() {
    for (few, others, sql_type, fate) in [
        ("0042", "42", "smallint", "loses zeros before it, or a plus"),
        (
            "2026-11-24T10:15:00Z",
            "2026-11-24T10:15:00",
            "datetime2(0)",
            "loses the offset from UTC",
        ),
        ("2026-11-24", "2026-11-24T10:15:00Z", "datetimeoffset(0)", "gains the offset +00:00"),
        (
            "2026-11-24T10:15:00.123456789",
            "2026-11-24T10:15:00",
            "datetime2(7)",
            "loses digits after the second",
        ),
        ("2", "true", "bit", "loses the number"),
        ("twelve", "12", "tinyint", "fails"),
        ("12,50", "12.50", "decimal(9,2)", "fails"),
    ] {
        let drafted = drafted(&documents(&[few], others, 60));
        let expected = format!("1 of 60 {few}: {fate}");
        assert_eq!(told(&drafted), (sql_type.to_owned(), vec![expected]), "{few}");
    }
}

#[test]
fn a_number_that_is_far_larger_than_the_others_has_no_say() {
    for (few, others, sql_type, fate) in [
        ("5000000", "25", "tinyint", "fails"),
        ("-40000000", "300", "smallint", "fails"),
        ("1234567890123.50", "12.50", "decimal(9,2)", "fails"),
        // Not a thousand times as large: it is named, because the type is wider for it alone.
        ("3000", "25", "smallint", "not tinyint"),
        ("123456.50", "1234.50", "decimal(19,2)", "not decimal(9,2)"),
        ("12.123456", "12.50", "decimal(19,6)", "not decimal(9,2)"),
    ] {
        let drafted = drafted(&documents(&[few], others, 60));
        let expected = format!("1 of 60 {few}: {fate}");
        assert_eq!(told(&drafted), (sql_type.to_owned(), vec![expected]), "{few}");
    }
    // The type of the others takes it.
    let within = drafted(&documents(&["1250000.50"], "12.50", 60));
    assert_eq!(told(&within), ("decimal(9,2)".to_owned(), Vec::new()));
    // Of few values, none is rare.
    let few = drafted(&documents(&["5000000"], "25", 20));
    assert_eq!(told(&few), ("int".to_owned(), Vec::new()));
    let toml = drafted(&documents(&["5000000"], "25", 60)).toml;
    let list = "# Values that the type of their column does not take; such documents fail:\n\
        #   /r/@x: 1 of 60 not tinyint, such as \"5000000\"\n";
    assert!(toml.contains(list), "{toml}");
}

#[test]
fn characters_of_a_schema_stay_ascii_with_samples() {
    let pattern =
        "<xs:restriction base='xs:string'><xs:pattern value='[A-Z0-9 ]*'/></xs:restriction>";
    let drafted = by_schema(pattern, &documents(&["A 1"], "B 22", 3));
    assert_eq!(told(&drafted).0, "varchar(5)");
}
