//! The functions of the language, and their reference in the documentation.

use regex::Regex;
use xmlshred::contract::expr::ast::Function;

use super::{said, with_columns};

#[test]
fn the_reference_in_the_documentation_is_the_table_of_functions() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/contract.md");
    let page = std::fs::read_to_string(page).unwrap();
    let link = Regex::new(r"\[([^\]]+)\]\([^)]+\)").unwrap();
    let mut documented = Vec::new();
    for table in page.split("| function | meaning |\n|---|---|\n").skip(1) {
        let rows = table.lines().take_while(|line| line.starts_with('|'));
        documented.extend(rows.map(|row| link.replace_all(row, "$1").into_owned()));
    }
    let row = |function: &Function| format!("| `{}` | {} |", function.form(), function.meaning());
    let mut known: Vec<String> = Function::ALL.iter().map(row).collect();
    documented.sort();
    known.sort();
    assert_eq!(documented, known);
}

#[test]
fn the_form_of_a_function_says_how_many_arguments_it_takes() {
    for (function, arity) in [
        (Function::AppId, (0, 0)),
        (Function::Len, (1, 1)),
        (Function::Join, (2, 3)),
        (Function::Sum, (1, 2)),
        (Function::DateAdd, (3, 3)),
        (Function::ParseDate, (2, usize::MAX)),
    ] {
        assert_eq!(function.arity(), arity, "{}", function.form());
        assert_eq!(Function::from_name(&function.name().to_lowercase()), Some(function));
    }
}

#[test]
fn a_wrong_number_of_arguments_is_answered_with_the_usage() {
    let found = said(&with_columns("x = { type = \"int\", value = \"ROUND(@x)\" }"));
    let hint = format!("hint: write `ROUND(number, digits)`: {}\n", Function::Round.meaning());
    assert!(found.contains(&hint), "{found}");
}
