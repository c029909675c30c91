//! The document in its three forms.

use std::fs;

use insta::assert_snapshot;
use sha2::{Digest, Sha256};
use xmlshred::report::{mapping_markdown, mapping_page};

use super::{contract, contracts, described, with_value, Folder};

/// As HTML has it in text and attributes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[test]
fn every_column_of_every_contract_is_in_the_document() {
    for (path, text) in contracts() {
        let described = described(&text);
        let (page, markdown) = (mapping_page(&described), mapping_markdown(&described));
        let folder = Folder::new(&text, &[]);
        let lines = folder.lines("--spreadsheet-safe");
        let mut expected = 0;
        for (number, table) in (1..).zip(&described.tables) {
            let section = page.split(&format!("id=\"t{number}\"")).nth(1).expect("a section");
            let section = section.split("</section>").next().expect("its text");
            for (at, rule) in (1..).zip(&table.rules) {
                for column in &rule.columns {
                    let name = format!("<code class=\"name\">{}</code>", escaped(&column.name));
                    assert!(section.contains(&name), "{path:?}: no {}.{}", table.name, column.name);
                    let of_markdown = format!("| {} | {}", column.position + 1, column.name);
                    assert!(markdown.contains(&of_markdown), "{path:?}: {of_markdown}");
                    let (rule, position) = (at.to_string(), (column.position + 1).to_string());
                    let of_column = lines.iter().filter(|line| {
                        line.cell("table") == table.name
                            && line.cell("rule") == rule
                            && line.cell("column") == column.name
                            && line.cell("position") == position
                    });
                    assert_eq!(of_column.count(), column.values.len(), "{path:?}: {}", column.name);
                    expected += column.values.len();
                }
            }
        }
        assert_eq!(lines.len(), expected, "{path:?}");
    }
}

#[test]
fn every_table_is_in_the_diagram() {
    for (path, text) in contracts() {
        let described = described(&text);
        let page = mapping_page(&described);
        let pictures: Vec<&str> =
            page.split("<svg").skip(1).map(|rest| rest.split("</svg>").next().unwrap()).collect();
        let picture = pictures.concat();
        assert_eq!(picture.matches("<rect").count(), described.tables.len(), "{path:?}");
        for (number, table) in (1..).zip(&described.tables) {
            assert!(picture.contains(&format!("<a href=\"#t{number}\">")), "{path:?}");
            assert!(picture.contains(&format!(">{}</text>", escaped(&table.name))), "{path:?}");
            if let Some(key) = &table.foreign_key {
                let shown = format!("{} → {}", key.columns.join(", "), key.references);
                assert!(picture.contains(&escaped(&shown)), "{path:?}: {shown}");
            }
        }
    }
}

/// Names and values with markup are text.
#[test]
fn nothing_of_a_contract_or_document_becomes_markup() {
    let evil = "<img src=x onerror=alert(1)>\\\"'&</style></script><script>alert(2)</script>";
    let column = "<b id='c'>&\\\"x";
    let contract = format!(
        "[contract]\nname = \"{evil}\"\n[document]\nroot = \"r\"\n\
         namespaces = {{ p = \"{evil}\" }}\n\
         date_formats = [\"'<script>'yyyy\"]\n\
         [lookups.\"<i>l\"]\nvalues = {{ \"{evil}\" = \"{evil}\" }}\non_unmapped = \"value\"\n\
         unmapped_value = \"{evil}\"\n\
         [[tables]]\nname = \"a'<svg onload=alert(3)>\"\neach = \"/r/a\"\napp_column = \"app_id\"\n\
         where = \"@v <> '<u>'\"\n\
         [tables.columns]\napp_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
         \"{column}\" = {{ type = \"nvarchar(max)\", value = \"LOOKUP('<i>l', @v)\", default = \"{evil}\" }}\n\
         v = {{ type = \"nvarchar(max)\", value = \"@v\" }}\n"
    );
    let value = "&lt;script&gt;alert(4)&lt;/script&gt;&lt;img src=x&gt;&#x202e;|";
    let document = format!("<r><a v=\"{value}\"/></r>");
    let folder = Folder::new(&contract, &[("1.xml", &document)]);
    let said = folder.run("contract docs contract.toml --sample 1.xml");
    assert_eq!(said.status, 0, "{}", said.stderr);
    let page = said.stdout;
    assert!(page.contains("&lt;script&gt;alert(4)&lt;/script&gt;&lt;img src=x&gt;\u{fffd}|"));
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</script").count(), 1);
    assert_eq!(page.matches("<style").count(), 1);
    for markup in ["<img", "<svg onload", "<b id", "<u>", "<i>"] {
        assert!(!page.contains(markup), "{markup}");
    }
    let said = folder.run("contract docs contract.toml --sample 1.xml --format markdown");
    for markup in ["<img", "<script", "<svg", "<b id", "<u>", "<i>"] {
        let found = said.stdout.match_indices(markup);
        let all_escaped = found.clone().all(|(at, _)| said.stdout[..at].ends_with('\\'));
        assert!(all_escaped, "{markup}");
    }
}

