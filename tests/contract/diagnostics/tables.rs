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
    contract.toml:9:22: error: unknown column `kidn`
     9 | primary_key = ["id", "kidn", "ID", "note"]
       |                      ^^^^^^
    hint: did you mean `kind`?

    contract.toml:9:30: error: duplicate column `ID`
     9 | primary_key = ["id", "kidn", "ID", "note"]
       |                              ^^^^
    hint: name each column once

    contract.toml:9:36: error: `note` cannot be part of a key: its length is unlimited
     9 | primary_key = ["id", "kidn", "ID", "note"]
       |                                    ^^^^^^
    hint: give the column a length, such as nvarchar(50)

    contract.toml:12:31: error: the application's column must hold its id
     12 | id = { type = "int", value = "@id" }
        |                               ^^^
    hint: write `value = "APP_ID()"` for `id`

    contract.toml:19:15: error: `primary_key` is empty
     19 | primary_key = []
        |               ^^
    hint: name a column, or leave it out

    contract.toml:21:34: error: unknown column `knd`
     21 | foreign_key = { columns = ["id", "knd"], references = "parnt" }
        |                                  ^^^^^
    hint: did you mean `kind`?

    contract.toml:21:55: error: unknown table `parnt`
     21 | foreign_key = { columns = ["id", "knd"], references = "parnt" }
        |                                                       ^^^^^^^
    hint: did you mean `parent`?

    contract.toml:24:17: error: date cannot hold an application's id
     24 | born = { type = "date", value = "APP_ID()" }
        |                 ^^^^^^
    hint: use `int` or `bigint`, as in the source table

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
    hint: name as many columns as the primary key of `a` has: id, n

    contract.toml:27:15: error: `id` is bigint, but `a.id` is int
     27 | foreign_key = { columns = ["id", "n"], references = "A" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: use the types of the primary key

    contract.toml:27:15: error: `n` is int, but `a.n` is bigint
     27 | foreign_key = { columns = ["id", "n"], references = "A" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: use the types of the primary key

    contract.toml:27:15: error: no row can refer to the identity column `a.n`
     27 | foreign_key = { columns = ["id", "n"], references = "A" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: refer to a table whose primary key comes from the document

    contract.toml:27:34: error: the identity column `n` cannot refer to a parent
     27 | foreign_key = { columns = ["id", "n"], references = "A" }
        |                                  ^^^
    hint: refer with a column that has a `value`

    contract.toml:30:47: error: the identity column `n` must not have a value
     30 | n = { type = "int", identity = true, value = "@n" }
        |                                               ^^
    contract.toml:30:32: note: the identity column
     30 | n = { type = "int", identity = true, value = "@n" }
        |                                ^^^^
    hint: leave out the value, or `identity = true`

    contract.toml:36:48: error: the table `b` has no primary key to refer to
     36 | foreign_key = { columns = ["id"], references = "b" }
        |                                                ^^^
    hint: add a `primary_key` to `b`
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
    contract.toml:11:15: error: circular references between tables: `a` -> `b` -> `c` -> `a`
     11 | foreign_key = { columns = ["id"], references = "b" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: remove one of the references: parents are loaded before children

    contract.toml:47:15: error: circular references between tables: `e` -> `e`
     47 | foreign_key = { columns = ["id"], references = "e" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: remove one of the references: parents are loaded before children
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
    contract.toml:27:1: error: missing required column `must`
     27 | [[tables]]
        | ^^^^^^^^^^
    hint: add it: another `[[tables]]` of this name requires it, or has it in its key

    contract.toml:28:8: error: `T` and `t` differ in case only
     28 | name = "T"
        |        ^^^
    hint: write `t`: they are one table

    contract.toml:30:15: error: `primary_key` differs from the table's first `[[tables]]`
     30 | primary_key = ["n", "id"]
        |               ^^^^^^^^^^^
    contract.toml:17:15: note: first here
     17 | primary_key = ["id", "n"]
        |               ^^^^^^^^^^^
    hint: use one value in all `[[tables]]` of one name, or leave it out

    contract.toml:32:15: error: `foreign_key` differs from the table's first `[[tables]]`
     32 | foreign_key = { columns = ["n"], references = "base" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    contract.toml:19:15: note: first here
     19 | foreign_key = { columns = ["id"], references = "base" }
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: use one value in all `[[tables]]` of one name, or leave it out

    contract.toml:33:15: error: `on_existing` differs from the table's first `[[tables]]`
     33 | on_existing = "replace"
        |               ^^^^^^^^^
    contract.toml:20:15: note: first here
     20 | on_existing = "skip"
        |               ^^^^^^
    hint: use one value in all `[[tables]]` of one name, or leave it out

    contract.toml:36:14: error: `n` is bigint here and int earlier
     36 | n = { type = "bigint", value = "@n" }
        |              ^^^^^^^^
    contract.toml:23:14: note: first here
     23 | n = { type = "int", value = "@n" }
        |              ^^^^^
    hint: use one type in all `[[tables]]` of one name

    contract.toml:37:1: error: `key` is an identity column earlier
     37 | key = { type = "int", value = "@key" }
        | ^^^
    hint: write `identity = true` here as well

    contract.toml:39:1: error: missing required column `n`
     39 | [[tables]]
        | ^^^^^^^^^^
    hint: add it: another `[[tables]]` of this name requires it, or has it in its key

    contract.toml:45:52: error: `required` of `must` differs from an earlier one
     45 | must = { type = "int", value = "@must", required = false }
        |                                                    ^^^^^
    contract.toml:24:52: note: first here
     24 | must = { type = "int", value = "@must", required = true }
        |                                                    ^^^^
    hint: use one value in all `[[tables]]` of one name
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
    contract.toml:15:9: error: expected a condition, found text
     15 | when = "@a"
        |         ^^
    hint: compare it, for example `@a = 'Y'` or `@a IS NOT EMPTY`

    contract.toml:18:1: error: duplicate column `size`
     18 | size = 2
        | ^^^^
    hint: keep one of the two

    contract.toml:19:1: error: missing required column `what`
     19 | [[tables.rows]]
        | ^^^^^^^^^^^^^^^
    hint: add `what` to the row, or a `value` or `default` to the column

    contract.toml:20:1: error: unknown column `siz`
     20 | siz = "@what +"
        | ^^^
    hint: did you mean `size`?

    contract.toml:21:1: error: missing required column `what`
     21 | [[tables.rows]]
        | ^^^^^^^^^^^^^^^
    hint: add `what` to the row, or a `value` or `default` to the column

    contract.toml:22:7: error: the application's column must hold its id
     22 | id = "@id"
        |       ^^^
    hint: write `value = "APP_ID()"` for `id`
    "#);
}
