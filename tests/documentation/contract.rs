//! `docs/contract.md`: every example in it is run.
//!
//! A ```` ```toml ```` block is a contract; `[contract]`, `[document]` and a table are added where it
//! leaves them out. A ```` ```xml ```` block is a document for it, and the ```` ```text ```` block
//! after that its rows or its failure; right after a contract it is what checking says. In a table
//! headed `expression` each line is an expression over the document before it, in a table headed
//! `type` a value in a column of that type.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::DateTime;
use xmlshred::contract::expr::ast::Function;
use xmlshred::contract::Contract;
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::id::AppId;
use xmlshred::offline::JsonLine;
use xmlshred::outcome::{Failure, FailureCategory, Outcome};
use xmlshred::shred::{Limits, Shredder};
use xmlshred::value::functions::DatePart;
use xmlshred::value::{to_text, SqlType};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/contract.md");
    fs::read_to_string(path).unwrap().replace("\r\n", "\n")
}

/// The blocks of a page, in their order.
enum Part {
    Block { line: usize, language: String, text: String },
    Row { line: usize, heading: String, cells: Vec<String> },
    Prose(String),
}

fn parts(page: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut lines = page.lines().enumerate();
    let mut heading: Option<String> = None;
    while let Some((line, text)) = lines.next() {
        if let Some(language) = text.strip_prefix("```") {
            let block = lines.by_ref().map(|(_, text)| text).take_while(|text| *text != "```");
            let block: String = block.map(|text| format!("{text}\n")).collect();
            let language = language.to_owned();
            parts.push(Part::Block { line: line + 1, language, text: block });
        } else if text.starts_with('|') {
            let cells = cells(text);
            match &heading {
                None => heading = Some(cells[0].clone()),
                Some(_) if cells[0].starts_with("---") => {}
                Some(heading) => {
                    parts.push(Part::Row { line: line + 1, heading: heading.clone(), cells });
                }
            }
            continue;
        } else {
            parts.push(Part::Prose(text.to_owned()));
        }
        heading = None;
    }
    parts
}

/// The cells of a table's line; `\|` is not a border.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim().trim_start_matches('|').replace("\\|", "\u{1}");
    let cells = line.trim_end_matches('|').split('|');
    cells.map(|cell| cell.trim().replace('\u{1}', "|")).collect()
}

