//! Tables in the documentation list what the program has, all of it.

use std::fs;
use std::path::Path;

use serde_json::Value;
#[cfg(feature = "embedded")]
use xmlshred::contract::Contract;
use xmlshred::id::{ClaimToken, ContractHash, SessionId};
use xmlshred::outcome::FailureCategory;
use xmlshred::report::status_json;
use xmlshred::runner::ExitStatus;
use xmlshred::settings::keys::{self, Key};
#[cfg(feature = "embedded")]
use xmlshred::store::sqlite::SqliteStore;
#[cfg(feature = "embedded")]
use xmlshred::store::Store;
use xmlshred::store::{ActiveClaim, Pause, SessionState, SessionSummary, Status};

pub(super) fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The rows of the table under a heading.
pub(super) fn rows<'p>(page: &'p str, heading: &str) -> impl Iterator<Item = &'p str> {
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    section.lines().filter(|line| line.starts_with('|')).skip(2)
}

/// The first column of the table under a heading, without backticks.
fn first_column(page: &str, heading: &str) -> Vec<String> {
    let first = |row: &str| row.split('|').nth(1).unwrap().trim().replace('`', "");
    rows(page, heading).map(first).collect()
}

#[test]
fn every_setting_is_on_the_page() {
    let page = page("docs/reference.md");
    let expected: Vec<String> = keys::ALL.iter().map(|key| setting_row(key)).collect();
    assert_eq!(rows(&page, "Settings").collect::<Vec<_>>(), expected);
}

fn setting_row(key: &Key) -> String {
    let (flag, variable, name) = (key.flag(), key.variable(), key.name);
    let flag = if *key == keys::PASSWORD { String::new() } else { format!("`--{flag}`") };
    let in_file = ![keys::PASSWORD, keys::CONFIG].contains(key);
    let name = if in_file { format!("`{name}`") } else { String::new() };
    let default = match (&key.default, key.default.text()) {
        (keys::Default::Computed(how), _) => (*how).to_owned(),
        (_, default) => default.map(|text| format!("`{text}`")).unwrap_or_default(),
    };
    let meaning = key.help().replace('<', "&lt;").replace('>', "&gt;");
    format!("| {flag} | `{variable}` | {name} | {default} | {meaning} |")
}

/// The paths of an object's fields; what is by category has names of its own.
fn fields(path: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) if !path.ends_with("by_category") => object
            .iter()
            .flat_map(|(name, value)| {
                let dot = if path.is_empty() { "" } else { "." };
                fields(&format!("{path}{dot}{name}"), value)
            })
            .collect(),
        Value::Array(elements) => {
            let of = |element| fields(&format!("{path}[]"), element);
            elements.first().map(of).unwrap_or_default()
        }
        _ => vec![path.to_owned()],
    }
}

#[cfg(feature = "embedded")]
#[test]
fn every_field_of_a_run_is_on_the_page() {
    let said = crate::cli::queued_notes().run("run --format json --log-level off");
    let summary = serde_json::from_str(&said.stdout).unwrap();
    let page = page("docs/reference.md");
    assert_eq!(first_column(&page, "Fields of a run"), fields("", &summary));
}

/// The fields of what a command prints as JSON.
#[cfg(feature = "embedded")]
fn printed(bench: &crate::cli::Workbench, call: &str) -> Vec<String> {
    let said = bench.run(call);
    let first = said.stdout.lines().next().unwrap_or_else(|| panic!("{call}: {said:?}"));
    fields("", &serde_json::from_str(first).unwrap())
}

#[cfg(feature = "embedded")]
#[test]
fn every_field_of_failures_health_and_history_is_on_the_page() {
    let bench = crate::cli::queued_notes();
    // The most frequent cause has values.
    for number in 6..=7 {
        bench.write(&format!("docs/note-{number}.xml"), "<note title='x' price='cheap'/>");
    }
    assert_eq!(bench.run("load docs").status, 0);
    assert_eq!(bench.run("enqueue").status, 0);
    assert_eq!(bench.run("run --log-level warn").status, 1);
    let page = page("docs/reference.md");
    for (heading, call) in [
        ("Fields of the status", "status --format json"),
        ("Fields of causes of failure", "failures --format json"),
        ("Fields of failed applications", "failures --ids --format json"),
        ("Fields of the health check", "doctor --format json"),
        ("Fields of a history", "explain 3 --format json"),
    ] {
        let mut expected = first_column(&page, heading);
        let printed = printed(&bench, call);
        // What is null or empty here has its fields in the test of the status.
        if heading == "Fields of the status" {
            let is_absent =
                |name: &str| name.starts_with("claims[]") || name.starts_with("paused.");
            expected.retain(|name| !is_absent(name));
            expected.push("paused".to_owned());
        }
        assert_eq!(printed, expected, "{call}");
    }
}

