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
    contract.toml:2:1: error: missing `name` in [contract]
     2 | [contract]
       | ^^^^^^^^^^
    hint: for example `name = "app_base"`

    contract.toml:3:1: error: unknown key `nam` in [contract]
     3 | nam = "test"
       | ^^^
    hint: did you mean `name`?

    contract.toml:4:17: error: a name must not have a schema or brackets
     4 | target_schema = "sand.box"
       |                 ^^^^^^^^^^
    hint: the schema is `target_schema` in `[contract]`; brackets are added where needed

    contract.toml:7:8: error: `/Provenir` is not an element name
     7 | root = "/Provenir"
       |        ^^^^^^^^^^^
    hint: write the name alone: `root = "Provenir"`

    contract.toml:8:38: error: a path in `require` must begin at the document
     8 | require = ["/Provenir/Request/@ID", "Request/@x"]
       |                                      ^^^^^^^^^^
    hint: write `/root/Request/@x` or `//Request/@x`

    contract.toml:9:9: error: invalid value `ful` for `check`
     9 | check = "ful"
       |         ^^^^^
    hint: did you mean `full`?

    contract.toml:10:17: error: `QQ` in the date pattern `yyyy-QQ` is not a specifier: write literal letters in single quotes
     10 | date_formats = ["yyyy-QQ"]
        |                 ^^^^^^^^^
    hint: use a .NET pattern such as `yyyy-MM-dd HH:mm:ss.FFF` or `MM/dd/yyyy`

    contract.toml:13:9: error: invalid value `exat` for `match`
     13 | match = "exat"
        |         ^^^^^^
    hint: did you mean `exact`?

    contract.toml:14:12: error: missing `blank_value` for `on_blank = "value"`
     14 | on_blank = "value"
        |            ^^^^^^^
    hint: for example `on_blank = "value"` and `blank_value = 0`

    contract.toml:17:5: error: `B` must be an integer, a decimal or text, found a boolean
     17 | B = true
        |     ^^^^
    hint: write truth values as 1 and 0

    contract.toml:21:9: error: `each` must be a path to elements, found one to an attribute
     21 | each = "/Provenir/Request/@ID"
        |         ^^^^^^^^^^^^^^^^^^^^^
    hint: end it with the element, and read the attribute in a column: `@name`

    contract.toml:22:16: error: unknown column `nope`
     22 | primary_key = ["nope"]
        |                ^^^^^^
    hint: one of `app_id`, `first_name`, `zip`, `total`

    contract.toml:23:14: error: unknown column `appid`
     23 | app_column = "appid"
        |              ^^^^^^^
    hint: did you mean `app_id`?

    contract.toml:24:10: error: expected a condition, found text
     24 | where = "@a AND LOOKUP('decison', @b) = 1"
        |          ^^
    hint: compare it, for example `@a = 'Y'` or `@a IS NOT EMPTY`

    contract.toml:24:24: error: unknown lookup `decison`
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

    contract.toml:26:15: error: invalid value `ignore` for `on_existing`
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

    contract.toml:29:68: error: `+` takes numbers, found the text 'x'
     29 | first_name = { type = "nvarchar(50)", value = "UPER(@first_name) + 'x'", to_long = "truncate" }
        |                                                                    ^^^
    hint: `+` adds numbers; text is joined with `||`

    contract.toml:29:74: error: unknown key `to_long` in the column `first_name`
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
    hint: leave out the function: a path to an element reads its text

    contract.toml:30:76: error: SUBSTRING takes 3 arguments, not 2
     30 | zip = { type = "char(5)", default = "000000", value = "DIGITS(a/text()) || SUBSTRING(@x, 1)" }
        |                                                                            ^^^^^^^^^^^^^^^^
    hint: write `SUBSTRING(text, start, n)`: n characters from `start`, counted from 1

    contract.toml:31:36: error: a path ends with its attribute
     31 | total = { type = "int", value = "@a/2 + COUNT(*) + (1 + " }
        |                                    ^
    hint: to divide, put a blank on both sides of `/`; a path has none

    contract.toml:31:57: error: expected an expression, found the end
     31 | total = { type = "int", value = "@a/2 + COUNT(*) + (1 + " }
        |                                                         ^
    "#);
}