/// The text of a cell in backticks, blanks kept.
fn quoted(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`')
}

/// A contract with what the example leaves out.
fn completed(example: &str, document: Option<&str>) -> String {
    let root = document.and_then(|text| text.split(['<', ' ', '>', '/']).nth(1)).unwrap_or("loan");
    let mut text = example.to_owned();
    if !text.contains("[document]") {
        text = format!("[document]\nroot = \"{root}\"\n{text}");
    }
    if !text.contains("[contract]") {
        text = format!("[contract]\nname = \"example\"\n{text}");
    }
    if !text.contains("[[tables]]") {
        text +=
            &format!("[[tables]]\nname = \"t\"\neach = \"//{root}\"\napp_column = \"app_id\"\n");
        text += "[tables.columns]\napp_id = { type = \"int\", value = \"APP_ID()\" }\n";
    }
    text
}

fn contract(text: &str) -> Arc<Contract> {
    match Contract::parse(text, "contract.toml") {
        Ok((contract, _)) => Arc::new(contract),
        Err(mistakes) => panic!("{mistakes}"),
    }
}

fn shred(contract: &Arc<Contract>, document: &str) -> Outcome {
    let bytes = document.trim_end().as_bytes().to_vec();
    let document = Document { bytes, encoding: DocumentEncoding::Utf8 };
    let mut shredder = Shredder::new(contract.clone(), Limits::default());
    shredder.shred(AppId(7), DateTime::UNIX_EPOCH, Some(&document))
}

/// Rows as the page writes them, blanks around cells apart.
fn tables(contract: &Contract, outcome: &Outcome) -> String {
    let tables = match outcome {
        Ok(tables) => tables,
        Err(failure) => return failed(failure, None),
    };
    let mut text = Vec::new();
    for (target, rows) in contract.targets.iter().zip(tables) {
        let names: Vec<&str> = target.columns.iter().map(|column| column.name.as_str()).collect();
        let mut table = format!("{}\n{}\n", target.name, names.join(" | "));
        for row in rows.iter() {
            let cells = row.iter().zip(&target.columns).map(|(value, column)| {
                to_text(value, column.sql_type).map_or("NULL".to_owned(), |text| text.to_string())
            });
            table += &(cells.collect::<Vec<_>>().join(" | ") + "\n");
        }
        text.push(table);
    }
    text.join("\n")
}

fn evenly(text: &str) -> String {
    let line = |line: &str| {
        let cells = line.split('|').map(str::trim);
        cells.collect::<Vec<_>>().join(" | ") + "\n"
    };
    text.trim().lines().map(line).collect()
}

/// A failure as the page writes it: of its parts those that `shown` names.
fn failed(failure: &Failure, shown: Option<&str>) -> String {
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let parts = [
        ("failure", Some(failure.category.name().to_owned())),
        ("table", failure.table.clone()),
        ("column", failure.column.clone()),
        ("path", failure.path.clone()),
        ("line", number(failure.line)),
        ("column_number", number(failure.column_number)),
        ("value", failure.value.clone()),
    ];
    let wanted = |name: &str| match shown {
        Some(shown) => shown.lines().any(|line| line.starts_with(&format!("{name}: "))),
        None => true,
    };
    let parts = parts.into_iter().filter(|(name, _)| wanted(name));
    parts.map(|(name, part)| format!("{name}: {}\n", part.unwrap_or_default())).collect()
}

/// A line of `xmlshred map`, without the message.
fn json(contract: &Arc<Contract>, document: &str) -> String {
    let mut outcome = shred(contract, document);
    if let Err(failure) = &mut outcome {
        failure.reason = "…".to_owned();
    }
    let line = JsonLine { file: "loan.xml", app_id: AppId(7), outcome: &outcome, contract };
    serde_json::to_string(&line).unwrap() + "\n"
}

/// The lines with places of what checking says.
fn checked(text: &str) -> String {
    let said = match Contract::parse(text, "contract.toml") {
        Ok((_, warnings)) => warnings,
        Err(mistakes) => mistakes,
    };
    let said = said.to_string();
    let places = said.lines().filter(|line| line.starts_with("contract.toml:"));
    places.map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_contract_on_the_page_does_what_the_page_says() {
    let (mut example, mut documents) = (String::new(), Vec::new());
    let (mut run, mut wrong) = (0, Vec::new());
    for part in parts(&page()) {
        let Part::Block { line, language, text } = part else { continue };
        match language.as_str() {
            "toml" => (example, documents) = (text, Vec::new()),
            "xml" => documents.push(text),
            _ => {
                let document = documents.last();
                let contract_text = completed(&example, document.map(String::as_str));
                let found = match document {
                    None => checked(&contract_text),
                    Some(_) if text.starts_with('{') => {
                        let lines = documents.iter().map(|d| json(&contract(&contract_text), d));
                        lines.collect()
                    }
                    Some(document) => {
                        let contract = contract(&contract_text);
                        match shred(&contract, document) {
                            Err(failure) => failed(&failure, Some(&text)),
                            outcome => tables(&contract, &outcome),
                        }
                    }
                };
                run += 1;
                if evenly(&found) != evenly(&text) {
                    wrong.push(format!("docs/contract.md:{line}: this is\n{found}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(run >= 15, "only {run} examples were found");
}

/// What an expression gives, as the page writes it.
fn given(expression: &str, each: &str, document: &str, condition: bool) -> String {
    let expression = match condition {
        true => format!(
            "CASE WHEN ({expression}) THEN 'true' WHEN NOT ({expression}) THEN 'false' \
             ELSE 'unknown' END"
        ),
        false => expression.to_owned(),
    };
    let root = document.split(['<', ' ', '>']).nth(1).unwrap();
    let contract = contract(&format!(
        "[contract]\nname = \"t\"\n[document]\nroot = \"{root}\"\n[[tables]]\nname = \"t\"\n\
         each = \"{each}\"\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
         v = {{ type = \"nvarchar(max)\", value = '''{expression}''', blank = \"keep\" }}\n"
    ));
    one_value(&contract, document, condition)
}

fn one_value(contract: &Arc<Contract>, document: &str, bare: bool) -> String {
    match shred(contract, document) {
        Err(failure) => format!("failure `{}`", failure.category),
        Ok(tables) => {
            let value = &tables[0].values[1];
            match to_text(value, contract.targets[0].columns[1].sql_type) {
                None => "NULL".to_owned(),
                Some(text) if bare => text.to_string(),
                Some(text) => format!("`{text}`"),
            }
        }
    }
}

#[test]
fn every_expression_on_the_page_gives_what_the_page_says() {
    let (mut document, mut each) = (String::new(), String::new());
    let (mut run, mut wrong) = (0, Vec::new());
    for part in parts(&page()) {
        match part {
            Part::Prose(text) => {
                let named =
                    text.split_once("`each = \"").and_then(|(_, rest)| rest.split_once('"'));
                if let Some((path, _)) = named {
                    (each, document) = (path.to_owned(), String::new());
                }
            }
            Part::Block { language, text, .. } if language == "xml" && document.is_empty() => {
                document = text;
            }
            Part::Row { line, heading, cells } if heading == "expression" => {
                let condition = matches!(cells[1].as_str(), "true" | "false" | "unknown");
                let expression = quoted(&cells[0]).unwrap_or_else(|| panic!("line {line}"));
                let found = given(expression, &each, &document, condition);
                run += 1;
                if found != cells[1] {
                    wrong.push(format!("docs/contract.md:{line}: {expression} gives {found}"));
                }
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(run >= 80, "only {run} expressions were found");
}

