//! Expressions in words.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use xmlshred::described::words_of_functions;

use super::{contracts, described, with_value};

/// The words of the column `c` of a contract with this value.
fn words(value: &str) -> String {
    let described = described(&with_value("nvarchar(max)", value));
    described.tables[0].rules[0].columns[1].values[0].words.join(" / ")
}

#[test]
fn every_function_has_words_with_all_its_arguments() {
    let mut shown = String::new();
    for (name, words) in words_of_functions() {
        assert!(!words.is_empty(), "{name}");
        shown += &format!("{name}: {words}\n");
    }
    assert_snapshot!(shown);
}

#[test]
fn the_whole_language_has_words() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("tests/contract/complete.toml")).expect("text");
    let described = described(&text);
    let mut shown = String::new();
    for rule in described.tables.iter().flat_map(|table| &table.rules) {
        shown += &format!("{}\n", rule.row_path);
        for (name, words) in &rule.rows {
            shown += &format!("  {name} {words}\n");
        }
        for column in &rule.columns {
            for value in &column.values {
                let expression = value.expression.as_deref().unwrap_or("-");
                shown += &format!("{}: {}\n", column.name, expression.replace('\n', " "));
                value.words.iter().for_each(|words| shown += &format!("    {words}\n"));
            }
        }
    }
    assert_snapshot!(shown);
}

/// Parentheses where words would run into each other, and none where they do not.
#[test]
fn parts_are_told_apart() {
    for (value, expected) in [
        ("@a + @b + 1", "attribute a plus attribute b plus 1"),
        ("(@a + @b) * 2", "(attribute a plus attribute b) times 2"),
        ("LEFT(@a || 'x', 3)", "the first 3 characters of (attribute a followed by 'x')"),
        ("LEFT(@a, 3) || 'x'", "(the first 3 characters of attribute a) followed by 'x'"),
        ("UPPER(@a) || 'x'", "(attribute a in upper case) followed by 'x'"),
        (
            "COALESCE(@a, UPPER(@b))",
            "attribute a, or (attribute b in upper case) where that is null",
        ),
        (
            "CASE WHEN @a = '1' AND @b IS NULL THEN 'x' END",
            "if attribute a equals '1' and attribute b is null: 'x' / otherwise: null",
        ),
        ("p[@k = '1']/q[2]/@z", "attribute z of q (number 2) in p (where attribute k equals '1')"),
        ("FIRST(p/q/@z)", "attribute z of the first p/q"),
        ("SUM(p, @x * @y)", "the sum of (attribute x times attribute y) for every p"),
        ("../b", "the text of b in the parent element"),
        ("FOLLOWING(v/@x)", "attribute x of v (the next v behind this element)"),
    ] {
        assert_eq!(words(value), expected, "{value}");
    }
}

#[test]
fn no_column_is_without_words() {
    for (path, text) in contracts() {
        for table in described(&text).tables {
            for column in table.rules.iter().flat_map(|rule| &rule.columns) {
                for value in &column.values {
                    let has_words = value.words.iter().all(|words| !words.trim().is_empty());
                    assert!(has_words && !value.words.is_empty(), "{path:?} {}", column.name);
                }
            }
        }
    }
}
