//! The mapping in Markdown.

use std::fmt::Write as _;

use super::{facts, nullability, remarks, sampled, template};
use crate::described::{Column, ColumnValue, Described, Rule, Table};
use crate::screen::is_unprintable;

/// The mapping in Markdown with tables, as GitHub and others read it.
pub fn mapping_markdown(described: &Described) -> String {
    let mut text = format!(
        "# Mapping of {}\n\n* hash: {}\n* schema: {}\n",
        plain(&described.name),
        plain(&described.hash),
        plain(&described.schema)
    );
    if let Some(samples) = &described.samples {
        let _ = writeln!(text, "* {}", sampled(samples));
    }
    text += "\n## Documents\n\n| setting | value | meaning |\n|---|---|---|\n";
    for setting in &described.settings {
        let meaning = if setting.values.is_empty() { "" } else { setting.meaning };
        let values = match setting.values.is_empty() {
            true => "none".to_owned(),
            false => lines(&setting.values),
        };
        let _ = writeln!(text, "| {} | {values} | {} |", setting.name, plain(meaning));
    }
    for table in &described.tables {
        of_table(table, described, &mut text);
    }
    lookups(described, &mut text);
    text
}

fn of_table(table: &Table, described: &Described, text: &mut String) {
    let _ = writeln!(text, "\n## {}\n", plain(&table.name));
    for (name, value) in facts(table) {
        let _ = writeln!(text, "* {name}: {}", plain(&value));
    }
    for (at, rule) in (1..).zip(&table.rules) {
        if table.rules.len() > 1 {
            let _ = writeln!(text, "\n### {}, rule {at}\n", plain(&table.name));
        }
        let _ = writeln!(text, "* row path: {}", plain(&rule.row_path));
        for (name, words) in &rule.rows {
            let _ = writeln!(text, "* {name}: {}", plain(words));
        }
        columns(table, rule, described, text);
    }
}

fn columns(table: &Table, rule: &Rule, described: &Described, text: &mut String) {
    let examples = described.samples.is_some();
    let (heading, line) = if examples { (" example |", "---|") } else { ("", "") };
    let _ = writeln!(
        text,
        "\n| # | column | type | source | value | expression | otherwise |{heading}\n\
         |---|---|---|---|---|---|---|{line}"
    );
    for column in &rule.columns {
        for value in &column.values {
            row(table, column, value, examples, text);
        }
    }
}

fn row(table: &Table, column: &Column, value: &ColumnValue, examples: bool, text: &mut String) {
    let name = [column.name.clone()].into_iter().chain(template(value));
    let name = name.chain(remarks(table, column)).collect::<Vec<_>>();
    let sources: Vec<String> = value.sources.iter().map(|source| source.path.clone()).collect();
    let default = column.default.iter().map(|default| format!("null becomes {default}"));
    let consequences =
        value.consequences.iter().map(|found| format!("{}: {}", found.case, found.effect.name()));
    let otherwise: Vec<String> = default.chain(consequences).collect();
    let _ = write!(
        text,
        "| {} | {} | {}, {} | {} | {} | {} | {} |",
        column.position + 1,
        lines(&name),
        plain(&column.sql_type),
        nullability(column),
        lines(&sources),
        lines(&value.words),
        plain(value.expression.as_deref().unwrap_or_default()),
        lines(&otherwise),
    );
    if examples {
        let _ = write!(text, " {} |", example(value));
    }
    text.push('\n');
}

fn example(value: &ColumnValue) -> String {
    let Some(example) = &value.example else { return String::new() };
    let read = example.read.iter().map(|shown| format!("{} = {}", shown.path, shown.text));
    let became = format!("→ {} ({})", example.value, example.document);
    lines(&read.chain([became]).collect::<Vec<_>>())
}

fn lookups(described: &Described, text: &mut String) {
    for lookup in &described.lookups {
        let _ = write!(
            text,
            "\n## Lookup {}\n\n* compared: {}\n* for blank text: {}\n* for any other: {}\n\n\
             | code | value |\n|---|---|\n",
            plain(&lookup.name),
            lookup.matching,
            plain(&lookup.on_blank),
            plain(&lookup.on_unmapped)
        );
        for (code, value) in &lookup.values {
            let _ = writeln!(text, "| {} | {} |", plain(code), plain(value));
        }
    }
    for key in &described.keys {
        let _ = write!(
            text,
            "\n## Key {}\n\n* elements: {}\n* id: {} ({})\n",
            plain(&key.name),
            plain(&key.each),
            plain(&key.words),
            plain(&key.key)
        );
    }
}

/// Texts below each other in one cell.
fn lines(texts: &[String]) -> String {
    texts.iter().map(|text| plain(text)).collect::<Vec<_>>().join("<br>")
}

/// A text that Markdown shows as it is, also in a cell of a table.
fn plain(text: &str) -> String {
    match becomes_link(text) && !text.contains("\\|") {
        true => code(text),
        false => escaped(text),
    }
}

/// Whether there is something in it that GitHub and others take for an address, also where it is escaped.
fn becomes_link(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let is_mail = text.match_indices('@').any(|(at, _)| {
        let is_in_word = |c: char| c.is_alphanumeric() || "._+-".contains(c);
        text[..at].ends_with(is_in_word) && text[at + 1..].starts_with(is_in_word)
    });
    is_mail || ["://", "www.", "mailto:", "xmpp:"].iter().any(|begin| lower.contains(begin))
}

/// A text in more backticks than it has in a row.
fn code(text: &str) -> String {
    let shown: String =
        text.chars().map(|c| if is_unprintable(c) { '\u{fffd}' } else { c }).collect();
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let (quote, text) = ("`".repeat(longest + 1), shown.replace('|', "\\|"));
    // A blank at each end is not shown.
    let blank = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{quote}{blank}{text}{blank}{quote}")
}

fn escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let is_in_word = |other: Option<char>| other.is_some_and(char::is_alphanumeric);
        match c {
            c if is_unprintable(c) => plain.push('\u{fffd}'),
            '_' if is_in_word(Some(before)) && is_in_word(characters.peek().copied()) => {
                plain.push(c);
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&' | '~' | '#' | '!' | '$' => {
                plain.extend(['\\', c]);
            }
            c => plain.push(c),
        }
        before = c;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn markdown_is_shown_and_not_read() {
        for (text, expected) in [
            ("app_id", "app_id"),
            ("_x_ *y* `z`", "\\_x\\_ \\*y\\* \\`z\\`"),
            ("a|b", "a\\|b"),
            ("<b>&amp;", "\\<b\\>\\&amp;"),
            ("[x](y)", "\\[x\\](y)"),
            ("a\nb\u{202e}", "a\u{fffd}b\u{fffd}"),
            ("a\\|b", "a\\\\\\|b"),
            ("/r/a/@x = 1", "/r/a/@x = 1"),
            ("http://a.b/*", "`http://a.b/*`"),
            ("WWW.a.b", "`WWW.a.b`"),
            ("ann@a.b|<i>", "`ann@a.b\\|<i>`"),
            ("`ann@a.b``", "``` `ann@a.b`` ```"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