#[test]
fn every_value_on_the_page_becomes_what_the_page_says() {
    let (mut run, mut wrong) = (0, Vec::new());
    for part in parts(&page()) {
        let Part::Row { line, heading, cells } = part else { continue };
        if heading != "type" || cells.len() != 3 {
            continue;
        }
        let sql_type = quoted(&cells[0]).unwrap();
        let text = quoted(&cells[1]).unwrap();
        let contract = contract(&format!(
            "[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n[[tables]]\nname = \"t\"\n\
             each = \"/r\"\napp_column = \"app_id\"\n[tables.columns]\n\
             app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
             v = {{ type = \"{sql_type}\", value = \"@v\" }}\n"
        ));
        let found = one_value(&contract, &format!("<r v='{text}'/>"), false);
        run += 1;
        if found != cells[2] {
            wrong.push(format!("docs/contract.md:{line}: {sql_type} `{text}` gives {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(run >= 25, "only {run} values were found");
}

#[test]
fn the_page_has_every_function_type_category_and_part_of_a_date() {
    let page = page();
    let words: BTreeSet<&str> = page.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let types = SqlType::NAMES.iter().map(|name| name.split('(').next().unwrap());
    // No contract causes what an earlier system logged.
    let of_contracts = FailureCategory::ALL.iter().filter(|c| **c != FailureCategory::Adopted);
    let categories = of_contracts.map(|category| category.name());
    let wanted = Function::names().chain(types).chain(categories).chain(DatePart::names());
    let missing: Vec<&str> = wanted.filter(|name| !words.contains(name)).collect();
    assert!(missing.is_empty(), "docs/contract.md does not mention {missing:?}");
}

/// The keys of a contract that has everything, without the names that its author chose.
fn keys(value: &toml::Value, under: &str, keys: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            let chosen =
                matches!(under, "lookups" | "keys" | "values" | "columns" | "namespaces" | "rows");
            for (key, inner) in table {
                if !chosen {
                    keys.insert(key.clone());
                }
                // Below a chosen name the keys are the language's again.
                self::keys(inner, if chosen { "" } else { key }, keys);
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| self::keys(item, under, keys)),
        _ => {}
    }
}

#[test]
fn the_page_has_every_key_of_a_contract_that_has_everything() {
    let complete = include_str!("../contract/complete.toml");
    let mut found = BTreeSet::new();
    keys(&complete.parse::<toml::Table>().unwrap().into(), "", &mut found);
    let page = page();
    let words: BTreeSet<&str> = page.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let missing: Vec<&String> = found.iter().filter(|key| !words.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "docs/contract.md does not mention {missing:?}");
    assert!(found.len() >= 35, "{found:?}");
}
