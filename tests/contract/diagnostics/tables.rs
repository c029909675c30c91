//! Tables: keys, references between them, templates, and several that fill one.

use insta::assert_snapshot;

use crate::contract::said;

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
