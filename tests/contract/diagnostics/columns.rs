//! Columns and the lookups they ask.

use insta::assert_snapshot;

use crate::contract::{said, with_columns};

#[test]
fn columns_and_lookups_named_twice_are_reported_ignoring_case() {
    assert_snapshot!(said(&with_columns(r#"
Colour = { type = "int", value = "@x" }
colour = { type = "int", value = "@x" }
[lookups.COLOUR]
match = "ignore-case"
values = { a = 1, A = 2 }
"#)), @r#"
    contract.toml:15:1: error: duplicate column `Colour`
     15 | Colour = { type = "int", value = "@x" }
        | ^^^^^^
    contract.toml:13:1: note: first here
     13 | colour = { type = "tinyint", value = "LOOKUP('colour', @colour)" }
        | ^^^^^^
    hint: rename one: case does not tell columns apart

    contract.toml:16:1: error: duplicate key `colour`
     16 | colour = { type = "int", value = "@x" }
        | ^^^^^^
    hint: keep one of the two

    contract.toml:17:10: error: duplicate lookup `COLOUR`
     17 | [lookups.COLOUR]
        |          ^^^^^^
    contract.toml:5:10: note: first here
     5 | [lookups.colour]
       |          ^^^^^^
    hint: rename one: case does not tell lookups apart

    contract.toml:19:19: error: `A` and `a` are the same code ignoring case
     19 | values = { a = 1, A = 2 }
        |                   ^
    hint: keep one, or write `match = "exact"`
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
    contract.toml:15:36: error: a value of the lookup `size` does not fit: `300` is out of the range of tinyint
     15 | big = { type = "tinyint", value = "LOOKUP('size', @s)" }
        |                                    ^^^^^^^^^^^^^^^^^^
    hint: tinyint holds 0 to 255

    contract.toml:22:18: error: `unmapped_value` has no effect here
     22 | unmapped_value = 3
        |                  ^
    hint: add `on_unmapped = "value"`

    contract.toml:23:10: error: a lookup without values
     23 | values = {}
        |          ^^
    hint: for example `[lookups.name.values]` with `CODE = 1`

    contract.toml:24:1: warning: the lookup `mixed` has numbers and text
     24 | [lookups.mixed]
        | ^^^^^^^^^^^^^^^
    hint: use one type for all values: a number in quotes is text
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
fn the_application_s_column_holds_its_id() {
    let text = |column: &str| with_columns("").replace(r#"value = "APP_ID()" }"#, column);
    assert_snapshot!(said(&text("identity = true }")), @r#"
    contract.toml:12:33: error: the application's column cannot be an identity column
     12 | id = { type = "int", identity = true }
        |                                 ^^^^
    hint: write `value = "APP_ID()"`
    "#);
    assert_snapshot!(said(&text("default = 1 }")), @r#"
    contract.toml:12:32: error: the application's column must hold its id
     12 | id = { type = "int", default = 1 }
        |                                ^
    hint: write `value = "APP_ID()"` for `id`
    "#);
    assert_snapshot!(said(&text("value = \"/r/@id\" }")), @r#"
    contract.toml:12:31: error: the application's column must hold its id
     12 | id = { type = "int", value = "/r/@id" }
        |                               ^^^^^^
    hint: write `value = "APP_ID()"` for `id`
    "#);
}

#[test]
fn identity_columns_have_no_value() {
    assert_snapshot!(said(&with_columns(r#"
a = { type = "nvarchar(5)", identity = true }
b = { type = "int", identity = true, value = "@b", default = 1 }
c = { type = "int", identity = true }
"#)), @r#"
    contract.toml:15:40: error: an identity column must hold whole numbers
     15 | a = { type = "nvarchar(5)", identity = true }
        |                                        ^^^^
    hint: use `int`, `bigint`, or `decimal` without digits after the point

    contract.toml:16:47: error: the identity column `b` must not have a value
     16 | b = { type = "int", identity = true, value = "@b", default = 1 }
        |                                               ^^
    contract.toml:16:32: note: the identity column
     16 | b = { type = "int", identity = true, value = "@b", default = 1 }
        |                                ^^^^
    hint: leave out the value, or `identity = true`

    contract.toml:16:62: error: the identity column `b` must not have a value
     16 | b = { type = "int", identity = true, value = "@b", default = 1 }
        |                                                              ^
    contract.toml:16:32: note: the identity column
     16 | b = { type = "int", identity = true, value = "@b", default = 1 }
        |                                ^^^^
    hint: leave out the value, or `identity = true`
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
    contract.toml:10:10: error: `ORDINAL` is not allowed here
     10 | where = "ORDINAL() = 1"
        |          ^^^^^^^^^
    hint: use it in a column's value: rows are numbered after some are left out

    contract.toml:11:14: error: `position` uses ORDINAL(), which is not allowed here
     11 | keep_when = "[position] = 1 AND COUNT(x) = 1 AND id = 1 AND NAME() = 'x' AND number = 1"
        |              ^^^^^^^^^^
    hint: use another column: rows are numbered after `keep_when`

    contract.toml:11:33: error: `COUNT` is not allowed here
     11 | keep_when = "[position] = 1 AND COUNT(x) = 1 AND id = 1 AND NAME() = 'x' AND number = 1"
        |                                 ^^^^^^^^
    hint: this condition sees the row's columns by their names; `where` sees the document

    contract.toml:11:39: error: unknown column `x`
     11 | keep_when = "[position] = 1 AND COUNT(x) = 1 AND id = 1 AND NAME() = 'x' AND number = 1"
        |                                       ^
    hint: one of `id`, `position`

    contract.toml:11:61: error: `NAME` is not allowed here
     11 | keep_when = "[position] = 1 AND COUNT(x) = 1 AND id = 1 AND NAME() = 'x' AND number = 1"
        |                                                             ^^^^^^
    hint: this condition sees the row's columns by their names; `where` sees the document

    contract.toml:11:78: error: unknown column `number`
     11 | keep_when = "[position] = 1 AND COUNT(x) = 1 AND id = 1 AND NAME() = 'x' AND number = 1"
        |                                                                              ^^^^^^
    hint: call a function with parentheses: `NUMBER(…)`

    contract.toml:12:19: error: `by` is empty
     12 | distinct = { by = [], keep = "lst", prefer = "@a = 1" }
        |                   ^^
    hint: `distinct = { by = ["@id"], keep = "last", prefer = "…" }`

    contract.toml:12:30: error: invalid value `lst` for `keep`
     12 | distinct = { by = [], keep = "lst", prefer = "@a = 1" }
        |                              ^^^^^
    hint: did you mean `last`?

    contract.toml:12:47: error: expected a value, found a condition
     12 | distinct = { by = [], keep = "lst", prefer = "@a = 1" }
        |                                               ^^^^^^
    hint: turn it into a value: `CASE WHEN … THEN 1 ELSE 0 END`
    "#);
}

#[test]
fn a_type_of_another_system_is_answered_with_sql_servers() {
    for (written, ours) in [
        ("string", "nvarchar(n)"),
        ("string(50)", "nvarchar(n)"),
        ("text", "varchar(max)"),
        ("uuid", "uniqueidentifier"),
        ("number", "decimal(p,s)"),
        ("Boolean", "bit"),
        ("double precision", "float"),
        ("timestamp", "datetime2(n)"),
        ("int64", "bigint"),
        ("itn", "int"),
    ] {
        let name = written.split('(').next().unwrap();
        let found = said(&with_columns(&format!("x = {{ type = \"{written}\", value = \"@x\" }}")));
        assert!(found.contains(&format!("error: unknown type `{name}`\n")), "{found}");
        assert!(found.contains(&format!("\nhint: did you mean `{ours}`?\n")), "{found}");
    }
}
