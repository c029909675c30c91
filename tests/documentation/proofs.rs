//! A page that names a test names one that exists.

use std::fs;
use std::path::Path;

use regex::Regex;
use xmlshred::cli::Cli;

/// Text of every Rust file below a folder.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => text.push_str(&sources(&path)),
            false if path.extension().is_some_and(|e| e == "rs") => {
                text.push_str(&fs::read_to_string(&path).expect("UTF-8 text"));
            }
            false => {}
        }
    }
    text
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let code = sources(&root.join("tests")) + &sources(&root.join("src"));
    let comment = Regex::new(r"(?s)<!-- tests?: (.*?) -->").expect("a pattern");
    // Test names are sentences.
    let in_prose = Regex::new("`[a-z0-9]+(?:_[a-z0-9]+){3,}`").expect("a pattern");
    for page in [
        "docs/cheat-sheet.md",
        "docs/errors.md",
        "docs/install.md",
        "docs/loading.md",
        "docs/maintenance.md",
        "docs/monday.md",
        "docs/monitoring.md",
        "docs/operate.md",
        "docs/powershell.md",
        "docs/quick-start.md",
        "docs/reference.md",
        "docs/reliability.md",
        "docs/security.md",
        "docs/servers.md",
        "docs/sql-server.md",
        "docs/windows.md",
    ] {
        let text = fs::read_to_string(root.join(page)).expect("the page");
        let comments: Vec<_> = comment.captures_iter(&text).map(|c| c[1].to_owned()).collect();
        assert!(!comments.is_empty(), "{page} names no test");
        for test in comments.iter().flat_map(|names| names.split(',')) {
            let test = test.trim().trim_end_matches('*');
            assert!(
                code.contains(&format!("fn {test}(")),
                "{page} names {test}, which is not a test"
            );
        }
        let mut named = in_prose.find_iter(&text).map(|name| name.as_str().trim_matches('`'));
        let found = named.find(|name| code.contains(&format!("fn {name}(")));
        assert_eq!(found, None, "{page} names a test outside of a comment");
    }
}

#[test]
fn every_message_on_the_page_is_one_of_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let continued = Regex::new(r"\\\n\s*").expect("a pattern");
    let code = sources(&root.join("src"));
    let code = continued.replace_all(&code, "");
    let page = fs::read_to_string(root.join("docs/errors.md")).expect("the page");
    let (_, section) = page.split_once("## Messages that end a command").expect("it");
    let section = section.split("\n## ").next().expect("a section");
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() >= 10, "{rows:?}");
    for row in rows {
        let message = row.split('|').nth(1).expect("a cell");
        for part in message
            .split('…')
            .map(|part| part.trim_matches([' ', '(', ')', ',', '0', '5', '1', '2']))
        {
            assert!(code.contains(part), "no message has `{part}`: {row}");
        }
    }
}

#[test]
fn every_command_that_a_page_shows_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in ["docs/install.md", "docs/sql-server.md", "docs/errors.md"] {
        let text = fs::read_to_string(root.join(page)).expect("the page");
        for line in text.lines().filter(|line| line.starts_with("xmlshred ")) {
            let command = Cli::parse_from(line.split_whitespace());
            assert!(command.is_ok(), "{page}: {line}: {}", command.unwrap_err());
        }
    }
}

#[test]
fn the_lists_of_errors_are_those_of_the_function() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let function = fs::read_to_string(root.join("sql/functions/ufn_RefusalKind.sql")).expect("sql");
    let page = fs::read_to_string(root.join("docs/errors.md")).expect("the page");
    let (_, section) = page.split_once("## Refusals by the database").expect("it");
    let section = section.split("\n## ").next().expect("a section");
    let number = Regex::new(r"\b\d{3,5}\b").expect("a pattern");
    let numbers = |text: &str| {
        let mut all: Vec<u32> =
            number.find_iter(text).map(|n| n.as_str().parse().expect("a number")).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let (_, body) = function.split_once("RETURN CASE").expect("a body");
    let mut kinds = body.split(" THEN '");
    let mut listed = kinds.next().expect("the numbers of a kind");
    for rest in kinds {
        let (kind, next) = rest.split_once('\'').expect("a kind");
        let (_, table) = section.split_once(&format!("\n| {kind} |")).expect(kind);
        let first_cells: String = table
            .lines()
            .skip(1)
            .map_while(|line| line.strip_prefix('|')?.split('|').next())
            .collect();
        assert_eq!(numbers(&first_cells), numbers(listed), "{kind}");
        listed = next;
    }
    assert!(numbers(listed).is_empty(), "what is left is unknown: {listed}");
}