/// A browser runs and shows nothing else than what the page's own policy names.
#[test]
fn the_policy_has_the_hashes_of_what_the_page_has() {
    let page = mapping_page(&described(&with_value("int", "@x")));
    let between = |begin: &str, end: &str| {
        page.split(begin).nth(1).and_then(|rest| rest.split(end).next()).expect(begin)
    };
    let policy = between("http-equiv=\"Content-Security-Policy\" content=\"", "\">");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for (kind, text) in [
        ("style-src", between("<style>", "</style>")),
        ("script-src", between("<script>", "</script>")),
    ] {
        let hash = base64(&Sha256::digest(text.as_bytes()));
        assert!(policy.contains(&format!("{kind} 'sha256-{hash}'")), "{policy}\n{hash}");
    }
    for other in [" style=\"", " src=", "@import", "url(", "http://", "https://"] {
        assert!(!page.contains(other), "{other}");
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let padded = format!("{bits}{}", "0".repeat((6 - bits.len() % 6) % 6));
    let digits = padded.as_bytes().chunks(6).map(|six| {
        let six = std::str::from_utf8(six).expect("digits");
        DIGITS[usize::from_str_radix(six, 2).expect("binary")] as char
    });
    let mut text: String = digits.collect();
    text.push_str(&"=".repeat((3 - bytes.len() % 3) % 3));
    text
}

#[test]
fn csv_has_a_line_for_each_value() {
    let text = contract(
        "[lookups.kind]\nvalues = { A = 1, B = 2 }\n\
         [[tables]]\nname = \"score\"\neach = \"/r/a\"\nprimary_key = [\"app_id\", \"score\"]\n\
         app_column = \"app_id\"\n[tables.columns]\n\
         app_id = { type = \"int\", value = \"APP_ID()\" }\n\
         kind = { type = \"tinyint\", value = \"LOOKUP('kind', ../@kind)\" }\n\
         score = { type = \"decimal(5,2)\", default = 0 }\n\
         note = { type = \"varchar(9)\", value = \"n/@t\", too_long = \"truncate\", on_error = \"null\" }\n\
         [[tables.rows]]\nscore = \"@one\"\n[[tables.rows]]\nwhen = \"@two <> ''\"\nscore = \"@two\"\n",
    );
    let document = "<r kind=\"B\"><a one=\"1.5\" two=\"2\"><n t=\"long enough\"/></a></r>";
    let folder = Folder::new(&text, &[("1.xml", document)]);
    let said = folder.run("contract docs contract.toml --format csv --sample 1.xml");
    assert_eq!((said.status, said.stderr.as_str()), (0, ""));
    assert_snapshot!(said.stdout.replace("\r\n", "\n"));
}

#[test]
fn markdown_has_tables_with_as_many_cells_as_columns() {
    for (path, text) in contracts() {
        let markdown = mapping_markdown(&described(&text));
        let mut width = None;
        for line in markdown.lines() {
            let cells = line.replace("\\|", "").matches('|').count();
            match line.starts_with('|') {
                true => assert_eq!(*width.get_or_insert(cells), cells, "{path:?}: {line}"),
                false => width = None,
            }
        }
    }
    let said = described(&with_value("nvarchar(9)", "@a || '|' || @b_c"));
    assert_snapshot!(mapping_markdown(&said));
}

/// A column that two rules fill is one column, and an address in a contract is not a link of the document.
#[test]
fn columns_are_counted_once_and_addresses_are_not_links() {
    let rule = |path: &str| {
        format!(
            "[[tables]]\nname = \"t\"\neach = \"/r/{path}\"\napp_column = \"app_id\"\n[tables.columns]\n\
             app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
             c = {{ type = \"nvarchar(99)\", value = \"COALESCE({path}/@x, 'ann@example.org', 'www.a.b')\" }}\n"
        )
    };
    let namespaces = "namespaces = { p = \"http://a.b/c|d\" }\n";
    let described = described(&contract(&format!("{namespaces}{}{}", rule("a"), rule("b"))));
    assert!(mapping_page(&described).contains("1 table, 2 columns"));
    let markdown = mapping_markdown(&described);
    for address in ["http://a.b/c\\|d", "ann@example.org", "www.a.b"] {
        for (at, _) in markdown.match_indices(address) {
            let line = markdown[..at].rsplit('\n').next().expect("a line");
            assert_eq!(line.matches('`').count() % 2, 1, "{address} after {line}");
        }
        assert!(markdown.contains(address), "{address}");
    }
}

#[test]
fn the_document_goes_to_a_file() {
    let folder = Folder::new(&with_value("int", "@x"), &[("1.xml", "<r><a x=\"5\"/></r>")]);
    let said = folder.run("contract docs contract.toml --out page.html");
    assert_eq!((said.status, said.stdout.as_str()), (0, "page.html: the mapping of t, 1 table\n"));
    let page = fs::read_to_string(folder.0.path().join("page.html")).expect("a file");
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
    assert_eq!(page, folder.run("contract docs contract.toml").stdout);
    let said = folder.run("contract docs contract.toml --out no/folder/page.html");
    assert_ne!(said.status, 0);
    assert!(said.stderr.contains("cannot write"), "{}", said.stderr);
    let said = folder.run("contract docs contract.toml --spreadsheet-safe");
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("--spreadsheet-safe requires --format csv"), "{}", said.stderr);
}

#[test]
fn a_spreadsheet_runs_nothing() {
    let folder = Folder::new(&with_value("int", "@x"), &[]);
    let cell = |arguments: &str| folder.lines(arguments)[1].cell("expression").to_owned();
    assert_eq!(cell(""), "@x");
    assert_eq!(cell("--spreadsheet-safe"), "'@x");
}
