//! What is said about each mistake.

use insta::assert_snapshot;

use super::{said, with_columns};

#[test]
fn all_mistakes_of_a_file_are_reported_at_once() {
    assert_snapshot!(said(r#"
[contract]
nam = "test"
target_schema = "sand.box"

[document]
root = "/Provenir"
require = ["/Provenir/Request/@ID", "Request/@x"]
check = "ful"
date_formats = ["yyyy-QQ"]

[lookups.decision]
match = "exat"
on_blank = "value"
[lookups.decision.values]
A = 1
B = true

[[tables]]
name = "app_base"
each = "/Provenir/Request/@ID"
primary_key = ["nope"]
app_column = "appid"
where = "@a AND LOOKUP('decison', @b) = 1"
keep_when = "firstname IS NOT NULL and @x = 1"
on_existing = "ignore"
[tables.columns]
app_id = { type = "itn", value = "APP_ID(1)" }
first_name = { type = "nvarchar(50)", value = "UPER(@first_name) + 'x'", to_long = "truncate" }
zip = { type = "char(5)", default = "000000", value = "DIGITS(a/text()) || SUBSTRING(@x, 1)" }
total = { type = "int", value = "@a/2 + COUNT(*) + (1 + " }
"#), @r#"
    contract.toml:2:1: error: [contract] lacks `name`
     2 | [contract]
       | ^^^^^^^^^^
    hint: for example `name = "app_base"`

    contract.toml:3:1: error: [contract] has no key `nam`
     3 | nam = "test"
       | ^^^
    hint: did you mean `name`?

    contract.toml:4:17: error: a name stands without schema and without brackets
     4 | target_schema = "sand.box"
       |                 ^^^^^^^^^^
    hint: the schema is `target_schema` in `[contract]`; brackets are added where needed

    contract.toml:7:8: error: `/Provenir` is no element name
     7 | root = "/Provenir"
       |        ^^^^^^^^^^^
    hint: write the name alone: `root = "Provenir"`

    contract.toml:8:38: error: a path in `require` begins at the document
     8 | require = ["/Provenir/Request/@ID", "Request/@x"]
       |                                      ^^^^^^^^^^
    hint: write `/root/Request/@x` or `//Request/@x`

    contract.toml:9:9: error: `check` cannot be `ful`
     9 | check = "ful"
       |         ^^^^^
    hint: did you mean `full`?

    contract.toml:10:17: error: `QQ` in the date pattern `yyyy-QQ` is not a specifier: write letters that stand for themselves in single quotes
     10 | date_formats = ["yyyy-QQ"]
        |                 ^^^^^^^^^
    hint: a .NET pattern such as `yyyy-MM-dd HH:mm:ss.FFF` or `MM/dd/yyyy`

    contract.toml:13:9: error: `match` cannot be `exat`
     13 | match = "exat"
        |         ^^^^^^
    hint: did you mean `exact`?

    contract.toml:14:12: error: `on_blank` is `value`, but there is no `blank_value`
     14 | on_blank = "value"
        |            ^^^^^^^
    hint: for example `on_blank = "value"` and `blank_value = 0`

    contract.toml:17:5: error: `B` has to be an integer, a decimal or text, and this is a boolean
     17 | B = true
        |     ^^^^
    hint: truth values are written 1 and 0

    contract.toml:21:9: error: `each` is a path to elements, not to an attribute
     21 | each = "/Provenir/Request/@ID"
        |         ^^^^^^^^^^^^^^^^^^^^^
    hint: end it with the element; the attribute is read in a column: `@name`

    contract.toml:22:16: error: the table has no column `nope`
     22 | primary_key = ["nope"]
        |                ^^^^^^
    hint: one of `app_id`, `first_name`, `zip`, `total`

    contract.toml:23:14: error: the table has no column `appid`
     23 | app_column = "appid"
        |              ^^^^^^^
    hint: did you mean `app_id`?

    contract.toml:24:10: error: text stands where a condition is needed
     24 | where = "@a AND LOOKUP('decison', @b) = 1"
        |          ^^
    hint: compare it, for example `@a = 'Y'` or `@a IS NOT EMPTY`

    contract.toml:24:24: error: there is no lookup `decison`
     24 | where = "@a AND LOOKUP('decison', @b) = 1"
        |                        ^^^^^^^^^
    hint: did you mean `decision`?

    contract.toml:25:14: error: the table has no column `firstname`
     25 | keep_when = "firstname IS NOT NULL and @x = 1"
        |              ^^^^^^^^^
    hint: did you mean `first_name`?

    contract.toml:25:40: error: a path cannot stand here
     25 | keep_when = "firstname IS NOT NULL and @x = 1"
        |                                        ^^
    hint: this condition sees the row's columns by their names; `where` sees the document

    contract.toml:26:15: error: `on_existing` cannot be `ignore`
     26 | on_existing = "ignore"
        |               ^^^^^^^^
    hint: one of `fail`, `skip`, `replace`

    contract.toml:28:19: error: `itn` is no type
     28 | app_id = { type = "itn", value = "APP_ID(1)" }
        |                   ^^^^^
    hint: did you mean `int`?

    contract.toml:28:35: error: APP_ID takes no arguments, not 1
     28 | app_id = { type = "itn", value = "APP_ID(1)" }
        |                                   ^^^^^^^^^
    hint: `APP_ID()`

    contract.toml:29:48: error: there is no function `UPER`
     29 | first_name = { type = "nvarchar(50)", value = "UPER(@first_name) + 'x'", to_long = "truncate" }
        |                                                ^^^^
    hint: did you mean `UPPER`?

    contract.toml:29:68: error: `+` takes numbers, and 'x' is none
     29 | first_name = { type = "nvarchar(50)", value = "UPER(@first_name) + 'x'", to_long = "truncate" }
        |                                                                    ^^^
    hint: `+` adds numbers; text is joined with `||`

    contract.toml:29:74: error: the column `first_name` has no key `to_long`
     29 | first_name = { type = "nvarchar(50)", value = "UPER(@first_name) + 'x'", to_long = "truncate" }
        |                                                                          ^^^^^^^
    hint: did you mean `too_long`?

    contract.toml:30:37: error: `000000` is too long for char(5)
     30 | zip = { type = "char(5)", default = "000000", value = "DIGITS(a/text()) || SUBSTRING(@x, 1)" }
        |                                     ^^^^^^^^
    hint: char(5) holds at most 5 bytes of code page 1252

    contract.toml:30:65: error: `text()` has no meaning in a path
     30 | zip = { type = "char(5)", default = "000000", value = "DIGITS(a/text()) || SUBSTRING(@x, 1)" }
        |                                                                 ^^^^^^
    hint: a path to an element gives its text: leave out the function

    contract.toml:30:76: error: SUBSTRING takes 3 arguments, not 2
     30 | zip = { type = "char(5)", default = "000000", value = "DIGITS(a/text()) || SUBSTRING(@x, 1)" }
        |                                                                            ^^^^^^^^^^^^^^^^
    hint: `SUBSTRING(text, start, length)`

    contract.toml:31:36: error: a path ends with its attribute
     31 | total = { type = "int", value = "@a/2 + COUNT(*) + (1 + " }
        |                                    ^
    hint: to divide, put a blank on both sides of `/`; a path has none

    contract.toml:31:47: error: an expression is missing before `*`
     31 | total = { type = "int", value = "@a/2 + COUNT(*) + (1 + " }
        |                                               ^
    hint: count elements by their path, such as `COUNT(contact)`

    contract.toml:31:57: error: an expression is missing at the end
     31 | total = { type = "int", value = "@a/2 + COUNT(*) + (1 + " }
        |                                                         ^
    "#);
}

#[test]
fn a_contract_needs_its_parts() {
    assert_snapshot!(said(""), @r#"
    contract.toml:1:1: error: the contract has no `[contract]`
     1 | 
       | ^
    hint: for example `[contract]` with `name = "…"`

    contract.toml:1:1: error: the contract has no `[document]`
     1 | 
       | ^
    hint: for example `[document]` with `root = "…"`

    contract.toml:1:1: error: the contract has no `[[tables]]`
     1 | 
       | ^
    hint: a contract describes at least one table
    "#);
    assert_snapshot!(said("[contract]\nname = \"t\"\n[document]\n[[tables]]\n[[tables]]\nname = \"u\"\n[tables.columns]\n"), @r#"
    contract.toml:3:1: error: [document] lacks `root`
     3 | [document]
       | ^^^^^^^^^^
    hint: for example `root = "Provenir"`

    contract.toml:4:1: error: this `[[tables]]` lacks `name`
     4 | [[tables]]
       | ^^^^^^^^^^
    hint: for example `name = "app_base"`

    contract.toml:4:1: error: this `[[tables]]` lacks `each`
     4 | [[tables]]
       | ^^^^^^^^^^
    hint: for example `each = "/root/child"`

    contract.toml:4:1: error: this `[[tables]]` lacks `columns`
     4 | [[tables]]
       | ^^^^^^^^^^
    hint: for example `[tables.columns]` with `name = { type = "int", value = "@name" }`

    contract.toml:4:1: error: this `[[tables]]` lacks `app_column`
     4 | [[tables]]
       | ^^^^^^^^^^
    hint: for example `app_column = "app_id"`

    contract.toml:5:1: error: the table `u` lacks `each`
     5 | [[tables]]
       | ^^^^^^^^^^
    hint: for example `each = "/root/child"`

    contract.toml:5:1: error: the table `u` lacks `app_column`
     5 | [[tables]]
       | ^^^^^^^^^^
    hint: for example `app_column = "app_id"`

    contract.toml:7:1: error: the table has no columns
     7 | [tables.columns]
       | ^^^^^^^^^^^^^^^^
    hint: `[tables.columns]`, then one column per line
    "#);
}

#[test]
fn values_of_the_wrong_toml_type_are_reported() {
    assert_snapshot!(said(r#"
lookups = 3
[contract]
name = ["t"]
[document]
root = "r"
require = "/r/@x"
namespaces = { 1 = "urn:x", xml = "urn:y", p = 3 }
[tables]
name = "t"
"#), @r#"
    contract.toml:2:11: error: `lookups` has to be a table, and this is an integer
     2 | lookups = 3
       |           ^
    hint: a lookup is a table: `[lookups.name]`

    contract.toml:4:8: error: `name` has to be a string, and this is an array
     4 | name = ["t"]
       |        ^^^^^
    hint: for example `name = "app_base"`

    contract.toml:7:11: error: `require` has to be an array, and this is a string
     7 | require = "/r/@x"
       |           ^^^^^^^
    hint: put it into brackets: `[…]`

    contract.toml:8:16: error: `1` cannot be a prefix
     8 | namespaces = { 1 = "urn:x", xml = "urn:y", p = 3 }
       |                ^
    hint: for example `namespaces = { p = "urn:example:products" }`

    contract.toml:8:29: error: `xml` cannot be a prefix
     8 | namespaces = { 1 = "urn:x", xml = "urn:y", p = 3 }
       |                             ^^^
    hint: for example `namespaces = { p = "urn:example:products" }`

    contract.toml:8:48: error: `namespaces` has to be a string, and this is an integer
     8 | namespaces = { 1 = "urn:x", xml = "urn:y", p = 3 }
       |                                                ^
    hint: put it into quotes

    contract.toml:9:1: error: `tables` has to be an array of tables, and this is a table
     9 | [tables]
       | ^^^^^^^^
    hint: begin each with `[[tables]]`
    "#);
    assert_snapshot!(said(&with_columns(r#"
a = "int"
b = { type = 3, value = ["@b"] }
c = { type = "int", value = 2024-01-01, required = "true", default = { x = 1 } }
d = { type = "int", value = 99999999999999999999 }
"#)), @r#"
    contract.toml:15:5: error: `a` has to be a table, and this is a string
     15 | a = "int"
        |     ^^^^^
    hint: for example `{ type = "int", value = "@name" }`

    contract.toml:16:14: error: `type` has to be a string, and this is an integer
     16 | b = { type = 3, value = ["@b"] }
        |              ^
    hint: for example `type = "nvarchar(50)"`

    contract.toml:16:25: error: `value` has to be an expression, and this is an array
     16 | b = { type = 3, value = ["@b"] }
        |                         ^^^^^^
    hint: an expression stands in quotes: `"@name"`

    contract.toml:17:29: error: `value` has to be an expression, and this is a date
     17 | c = { type = "int", value = 2024-01-01, required = "true", default = { x = 1 } }
        |                             ^^^^^^^^^^
    hint: an expression stands in quotes: `"@name"`

    contract.toml:17:52: error: `required` has to be true or false, and this is a string
     17 | c = { type = "int", value = 2024-01-01, required = "true", default = { x = 1 } }
        |                                                    ^^^^^^
    hint: write it without quotes

    contract.toml:17:70: error: `default` has to be a literal, and this is a table
     17 | c = { type = "int", value = 2024-01-01, required = "true", default = { x = 1 } }
        |                                                                      ^^^^^^^^^
    hint: for example `default = "00000"`

    contract.toml:18:29: error: this number is too great
     18 | d = { type = "int", value = 99999999999999999999 }
        |                             ^^^^^^^^^^^^^^^^^^^^
    hint: it has to be -9223372036854775808 to 9223372036854775807
    "#);
}

#[test]
fn columns_and_lookups_named_twice_are_reported_ignoring_case() {
    assert_snapshot!(said(&with_columns(r#"
Colour = { type = "int", value = "@x" }
colour = { type = "int", value = "@x" }
[lookups.COLOUR]
match = "ignore-case"
values = { a = 1, A = 2 }
"#)), @r#"
    contract.toml:15:1: error: the column `Colour` is there twice
     15 | Colour = { type = "int", value = "@x" }
        | ^^^^^^
    contract.toml:13:1: note: first here
     13 | colour = { type = "tinyint", value = "LOOKUP('colour', @colour)" }
        | ^^^^^^
    hint: names of columns differ by more than case

    contract.toml:16:1: error: `colour` is there twice
     16 | colour = { type = "int", value = "@x" }
        | ^^^^^^
    hint: keep one of the two; a table's columns have different names

    contract.toml:17:10: error: the lookup `COLOUR` is there twice
     17 | [lookups.COLOUR]
        |          ^^^^^^
    contract.toml:5:10: note: first here
     5 | [lookups.colour]
       |          ^^^^^^
    hint: names of lookups differ by more than case

    contract.toml:19:19: error: `A` and `a` are the same code
     19 | values = { a = 1, A = 2 }
        |                   ^
    hint: this lookup ignores case: leave one, or say `match = "exact"`
    "#);
}

#[test]
fn lookups_have_values_that_fit_where_they_are_used() {
    assert_snapshot!(said(&with_columns(r#"
big = { type = "tinyint", value = "LOOKUP('size', @s)" }
[lookups.size]
on_unmapped = "value"
unmapped_value = 300
values = { L = 3 }
[lookups.none]
on_unmapped = "null"
unmapped_value = 3
values = {}
[lookups.mixed]
values = { a = 1, b = "one" }
"#)), @r#"
    contract.toml:15:36: error: the lookup `size` gives a value that does not fit: `300` is out of the range of tinyint
     15 | big = { type = "tinyint", value = "LOOKUP('size', @s)" }
        |                                    ^^^^^^^^^^^^^^^^^^
    hint: tinyint holds 0 to 255

    contract.toml:22:18: error: `unmapped_value` has no effect here
     22 | unmapped_value = 3
        |                  ^
    hint: say `on_unmapped = "value"` as well

    contract.toml:23:10: error: this lookup has no values
     23 | values = {}
        |          ^^
    hint: for example `[lookups.name.values]` with `CODE = 1`

    contract.toml:24:1: warning: the lookup `mixed` gives numbers and text
     24 | [lookups.mixed]
        | ^^^^^^^^^^^^^^^
    hint: give all values one type: a number in quotes is text
    "#);
}

#[test]
fn an_unused_lookup_and_an_empty_column_are_warnings() {
    assert_snapshot!(said(&with_columns(r#"
nothing = { type = "int" }
null = { type = "int", value = "NULLIF(NULL, 1) + 1" }
defaulted = { type = "int", default = 0 }
[lookups.size]
values = { L = 3 }
"#)), @r#"
    contract.toml:15:1: warning: `nothing` is always null
     15 | nothing = { type = "int" }
        | ^^^^^^^
    hint: add `value` or `default`, or remove the column

    contract.toml:16:1: warning: `null` is always null
     16 | null = { type = "int", value = "NULLIF(NULL, 1) + 1" }
        | ^^^^
    hint: add `value` or `default`, or remove the column

    contract.toml:16:40: warning: a comparison with NULL is never true
     16 | null = { type = "int", value = "NULLIF(NULL, 1) + 1" }
        |                                        ^^^^
    hint: test with `IS NULL` or `IS NOT NULL`

    contract.toml:18:10: warning: the lookup `size` is never used
     18 | [lookups.size]
        |          ^^^^
    hint: use it with `LOOKUP('size', …)`, or remove it
    "#);
}

#[test]
fn conditions_and_values_are_told_apart() {
    assert_snapshot!(said(&with_columns(r#"
a = { type = "bit", value = "@x = 1" }
b = { type = "int", value = "CASE WHEN @x THEN 1 ELSE EXISTS(y) END" }
c = { type = "int", value = "CASE WHEN @x || @y THEN 1 WHEN COUNT(y) THEN 2 END" }
d = { type = "int", value = "NOT @x + 1" }
"#)), @r#"
    contract.toml:15:30: error: a condition stands where a value is needed
     15 | a = { type = "bit", value = "@x = 1" }
        |                              ^^^^^^
    hint: turn it into a value: `CASE WHEN … THEN 1 ELSE 0 END`

    contract.toml:16:40: error: text stands where a condition is needed
     16 | b = { type = "int", value = "CASE WHEN @x THEN 1 ELSE EXISTS(y) END" }
        |                                        ^^
    hint: compare it, for example `@x = 'Y'` or `@x IS NOT EMPTY`

    contract.toml:16:55: error: a condition stands where a value is needed
     16 | b = { type = "int", value = "CASE WHEN @x THEN 1 ELSE EXISTS(y) END" }
        |                                                       ^^^^^^^^^
    hint: turn it into a value: `CASE WHEN … THEN 1 ELSE 0 END`

    contract.toml:17:40: error: text stands where a condition is needed
     17 | c = { type = "int", value = "CASE WHEN @x || @y THEN 1 WHEN COUNT(y) THEN 2 END" }
        |                                        ^^^^^^^^
    hint: `||` joins text; conditions are joined with `OR`

    contract.toml:17:61: error: a number stands where a condition is needed
     17 | c = { type = "int", value = "CASE WHEN @x || @y THEN 1 WHEN COUNT(y) THEN 2 END" }
        |                                                             ^^^^^^^^
    hint: compare it, for example `COUNT(y) = 1`

    contract.toml:18:30: error: a condition stands where a value is needed
     18 | d = { type = "int", value = "NOT @x + 1" }
        |                              ^^^^^^^^^^
    hint: turn it into a value: `CASE WHEN … THEN 1 ELSE 0 END`

    contract.toml:18:34: error: a number stands where a condition is needed
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
    hint: `COALESCE(x, y, …)`

    contract.toml:15:45: error: NOW_UTC takes no arguments, not 1
     15 | a = { type = "int", value = "COALESCE(@x) + NOW_UTC(1) + LEN()" }
        |                                             ^^^^^^^^^^
    hint: `NOW_UTC()`

    contract.toml:15:58: error: LEN takes one argument, not 0
     15 | a = { type = "int", value = "COALESCE(@x) + NOW_UTC(1) + LEN()" }
        |                                                          ^^^^^
    hint: `LEN(text)`

    contract.toml:16:35: error: YEAR takes a date, and this is a number
     16 | b = { type = "int", value = "YEAR(5) + ABS(NOW_UTC()) + MONTH('soon')" }
        |                                   ^
    hint: text is read as ISO 8601 or with `PARSE_DATE`

    contract.toml:16:44: error: ABS takes numbers, and this is a date with time
     16 | b = { type = "int", value = "YEAR(5) + ABS(NOW_UTC()) + MONTH('soon')" }
        |                                            ^^^^^^^^^
    hint: convert it first, if it can be

    contract.toml:16:63: error: 'soon' is no date
     16 | b = { type = "int", value = "YEAR(5) + ABS(NOW_UTC()) + MONTH('soon')" }
        |                                                               ^^^^^^
    hint: write it as ISO 8601, such as `'2024-01-31'`, or as a pattern of `document.date_formats`

    contract.toml:17:43: error: expected a part of a date, found `'day'`
     17 | c = { type = "datetime", value = "DATEADD('day', 1, @d)" }
        |                                           ^^^^^
    hint: a part of a date is written without quotes

    contract.toml:18:43: error: expected a part of a date, found `fortnight`
     18 | d = { type = "datetime", value = "DATEADD(fortnight, 1, @d)" }
        |                                           ^^^^^^^^^
    hint: one of `year`, `quarter`, `month`, `week`, `day`, `hour`, `minute`, `second`, `millisecond`

    contract.toml:19:46: error: `QQ` in the date pattern `yyyy-QQ` is not a specifier: write letters that stand for themselves in single quotes
     19 | e = { type = "date", value = "PARSE_DATE(@d, 'yyyy-QQ', @pattern)" }
        |                                              ^^^^^^^^^
    hint: a .NET pattern such as `yyyy-MM-dd HH:mm:ss.FFF` or `MM/dd/yyyy`

    contract.toml:19:57: error: a date pattern has to be a text literal
     19 | e = { type = "date", value = "PARSE_DATE(@d, 'yyyy-QQ', @pattern)" }
        |                                                         ^^^^^^^^
    hint: write it in single quotes, such as `'MM/dd/yyyy'`

    contract.toml:20:37: error: a lookup's name has to be a text literal
     20 | f = { type = "int", value = "LOOKUP(@name, @x) + LOOKUP('colours', @x)" }
        |                                     ^^^^^
    hint: write it in single quotes: `LOOKUP('name', text)`

    contract.toml:20:57: error: there is no lookup `colours`
     20 | f = { type = "int", value = "LOOKUP(@name, @x) + LOOKUP('colours', @x)" }
        |                                                         ^^^^^^^^^
    hint: did you mean `colour`?

    contract.toml:21:50: error: COUNT takes a path, and this is none
     21 | g = { type = "int", value = "SUM(@a + 1) + COUNT('x')" }
        |                                                  ^^^
    hint: `COUNT(element)`

    contract.toml:22:40: error: INNER_XML takes a path to an element
     22 | h = { type = "xml", value = "INNER_XML(@a)" }
        |                                        ^^
    hint: for example `INNER_XML(notes)`, or `INNER_XML(.)`

    contract.toml:23:39: error: LEFT counts in whole numbers
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

    contract.toml:23:30: error: `+` takes numbers, and 'x' is none
     23 | i = { type = "int", value = "'x' + 1 / 0" }
        |                              ^^^
    hint: `+` adds numbers; text is joined with `||`

    contract.toml:23:40: error: division by zero
     23 | i = { type = "int", value = "'x' + 1 / 0" }
        |                                        ^
    hint: divide by something else

    contract.toml:24:31: error: `COALESCE(@x, 1)` does not convert to int
     24 | j = { type = "int", default = "COALESCE(@x, 1)" }
        |                               ^^^^^^^^^^^^^^^^^
    hint: `default` is a literal; an expression belongs into `value`

    contract.toml:25:39: error: a blank default is null, which is no default
     25 | k = { type = "nvarchar(5)", default = " " }
        |                                       ^^^
    hint: leave it out, or say `blank = "keep"` on a character column

    contract.toml:26:14: error: `time(9)` has a fraction of 9
     26 | l = { type = "time(9)", value = "@t" }
        |              ^^^^^^^^^
    hint: it must be 0 to 7 digits

    contract.toml:27:1: warning: `m` is always null
     27 | m = { type = "int", too_long = "truncate", blank = "keep" }
        | ^
    hint: add `value` or `default`, or remove the column

    contract.toml:27:32: error: `too_long` is for types with a length, such as nvarchar(50)
     27 | m = { type = "int", too_long = "truncate", blank = "keep" }
        |                                ^^^^^^^^^^
    hint: leave it out

    contract.toml:27:52: error: `blank` is for character types, such as nvarchar(50)
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

    contract.toml:17:75: warning: this is a number, and an alternative before it is a date with time
     17 | c = { type = "nvarchar(9)", value = "CASE WHEN @x = 1 THEN NOW_UTC() ELSE 5 END" }
        |                                                                           ^
    hint: give all alternatives the same type

    contract.toml:18:65: error: 'one' is no number, and is compared with one
     18 | d = { type = "int", value = "CASE NUMBER(@x) WHEN 1 THEN 1 WHEN 'one' THEN 2 END" }
        |                                                                 ^^^^^
    hint: write a number, or compare with text
    "#);
}

#[test]
fn paths_that_match_nothing_are_reported() {
    assert_snapshot!(said(&with_columns(r#"
a = { type = "int", value = "/other/@x" }
b = { type = "int", value = "../../@x" }
c = { type = "int", value = "x:child/@y:name" }
d = { type = "int", value = "child[../@x = 1]/@y" }
e = { type = "int", value = "child[0]/@y" }
f = { type = "int", value = "child[@x]/@y" }
g = { type = "int", value = "child[NAME() = 1 OR ORDINAL() = 1]/@y" }
h = { type = "int", value = "child[-1]/@y" }
"#)), @r#"
    contract.toml:15:31: error: this path never matches: the root element is `r`
     15 | a = { type = "int", value = "/other/@x" }
        |                               ^^^^^
    hint: begin with `/r/`, or with `//` for an element anywhere

    contract.toml:16:30: error: this path goes above the root element
     16 | b = { type = "int", value = "../../@x" }
        |                              ^^^^^^^^
    hint: the row element is 1 level below the root

    contract.toml:17:30: error: the prefix `x` is not declared
     17 | c = { type = "int", value = "x:child/@y:name" }
        |                              ^^^^^^^
    hint: declare it: `[document]` `namespaces = { x = "…" }`

    contract.toml:17:30: error: the prefix `y` is not declared
     17 | c = { type = "int", value = "x:child/@y:name" }
        |                              ^^^^^^^^^^^^^^^
    hint: declare it: `[document]` `namespaces = { y = "…" }`

    contract.toml:18:36: error: this path leaves the predicate's element
     18 | d = { type = "int", value = "child[../@x = 1]/@y" }
        |                                    ^^^^^
    hint: a predicate sees its own element: its attributes (`@a`), its text (`.`), and what is inside (`b/@a`)

    contract.toml:19:36: error: there is no position 0
     19 | e = { type = "int", value = "child[0]/@y" }
        |                                    ^
    hint: positions count from 1; the last one is `[last()]`

    contract.toml:21:36: error: `NAME` cannot stand here
     21 | g = { type = "int", value = "child[NAME() = 1 OR ORDINAL() = 1]/@y" }
        |                                    ^^^^^^
    hint: a predicate sees the element's attributes, its text, and elements inside it

    contract.toml:21:50: error: `ORDINAL` cannot stand here
     21 | g = { type = "int", value = "child[NAME() = 1 OR ORDINAL() = 1]/@y" }
        |                                                  ^^^^^^^^^
    hint: rows are numbered after those that are left out are gone; use it in a column's value

    contract.toml:22:36: error: a number stands where a condition is needed
     22 | h = { type = "int", value = "child[-1]/@y" }
        |                                    ^^
    hint: compare it, for example with `=`
    "#);
}

#[test]
fn paths_are_written_without_blanks_and_wildcards() {
    assert_snapshot!(said(&with_columns(r#"
a = { type = "int", value = "child/ @x" }
b = { type = "int", value = "COUNT(x)/2 + @a/2 + 10/@b" }
c = { type = "int", value = "child/*/@x" }
d = { type = "int", value = "a//b" }
e = { type = "int", value = "a/../@x" }
f = { type = "int", value = "@a[1] + @b" }
g = { type = "int", value = "/ + 1" }
h = { type = "int", value = "//@x" }
i = { type = "int", value = "child/" }
j = { type = "int", value = "@a-@b" }
k = { type = "int", value = "end/@x + left" }
l = { type = "int", value = "child/text()" }
m = { type = "int", value = "@ x + .[1]" }
"#)), @r#"
    contract.toml:15:35: error: a blank inside a path
     15 | a = { type = "int", value = "child/ @x" }
        |                                   ^
    hint: to divide, put a blank on both sides of `/`; a path has none

    contract.toml:16:38: error: `/` without a blank on both sides is part of a path
     16 | b = { type = "int", value = "COUNT(x)/2 + @a/2 + 10/@b" }
        |                                      ^
    hint: to divide, put a blank on both sides of `/`; a path has none

    contract.toml:16:45: error: a path ends with its attribute
     16 | b = { type = "int", value = "COUNT(x)/2 + @a/2 + 10/@b" }
        |                                             ^
    hint: to divide, put a blank on both sides of `/`; a path has none

    contract.toml:16:52: error: `/` without a blank on both sides is part of a path
     16 | b = { type = "int", value = "COUNT(x)/2 + @a/2 + 10/@b" }
        |                                                    ^
    hint: to divide, put a blank on both sides of `/`; a path has none

    contract.toml:17:36: error: there are no wildcards
     17 | c = { type = "int", value = "child/*/@x" }
        |                                    ^
    hint: name the element, or use `//name` for one anywhere

    contract.toml:18:31: error: `//` inside a path
     18 | d = { type = "int", value = "a//b" }
        |                               ^^
    hint: `//` stands only at the beginning of a path: `//name/@attribute`

    contract.toml:19:32: error: `..` inside a path
     19 | e = { type = "int", value = "a/../@x" }
        |                                ^^
    hint: `..` stands only at the beginning of a path: `../@name`

    contract.toml:20:32: error: an attribute has no predicate
     20 | f = { type = "int", value = "@a[1] + @b" }
        |                                ^
    hint: put it after the element: `name[…]/@attribute`

    contract.toml:21:32: error: expected the root element's name after `/`, found a blank
     21 | g = { type = "int", value = "/ + 1" }
        |                                ^
    hint: for example `/root/child/@name`, `//name/@name`, `../@name`

    contract.toml:22:32: error: expected an element's name after `//`, found `@`
     22 | h = { type = "int", value = "//@x" }
        |                                ^
    hint: for example `/root/child/@name`, `//name/@name`, `../@name`

    contract.toml:23:36: error: expected an element's name or `@` and an attribute's, found the end
     23 | i = { type = "int", value = "child/" }
        |                                    ^
    hint: for example `/root/child/@name`, `//name/@name`, `../@name`

    contract.toml:24:33: error: expected an operator or the end, found `@`
     24 | j = { type = "int", value = "@a-@b" }
        |                                 ^
    hint: `-` is part of the name before it: put a blank between them

    contract.toml:25:30: error: an expression is missing before `end`
     25 | k = { type = "int", value = "end/@x + left" }
        |                              ^^^
    hint: an element of that name is written `./end`

    contract.toml:26:36: error: `text()` has no meaning in a path
     26 | l = { type = "int", value = "child/text()" }
        |                                    ^^^^^^
    hint: a path to an element gives its text: leave out the function

    contract.toml:27:32: error: expected an attribute's name after `@`, found a blank
     27 | m = { type = "int", value = "@ x + .[1]" }
        |                                ^
    hint: for example `/root/child/@name`, `//name/@name`, `../@name`
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
    contract.toml:15:43: error: `==` is no operator
     15 | a = { type = "int", value = "CASE WHEN @a == 1 && @b = 2 THEN 1 END" }
        |                                           ^^
    hint: equality is written `=`

    contract.toml:15:48: error: `&&` is no operator
     15 | a = { type = "int", value = "CASE WHEN @a == 1 && @b = 2 THEN 1 END" }
        |                                                ^^
    hint: conditions are joined with `AND`

    contract.toml:16:45: error: double quotes have no meaning here
     16 | b = { type = "int", value = 'CASE WHEN @a = "x" THEN 1 END' }
        |                                             ^^^
    hint: text is written in single quotes: `'text'`

    contract.toml:17:45: error: an expression is missing before `TRUE`
     17 | c = { type = "int", value = "CASE WHEN @a = TRUE THEN 1 END" }
        |                                             ^^^^
    hint: there are no truth values: compare with `1`, `0` or text such as `'true'`

    contract.toml:18:40: error: a condition stands where a value is needed
     18 | d = { type = "int", value = "CASE WHEN 1 < @a < 3 THEN 1 END" }
        |                                        ^^^^^^
    hint: turn it into a value: `CASE WHEN … THEN 1 ELSE 0 END`

    contract.toml:18:47: error: a comparison cannot go on with `<`
     18 | d = { type = "int", value = "CASE WHEN 1 < @a < 3 THEN 1 END" }
        |                                               ^
    hint: join comparisons with `AND`, or put one into parentheses

    contract.toml:19:46: error: expected `NULL` or `EMPTY`, found `'x'`
     19 | e = { type = "int", value = "CASE WHEN @a IS 'x' THEN 1 END" }
        |                                              ^^^
    hint: `IS` tests for `NULL` and `EMPTY` only; compare with `=`

    contract.toml:20:55: error: `LIKE` has no ESCAPE here
     20 | f = { type = "int", value = "CASE WHEN @a LIKE 'x!_%' ESCAPE '!' THEN 1 END" }
        |                                                       ^^^^^^
    hint: write the character in brackets, such as `[_]`

    contract.toml:21:51: error: expected `WHEN`, `ELSE` or `END`, found the end
     21 | g = { type = "int", value = "CASE @a WHEN 1 THEN 2" }
        |                                                   ^
    hint: `CASE WHEN condition THEN result ELSE result END`

    contract.toml:22:52: error: expected `AND` and the upper bound, found `,`
     22 | h = { type = "int", value = "CASE WHEN @a BETWEEN 1, 3 THEN 1 END" }
        |                                                    ^
    hint: a range is written `BETWEEN low AND high`

    contract.toml:23:30: error: there is no function `IIF`
     23 | i = { type = "int", value = "IIF(@a = 1, 2, 3) + ISNULL(@b, 0)" }
        |                              ^^^
    hint: write it with `CASE WHEN … THEN … ELSE … END`

    contract.toml:23:50: error: there is no function `ISNULL`
     23 | i = { type = "int", value = "IIF(@a = 1, 2, 3) + ISNULL(@b, 0)" }
        |                                                  ^^^^^^
    hint: write it with `COALESCE(x, y)`

    contract.toml:24:30: error: this text is never closed
     24 | j = { type = "int", value = "'never closed" }
        |                              ^^^^^^^^^^^^^
    hint: close the text with `'`; a quote inside it is doubled: `'it''s'`

    contract.toml:25:37: error: expected `AS` and a type, found `,`
     25 | k = { type = "int", value = "CAST(@x, int) + CAST(@y AS interger)" }
        |                                     ^
    hint: a conversion is written `CAST(x AS type)`

    contract.toml:25:57: error: `interger` is no type
     25 | k = { type = "int", value = "CAST(@x, int) + CAST(@y AS interger)" }
        |                                                         ^^^^^^^^
    hint: did you mean `integer`?

    contract.toml:26:30: error: this is neither a number nor a name
     26 | l = { type = "int", value = "1e5 + @a;" }
        |                              ^^^
    hint: numbers are written `42` or `4.2`, text in single quotes

    contract.toml:26:38: error: `;` has no meaning here
     26 | l = { type = "int", value = "1e5 + @a;" }
        |                                      ^
    hint: an expression has no `;` at its end

    contract.toml:27:36: error: an expression is missing before `*`
     27 | m = { type = "int", value = "COUNT(*) + (1 + " }
        |                                    ^
    hint: count elements by their path, such as `COUNT(contact)`

    contract.toml:27:46: error: an expression is missing at the end
     27 | m = { type = "int", value = "COUNT(*) + (1 + " }
        |                                              ^

    contract.toml:28:30: error: `NOW_UTC` is a function
     28 | n = { type = "int", value = "NOW_UTC" }
        |                              ^^^^^^^
    hint: call it with parentheses: `NOW_UTC(…)`; an element of that name is written `./NOW_UTC`

    contract.toml:29:29: error: an expression is missing
     29 | o = { type = "int", value = "" }
        |                             ^^
    hint: for example `@name`, `'text'` or `NULL`
    "#);
}

#[test]
fn rows_are_numbered_in_values_only() {
    assert_snapshot!(said(r#"
[contract]
name = "test"
[document]
root = "r"
[[tables]]
name = "t"
each = "/r/row"
app_column = "id"
where = "ORDINAL() = 1"
keep_when = "[position] = 1 AND COUNT(x) = 1 AND id = 1 AND NAME() = 'x' AND number = 1"
distinct = { by = [], keep = "lst", prefer = "@a = 1" }
[tables.columns]
id = { type = "int", value = "APP_ID()" }
position = { type = "int", value = "10 * ORDINAL()" }
"#), @r#"
    contract.toml:10:10: error: `ORDINAL` cannot stand here
     10 | where = "ORDINAL() = 1"
        |          ^^^^^^^^^
    hint: rows are numbered after those that are left out are gone; use it in a column's value

    contract.toml:11:14: error: `position` uses ORDINAL(), which is not known yet
     11 | keep_when = "[position] = 1 AND COUNT(x) = 1 AND id = 1 AND NAME() = 'x' AND number = 1"
        |              ^^^^^^^^^^
    hint: rows are numbered after `keep_when` has left some out

    contract.toml:11:33: error: `COUNT` cannot stand here
     11 | keep_when = "[position] = 1 AND COUNT(x) = 1 AND id = 1 AND NAME() = 'x' AND number = 1"
        |                                 ^^^^^^^^
    hint: this condition sees the row's columns by their names; `where` sees the document

    contract.toml:11:39: error: the table has no column `x`
     11 | keep_when = "[position] = 1 AND COUNT(x) = 1 AND id = 1 AND NAME() = 'x' AND number = 1"
        |                                       ^
    hint: one of `id`, `position`

    contract.toml:11:61: error: `NAME` cannot stand here
     11 | keep_when = "[position] = 1 AND COUNT(x) = 1 AND id = 1 AND NAME() = 'x' AND number = 1"
        |                                                             ^^^^^^
    hint: this condition sees the row's columns by their names; `where` sees the document

    contract.toml:11:78: error: the table has no column `number`
     11 | keep_when = "[position] = 1 AND COUNT(x) = 1 AND id = 1 AND NAME() = 'x' AND number = 1"
        |                                                                              ^^^^^^
    hint: a function is called with parentheses: `NUMBER(…)`

    contract.toml:12:19: error: `by` is empty
     12 | distinct = { by = [], keep = "lst", prefer = "@a = 1" }
        |                   ^^
    hint: `distinct = { by = ["@id"], keep = "last", prefer = "…" }`

    contract.toml:12:30: error: `keep` cannot be `lst`
     12 | distinct = { by = [], keep = "lst", prefer = "@a = 1" }
        |                              ^^^^^
    hint: did you mean `last`?

    contract.toml:12:47: error: a condition stands where a value is needed
     12 | distinct = { by = [], keep = "lst", prefer = "@a = 1" }
        |                                               ^^^^^^
    hint: turn it into a value: `CASE WHEN … THEN 1 ELSE 0 END`
    "#);
}

#[test]
fn keys_name_columns_that_exist_and_can_be_keys() {
    assert_snapshot!(said(r#"
[contract]
name = "test"
[document]
root = "r"
[[tables]]
name = "parent"
each = "/r"
primary_key = ["id", "kidn", "ID", "note"]
app_column = "id"
[tables.columns]
id = { type = "int", value = "@id" }
kind = { type = "date", value = "@kind" }
note = { type = "nvarchar(max)", value = "@note" }

[[tables]]
name = "child"
each = "/r/row"
primary_key = []
app_column = "born"
foreign_key = { columns = ["id", "knd"], references = "parnt" }
[tables.columns]
id = { type = "int", value = "APP_ID()" }
born = { type = "date", value = "APP_ID()" }
kind = { type = "date", value = "@kind" }
"#), @r#"
    contract.toml:9:22: error: the table has no column `kidn`
     9 | primary_key = ["id", "kidn", "ID", "note"]
       |                      ^^^^^^
    hint: did you mean `kind`?

    contract.toml:9:30: error: `ID` is there twice
     9 | primary_key = ["id", "kidn", "ID", "note"]
       |                              ^^^^
    hint: name each column once

    contract.toml:9:36: error: `note` cannot be part of a key: its length is not limited
     9 | primary_key = ["id", "kidn", "ID", "note"]
       |                                    ^^^^^^
    hint: give the column a length, such as nvarchar(50)

    contract.toml:12:31: error: the application's column holds something else than its id
     12 | id = { type = "int", value = "@id" }
        |                               ^^^
    hint: rows are found again by `id`: `value = "APP_ID()"`

    contract.toml:19:15: error: `primary_key` is empty
     19 | primary_key = []
        |               ^^
    hint: name a column, or leave it out

    contract.toml:21:34: error: the table has no column `knd`
     21 | foreign_key = { columns = ["id", "knd"], references = "parnt" }
        |                                  ^^^^^
    hint: did you mean `kind`?

    contract.toml:21:55: error: there is no table `parnt`
     21 | foreign_key = { columns = ["id", "knd"], references = "parnt" }
        |                                                       ^^^^^^^
    hint: did you mean `parent`?

    contract.toml:24:17: error: date cannot hold an application's id
     24 | born = { type = "date", value = "APP_ID()" }
        |                 ^^^^^^
    hint: `int` or `bigint`, as in the source table

    contract.toml:24:34: error: a number does not convert to date
     24 | born = { type = "date", value = "APP_ID()" }
        |                                  ^^^^^^^^
    hint: change the type, or the expression
    "#);
}

#[test]
fn foreign_keys_match_the_primary_key_they_refer_to() {
    assert_snapshot!(said(r#"
[contract]
name = "test"
[document]
root = "r"
[[tables]]
name = "a"
each = "/r"
primary_key = ["id", "n"]
app_column = "id"
[tables.columns]
id = { type = "int", value = "APP_ID()" }
n = { type = "bigint", identity = true }

[[tables]]
name = "b"
each = "/r/row"
app_column = "id"
foreign_key = { columns = ["id"], references = "a" }
[tables.columns]
id = { type = "int", value = "APP_ID()" }

[[tables]]
name = "c"
each = "/r/row"
app_column = "id"
foreign_key = { columns = ["id", "n"], references = "A" }
[tables.columns]
id = { type = "bigint", value = "APP_ID()" }
n = { type = "int", identity = true, value = "@n" }

[[tables]]
name = "d"
each = "/r/row"
app_column = "id"
foreign_key = { columns = ["id"], references = "b" }
[tables.columns]
id = { type = "int", value = "APP_ID()" }
"#), @r#"
    contract.toml:19:15: error: 1 column cannot refer to a primary key of 2 columns
     19 | foreign_key = { columns = ["id"], references = "a" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: the primary key of `a` is (id, n)

    contract.toml:27:15: error: `id` is bigint, but `a.id` is int
     27 | foreign_key = { columns = ["id", "n"], references = "A" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: a foreign key has the types of the primary key it refers to

    contract.toml:27:15: error: `n` is int, but `a.n` is bigint
     27 | foreign_key = { columns = ["id", "n"], references = "A" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: a foreign key has the types of the primary key it refers to

    contract.toml:27:15: error: the database gives `a.n`, so no row can refer to it
     27 | foreign_key = { columns = ["id", "n"], references = "A" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: refer to a table whose primary key comes from the document

    contract.toml:27:34: error: the database gives `n`, so it cannot refer to a parent
     27 | foreign_key = { columns = ["id", "n"], references = "A" }
        |                                  ^^^
    hint: refer with a column that has a `value`

    contract.toml:30:47: error: the database gives `n` its value
     30 | n = { type = "int", identity = true, value = "@n" }
        |                                               ^^
    contract.toml:30:32: note: because of this
     30 | n = { type = "int", identity = true, value = "@n" }
        |                                ^^^^
    hint: leave the value out, or `identity = true`

    contract.toml:36:48: error: `b` has no primary key to refer to
     36 | foreign_key = { columns = ["id"], references = "b" }
        |                                                ^^^
    hint: give `b` a `primary_key`
    "#);
}

#[test]
fn circles_of_foreign_keys_are_shown() {
    let table = |name: &str, parent: &str| {
        format!(
            r#"
[[tables]]
name = "{name}"
each = "/r"
primary_key = ["id"]
app_column = "id"
foreign_key = {{ columns = ["id"], references = "{parent}" }}
[tables.columns]
id = {{ type = "int", value = "APP_ID()" }}
"#
        )
    };
    let tables = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e", "e")];
    let tables: String = tables.iter().map(|(name, parent)| table(name, parent)).collect();
    let text = format!("[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n{tables}");
    assert_snapshot!(said(&text), @r#"
    contract.toml:11:15: error: tables refer to each other in a circle: `a` -> `b` -> `c` -> `a`
     11 | foreign_key = { columns = ["id"], references = "b" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: parents are loaded before children: remove one of the references

    contract.toml:47:15: error: tables refer to each other in a circle: `e` -> `e`
     47 | foreign_key = { columns = ["id"], references = "e" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: parents are loaded before children: remove one of the references
    "#);
}

#[test]
fn tables_of_one_name_agree() {
    assert_snapshot!(said(r#"
[contract]
name = "test"
[document]
root = "r"
[[tables]]
name = "base"
each = "/r"
primary_key = ["id"]
app_column = "id"
[tables.columns]
id = { type = "int", value = "APP_ID()" }

[[tables]]
name = "t"
each = "/r/one"
primary_key = ["id", "n"]
app_column = "id"
foreign_key = { columns = ["id"], references = "base" }
on_existing = "skip"
[tables.columns]
id = { type = "int", value = "APP_ID()" }
n = { type = "int", value = "@n" }
must = { type = "int", value = "@must", required = true }
key = { type = "int", identity = true }

[[tables]]
name = "T"
each = "/r/two"
primary_key = ["n", "id"]
app_column = "id"
foreign_key = { columns = ["n"], references = "base" }
on_existing = "replace"
[tables.columns]
id = { type = "int", value = "APP_ID()" }
n = { type = "bigint", value = "@n" }
key = { type = "int", value = "@key" }

[[tables]]
name = "t"
each = "/r/three"
app_column = "id"
[tables.columns]
id = { type = "int", value = "APP_ID()" }
must = { type = "int", value = "@must", required = false }
"#), @r#"
    contract.toml:27:1: error: these rows lack `must`, which is required
     27 | [[tables]]
        | ^^^^^^^^^^
    hint: another `[[tables]]` of this name requires it, or has it in its key: add it

    contract.toml:28:8: error: `T` and `t` differ in case only
     28 | name = "T"
        |        ^^^
    hint: they are one table: write `t`

    contract.toml:30:15: error: `primary_key` is not what the table's first `[[tables]]` says
     30 | primary_key = ["n", "id"]
        |               ^^^^^^^^^^^
    contract.toml:17:15: note: first here
     17 | primary_key = ["id", "n"]
        |               ^^^^^^^^^^^
    hint: all `[[tables]]` of one name fill one table: say the same, or nothing

    contract.toml:32:15: error: `foreign_key` is not what the table's first `[[tables]]` says
     32 | foreign_key = { columns = ["n"], references = "base" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    contract.toml:19:15: note: first here
     19 | foreign_key = { columns = ["id"], references = "base" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: all `[[tables]]` of one name fill one table: say the same, or nothing

    contract.toml:33:15: error: `on_existing` is not what the table's first `[[tables]]` says
     33 | on_existing = "replace"
        |               ^^^^^^^^^
    contract.toml:20:15: note: first here
     20 | on_existing = "skip"
        |               ^^^^^^
    hint: all `[[tables]]` of one name fill one table: say the same, or nothing

    contract.toml:36:14: error: `n` is bigint here and int before
     36 | n = { type = "bigint", value = "@n" }
        |              ^^^^^^^^
    contract.toml:23:14: note: first here
     23 | n = { type = "int", value = "@n" }
        |              ^^^^^
    hint: all `[[tables]]` of one name fill one table: use one type

    contract.toml:37:1: error: `key` is an identity column before
     37 | key = { type = "int", value = "@key" }
        | ^^^
    hint: say `identity = true` here as well

    contract.toml:39:1: error: these rows lack `n`, which is required
     39 | [[tables]]
        | ^^^^^^^^^^
    hint: another `[[tables]]` of this name requires it, or has it in its key: add it

    contract.toml:45:52: error: `required` of `must` is not what it is before
     45 | must = { type = "int", value = "@must", required = false }
        |                                                    ^^^^^
    contract.toml:24:52: note: first here
     24 | must = { type = "int", value = "@must", required = true }
        |                                                    ^^^^
    hint: all `[[tables]]` of one name fill one table: say the same
    "#);
}

#[test]
fn row_templates_give_known_columns_and_all_that_is_required() {
    assert_snapshot!(said(r#"
[contract]
name = "test"
[document]
root = "r"
[[tables]]
name = "t"
each = "/r"
app_column = "id"
[tables.columns]
id = { type = "int", value = "APP_ID()" }
what = { type = "int", required = true }
size = { type = "int" }
[[tables.rows]]
when = "@a"
what = "@what"
Size = 1
size = 2
[[tables.rows]]
siz = "@what +"
[[tables.rows]]
id = "@id"
what = "NULL"
"#), @r#"
    contract.toml:15:9: error: text stands where a condition is needed
     15 | when = "@a"
        |         ^^
    hint: compare it, for example `@a = 'Y'` or `@a IS NOT EMPTY`

    contract.toml:18:1: error: `size` is given twice
     18 | size = 2
        | ^^^^
    hint: leave one of the two

    contract.toml:19:1: error: a row lacks `what`, which is required
     19 | [[tables.rows]]
        | ^^^^^^^^^^^^^^^
    hint: give the row `what`, or the column a `value` or `default`

    contract.toml:20:1: error: the table has no column `siz`
     20 | siz = "@what +"
        | ^^^
    hint: did you mean `size`?

    contract.toml:21:1: error: a row lacks `what`, which is required
     21 | [[tables.rows]]
        | ^^^^^^^^^^^^^^^
    hint: give the row `what`, or the column a `value` or `default`

    contract.toml:22:7: error: the application's column holds something else than its id
     22 | id = "@id"
        |       ^^^
    hint: rows are found again by `id`: `value = "APP_ID()"`
    "#);
}

#[test]
fn the_application_s_column_holds_its_id() {
    let text = |column: &str| with_columns("").replace(r#"value = "APP_ID()" }"#, column);
    assert_snapshot!(said(&text("identity = true }")), @r#"
    contract.toml:12:33: error: the application's column cannot be an identity column
     12 | id = { type = "int", identity = true }
        |                                 ^^^^
    hint: its value is the application's id: `value = "APP_ID()"`
    "#);
    assert_snapshot!(said(&text("default = 1 }")), @r#"
    contract.toml:12:32: error: the application's column holds something else than its id
     12 | id = { type = "int", default = 1 }
        |                                ^
    hint: rows are found again by `id`: `value = "APP_ID()"`
    "#);
    assert_snapshot!(said(&text("value = \"/r/@id\" }")), @r#"
    contract.toml:12:31: error: the application's column holds something else than its id
     12 | id = { type = "int", value = "/r/@id" }
        |                               ^^^^^^
    hint: rows are found again by `id`: `value = "APP_ID()"`
    "#);
}

#[test]
fn identity_columns_have_no_value() {
    assert_snapshot!(said(&with_columns(r#"
a = { type = "nvarchar(5)", identity = true }
b = { type = "int", identity = true, value = "@b", default = 1 }
c = { type = "int", identity = true }
"#)), @r#"
    contract.toml:15:40: error: an identity column holds whole numbers
     15 | a = { type = "nvarchar(5)", identity = true }
        |                                        ^^^^
    hint: `int`, `bigint`, or `decimal` without digits after the point

    contract.toml:16:47: error: the database gives `b` its value
     16 | b = { type = "int", identity = true, value = "@b", default = 1 }
        |                                               ^^
    contract.toml:16:32: note: because of this
     16 | b = { type = "int", identity = true, value = "@b", default = 1 }
        |                                ^^^^
    hint: leave the value out, or `identity = true`

    contract.toml:16:62: error: the database gives `b` its value
     16 | b = { type = "int", identity = true, value = "@b", default = 1 }
        |                                                              ^
    contract.toml:16:32: note: because of this
     16 | b = { type = "int", identity = true, value = "@b", default = 1 }
        |                                ^^^^
    hint: leave the value out, or `identity = true`
    "#);
}

#[test]
fn broken_toml_is_reported_without_what_follows_from_it() {
    assert_snapshot!(said("[contract]\nname = \"t\n[document\nroot = \"r\"\n"), @r#"
    contract.toml:2:10: error: this is not TOML: invalid basic string, expected `"`
     2 | name = "t
       |          ^

    contract.toml:3:10: error: this is not TOML: unclosed table, expected `]`
     3 | [document
       |          ^
    "#);
    assert_snapshot!(said(&with_columns("a = { type = \"int\", value = \"FOO(@a)\" }\nb = { type = \"int\"\nc = = 3\n")), @r#"
    contract.toml:14:30: error: there is no function `FOO`
     14 | a = { type = "int", value = "FOO(@a)" }
        |                              ^^^
    hint: docs/contract.md lists the functions

    contract.toml:16:1: error: this is not TOML: missing comma between key-value pairs, expected `,`
     16 | c = = 3
        | ^

    contract.toml:16:5: error: this is not TOML: extra assignment between key-value pairs, expected value
     16 | c = = 3
        |     ^

    contract.toml:16:8: error: this is not TOML: unclosed inline table, expected `}`
     16 | c = = 3
        |        ^
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
    contract.toml:15:34: error: SUM goes over one path, and this has `x/@a` and `x/@b`
     15 | a = { type = "int", value = "SUM(x/@a * x/@b)" }
        |                                  ^^^^^^^^^^^
    hint: `SUM(element/@attribute)`

    contract.toml:16:34: error: COUNT cannot stand inside MAX
     16 | b = { type = "int", value = "MAX(COUNT(x) + 1)" }
        |                                  ^^^^^^^^
    hint: `MAX(element/@attribute)`

    contract.toml:17:36: error: FIRST takes a path, and this is none
     17 | c = { type = "int", value = "FIRST(NUMBER(x))" }
        |                                    ^^^^^^^^^
    hint: `FIRST(element/@attribute)`

    contract.toml:18:30: error: a date does not convert to int
     18 | d = { type = "int", value = "MIN(CAST(x/@d AS date))" }
        |                              ^^^^^^^^^^^^^^^^^^^^^^^
    hint: change the type, or the expression
"#);
}

#[test]
fn what_sql_and_xpath_would_have_is_answered_once() {
    assert_snapshot!(said(&with_columns(r#"
a = { type = "nvarchar", value = "CHARINDEX('a', @b)" }
b = { type = "datetime", value = "GETDATE()" }
c = { type = "int", value = "CASE WHEN @r IN 'PR', 'SEC' THEN 1 END" }
d = { type = "int", value = "following-sibling::x" }
"#)), @r#"
    contract.toml:15:14: warning: `nvarchar` without a length is nvarchar(1)
     15 | a = { type = "nvarchar", value = "CHARINDEX('a', @b)" }
        |              ^^^^^^^^^^
    hint: say how much it holds: `nvarchar(50)`, `nvarchar(max)`, or `nvarchar(1)`

    contract.toml:15:35: error: there is no function `CHARINDEX`
     15 | a = { type = "nvarchar", value = "CHARINDEX('a', @b)" }
        |                                   ^^^^^^^^^
    hint: docs/contract.md lists the functions

    contract.toml:16:35: error: there is no function `GETDATE`
     16 | b = { type = "datetime", value = "GETDATE()" }
        |                                   ^^^^^^^
    hint: write it with `NOW_UTC()`

    contract.toml:17:46: error: expected `(` and a list after `IN`, found `'PR'`
     17 | c = { type = "int", value = "CASE WHEN @r IN 'PR', 'SEC' THEN 1 END" }
        |                                              ^^^^
    hint: write `x IN ('a', 'b')`

    contract.toml:18:47: error: `::` has no meaning here
     18 | d = { type = "int", value = "following-sibling::x" }
        |                                               ^^
    hint: there are no axes: a path goes down by names, and up by `..`
"#);
}

#[test]
fn brackets_and_quotes_that_toml_lacks_are_told() {
    assert_snapshot!(said("[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n[[tables]]\nname = \"a\"\n[tables]\nname = \"b\"\n"), @r#"
    contract.toml:7:2: error: `tables` is there twice
     7 | [tables]
       |  ^^^^^^
    hint: each table begins with `[[tables]]`, in two pairs of brackets
"#);
    assert_snapshot!(said(&with_columns("a = { type = \"int\", value = @a }\n")), @r#"
    contract.toml:14:29: error: this is not TOML: string values must be quoted, expected literal string
     14 | a = { type = "int", value = @a }
        |                             ^^
    hint: an expression stands in quotes: `value = "@name"`
"#);
}
