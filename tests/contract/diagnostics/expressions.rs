//! Expressions: conditions, values, arguments, types, and other languages' ways.

use insta::assert_snapshot;

use crate::contract::{said, with_columns};

#[test]
fn conditions_and_values_are_told_apart() {
    assert_snapshot!(said(&with_columns(r#"
a = { type = "bit", value = "@x = 1" }
b = { type = "int", value = "CASE WHEN @x THEN 1 ELSE EXISTS(y) END" }
c = { type = "int", value = "CASE WHEN @x || @y THEN 1 WHEN COUNT(y) THEN 2 END" }
d = { type = "int", value = "NOT @x + 1" }
"#)), @r#"
    contract.toml:15:30: error: expected a value, found a condition
     15 | a = { type = "bit", value = "@x = 1" }
        |                              ^^^^^^
    hint: turn it into a value: `CASE WHEN … THEN 1 ELSE 0 END`

    contract.toml:16:40: error: expected a condition, found text
     16 | b = { type = "int", value = "CASE WHEN @x THEN 1 ELSE EXISTS(y) END" }
        |                                        ^^
    hint: compare it, for example `@x = 'Y'` or `@x IS NOT EMPTY`

    contract.toml:16:55: error: expected a value, found a condition
     16 | b = { type = "int", value = "CASE WHEN @x THEN 1 ELSE EXISTS(y) END" }
        |                                                       ^^^^^^^^^
    hint: turn it into a value: `CASE WHEN … THEN 1 ELSE 0 END`

    contract.toml:17:40: error: expected a condition, found text
     17 | c = { type = "int", value = "CASE WHEN @x || @y THEN 1 WHEN COUNT(y) THEN 2 END" }
        |                                        ^^^^^^^^
    hint: `||` joins text; conditions are joined with `OR`

    contract.toml:17:61: error: expected a condition, found a number
     17 | c = { type = "int", value = "CASE WHEN @x || @y THEN 1 WHEN COUNT(y) THEN 2 END" }
        |                                                             ^^^^^^^^
    hint: compare it, for example `COUNT(y) = 1`

    contract.toml:18:30: error: expected a value, found a condition
     18 | d = { type = "int", value = "NOT @x + 1" }
        |                              ^^^^^^^^^^
    hint: turn it into a value: `CASE WHEN … THEN 1 ELSE 0 END`

    contract.toml:18:34: error: expected a condition, found a number
     18 | d = { type = "int", value = "NOT @x + 1" }
        |                                  ^^^^^^
    hint: compare it, for example with `=`
    "#);
}

#[test]
fn arguments_are_counted_and_typed() {
    assert_snapshot!(said(&with_columns(r#"
a = { type = "int", value = "COALESCE(@x) + NOW_UTC(1) + LEN()" }
b = { type = "int", value = "YEAR(5) + ABS(NOW_UTC()) + MONTH('soon')" }
c = { type = "datetime", value = "DATEADD('day', 1, @d)" }
d = { type = "datetime", value = "DATEADD(fortnight, 1, @d)" }
e = { type = "date", value = "PARSE_DATE(@d, 'yyyy-QQ', @pattern)" }
f = { type = "int", value = "LOOKUP(@name, @x) + LOOKUP('colours', @x)" }
g = { type = "int", value = "SUM(@a + 1) + COUNT('x')" }
h = { type = "xml", value = "INNER_XML(@a)" }
i = { type = "int", value = "LEFT(@a, 1.5)" }
j = { type = "int", value = "NOW_UTC() + 1" }
"#)), @r#"
    contract.toml:15:30: error: COALESCE takes at least 2 arguments, not 1
     15 | a = { type = "int", value = "COALESCE(@x) + NOW_UTC(1) + LEN()" }
        |                              ^^^^^^^^^^^^
    hint: write `COALESCE(x, y, …)`: the first argument that is not null

    contract.toml:15:45: error: NOW_UTC takes no arguments, not 1
     15 | a = { type = "int", value = "COALESCE(@x) + NOW_UTC(1) + LEN()" }
        |                                             ^^^^^^^^^^
    hint: write `NOW_UTC()`: the time of the claim by the database's clock: one value per claim

    contract.toml:15:58: error: LEN takes one argument, not 0
     15 | a = { type = "int", value = "COALESCE(@x) + NOW_UTC(1) + LEN()" }
        |                                                          ^^^^^
    hint: write `LEN(text)`: the number of characters without blanks at the end

    contract.toml:16:35: error: YEAR takes a date, found a number
     16 | b = { type = "int", value = "YEAR(5) + ABS(NOW_UTC()) + MONTH('soon')" }
        |                                   ^
    hint: write text as ISO 8601, or read it with `PARSE_DATE`

    contract.toml:16:44: error: ABS takes numbers, found a date with time
     16 | b = { type = "int", value = "YEAR(5) + ABS(NOW_UTC()) + MONTH('soon')" }
        |                                            ^^^^^^^^^
    hint: convert it with `CAST`

    contract.toml:16:63: error: 'soon' is not a date
     16 | b = { type = "int", value = "YEAR(5) + ABS(NOW_UTC()) + MONTH('soon')" }
        |                                                               ^^^^^^
    hint: write it as ISO 8601, such as `'2024-01-31'`, or as a pattern of `document.date_formats`

    contract.toml:17:43: error: expected a part of a date, found `'day'`
     17 | c = { type = "datetime", value = "DATEADD('day', 1, @d)" }
        |                                           ^^^^^
    hint: write a part of a date without quotes

    contract.toml:18:43: error: expected a part of a date, found `fortnight`
     18 | d = { type = "datetime", value = "DATEADD(fortnight, 1, @d)" }
        |                                           ^^^^^^^^^
    hint: one of `year`, `quarter`, `month`, `week`, `day`, `hour`, `minute`, `second`, `millisecond`

    contract.toml:19:46: error: `QQ` in the date pattern `yyyy-QQ` is not a specifier: write literal letters in single quotes
     19 | e = { type = "date", value = "PARSE_DATE(@d, 'yyyy-QQ', @pattern)" }
        |                                              ^^^^^^^^^
    hint: use a .NET pattern such as `yyyy-MM-dd HH:mm:ss.FFF` or `MM/dd/yyyy`

    contract.toml:19:57: error: a date pattern must be a text literal
     19 | e = { type = "date", value = "PARSE_DATE(@d, 'yyyy-QQ', @pattern)" }
        |                                                         ^^^^^^^^
    hint: write it in single quotes, such as `'MM/dd/yyyy'`

    contract.toml:20:37: error: a lookup's name must be a text literal
     20 | f = { type = "int", value = "LOOKUP(@name, @x) + LOOKUP('colours', @x)" }
        |                                     ^^^^^
    hint: write it in single quotes: `LOOKUP('name', text)`

    contract.toml:20:57: error: unknown lookup `colours`
     20 | f = { type = "int", value = "LOOKUP(@name, @x) + LOOKUP('colours', @x)" }
        |                                                         ^^^^^^^^^
    hint: did you mean `colour`?

    contract.toml:21:50: error: COUNT takes a path
     21 | g = { type = "int", value = "SUM(@a + 1) + COUNT('x')" }
        |                                                  ^^^
    hint: write `COUNT(path, [expression])`: the number of nodes; 0 where there are none

    contract.toml:22:40: error: INNER_XML takes a path to an element
     22 | h = { type = "xml", value = "INNER_XML(@a)" }
        |                                        ^^
    hint: for example `INNER_XML(notes)`, or `INNER_XML(.)`

    contract.toml:23:39: error: LEFT takes a whole number
     23 | i = { type = "int", value = "LEFT(@a, 1.5)" }
        |                                       ^^^
    hint: write it without a point

    contract.toml:24:30: error: `+` does not count dates
     24 | j = { type = "int", value = "NOW_UTC() + 1" }
        |                              ^^^^^^^^^^^^^
    hint: `DATEADD(day, 1, date)` moves a date, `DATEDIFF(day, from, to)` counts
    "#);
}

#[test]
fn aggregates_go_over_one_path() {
    assert_snapshot!(said(&with_columns(r#"
a = { type = "int", value = "SUM(x/@a * x/@b)" }
b = { type = "int", value = "MAX(COUNT(x) + 1)" }
c = { type = "int", value = "FIRST(NUMBER(x))" }
d = { type = "int", value = "MIN(CAST(x/@d AS date))" }
"#)), @r#"
    contract.toml:15:34: error: SUM takes one path, found `x/@a` and `x/@b`
     15 | a = { type = "int", value = "SUM(x/@a * x/@b)" }
        |                                  ^^^^^^^^^^^
    hint: name the elements first, then the expression for each: `SUM(line, @a * @b)`

    contract.toml:16:34: error: COUNT is not allowed inside MAX
     16 | b = { type = "int", value = "MAX(COUNT(x) + 1)" }
        |                                  ^^^^^^^^
    hint: write `MAX(path, [expression])`: the greatest value without blank ones; null where there are none

    contract.toml:17:36: error: FIRST takes a path
     17 | c = { type = "int", value = "FIRST(NUMBER(x))" }
        |                                    ^^^^^^^^^
    hint: write `FIRST(path, [expression])`: what the first element has; null where it lacks the attribute

    contract.toml:18:30: error: a date does not convert to int
     18 | d = { type = "int", value = "MIN(CAST(x/@d AS date))" }
        |                              ^^^^^^^^^^^^^^^^^^^^^^^
    hint: change the type, or the expression
    "#);
}

#[test]
fn values_that_never_convert_are_reported() {
    assert_snapshot!(said(&with_columns(r#"
a = { type = "datetime", value = "NUMBER(@x)" }
b = { type = "uniqueidentifier", value = "1" }
c = { type = "int", value = "NOW_UTC()" }
d = { type = "smallint", value = "-40000" }
e = { type = "char(2)", value = "'abc'" }
f = { type = "varchar(9)", value = "'Łódź'" }
g = { type = "date", value = "CAST('31.12.2024' AS date)" }
h = { type = "int", value = "TRY_CAST('x' AS int) + CAST('x' AS int)" }
i = { type = "int", value = "'x' + 1 / 0" }
j = { type = "int", default = "COALESCE(@x, 1)" }
k = { type = "nvarchar(5)", default = " " }
l = { type = "time(9)", value = "@t" }
m = { type = "int", too_long = "truncate", blank = "keep" }
"#)), @r#"
    contract.toml:15:35: error: a number does not convert to datetime
     15 | a = { type = "datetime", value = "NUMBER(@x)" }
        |                                   ^^^^^^^^^^
    hint: change the type, or the expression

    contract.toml:16:43: error: a number does not convert to uniqueidentifier
     16 | b = { type = "uniqueidentifier", value = "1" }
        |                                           ^
    hint: change the type, or the expression

    contract.toml:17:30: error: a date with time does not convert to int
     17 | c = { type = "int", value = "NOW_UTC()" }
        |                              ^^^^^^^^^
    hint: change the type, or the expression

    contract.toml:18:35: error: `-40000` is out of the range of smallint
     18 | d = { type = "smallint", value = "-40000" }
        |                                   ^^^^^^
    hint: smallint holds -32768 to 32767

    contract.toml:19:34: error: `abc` is too long for char(2)
     19 | e = { type = "char(2)", value = "'abc'" }
        |                                  ^^^^^
    hint: char(2) holds at most 2 bytes of code page 1252

    contract.toml:20:37: error: `Ł` is not in code page 1252, which varchar(9) stores
     20 | f = { type = "varchar(9)", value = "'Łódź'" }
        |                                     ^^^^^^
    hint: use nvarchar(9)

    contract.toml:21:36: error: `31.12.2024` does not convert to date
     21 | g = { type = "date", value = "CAST('31.12.2024' AS date)" }
        |                                    ^^^^^^^^^^^^
    hint: write ISO 8601, or a pattern of `document.date_formats`

    contract.toml:22:58: error: `x` does not convert to int
     22 | h = { type = "int", value = "TRY_CAST('x' AS int) + CAST('x' AS int)" }
        |                                                          ^^^
    hint: int holds -2147483648 to 2147483647

    contract.toml:23:30: error: `+` takes numbers, found the text 'x'
     23 | i = { type = "int", value = "'x' + 1 / 0" }
        |                              ^^^
    hint: `+` adds numbers; text is joined with `||`

    contract.toml:23:40: error: division by zero
     23 | i = { type = "int", value = "'x' + 1 / 0" }
        |                                        ^
    hint: use another divisor

    contract.toml:24:31: error: `COALESCE(@x, 1)` does not convert to int
     24 | j = { type = "int", default = "COALESCE(@x, 1)" }
        |                               ^^^^^^^^^^^^^^^^^
    hint: write an expression in `value`; `default` is a literal

    contract.toml:25:39: error: a blank default is null
     25 | k = { type = "nvarchar(5)", default = " " }
        |                                       ^^^
    hint: leave it out, or write `blank = "keep"` on a character column

    contract.toml:26:14: error: `time(9)` has a fraction of 9
     26 | l = { type = "time(9)", value = "@t" }
        |              ^^^^^^^^^
    hint: it must be 0 to 7 digits

    contract.toml:27:1: warning: `m` is always null
     27 | m = { type = "int", too_long = "truncate", blank = "keep" }
        | ^
    hint: add `value` or `default`, or remove the column

    contract.toml:27:32: error: `too_long` is only for types with a length, such as nvarchar(50)
     27 | m = { type = "int", too_long = "truncate", blank = "keep" }
        |                                ^^^^^^^^^^
    hint: leave it out

    contract.toml:27:52: error: `blank` is only for character types, such as nvarchar(50)
     27 | m = { type = "int", too_long = "truncate", blank = "keep" }
        |                                                    ^^^^^^
    hint: leave it out
    "#);
}

#[test]
fn comparisons_of_unlike_types_are_warnings() {
    assert_snapshot!(said(&with_columns(r#"
a = { type = "int", value = "CASE WHEN NOW_UTC() = 1 THEN 1 END" }
b = { type = "int", value = "CASE WHEN @x = NULL OR @x IN (1, NULL) THEN 1 END" }
c = { type = "nvarchar(9)", value = "CASE WHEN @x = 1 THEN NOW_UTC() ELSE 5 END" }
d = { type = "int", value = "CASE NUMBER(@x) WHEN 1 THEN 1 WHEN 'one' THEN 2 END" }
"#)), @r#"
    contract.toml:15:52: warning: a date with time is compared with a number
     15 | a = { type = "int", value = "CASE WHEN NOW_UTC() = 1 THEN 1 END" }
        |                                                    ^
    hint: convert one of them, for example with `CAST`

    contract.toml:16:45: warning: a comparison with NULL is never true
     16 | b = { type = "int", value = "CASE WHEN @x = NULL OR @x IN (1, NULL) THEN 1 END" }
        |                                             ^^^^
    hint: test with `IS NULL` or `IS NOT NULL`

    contract.toml:16:63: warning: a comparison with NULL is never true
     16 | b = { type = "int", value = "CASE WHEN @x = NULL OR @x IN (1, NULL) THEN 1 END" }
        |                                                               ^^^^
    hint: test with `IS NULL` or `IS NOT NULL`

    contract.toml:17:75: warning: this alternative is a number, an earlier one is a date with time
     17 | c = { type = "nvarchar(9)", value = "CASE WHEN @x = 1 THEN NOW_UTC() ELSE 5 END" }
        |                                                                           ^
    hint: give all alternatives the same type

    contract.toml:18:65: error: 'one' is compared with a number, but is not one
     18 | d = { type = "int", value = "CASE NUMBER(@x) WHEN 1 THEN 1 WHEN 'one' THEN 2 END" }
        |                                                                 ^^^^^
    hint: write a number, or compare with text
    "#);
}

#[test]
fn slips_of_other_languages_are_understood() {
    assert_snapshot!(said(&with_columns(r#"
a = { type = "int", value = "CASE WHEN @a == 1 && @b = 2 THEN 1 END" }
b = { type = "int", value = 'CASE WHEN @a = "x" THEN 1 END' }
c = { type = "int", value = "CASE WHEN @a = TRUE THEN 1 END" }
d = { type = "int", value = "CASE WHEN 1 < @a < 3 THEN 1 END" }
e = { type = "int", value = "CASE WHEN @a IS 'x' THEN 1 END" }
f = { type = "int", value = "CASE WHEN @a LIKE 'x!_%' ESCAPE '!' THEN 1 END" }
g = { type = "int", value = "CASE @a WHEN 1 THEN 2" }
h = { type = "int", value = "CASE WHEN @a BETWEEN 1, 3 THEN 1 END" }
i = { type = "int", value = "IIF(@a = 1, 2, 3) + ISNULL(@b, 0)" }
j = { type = "int", value = "'never closed" }
k = { type = "int", value = "CAST(@x, int) + CAST(@y AS interger)" }
l = { type = "int", value = "1e5 + @a;" }
m = { type = "int", value = "COUNT(*) + (1 + " }
n = { type = "int", value = "NOW_UTC" }
o = { type = "int", value = "" }
"#)), @r#"
    contract.toml:15:43: error: unknown operator `==`
     15 | a = { type = "int", value = "CASE WHEN @a == 1 && @b = 2 THEN 1 END" }
        |                                           ^^
    hint: write `=`

    contract.toml:15:48: error: unknown operator `&&`
     15 | a = { type = "int", value = "CASE WHEN @a == 1 && @b = 2 THEN 1 END" }
        |                                                ^^
    hint: join conditions with `AND`

    contract.toml:16:45: error: unexpected double quotes
     16 | b = { type = "int", value = 'CASE WHEN @a = "x" THEN 1 END' }
        |                                             ^^^
    hint: write text in single quotes: `'text'`

    contract.toml:17:45: error: expected an expression, found `TRUE`
     17 | c = { type = "int", value = "CASE WHEN @a = TRUE THEN 1 END" }
        |                                             ^^^^
    hint: compare with `1`, `0` or text such as `'true'`; an element of that name is written `./TRUE`

    contract.toml:18:40: error: expected a value, found a condition
     18 | d = { type = "int", value = "CASE WHEN 1 < @a < 3 THEN 1 END" }
        |                                        ^^^^^^
    hint: turn it into a value: `CASE WHEN … THEN 1 ELSE 0 END`

    contract.toml:18:47: error: expected the end of the comparison, found `<`
     18 | d = { type = "int", value = "CASE WHEN 1 < @a < 3 THEN 1 END" }
        |                                               ^
    hint: join comparisons with `AND`, or put one in parentheses

    contract.toml:19:46: error: expected `NULL` or `EMPTY`, found `'x'`
     19 | e = { type = "int", value = "CASE WHEN @a IS 'x' THEN 1 END" }
        |                                              ^^^
    hint: `IS` tests for `NULL` and `EMPTY` only; compare with `=`

    contract.toml:20:55: error: `LIKE` does not support `ESCAPE`
     20 | f = { type = "int", value = "CASE WHEN @a LIKE 'x!_%' ESCAPE '!' THEN 1 END" }
        |                                                       ^^^^^^
    hint: write the character in brackets, such as `[_]`

    contract.toml:21:51: error: expected `WHEN`, `ELSE` or `END`, found the end
     21 | g = { type = "int", value = "CASE @a WHEN 1 THEN 2" }
        |                                                   ^
    hint: write `CASE WHEN condition THEN result ELSE result END`

    contract.toml:22:52: error: expected `AND` and the upper bound, found `,`
     22 | h = { type = "int", value = "CASE WHEN @a BETWEEN 1, 3 THEN 1 END" }
        |                                                    ^
    hint: write a range as `BETWEEN low AND high`

    contract.toml:23:30: error: unknown function `IIF`
     23 | i = { type = "int", value = "IIF(@a = 1, 2, 3) + ISNULL(@b, 0)" }
        |                              ^^^
    hint: write it with `CASE WHEN … THEN … ELSE … END`

    contract.toml:23:50: error: unknown function `ISNULL`
     23 | i = { type = "int", value = "IIF(@a = 1, 2, 3) + ISNULL(@b, 0)" }
        |                                                  ^^^^^^
    hint: write it with `COALESCE(x, y)`

    contract.toml:24:30: error: unclosed text
     24 | j = { type = "int", value = "'never closed" }
        |                              ^^^^^^^^^^^^^
    hint: close the text with `'`; a quote inside it is doubled: `'it''s'`

    contract.toml:25:37: error: expected `AS` and a type, found `,`
     25 | k = { type = "int", value = "CAST(@x, int) + CAST(@y AS interger)" }
        |                                     ^
    hint: write a conversion as `CAST(x AS type)`

    contract.toml:25:57: error: unknown type `interger`
     25 | k = { type = "int", value = "CAST(@x, int) + CAST(@y AS interger)" }
        |                                                         ^^^^^^^^
    hint: did you mean `integer`?

    contract.toml:26:30: error: this is neither a number nor a name
     26 | l = { type = "int", value = "1e5 + @a;" }
        |                              ^^^
    hint: write numbers as `42` or `4.2`, and text in single quotes

    contract.toml:26:38: error: unexpected `;`
     26 | l = { type = "int", value = "1e5 + @a;" }
        |                                      ^
    hint: remove it: an expression does not end with `;`

    contract.toml:27:46: error: expected an expression, found the end
     27 | m = { type = "int", value = "COUNT(*) + (1 + " }
        |                                              ^

    contract.toml:28:30: error: `NOW_UTC` is a function
     28 | n = { type = "int", value = "NOW_UTC" }
        |                              ^^^^^^^
    hint: call it with parentheses: `NOW_UTC(…)`; an element of that name is written `./NOW_UTC`

    contract.toml:29:29: error: missing expression
     29 | o = { type = "int", value = "" }
        |                             ^^
    hint: for example `@name`, `'text'` or `NULL`
    "#);
}

#[test]
fn what_sql_and_xpath_would_have_is_answered_once() {
    assert_snapshot!(said(&with_columns(r#"
a = { type = "nvarchar", value = "STUFF('a', @b)" }
b = { type = "datetime", value = "GETDATE()" }
c = { type = "int", value = "CASE WHEN @r IN 'PR', 'SEC' THEN 1 END" }
d = { type = "int", value = "following-sibling::x" }
"#)), @r#"
    contract.toml:15:14: warning: `nvarchar` without a length means nvarchar(1)
     15 | a = { type = "nvarchar", value = "STUFF('a', @b)" }
        |              ^^^^^^^^^^
    hint: write its length: `nvarchar(50)`, `nvarchar(max)`, or `nvarchar(1)`

    contract.toml:15:35: error: unknown function `STUFF`
     15 | a = { type = "nvarchar", value = "STUFF('a', @b)" }
        |                                   ^^^^^
    hint: see the functions in docs/contract.md

    contract.toml:16:35: error: unknown function `GETDATE`
     16 | b = { type = "datetime", value = "GETDATE()" }
        |                                   ^^^^^^^
    hint: write it with `NOW_UTC()`

    contract.toml:17:46: error: expected `(` and a list after `IN`, found `'PR'`
     17 | c = { type = "int", value = "CASE WHEN @r IN 'PR', 'SEC' THEN 1 END" }
        |                                              ^^^^
    hint: write `x IN ('a', 'b')`

    contract.toml:18:47: error: unexpected `::`
     18 | d = { type = "int", value = "following-sibling::x" }
        |                                               ^^
    hint: go down by names, and up by `..`: axes are not supported
    "#);
}
