//! Paths: what they never match, and how they are written.

use insta::assert_snapshot;

use crate::contract::{said, with_columns};

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

    contract.toml:17:30: error: undeclared prefix `x`
     17 | c = { type = "int", value = "x:child/@y:name" }
        |                              ^^^^^^^
    hint: declare it: `[document]` `namespaces = { x = "…" }`

    contract.toml:17:30: error: undeclared prefix `y`
     17 | c = { type = "int", value = "x:child/@y:name" }
        |                              ^^^^^^^^^^^^^^^
    hint: declare it: `[document]` `namespaces = { y = "…" }`

    contract.toml:18:36: error: this path leaves the predicate's element
     18 | d = { type = "int", value = "child[../@x = 1]/@y" }
        |                                    ^^^^^
    hint: a predicate sees its own element: its attributes (`@a`), its text (`.`), and what is inside (`b/@a`)

    contract.toml:19:36: error: invalid position 0
     19 | e = { type = "int", value = "child[0]/@y" }
        |                                    ^
    hint: count positions from 1; the last one is `[last()]`

    contract.toml:21:36: error: `NAME` is not allowed here
     21 | g = { type = "int", value = "child[NAME() = 1 OR ORDINAL() = 1]/@y" }
        |                                    ^^^^^^
    hint: a predicate sees the element's attributes, its text, and elements inside it

    contract.toml:21:50: error: `ORDINAL` is not allowed here
     21 | g = { type = "int", value = "child[NAME() = 1 OR ORDINAL() = 1]/@y" }
        |                                                  ^^^^^^^^^
    hint: use it in a column's value: rows are numbered after some are left out

    contract.toml:22:36: error: expected a condition, found a number
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
c = { type = "int", value = "child/@*" }
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

    contract.toml:17:37: error: `@*` is not supported
     17 | c = { type = "int", value = "child/@*" }
        |                                     ^
    hint: name the attribute: `@name`

    contract.toml:18:31: error: `//` inside a path
     18 | d = { type = "int", value = "a//b" }
        |                               ^^
    hint: write `//` only at the beginning of a path: `//name/@attribute`

    contract.toml:19:32: error: `..` inside a path
     19 | e = { type = "int", value = "a/../@x" }
        |                                ^^
    hint: write `..` only at the beginning of a path: `../@name`

    contract.toml:20:32: error: a predicate is not allowed after an attribute
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

    contract.toml:25:30: error: expected an expression, found `end`
     25 | k = { type = "int", value = "end/@x + left" }
        |                              ^^^
    hint: an element of that name is written `./end`

    contract.toml:26:36: error: `text()` is not allowed in a path
     26 | l = { type = "int", value = "child/text()" }
        |                                    ^^^^^^
    hint: leave out the function: a path to an element reads its text

    contract.toml:27:32: error: expected an attribute's name after `@`, found a blank
     27 | m = { type = "int", value = "@ x + .[1]" }
        |                                ^
    hint: for example `/root/child/@name`, `//name/@name`, `../@name`
    "#);
}
