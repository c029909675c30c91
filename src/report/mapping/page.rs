//! One page of HTML that needs nothing else.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{columns, diagram, sampled};
use crate::described::{Described, Entries, ReferencedKey, Setting, Table};
use crate::figures::counted;
use crate::report::page::{definitions, Frame, Path, Text};

/// The page: no script, font or picture from elsewhere, and none that is not this one's.
pub fn mapping_page(described: &Described) -> String {
    let mut body = String::new();
    header(described, &mut body);
    body.push_str("<main>\n");
    settings(&described.settings, &mut body);
    body.push_str("<section id=\"keys\">\n<h2>Tables and keys</h2>\n");
    body.push_str(
        "<p class=\"note\">A table hangs below the one that its foreign key refers to.</p>\n\
         <div class=\"scroll figure\" role=\"region\" tabindex=\"0\" aria-label=\"Diagram of tables and keys\">\n",
    );
    diagram::diagram(described, &mut body);
    body.push_str("</div>\n</section>\n");
    body.push_str(
        "<section id=\"tables\">\n<h2>Columns</h2>\n\
         <p class=\"note\">The tables are in the order in which their rows are loaded.</p>\n\
         <form class=\"search\" id=\"search\" hidden role=\"search\">\
         <label for=\"wanted\">Show columns with</label>\
         <input id=\"wanted\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" \
         placeholder=\"a name, a path, a type\"><output id=\"shown\" for=\"wanted\"></output></form>\n",
    );
    for (number, table) in described.tables.iter().enumerate() {
        columns::table(number, table, described, &mut body);
    }
    body.push_str("</section>\n");
    lookups(&described.lookups, &mut body);
    keys(&described.keys, &mut body);
    body.push_str("</main>\n");
    let _ = writeln!(
        body,
        "<footer>xmlshred {}. The hash is that of the contract's text; the log has it for each \
         application.</footer>",
        env!("CARGO_PKG_VERSION")
    );
    let frame = Frame {
        title: &format!("Mapping of {}", described.name),
        style: include_str!("page.css"),
        script: Some(include_str!("page.js")),
        skip: ("tables", "Skip to the tables"),
    };
    frame.around(&body)
}

/// The columns of a table, of which several rules may fill the same.
fn width(table: &Table) -> usize {
    let columns = table.rules.iter().flat_map(|rule| &rule.columns);
    columns.map(|column| column.position).collect::<BTreeSet<_>>().len()
}

fn header(described: &Described, page: &mut String) {
    let columns: usize = described.tables.iter().map(width).sum();
    let _ = write!(
        page,
        "<header>\n<p class=\"kind\">Source-to-target mapping</p>\n<h1>{}</h1>\n",
        Text(&described.name)
    );
    let figures =
        format!("{}, {}", counted(described.tables.len(), "table"), counted(columns, "column"));
    let mut facts = vec![
        ("hash", format!("<code class=\"hash\">{}</code>", Text(&described.hash))),
        ("schema", format!("<code>{}</code>", Text(&described.schema))),
        ("target", figures),
    ];
    if let Some(samples) = &described.samples {
        let text = format!(
            "{} They are values of documents: keep this page as you keep those.",
            sampled(samples)
        );
        facts.push(("samples", text));
    }
    definitions("facts", facts, page);
    page.push_str("</header>\n");
}

fn settings(settings: &[Setting], page: &mut String) {
    page.push_str("<section id=\"document\">\n<h2>Documents</h2>\n");
    let shown = settings.iter().map(|setting| {
        let values: Vec<String> =
            setting.values.iter().map(|value| format!("<code>{}</code>", Path(value))).collect();
        let value = match values.is_empty() {
            true => "<span class=\"none\">none</span>".to_owned(),
            false => {
                format!(
                    "{} <span class=\"note\">{}</span>",
                    values.join(" "),
                    Text(setting.meaning)
                )
            }
        };
        (setting.name, value)
    });
    definitions("settings", shown, page);
    page.push_str("</section>\n");
}

fn lookups(lookups: &[Entries], page: &mut String) {
    if lookups.is_empty() {
        return;
    }
    page.push_str("<section id=\"lookups\">\n<h2>Lookups</h2>\n");
    for (number, lookup) in (1..).zip(lookups) {
        let _ = writeln!(
            page,
            "<section class=\"entries\" id=\"l{number}\">\n<h3>{}</h3>",
            Text(&lookup.name)
        );
        let facts = [
            ("compared", lookup.matching.to_owned()),
            ("for blank text", Text(&lookup.on_blank).to_string()),
            ("for any other", Text(&lookup.on_unmapped).to_string()),
        ];
        definitions("facts", facts, page);
        let _ = write!(
            page,
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Codes of {}\">\n\
             <table class=\"codes\">\n<thead><tr><th scope=\"col\">Code</th><th scope=\"col\">Value</th>\
             </tr></thead>\n<tbody>\n",
            Text(&lookup.name)
        );
        for (code, value) in &lookup.values {
            let _ = writeln!(
                page,
                "<tr><th scope=\"row\"><code>{}</code></th><td><code>{}</code></td></tr>",
                Text(code),
                Text(value)
            );
        }
        page.push_str("</tbody>\n</table>\n</div>\n</section>\n");
    }
    page.push_str("</section>\n");
}

fn keys(keys: &[ReferencedKey], page: &mut String) {
    if keys.is_empty() {
        return;
    }
    page.push_str("<section id=\"references\">\n<h2>References by an id</h2>\n");
    for (number, key) in (1..).zip(keys) {
        let _ = writeln!(
            page,
            "<section class=\"entries\" id=\"k{number}\">\n<h3>{}</h3>",
            Text(&key.name)
        );
        let facts = [
            ("elements", format!("<code>{}</code>", Path(&key.each))),
            ("id", format!("{} <code>{}</code>", Text(&key.words), Text(&key.key))),
            ("where none has the id", "null".to_owned()),
        ];
        definitions("facts", facts, page);
        page.push_str("</section>\n");
    }
    page.push_str("</section>\n");
}
