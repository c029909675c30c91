//! The columns of a table in the page.

use std::fmt::Write as _;

use super::{facts, nullability, remarks, template};
use crate::described::{Column, ColumnValue, Consequence, Described, Rule, Table};
use crate::report::page::{definitions, Path, Text};

/// A table with its columns.
pub(super) fn table(number: usize, table: &Table, described: &Described, page: &mut String) {
    let id = number + 1;
    let _ =
        writeln!(page, "<section class=\"table\" id=\"t{id}\">\n<h3>{}</h3>", Text(&table.name));
    let shown = facts(table).into_iter().map(|(name, value)| (name, Text(&value).to_string()));
    definitions("facts", shown, page);
    for (at, rule) in (1..).zip(&table.rules) {
        if table.rules.len() > 1 {
            let _ = writeln!(page, "<h4>Rule {at} of {}</h4>", table.rules.len());
        }
        let path = format!("<code>{}</code>", Path(&rule.row_path));
        let rows = rule.rows.iter().map(|(name, text)| (*name, Text(text).to_string()));
        definitions("facts", [("row path", path)].into_iter().chain(rows), page);
        columns(table, rule, described, page);
    }
    page.push_str("</section>\n");
}

fn columns(table: &Table, rule: &Rule, described: &Described, page: &mut String) {
    let examples = described.samples.is_some();
    let heading = if examples { "<th scope=\"col\">Example</th>" } else { "" };
    let _ = write!(
        page,
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Columns of {}\">\n\
         <table class=\"columns{}\">\n<thead><tr><th scope=\"col\">#</th>\
         <th scope=\"col\">Column</th><th scope=\"col\">Source</th><th scope=\"col\">Value</th>\
         <th scope=\"col\">Otherwise</th>{heading}</tr></thead>\n<tbody>\n",
        Text(&table.name),
        if examples { " sampled" } else { "" },
    );
    for column in &rule.columns {
        for (at, value) in column.values.iter().enumerate() {
            row(table, column, value, at == 0, described, page);
        }
    }
    page.push_str("</tbody>\n</table>\n</div>\n");
}

fn row(
    table: &Table,
    column: &Column,
    value: &ColumnValue,
    is_first: bool,
    described: &Described,
    page: &mut String,
) {
    let class = if is_first { "" } else { " class=\"more\"" };
    let _ = write!(page, "<tr{class}><td class=\"number\">{}</td>", column.position + 1);
    head(table, column, value, page);
    sources(value, page);
    meaning(value, described, page);
    otherwise(column, value, page);
    if described.samples.is_some() {
        example(value, page);
    }
    page.push_str("</tr>\n");
}

/// Name, type and what else the table says of the column.
fn head(table: &Table, column: &Column, value: &ColumnValue, page: &mut String) {
    let _ = write!(
        page,
        "<th scope=\"row\"><code class=\"name\">{}</code><span class=\"type\">{} \
         <span class=\"{2}\">{2}</span></span>",
        Text(&column.name),
        Text(&column.sql_type),
        nullability(column),
    );
    for remark in remarks(table, column).into_iter().chain(template(value)) {
        let _ = write!(page, "<span class=\"remark\">{}</span>", Text(&remark));
    }
    page.push_str("</th>");
}

fn sources(value: &ColumnValue, page: &mut String) {
    page.push_str("<td class=\"source\">");
    for source in &value.sources {
        let _ = write!(page, "<code>{}</code>", Path(&source.path));
    }
    if value.sources.is_empty() {
        page.push_str("<span class=\"none\">nothing of the document</span>");
    }
    page.push_str("</td>");
}

/// The expression in words, and as it is written.
fn meaning(value: &ColumnValue, described: &Described, page: &mut String) {
    page.push_str("<td>");
    match value.words.as_slice() {
        [one] => {
            let _ = write!(page, "<p>{}</p>", Text(one));
        }
        several => {
            page.push_str("<ul>");
            for words in several {
                let _ = write!(page, "<li>{}</li>", Text(words));
            }
            page.push_str("</ul>");
        }
    }
    if let Some(expression) = &value.expression {
        let _ = write!(page, "<code class=\"expression\">{}</code>", Text(expression));
    }
    for name in &value.lookups {
        let is_it = |known: &str| known.eq_ignore_ascii_case(name);
        let lookup = described.lookups.iter().position(|lookup| is_it(&lookup.name));
        let key = described.keys.iter().position(|key| is_it(&key.name));
        let (kind, id) = match (lookup, key) {
            (Some(lookup), _) => ("lookup", format!("l{}", lookup + 1)),
            (None, Some(key)) => ("key", format!("k{}", key + 1)),
            (None, None) => continue,
        };
        let _ = write!(page, "<a class=\"lookup\" href=\"#{id}\">{kind} {}</a>", Text(name));
    }
    page.push_str("</td>");
}

/// Default, and what happens where the value does not fit.
fn otherwise(column: &Column, value: &ColumnValue, page: &mut String) {
    page.push_str("<td class=\"otherwise\">");
    if let Some(default) = &column.default {
        let _ = write!(page, "<p>null becomes <code>{}</code></p>", Text(default));
    }
    if !value.consequences.is_empty() {
        page.push_str("<ul>");
        for Consequence { case, effect } in &value.consequences {
            let name = effect.name();
            let _ = write!(page, "<li>{}: <b>{}</b></li>", Text(case), Text(name));
        }
        page.push_str("</ul>");
    }
    if column.default.is_none() && value.consequences.is_empty() {
        page.push_str("<span class=\"none\">never</span>");
    }
    page.push_str("</td>");
}

fn example(value: &ColumnValue, page: &mut String) {
    page.push_str("<td class=\"example\">");
    match &value.example {
        None => page.push_str("<span class=\"none\">none in the samples</span>"),
        Some(example) => {
            for shown in &example.read {
                let path = match value.sources.len() {
                    1 => String::new(),
                    _ => format!("<span class=\"path\">{}</span>", Path(&shown.path)),
                };
                let _ =
                    write!(page, "<span class=\"read\">{path}<q>{}</q></span>", Text(&shown.text));
            }
            let _ = write!(
                page,
                "<span class=\"became\">→ <b>{}</b></span><span class=\"document\">{}</span>",
                Text(&example.value),
                Path(&example.document),
            );
        }
    }
    page.push_str("</td>");
}
