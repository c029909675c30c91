//! Mistakes of the file: TOML, the parts that a contract needs, and all of them at once.

use insta::assert_snapshot;

use crate::contract::{said, with_columns};

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

    contract.toml:4:17: error: a name must not have a schema or brackets
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

    contract.toml:10:17: error: `QQ` in the date pattern `yyyy-QQ` is not a specifier: write literal letters in single quotes
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

    contract.toml:25:14: error: unknown column `firstname`
     25 | keep_when = "firstname IS NOT NULL and @x = 1"
        |              ^^^^^^^^^
    hint: did you mean `first_name`?

    contract.toml:25:40: error: a path is not allowed here
     25 | keep_when = "firstname IS NOT NULL and @x = 1"
        |                                        ^^
    hint: this condition sees the row's columns by their names; `where` sees the document

    contract.toml:26:15: error: `on_existing` cannot be `ignore`
     26 | on_existing = "ignore"
        |               ^^^^^^^^
    hint: one of `fail`, `skip`, `replace`

    contract.toml:28:19: error: unknown type `itn`
     28 | app_id = { type = "itn", value = "APP_ID(1)" }
        |                   ^^^^^
    hint: did you mean `int`?

    contract.toml:28:35: error: APP_ID takes no arguments, not 1
     28 | app_id = { type = "itn", value = "APP_ID(1)" }
        |                                   ^^^^^^^^^
    hint: write `APP_ID()`: the application's id

    contract.toml:29:48: error: unknown function `UPER`
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

    contract.toml:30:65: error: `text()` is not allowed in a path
     30 | zip = { type = "char(5)", default = "000000", value = "DIGITS(a/text()) || SUBSTRING(@x, 1)" }
        |                                                                 ^^^^^^
    hint: a path to an element reads its text: leave out the function

    contract.toml:30:76: error: SUBSTRING takes 3 arguments, not 2
     30 | zip = { type = "char(5)", default = "000000", value = "DIGITS(a/text()) || SUBSTRING(@x, 1)" }
        |                                                                            ^^^^^^^^^^^^^^^^
    hint: write `SUBSTRING(text, start, n)`: n characters from `start`, counted from 1

    contract.toml:31:36: error: a path ends with its attribute
     31 | total = { type = "int", value = "@a/2 + COUNT(*) + (1 + " }
        |                                    ^
    hint: to divide, put a blank on both sides of `/`; a path has none

    contract.toml:31:47: error: expected an expression, found `*`
     31 | total = { type = "int", value = "@a/2 + COUNT(*) + (1 + " }
        |                                               ^
    hint: count elements by their path, such as `COUNT(contact)`

    contract.toml:31:57: error: expected an expression, found the end
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
    contract.toml:14:30: error: unknown function `FOO`
     14 | a = { type = "int", value = "FOO(@a)" }
        |                              ^^^
    hint: see the functions in docs/contract.md

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