#[test]
fn a_contract_needs_its_parts() {
    assert_snapshot!(said(""), @r#"
    contract.toml:1:1: error: missing `[contract]`
     1 | 
       | ^
    hint: for example `[contract]` with `name = "…"`

    contract.toml:1:1: error: missing `[document]`
     1 | 
       | ^
    hint: for example `[document]` with `root = "…"`

    contract.toml:1:1: error: missing `[[tables]]`
     1 | 
       | ^
    hint: describe at least one table
    "#);
    assert_snapshot!(said("[contract]\nname = \"t\"\n[document]\n[[tables]]\n[[tables]]\nname = \"u\"\n[tables.columns]\n"), @r#"
    contract.toml:3:1: error: missing `root` in [document]
     3 | [document]
       | ^^^^^^^^^^
    hint: for example `root = "Provenir"`

    contract.toml:4:1: error: missing `name` in this `[[tables]]`
     4 | [[tables]]
       | ^^^^^^^^^^
    hint: for example `name = "app_base"`

    contract.toml:4:1: error: missing `each` in this `[[tables]]`
     4 | [[tables]]
       | ^^^^^^^^^^
    hint: for example `each = "/root/child"`

    contract.toml:4:1: error: missing `columns` in this `[[tables]]`
     4 | [[tables]]
       | ^^^^^^^^^^
    hint: for example `[tables.columns]` with `name = { type = "int", value = "@name" }`

    contract.toml:4:1: error: missing `app_column` in this `[[tables]]`
     4 | [[tables]]
       | ^^^^^^^^^^
    hint: for example `app_column = "app_id"`

    contract.toml:5:1: error: missing `each` in the table `u`
     5 | [[tables]]
       | ^^^^^^^^^^
    hint: for example `each = "/root/child"`

    contract.toml:5:1: error: missing `app_column` in the table `u`
     5 | [[tables]]
       | ^^^^^^^^^^
    hint: for example `app_column = "app_id"`

    contract.toml:7:1: error: missing columns
     7 | [tables.columns]
       | ^^^^^^^^^^^^^^^^
    hint: write `[tables.columns]`, then one column per line
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
    contract.toml:2:11: error: `lookups` must be a table, found an integer
     2 | lookups = 3
       |           ^
    hint: a lookup is a table: `[lookups.name]`

    contract.toml:4:8: error: `name` must be a string, found an array
     4 | name = ["t"]
       |        ^^^^^
    hint: for example `name = "app_base"`

    contract.toml:7:11: error: `require` must be an array, found a string
     7 | require = "/r/@x"
       |           ^^^^^^^
    hint: put it in brackets: `[…]`

    contract.toml:8:16: error: invalid prefix `1`
     8 | namespaces = { 1 = "urn:x", xml = "urn:y", p = 3 }
       |                ^
    hint: for example `namespaces = { p = "urn:example:products" }`

    contract.toml:8:29: error: invalid prefix `xml`
     8 | namespaces = { 1 = "urn:x", xml = "urn:y", p = 3 }
       |                             ^^^
    hint: for example `namespaces = { p = "urn:example:products" }`

    contract.toml:8:48: error: `namespaces` must be a string, found an integer
     8 | namespaces = { 1 = "urn:x", xml = "urn:y", p = 3 }
       |                                                ^
    hint: put it in quotes

    contract.toml:9:1: error: `tables` must be an array of tables, found a table
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
    contract.toml:15:5: error: `a` must be a table, found a string
     15 | a = "int"
        |     ^^^^^
    hint: for example `{ type = "int", value = "@name" }`

    contract.toml:16:14: error: `type` must be a string, found an integer
     16 | b = { type = 3, value = ["@b"] }
        |              ^
    hint: for example `type = "nvarchar(50)"`

    contract.toml:16:25: error: `value` must be an expression, found an array
     16 | b = { type = 3, value = ["@b"] }
        |                         ^^^^^^
    hint: put an expression in quotes: `"@name"`

    contract.toml:17:29: error: `value` must be an expression, found a date
     17 | c = { type = "int", value = 2024-01-01, required = "true", default = { x = 1 } }
        |                             ^^^^^^^^^^
    hint: put an expression in quotes: `"@name"`

    contract.toml:17:52: error: `required` must be true or false, found a string
     17 | c = { type = "int", value = 2024-01-01, required = "true", default = { x = 1 } }
        |                                                    ^^^^^^
    hint: write it without quotes

    contract.toml:17:70: error: `default` must be a literal, found a table
     17 | c = { type = "int", value = 2024-01-01, required = "true", default = { x = 1 } }
        |                                                                      ^^^^^^^^^
    hint: for example `default = "00000"`

    contract.toml:18:29: error: number out of range
     18 | d = { type = "int", value = 99999999999999999999 }
        |                             ^^^^^^^^^^^^^^^^^^^^
    hint: use a number from -9223372036854775808 to 9223372036854775807
    "#);
}

#[test]
fn broken_toml_is_reported_without_what_follows_from_it() {
    assert_snapshot!(said("[contract]\nname = \"t\n[document\nroot = \"r\"\n"), @r#"
    contract.toml:2:10: error: invalid TOML: invalid basic string, expected `"`
     2 | name = "t
       |          ^

    contract.toml:3:10: error: invalid TOML: unclosed table, expected `]`
     3 | [document
       |          ^
    "#);
    assert_snapshot!(said(&with_columns("a = { type = \"int\", value = \"FOO(@a)\" }\nb = { type = \"int\"\nc = = 3\n")), @r#"
    contract.toml:14:30: error: unknown function `FOO`
     14 | a = { type = "int", value = "FOO(@a)" }
        |                              ^^^
    hint: see the functions in docs/contract.md

    contract.toml:16:1: error: invalid TOML: missing comma between key-value pairs, expected `,`
     16 | c = = 3
        | ^

    contract.toml:16:5: error: invalid TOML: extra assignment between key-value pairs, expected value
     16 | c = = 3
        |     ^

    contract.toml:16:8: error: invalid TOML: unclosed inline table, expected `}`
     16 | c = = 3
        |        ^
    "#);
}

#[test]
fn brackets_and_quotes_that_toml_lacks_are_told() {
    assert_snapshot!(said("[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n[[tables]]\nname = \"a\"\n[tables]\nname = \"b\"\n"), @r#"
    contract.toml:7:2: error: duplicate key `tables`
     7 | [tables]
       |  ^^^^^^
    hint: begin each table with `[[tables]]`, in two pairs of brackets
    "#);
    assert_snapshot!(said(&with_columns("a = { type = \"int\", value = @a }\n")), @r#"
    contract.toml:14:29: error: invalid TOML: string values must be quoted, expected literal string
     14 | a = { type = "int", value = @a }
        |                             ^^
    hint: put an expression in quotes: `value = "@name"`
    "#);
}

/// Each of these is written into a script: a line with `GO` ends a batch even in a comment, sqlcmd
/// replaces `$(…)`, and what turns the direction of text hides what a script says.
#[test]
fn a_name_that_would_change_a_script_is_refused() {
    const NAMES: [&str; 6] = [
        r"x\nGO\nCREATE TABLE pwned (x int);\nGO\n-- y",
        r"x\rGO",
        r"x\u2028GO",
        r"x\u0085GO",
        "x$(Schema)",
        r"x\u202Ey",
    ];
    let contract = |[name, schema, table, column, key]: [&str; 5]| {
        format!(
            r#"[contract]
name = "{name}"
target_schema = "{schema}"
[document]
root = "r"
[[tables]]
name = "{table}"
each = "/r"
app_column = "id"
primary_key = ["{key}"]
[tables.columns]
id = {{ type = "int", value = "APP_ID()" }}
"{column}" = {{ type = "int", value = "@x" }}
"#
        )
    };
    let sound = ["n", "dbo", "t", "c", "id"];
    assert_eq!(said(&contract(sound)), "");
    for name in NAMES {
        for place in 0..sound.len() {
            let mut names = sound;
            names[place] = name;
            let said = said(&contract(names));
            let refused = ["control characters", "which sqlcmd replaces", "unknown column"];
            assert!(refused.iter().any(|why| said.contains(why)), "{names:?}: {said}");
        }
    }
    let long = "n".repeat(129);
    assert!(said(&contract([&long, "dbo", "t", "c", "id"])).contains("more than 128 characters"));
}

/// The stage has columns of these names beside those of the table.
#[test]
fn a_column_named_as_one_of_the_stage_is_refused() {
    for name in ["__row", "__app_id", "__ROW", "__App_Id"] {
        let said = said(&with_columns(&format!("{name} = {{ type = 'int', value = '@x' }}")));
        assert!(said.contains(&format!("reserved column name `{name}`")), "{said}");
    }
}
