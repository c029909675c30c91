//! Every statement and command that a DBA's page shows is run by a test on a server, or the page
//! says why not: behind the block's fence, after `not run:`.

use std::fs;
use std::path::Path;

/// Pages that a test of `tests/sqlserver/` follows from their first block to their last.
const FOLLOWED: [&str; 3] = ["cheat-sheet", "monday", "quick-start"];

/// Pages whose sections are followed, each by a test of its own.
const BY_SECTION: [&str; 3] = ["install", "operate", "takeover"];

/// Pages with nothing on them to follow, or nothing that can be run.
const OTHERS: [&str; 5] = ["maintenance", "monitoring", "powershell", "servers", "sql-server"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(page: &str) -> String {
    fs::read_to_string(root().join("docs").join(format!("{page}.md"))).expect(page)
}

/// What is behind the opening fences of a page.
fn infos(text: &str) -> Vec<String> {
    let fences = text.lines().filter_map(|line| line.trim_start().strip_prefix("```"));
    fences.step_by(2).map(str::to_owned).collect()
}

/// The sections of the second level, each with its heading.
fn sections(text: &str) -> Vec<(&str, &str)> {
    text.split("\n## ").skip(1).filter_map(|section| section.split_once('\n')).collect()
}

/// A block for which a test is expected: it does not say why there is none.
fn is_to_be_run(info: &str) -> bool {
    let says_why_not = info.split_once("not run: ").is_some_and(|(_, why)| !why.is_empty());
    !says_why_not
        && ["sql", "text", "console"].contains(&info.split_whitespace().next().unwrap_or_default())
}

#[test]
fn every_block_of_a_page_for_a_dba_is_run_or_says_why_not() {
    for page in OTHERS {
        for info in infos(&text(page)) {
            assert!(!is_to_be_run(&info), "docs/{page}.md: ```{info} is run by no test");
        }
    }
    let mut tests = String::new();
    for entry in fs::read_dir(root().join("tests/sqlserver")).expect("the tests") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            tests.push_str(&fs::read_to_string(path).expect("UTF-8 text"));
        }
    }
    for page in FOLLOWED {
        assert!(tests.contains(&format!("\"docs/{page}.md\"")), "no test follows docs/{page}.md");
    }
    for page in BY_SECTION {
        let text = text(page);
        let (before, _) = text.split_once("\n## ").expect("a section");
        assert!(!infos(before).iter().any(|info| is_to_be_run(info)), "docs/{page}.md");
        for (heading, section) in sections(&text) {
            let followed = tests.contains(&format!("\"docs/{page}.md\""))
                && tests.contains(&format!("\"{heading}\""));
            let is_run = infos(section).iter().any(|info| is_to_be_run(info));
            assert!(followed || !is_run, "no test follows {heading} of docs/{page}.md");
        }
    }
}
