//! One page of HTML that needs nothing else.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::html::{definitions, Path, Text};
use super::{columns, diagram, sampled};
use crate::described::{Described, Entries, ReferencedKey, Setting, Table};
use crate::figures::counted;

/// The page: no script, font or picture from elsewhere, and none that is not this one's.
pub fn mapping_page(described: &Described) -> String {
    // A browser hashes the text with the line ends of HTML.
    let style = include_str!("page.css").replace("\r\n", "\n");
    let script = include_str!("page.js").replace("\r\n", "\n");
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(&style),
        hash(&script)
    );
    let name = Text(&described.name);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Mapping of {name}</title>\n<style>{style}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#tables\">Skip to the tables</a>\n"
    );
    header(described, &mut page);
    page.push_str("<main>\n");
    settings(&described.settings, &mut page);
    page.push_str("<section id=\"keys\">\n<h2>Tables and keys</h2>\n");
    page.push_str(
        "<p class=\"note\">A table hangs below the one that its foreign key refers to.</p>\n\
         <div class=\"scroll figure\" role=\"region\" tabindex=\"0\" aria-label=\"Diagram of tables and keys\">\n",
    );
    diagram::diagram(described, &mut page);
    page.push_str("</div>\n</section>\n");
    page.push_str(
        "<section id=\"tables\">\n<h2>Columns</h2>\n\
         <p class=\"note\">The tables are in the order in which their rows are loaded.</p>\n\
         <form class=\"search\" id=\"search\" hidden role=\"search\">\
         <label for=\"wanted\">Show columns with</label>\
         <input id=\"wanted\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" \
         placeholder=\"a name, a path, a type\"><output id=\"shown\" for=\"wanted\"></output></form>\n",
    );
    for (number, table) in described.tables.iter().enumerate() {
        columns::table(number, table, described, &mut page);
    }
    page.push_str("</section>\n");
    lookups(&described.lookups, &mut page);
    keys(&described.keys, &mut page);
    page.push_str("</main>\n");
    let _ = writeln!(
        page,
        "<footer>xmlshred {}. The hash is that of the contract's text; the log has it for each \
         application.</footer>",
        env!("CARGO_PKG_VERSION")
    );
    let _ = writeln!(page, "<script>{script}</script>\n</body>\n</html>");
    page
}

/// SHA-256 in base64, as a Content-Security-Policy has it.
fn hash(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = Sha256::digest(text.as_bytes());
    let mut encoded = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| three.get(at).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            encoded.push(match digit <= three.len() {
                true => DIGITS[(bits >> (18 - 6 * digit) & 63) as usize] as char,
                false => '=',
            });
        }
    }
    encoded
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
