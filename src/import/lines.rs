//! Expressions and lists on lines that are not too long.

use toml_writer::{ToTomlValue, TomlStringBuilder};

use crate::contract::expr::parser::{parse, Names};

/// Lines are broken where they grow longer than this.
pub(super) const WIDTH: usize = 100;

/// A basic TOML string.
pub(super) fn toml_string(text: &str) -> String {
    TomlStringBuilder::new(text).as_basic().to_toml_value()
}

/// An expression without needless parentheses: on one line of this width, or on several.
pub(super) fn expression(sql: &str, names: Names<'_>, width: usize) -> Vec<String> {
    let parsed = parse(sql, names);
    let one_line = match parsed.mistakes.is_empty() {
        true => parsed.tree.to_string(),
        false => sql.to_owned(),
    };
    match one_line.chars().count() <= width {
        true => vec![one_line],
        false => broken(&one_line),
    }
}

/// A line for each WHEN, ELSE and END, indented by the CASEs around it; conditions in lines that
/// begin with AND or OR, longer ones inside parentheses.
fn broken(sql: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let (mut cases, mut parentheses, mut in_quotes) = (0_usize, 0_usize, false);
    for word in sql.split(' ') {
        let keyword = if in_quotes { "" } else { word.trim_matches(['(', ')', ',']) };
        in_quotes ^= word.matches('\'').count() % 2 == 1;
        let line = lines.last_mut().expect("there is a line");
        let begins = match keyword {
            "WHEN" | "ELSE" | "END" => cases > 0,
            "AND" | "OR" => line.chars().count() > if parentheses == 0 { 45 } else { 70 },
            _ => false,
        };
        match keyword {
            "CASE" => cases += 1,
            "END" => cases = cases.saturating_sub(1),
            _ => {}
        }
        parentheses += word.matches('(').count();
        parentheses = parentheses.saturating_sub(word.matches(')').count());
        if begins {
            lines.push(format!("{:indent$}{word}", "", indent = 2 * cases));
        } else {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines
}

/// Words in lines of at most so many characters.
pub(super) fn filled(words: impl Iterator<Item = impl AsRef<str>>, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        let word = word.as_ref();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
