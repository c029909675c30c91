//! The column "Otherwise".

use super::{contract, described, with_value};

/// What is listed for the column `c`.
fn listed(text: &str) -> String {
    let described = described(text);
    let mut columns = described.tables.last().expect("a table").rules[0].columns.iter();
    let column = columns.rfind(|column| column.name == "c").expect("c");
    let of_value = &column.values[0].consequences;
    let listed: Vec<String> =
        of_value.iter().map(|told| format!("{}: {}", told.case, told.effect.name())).collect();
    listed.join("; ")
}

#[test]
fn each_part_of_an_expression_that_can_fail_is_listed() {
    let number = "text that is not a number: bad_value";
    let null = "no value: null";
    for (value, expected) in [
        ("@x", vec![null]),
        ("''", vec![null]),
        ("'A'", vec![]),
        ("CASE WHEN @x > 5 THEN 'a' ELSE 'b' END", vec![number]),
        ("CASE WHEN @x IN (1, 2) THEN 'a' ELSE 'b' END", vec![number]),
        ("CASE WHEN @x BETWEEN 1 AND 2 THEN 'a' ELSE 'b' END", vec![number]),
        ("CASE WHEN @x = '5' THEN 'a' ELSE 'b' END", vec![]),
        ("CASE WHEN @x = NOW_UTC() THEN 1 ELSE 0 END", vec!["text that is not a date: bad_value"]),
        (
            "CASE WHEN @x LIKE @y THEN 1 ELSE 0 END",
            vec!["a pattern that LIKE cannot read: bad_value"],
        ),
        ("CASE WHEN @x LIKE 'A%' THEN 1 ELSE 0 END", vec![]),
        ("CASE @x WHEN 1 THEN 'a' ELSE 'b' END", vec![number]),
        ("NULLIF(@x, 5)", vec![number, null]),
        ("NULLIF(@x, 'none')", vec![null]),
        ("MAX(b/@x)", vec![number, null]),
        ("MAX(b, @x)", vec![null]),
        (
            "LEFT(@x, @n)",
            vec![
                number,
                "a number that bigint cannot hold: bad_value",
                "a length below 0: bad_value",
                null,
            ],
        ),
        ("LEFT(@x, 3)", vec![null]),
        ("b[@k = 1][1]/@x", vec!["in a predicate: text that is not a number: bad_value", null]),
        ("b/@x", vec!["a path finds several nodes: many_values", null]),
        ("JOIN(b/@x, d/@s)", vec!["a path finds several nodes: many_values", null]),
        ("FIRST_NUMBER(@x)", vec!["a number of more than 38 digits: bad_value", null]),
        ("FOLLOWING(c/@x)", vec![null]),
        ("FOLLOWING(c/d/@x)", vec!["a path finds several nodes: many_values", null]),
        ("DATEDIFF(day, '2024-01-31', NOW_UTC())", vec![]),
        ("COALESCE(@x, 'none')", vec![null]),
        ("COALESCE(NULLIF(@x, ''), 5)", vec![null]),
        ("COALESCE(DIGITS(@x), 5)", vec![]),
        ("ORDINAL()", vec![]),
        ("40 + 2 * 3", vec![]),
        // The check of a contract computes what reads nothing.
        ("CAST(REPLACE('4a', 'a', '2') AS int)", vec![]),
        ("FLOOR(POWER(10, 3) / 7)", vec![]),
        (
            "CAST(REPLACE('4a', 'a', @x) AS int)",
            vec!["not int (-2147483648 to 2147483647): bad_value", null],
        ),
        ("CASE WHEN @x IS NULL THEN 1 END - 1", vec![null]),
        ("POSITION() - 1", vec![]),
        ("APP_ID() - 1", vec!["a result that is out of range: bad_value"]),
    ] {
        assert_eq!(listed(&with_value("nvarchar(max)", value)), expected.join("; "), "{value}");
    }
    let substring = format!("{number}; a number that bigint cannot hold: bad_value; {null}");
    for (sql_type, value, expected) in [
        ("tinyint", "FLAG(@x, 'Y')", ""),
        ("tinyint", "COUNT(b)", "not tinyint (0 to 255): bad_value"),
        ("int", "COUNT(b)", ""),
        ("int", "APP_ID()", "not int (-2147483648 to 2147483647): bad_value"),
        ("date", "NOW_UTC()", ""),
        ("varchar(2)", "APP_ID()", "longer than 2: too_long"),
        ("nvarchar(5)", "LEFT(@x, 5)", "no value: null"),
        ("nvarchar(5)", "SUBSTRING(@x, @n, 5)", &substring),
        ("nvarchar(5)", "UPPER(CAST(@x AS nchar(5)))", "no value: null"),
        ("nvarchar(5)", "RIGHT(@x, 3) || '-' || LEFT(@x, 1)", "no value: null"),
        ("nvarchar(5)", "CONCAT(RIGHT(@x, 3), '-', @y)", "longer than 5: too_long"),
        (
            "varchar(9)",
            "NAME()",
            "a character that code page 1252 lacks: bad_value; longer than 9: too_long",
        ),
    ] {
        assert_eq!(listed(&with_value(sql_type, value)), expected, "{sql_type} {value}");
    }
}

/// A column with `on_error` is not computed by the check.
#[test]
fn a_constant_of_a_column_that_forgives_errors_may_fail() {
    let cast = with_value("int", "CAST(REPLACE('4a', 'a', 'b') AS int)");
    let text = cast.replace("AS int)\"", "AS int)\", on_error = \"null\"");
    assert!(
        listed(&text).contains("not int (-2147483648 to 2147483647): null"),
        "{}",
        listed(&text)
    );
}

/// A predicate is tested before it is known for which column.
#[test]
fn on_error_forgives_what_a_column_makes_and_not_what_a_predicate_tests() {
    let text =
        with_value("int", "b[@k = 1][1]/@x").replace("[1]/@x\"", "[1]/@x\", on_error = \"null\"");
    assert_eq!(
        listed(&text),
        "in a predicate: text that is not a number: bad_value; \
         not int (-2147483648 to 2147483647): null; no value: null"
    );
}

#[test]
fn rows_of_a_parent_may_differ() {
    let of_parent = |rows: &str| {
        listed(&contract(&format!(
            "[[tables]]\nname = \"p\"\neach = \"/r/p\"\napp_column = \"id\"\nprimary_key = [\"id\", \"n\"]\n[tables.columns]\n\
             id = {{ type = \"int\", value = \"APP_ID()\" }}\nn = {{ type = \"int\", value = \"ORDINAL()\" }}\n\
             {rows}\
             [[tables]]\nname = \"s\"\neach = \"/r/p/a\"\napp_column = \"id\"\n\
             foreign_key = {{ columns = [\"id\", \"n\"], references = \"p\" }}\n[tables.columns]\n\
             id = {{ type = \"int\", value = \"APP_ID()\" }}\nn = {{ type = \"int\", value = \"@n\" }}\n\
             c = {{ type = \"int\", value = \"PARENT(n)\" }}\n"
        )))
    };
    assert_eq!(of_parent(""), "");
    assert_eq!(
        of_parent(
            "t = { type = \"int\" }\n[[tables.rows]]\nt = \"1\"\n[[tables.rows]]\nt = \"2\"\n"
        ),
        "rows of the parent's element that differ: many_values"
    );
}