#[test]
fn every_field_of_the_status_is_on_the_page() {
    let time = chrono::DateTime::UNIX_EPOCH;
    let status = Status {
        table_rows: vec![("t".into(), Some(1))],
        claims: vec![ActiveClaim {
            token: ClaimToken::random(),
            session: SessionId(ClaimToken::random().0),
            worker_name: "w".into(),
            apps: 1,
            age_seconds: 1,
            remaining_seconds: 1,
            renewals: 1,
        }],
        sessions: vec![SessionSummary {
            session: SessionId(ClaimToken::random().0),
            worker_name: "w".into(),
            host_name: "h".into(),
            state: SessionState::Working,
            started_at: time,
            last_seen_at: time,
            ended_at: None,
            exit_status: None,
            claimed: 1,
            success: 1,
            failed: 0,
            released: 0,
            reaped: 0,
            refused: 0,
            holds: 0,
            program_version: "1.2.3".into(),
            contract_hash: ContractHash([0; 32]),
        }],
        paused: Some(Pause { since: time, by: "b".into(), reason: "r".into() }),
        ..Status::default()
    };
    let status = status_json(&status);
    let page = page("docs/reference.md");
    assert_eq!(first_column(&page, "Fields of the status"), fields("", &status));
}

#[cfg(feature = "embedded")]
#[test]
fn every_type_is_kept_as_the_page_says() {
    let page = page("docs/reference.md");
    let mut said = Vec::new();
    for row in rows(&page, "Types in the embedded store") {
        let cells: Vec<String> = row.split('|').map(|cell| cell.trim().replace('`', "")).collect();
        said.extend(cells[1].split(", ").map(|name| (name.to_owned(), cells[2].clone())));
    }
    let columns = said.iter().enumerate().map(|(i, (sql_type, _))| {
        format!("c{i} = {{ type = \"{sql_type}\", value = \"@c{i}\" }}\n")
    });
    let contract = format!(
        "[contract]\nname = \"types\"\ntarget_schema = \"sandbox\"\n[document]\nroot = \"r\"\n\
         [[tables]]\nname = \"t\"\neach = \"/r\"\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n{}",
        columns.collect::<String>()
    );
    let (contract, _) = Contract::parse(&contract, "types.toml").unwrap_or_else(|e| panic!("{e}"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("types.db");
    SqliteStore::open_or_create(&file).unwrap().install_contract(&contract).unwrap();
    let store = rusqlite::Connection::open(&file).unwrap();
    for (i, (sql_type, kept)) in said.iter().enumerate() {
        let query = "SELECT type FROM pragma_table_info('t') WHERE name = ?1";
        let real: String = store.query_row(query, [format!("c{i}")], |row| row.get(0)).unwrap();
        assert_eq!(&real, kept, "{sql_type}");
    }
}

#[test]
fn every_exit_status_is_explained() {
    for name in ["README.md", "docs/errors.md"] {
        let page = page(name);
        let rows: Vec<&str> = rows(&page, "Exit statuses").collect();
        assert_eq!(rows.len(), ExitStatus::ALL.len(), "{name}: {rows:?}");
        for (row, status) in rows.iter().zip(ExitStatus::ALL) {
            let (first, rest) = status.meaning().split_at(1);
            let begins = format!("| {} | {}{rest}", status.code(), first.to_uppercase());
            assert!(row.replace('`', "").starts_with(&begins), "{name}: {row}");
        }
    }
}

#[test]
fn every_failure_category_is_explained() {
    let names = FailureCategory::ALL.map(FailureCategory::name);
    assert_eq!(first_column(&page("docs/errors.md"), "Failure categories"), names);
}

/// The name of each column is in the view; which columns it has is on the page once.
#[test]
fn every_view_and_its_columns_are_on_the_page() {
    let page = page("docs/reference.md");
    let mut views = Vec::new();
    for row in rows(&page, "Views") {
        let cells: Vec<String> = row.split('|').map(|cell| cell.trim().replace('`', "")).collect();
        let view = page_of_view(&cells[1]);
        let (header, body) = view.split_once("*/").unwrap();
        let (_, columns) = header.split_once("Columns:").unwrap();
        for column in cells[3].split(", ") {
            let is_there = |text: &str| {
                text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == column)
            };
            assert!(is_there(columns) && is_there(body), "{} has no {column}", cells[1]);
        }
        views.push(cells[1].clone());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/views");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> =
        files.map(|file| file.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    views.sort();
    assert_eq!(views, names);
}

fn page_of_view(view: &str) -> String {
    page(&format!("sql/views/{view}.sql"))
}
