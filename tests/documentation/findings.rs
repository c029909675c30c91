//! Every finding of `usp_HealthCheck` has its section on the page that it names.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

const CHECK: &str = include_str!("../../sql/procs/usp_HealthCheck.sql");

/// The second column of each branch of the check.
fn findings() -> BTreeSet<String> {
    let columns = r"(?m)^ +SELECT\n +(?:\d|CASE [^\n]*END),\n +([^\n]*),\n";
    let second = Regex::new(columns).expect("a pattern");
    let literal = Regex::new("N'([^']+)'").expect("a pattern");
    let check = CHECK.replace("\r\n", "\n");
    let seconds = second.captures_iter(&check).map(|found| found[1].to_owned());
    let mut findings: BTreeSet<String> = seconds
        .flat_map(|column| {
            literal.captures_iter(&column).map(|name| name[1].to_owned()).collect::<Vec<_>>()
        })
        .collect();
    findings.insert("Agent job".to_owned());
    assert!(check.contains("SELECT 2, N''Agent job'',"));
    findings
}

#[test]
fn every_finding_has_its_section() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings.md");
    let page = std::fs::read_to_string(page).expect("the page").replace("\r\n", "\n");
    let sections = page.lines().filter_map(|line| line.strip_prefix("### "));
    let sections: BTreeSet<String> = sections.map(str::to_owned).collect();
    assert_eq!(sections, findings());
}
