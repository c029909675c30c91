//! Tables in the documentation list what the program has, all of it.

use std::fs;
use std::path::Path;

use xmlshred::cli::ExitStatus;
use xmlshred::outcome::FailureCategory;

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The first column of the table under a heading, without backticks.
fn first_column(page: &str, heading: &str) -> Vec<String> {
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.split('|').nth(1).unwrap().trim().replace('`', "")).collect()
}

#[test]
fn every_exit_status_is_explained() {
    use ExitStatus::*;
    let all = [Success, SomeFailed, Usage, Contract, Store, Aborted, Interrupted];
    let numbers = all.map(|status| status.code().to_string());
    assert_eq!(first_column(&page("README.md"), "Exit statuses"), numbers);
    assert_eq!(first_column(&page("docs/errors.md"), "Exit statuses"), numbers);
}

#[test]
fn every_failure_category_is_explained() {
    let names = FailureCategory::ALL.map(FailureCategory::name);
    assert_eq!(first_column(&page("docs/errors.md"), "Failure categories"), names);
}
